import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Decode attention of an engine's version whose kernel takes another time than the one that was measured.
final class DecodeVersionTests: XCTestCase {
  private func analysis(_ model: String, _ cache: DType, _ versions: [DecodeVersion]) throws -> Analysis {
    let (configuration, gpu) = (try Fixtures.catalog.model(model), try Fixtures.catalog.hardware("h100-sxm"))
    let dtype = configuration.dtype
    let formats = NumberFormats(weight: dtype, activation: dtype, keyValueCache: cache, model: dtype)
    let workload = Workload(
      batch: 64, prompt: 2048, context: 2049, tensorParallel: 1, operatorSet: .fused, formats: formats)
    var options = CalibratedTime.Options()
    options.conditions.decodeVersions = versions
    options.families = [.attention: KernelLibrary("trtllm")]
    let time = TimeRequest(try Fixtures.catalog.calibrations(for: gpu), options: options).time(
      of: configuration.model, formats: formats)
    return try Analysis(
      configuration: configuration, hardware: gpu, workload: workload, phases: Phase.allCases, options: RateOptions(),
      calibrated: time)
  }

  private func attention(_ analysis: Analysis, _ phase: Phase) throws -> RowPrediction {
    let pass = try XCTUnwrap(analysis.phases.first { $0.step.phase == phase })
    return try XCTUnwrap(pass.operators.first { $0.name.rawValue == "attention" })
  }

  /// Llama 2 7B has a key head for each query head, Llama 3.1 8B one for four.
  func testAVersionsTimeIsItsCachesAndHeadRatios() throws {
    let versions = [DecodeVersion(cache: .fp8, group: 1, times: 0.8)]
    for (model, cache, expected) in [
      ("llama-2-7b", .fp8, 0.8), ("llama-2-7b", .fp16, 1), ("llama-3.1-8b", .fp8, 1),
    ] as [(String, DType, Double)] {
      let (plain, own) = (try analysis(model, cache, []), try analysis(model, cache, versions))
      let before = try XCTUnwrap(attention(plain, .decode).time).value
      let after = try XCTUnwrap(attention(own, .decode).time).value
      XCTAssertEqual(after, expected * before, accuracy: before * 1e-9, "\(model), \(cache)")
      XCTAssertEqual(try attention(own, .prefill).time, try attention(plain, .prefill).time)
      let timed = try XCTUnwrap(TimedRow(attention(own, .decode).row.kernel, by: XCTUnwrap(own.calibrated)))
      XCTAssertEqual(timed.parts.reduce(0) { $0 + $1.seconds }, after, accuracy: after * 1e-9)
      XCTAssertEqual(timed.parts.contains { $0.name == .version }, expected != 1)
    }
  }

  func testNoVersionBeatsTheDatasheet() throws {
    let own = try analysis("llama-2-7b", .fp8, [DecodeVersion(cache: .fp8, group: 1, times: 0.1)])
    XCTAssertEqual(try attention(own, .decode).basis, .clamped)
  }
}
