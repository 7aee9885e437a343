import Foundation
import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import TestSupport
import XCTest

/// Layers that guess further tokens, and steps that verify what they guessed.
final class DraftModulesTests: XCTestCase {
  /// Figures computed apart from this package; MiMo-7B's 7.62 billion and its module make the published 7.83.
  func testDraftModulesHaveTheirPublishedParameters() throws {
    let published: [(file: String, total: UInt64, active: UInt64?, buffers: UInt64)] = [
      ("deepseek-ai--DeepSeek-V3", 11_610_067_968, 688_100_352, 256),
      ("deepseek-ai--DeepSeek-V3.2", 11_624_027_392, nil, 256), ("zai-org--GLM-5", 9_952_920_320, nil, 256),
      ("Qwen--Qwen3.5-27B", 424_699_392, 424_699_392, 0), ("Qwen--Qwen3.5-35B-A3B", 844_640_768, nil, 0),
      ("XiaomiMiMo--MiMo-7B-Base", 210_790_400, 210_790_400, 0),
    ]
    for (file, total, active, buffers) in published {
      let configuration = try FamilyGoldenTests.model(file)
      let found = try XCTUnwrap(configuration.draft.modules, file).parameters
      XCTAssertEqual(found.total.value, total, file)
      if let active { XCTAssertEqual(found.active.value, active, file) }
      XCTAssertEqual(found.buffers.value, buffers, file)
    }
  }

  /// A module on paper: 40 × 80 and three norms; q, k, v with biases, o, an MLP, two norms. The text part is what it was.
  func testModulesStandBesideTheTextsTotals() throws {
    let with = try WrittenModel.configuration(WrittenModel.mimo)
    let without = try WrittenModel.configuration(WrittenModel.mimo, ["num_nextn_predict_layers": .integer(0)])
    XCTAssertEqual(with.model, without.model)
    XCTAssertEqual(without.draft, .none(reason: "the file states no draft layers"))
    let layer: UInt64 = (48 + 2 * 24) * 41 + 48 * 40 + 3 * 40 * 72 + 2 * 40
    XCTAssertEqual(with.draft.modules?.parameters.total.value, 2 * (40 * 80 + 3 * 40 + layer))
    XCTAssertEqual(with.draft.modules?.decoder.numHiddenLayers, 1)
  }

  /// Attention, then 8 experts of which a token uses 3, in Nemotron's latent form; a projection and three norms.
  func testAPatternOfItsOwnSaysWhatNemotronsModuleIs() throws {
    let configuration = try WrittenModel.configuration(
      RecurrentFamilies.nemotron,
      ["mtp_hybrid_override_pattern": .string("*E"), "num_nextn_predict_layers": .integer(1)])
    let attention: UInt64 = 48 * (80 + 2 * 20) + 80 * 48
    let experts: UInt64 = 8 * 48 + 2 * 48 * 32 + 8 * 2 * 32 * 24 + 2 * 48 * 40
    let found = try XCTUnwrap(configuration.draft.modules)
    XCTAssertEqual(found.parameters.total.value, 48 * 96 + 3 * 48 + attention + 48 + experts + 48)
    XCTAssertEqual(found.decoder.groupNames, ["attention", "experts"])
    XCTAssertThrowsError(
      try WrittenModel.configuration(RecurrentFamilies.nemotron, ["mtp_hybrid_override_pattern": .string("*X")]))
  }

  func testDraftLayersThatNobodyDescribesHaveAReason() throws {
    let step = try WrittenModel.configuration(ExpertFamilyTests.nestedStep)
    XCTAssertNil(step.draft.modules)
    XCTAssertTrue(try XCTUnwrap(step.draft.reason).contains("num_nextn_predict_layers"))
  }

