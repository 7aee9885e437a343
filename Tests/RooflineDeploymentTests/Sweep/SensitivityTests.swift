import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineTimeModels
import TestSupport
import XCTest

final class SensitivityTests: XCTestCase {
  private func scenario(_ change: (inout Scenario) throws -> Void = { _ in }) throws -> Scenario {
    let configuration = try Fixtures.catalog.model("llama-2-70b")
    let workload = Workload(
      batch: 20, prompt: 1024, context: 1025, tensorParallel: 8, operatorSet: .separate, formats: NumberFormats(.fp16))
    var scenario = Scenario(
      configuration: configuration, hardware: try Fixtures.catalog.hardware("a100-sxm4-40gb"), workload: workload,
      options: RateOptions(), tokens: 1)
    try change(&scenario)
    return scenario
  }

  func testEachEntryIsAFreshAnalysisWithThatInputChanged() throws {
    let sensitivity = try Sensitivity(scenario())
    func entry(_ arguments: String) throws -> Scenario.Result {
      try XCTUnwrap(sensitivity.entries.first { $0.arguments.hasPrefix(arguments) }?.result, arguments)
    }
    XCTAssertEqual(try entry("--peak"), try scenario { $0.options.tensorPeak = 312e12 * 11 / 10 }.evaluate())
    XCTAssertEqual(try entry("--bandwidth"), try scenario { $0.options.bandwidth = 1555e9 * 11 / 10 }.evaluate())
    XCTAssertEqual(try entry("--link"), try scenario { $0.options.link = 300e9 * 11 / 10 }.evaluate())
    XCTAssertEqual(try entry("--batch"), try scenario { $0.workload.batch = 22 }.evaluate())
    XCTAssertEqual(try entry("--tp 4"), try scenario { $0.workload.tensorParallel = 4 }.evaluate())
    XCTAssertEqual(try entry("--tp 16"), try scenario { $0.workload.tensorParallel = 16 }.evaluate())
    XCTAssertEqual(
      try entry("--dtype int8"),
      try scenario {
        $0.workload.formats = NumberFormats(weight: .int8, activation: .int8, keyValueCache: .int8, model: .fp16)
      }.evaluate())
    XCTAssertEqual(sensitivity.base, try scenario().evaluate())
  }

  /// At the ridge batch the GEMM is compute-bound, one sequence fewer and it is not.
  func testRidgeBatchesAreTight() throws {
    let sensitivity = try Sensitivity(scenario())
    XCTAssertTrue(sensitivity.ridgeBatches.contains { $0.batch != nil })
    for (row, batch) in sensitivity.ridgeBatches {
      func bound(_ batch: UInt64) throws -> Bound? {
        let base = try scenario()
        var workload = base.workload
        workload.batch = batch
        let analysis = try Analysis(
          configuration: base.configuration, hardware: base.hardware, workload: workload, phases: [.decode],
          options: RateOptions())
        return analysis.phases[0].operators.first { $0.name.rawValue == row }?.bound
      }
      if let batch {
        XCTAssertEqual(try bound(batch), .compute, row)
        XCTAssertEqual(try bound(batch - 1), .memory, row)
      } else {
        XCTAssertEqual(try bound(1 << 24), .memory, "\(row) never leaves the memory roof")
      }
    }
  }

  func testAttentionOutweighsWeightsExactlyFromItsContextOn() throws {
    let context = try XCTUnwrap(Sensitivity(scenario()).attentionContext.number)
    func attentionLeads(_ context: UInt64) throws -> Bool {
      let base = try scenario()
      var workload = base.workload
      workload.context = context
      let phase = try Analysis(
        configuration: base.configuration, hardware: base.hardware, workload: workload, phases: [.decode],
        options: RateOptions()
      ).phases[0]
      func time(_ names: Set<OperatorName>) -> Double {
        phase.operators.filter { names.contains($0.name) }.reduce(0) { $0 + ($1.time?.value ?? .nan) }
      }
      return time([.qkMatmul, .softmax, .svMatmul])
        >= time([.qProj, .kProj, .vProj, .oProj, .gateProj, .upProj, .downProj])
    }
    XCTAssertTrue(try attentionLeads(context))
    XCTAssertFalse(try attentionLeads(context - 1))
  }

  func testWhatCannotBeChangedSaysWhy() throws {
    let card = try Fixtures.catalog.hardware("t4")
    let sensitivity = try Sensitivity(
      scenario {
        $0.hardware = card
        $0.workload.tensorParallel = 1
      })
    let link = try XCTUnwrap(sensitivity.entries.first { $0.input.hasPrefix("link") })
    XCTAssertNil(link.result)
    XCTAssertNotNil(link.failure)
  }

  /// With calibrated times, an entry is a calibrated analysis of its own; a rate is raised in the GPU's file.
  func testCalibratedEntriesAreCalibratedAnalyses() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let base = try scenario {
      $0.hardware = hardware
      $0.workload.operatorSet = .fused
      $0.time = TimeRequest(try Fixtures.catalog.calibrations(for: hardware), options: .init())
    }
    let sensitivity = try Sensitivity(base)
    func time(_ hardware: HardwareSpec, batch: UInt64 = 20) throws -> [Seconds?] {
      var workload = base.workload
      workload.batch = batch
      let analysis = try Analysis(
        configuration: base.configuration, hardware: hardware, workload: workload,
        calibrations: Fixtures.catalog.calibrations(for: hardware))
      return analysis.phases.map(\.time)
    }
    func found(_ result: Scenario.Result?) -> [Seconds?] { [result?.timeToFirstToken, result?.timePerOutputToken] }
    XCTAssertEqual(found(sensitivity.base), try time(hardware))
    XCTAssertNotEqual(found(sensitivity.base), found(try scenario { $0.hardware = hardware }.evaluate()))
    XCTAssertEqual(
      found(sensitivity.entries.first { $0.arguments == "--batch 22" }?.result), try time(hardware, batch: 22))
    let bandwidth = try XCTUnwrap(sensitivity.entries.first { $0.input == "bandwidth +10 %" }?.result)
    let (before, after) = (
      try XCTUnwrap(sensitivity.base.timePerOutputToken), try XCTUnwrap(bandwidth.timePerOutputToken)
    )
    // A decode step that memory binds gains most of a tenth, and never more.
    XCTAssertLessThan(after.value, before.value * 0.97)
    XCTAssertGreaterThan(after.value, before.value / 1.1)
  }
}
