import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import TestSupport
import XCTest

/// Generations whose steps verify drafts.
final class SpeculativeGenerationTests: XCTestCase {
  private func analysis(
    batch: UInt64 = 5, drafted: UInt64 = 2, context: UInt64? = nil, _ parallelism: Parallelism = Parallelism()
  ) throws -> Analysis {
    let configuration = try WrittenModel.configuration(WrittenModel.mimo, ["num_hidden_layers": .integer(4)])
    var workload = Workload(
      batch: batch, prompt: 60, context: context ?? 61 + drafted, tensorParallel: 1, operatorSet: .fused,
      formats: configuration.formats, parallelism: parallelism)
    workload.drafted = drafted
    return try Analysis(
      configuration: configuration, hardware: Fixtures.catalog.hardware("h100-sxm"), workload: workload,
      phases: Phase.allCases, options: RateOptions())
  }

  private func step(_ analysis: Analysis, _ accepted: Double? = 2.3) throws -> SpeculativeStep {
    try SpeculativeStep(analysis, accepted: accepted) { _ in nil }
  }

  /// 2.3 a step: 2, 4, 6, 9, 11, 13 after 1 to 6 steps, of which twelve tokens need the last.
  func testStepsAreFreshOnesAtTheContextsOfWholeTokens() throws {
    for parallelism in [Parallelism(), Parallelism(pipeline: 2), Parallelism(pipeline: 4, microBatches: 2)] {
      let own = try analysis(parallelism)
      let generation = try Generation(own, tokens: 13, speculation: step(own))
      XCTAssertEqual(generation.steps.map(\.context), [63, 65, 67, 69, 72, 74])
      var sum = 0.0
      for found in generation.steps {
        let fresh = try XCTUnwrap(try step(analysis(context: found.context, parallelism)).time).value
        XCTAssertEqual(try XCTUnwrap(found.time).value, fresh, accuracy: 1e-15)
        sum += fresh
      }
      XCTAssertEqual(try XCTUnwrap(generation.meanTimePerOutputToken).value, sum / 12, accuracy: 1e-15)
    }
  }

  /// Above 64 steps rows that do not change are added up once; the sums are those of single steps.
  func testManyStepsAddUpAsSingleOnesDo() throws {
    let own = try analysis(Parallelism(pipeline: 2))
    let generation = try Generation(own, tokens: 400, speculation: step(own))
    XCTAssertEqual(generation.steps.count, 174)
    var sum = 0.0
    for found in generation.steps {
      sum += try XCTUnwrap(try step(analysis(context: found.context, Parallelism(pipeline: 2))).time).value
    }
    XCTAssertEqual(try XCTUnwrap(generation.decodeTime).value, sum, accuracy: sum * 1e-9)
  }

  /// Two stages of two layers, three micro-batches of two sequences: added up stage by stage from the rows.
  func testDraftLayersLieOnTheLastStageOfAPipeline() throws {
    let own = try analysis(batch: 6, Parallelism(pipeline: 2, microBatches: 3))
    let speculation = try step(own)
    let phase = try XCTUnwrap(own.phases.last)
    func seconds(_ scope: (RowScope) -> Bool) throws -> Double {
      try phase.operators.filter { scope($0.scope) }.reduce(0) { try $0 + XCTUnwrap($1.time).value }
    }
    let layer = try seconds(\.isLayer)
    let first = try seconds { $0 == .beforeLayers } + 2 * layer + seconds { $0 == .boundary }
    let drafts = try speculation.passes.reduce(0) { sum, pass in
      XCTAssertEqual(pass.workload.batch, 2)
      return try pass.phases.reduce(sum) { try $0 + XCTUnwrap($1.time).value }
    }
    let last = try 2 * layer + seconds { $0 == .afterLayers } + drafts
    XCTAssertEqual(
      try XCTUnwrap(speculation.time).value, max(first + last, 3 * max(first, last)), accuracy: 1e-15)
  }

  func testDraftsOfAGenerationNeedAYield() throws {
    let own = try analysis()
    XCTAssertThrowsError(try Generation(own, tokens: 5, speculation: step(own, nil))) {
      XCTAssertTrue("\($0)".contains("--accepted"), "\($0)")
    }
  }

  /// ⌊k·X⌋, by adding up tenths as whole numbers.
  func testYieldsAreWholeTokens() {
    for tenths in 10...50 as ClosedRange<UInt64> {
      let yield = DecodeYield(drafted: 4, perStep: Double(tenths) / 10)
      var steps: UInt64 = 0
      for tokens in 0...300 as ClosedRange<UInt64> {
        XCTAssertEqual(yield.tokens(after: tokens), tokens * tenths / 10)
        while steps * tenths / 10 < tokens { steps += 1 }
        XCTAssertEqual(yield.steps(for: tokens), steps, "\(tokens) of \(tenths)/10")
      }
    }
    XCTAssertEqual(DecodeYield.one.tokens(after: 1 << 60), 1 << 60)
  }
}