  private func workload(_ drafted: UInt64, context: UInt64, batch: UInt64 = 2) -> Workload {
    var workload = Workload(
      batch: batch, prompt: 5, context: context, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16))
    workload.drafted = drafted
    return workload
  }

  /// Pairs by walking over queries; the head's product has a row for each token that is verified.
  func testAStepVerifiesEveryDraftedToken() throws {
    let model = try WrittenModel.configuration(WrittenModel.mimo).model
    for drafted in [0, 1, 3] as [UInt64] {
      let context = 9 + drafted
      let rows = ForwardPass<Count>(model, DecoderStep(.decode, workload(drafted, context: context))).rows
      let queries = drafted + 1
      let pairs = ((context - queries)..<context).reduce(0) { $0 + $1 + 1 }
      let attention = try XCTUnwrap(rows.first { $0.name == .attention })
      XCTAssertEqual(attention.operator.cost.flops.tensor.value, 4 * 2 * 8 * 6 * pairs)
      let head = try XCTUnwrap(rows.first { $0.name == .lmHead })
      XCTAssertEqual(head.operator.cost.flops.tensor.value, 2 * 2 * queries * 40 * 101)
    }
  }

  /// Of three drafted tokens before a step that ends at 12 keys, the first is guessed from 9 keys.
  func testDraftPassesSeeAKeyMoreEachAndMakeTheTimeOfATokenTogether() throws {
    let configuration = try WrittenModel.configuration(WrittenModel.mimo)
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let analysis = try Analysis(
      configuration: configuration, hardware: hardware, workload: workload(3, context: 12), phases: [.decode],
      options: RateOptions())
    let step = try SpeculativeStep(analysis, accepted: 2.5) { _ in nil }
    XCTAssertEqual(step.passes.map(\.workload.context), [9, 10, 11])
    var seconds = 0.0
    for row in analysis.phases[0].operators {
      seconds += try XCTUnwrap(row.time).value * Double(row.occurrences.value)
    }
    for pass in step.passes {
      let names = pass.phases[0].operators.map(\.name.rawValue)
      XCTAssertTrue(names.contains("draft_proj"))
      XCTAssertEqual(names.filter { $0 == "lm_head" }.count, 1)
      for row in pass.phases[0].operators {
        XCTAssertEqual(row.occurrences, 1)
        seconds += try XCTUnwrap(row.time).value
      }
    }
    XCTAssertEqual(try XCTUnwrap(step.time).value, seconds, accuracy: 1e-15)
    XCTAssertEqual(try XCTUnwrap(step.timePerOutputToken).value, seconds / 2.5, accuracy: 1e-15)
    XCTAssertEqual(try XCTUnwrap(step.tokensPerSecondPerGPU), 2 * 2.5 / seconds, accuracy: 1e-6 / seconds)
  }

  func testWhatHasNoDraftCountsIsRefused() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let plain = try WrittenModel.configuration(WrittenModel.mimo, ["num_nextn_predict_layers": .integer(0)])
    var sharded = workload(1, context: 12)
    sharded.tensorParallel = 2
    sharded.parallelism.isSequenceParallel = true
    for (configuration, workload, word) in [
      (plain, workload(1, context: 12), "draft layers"),
      (try WrittenModel.configuration(WrittenModel.mimo), workload(101, context: 300), "100"),
      (try WrittenModel.configuration(WrittenModel.mimo), sharded, "--sequence-parallel"),
    ] {
      XCTAssertThrowsError(try workload.requireDrafts(configuration)) {
        XCTAssertTrue("\($0)".contains(word), "\($0)")
      }
      let analysis = try Analysis(
        configuration: configuration, hardware: hardware, workload: workload, phases: [.decode], options: RateOptions())
      XCTAssertThrowsError(try SpeculativeStep(analysis, accepted: nil) { _ in nil })
    }
  }

  /// Weights of both modules, their caches of 5 + 3 − 1 + 2 keys, and of a recurrence a state for each verified token.
  func testAFootprintHoldsModulesAndStatesToGoBackTo() throws {
    let configuration = try WrittenModel.configuration(WrittenModel.mimo)
    let modules = try XCTUnwrap(configuration.draft.modules)
    let plan = try FootprintPlan(
      configuration.model, workload(2, context: 8), generated: 3, context: nil, draft: modules)
    XCTAssertEqual(plan.finalContext, 9)
    let memory = DeviceMemory<Count>(.whole, plan)
    let cache: UInt64 = 2 * (2 * 4 * 6 * 9 * 2)
    XCTAssertEqual(memory.draft?.value, 2 * modules.parameters.total.value + 2 * cache)
    XCTAssertEqual(memory.logits.value, 2 * 3 * 101 * 2)
    let recurrent = try WrittenModel.configuration(RecurrentFamilies.qwen35).model
    func states(_ drafted: UInt64) throws -> UInt64? {
      DeviceMemory<Count>(
        .whole, try FootprintPlan(recurrent, workload(drafted, context: 30), generated: 1, context: 30)
      ).states?.value
    }
    XCTAssertEqual(try states(3), try states(0).map { 4 * $0 })
    XCTAssertThrowsError(try FootprintPlan(recurrent, workload(3, context: 30), generated: 1, context: 7))
  }

  /// In a pipeline they lie on the last stage, with a copy of the text part's table of 101 × 40 unless its head is the table.
  func testInAPipelineTheLastStageHoldsModulesAndTheTableTheyShare() throws {
    for isTied in [false, true] {
      let configuration = try WrittenModel.configuration(WrittenModel.mimo, ["tie_word_embeddings": .bool(isTied)])
      let modules = try XCTUnwrap(configuration.draft.modules)
      func draft(_ stage: DeviceMemory<Count>.Stage, _ index: UInt64, of stages: UInt64) throws -> UInt64? {
        var workload = workload(2, context: 8)
        workload.parallelism.pipeline = stages
        let plan = try FootprintPlan(configuration.model, workload, generated: 3, context: nil, draft: modules)
        return DeviceMemory<Count>(stage, index: index, plan).draft?.value
      }
      let whole = try XCTUnwrap(try draft(.whole, 0, of: 1))
      XCTAssertEqual(try draft(.last, 2, of: 3), whole + (isTied ? 0 : 101 * 40 * 2))
      XCTAssertNil(try draft(.first, 0, of: 3))
      XCTAssertNil(try draft(.middle, 1, of: 3))
    }
  }
}
