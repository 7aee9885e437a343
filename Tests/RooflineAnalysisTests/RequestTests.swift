import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineTimeModels
import TestSupport
import XCTest

/// What a program of one's own asks for, and what it may not ask.
final class RequestTests: XCTestCase {
  private let llama = Result { try Fixtures.catalog.model("llama-2-7b") }
  private let gpu = Result { try Fixtures.catalog.hardware("h100-sxm") }

  private func workload() throws -> Workload {
    Workload(
      batch: 2, prompt: 4096, context: 4097, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.fp16))
  }

  private func assertRefused(_ change: (inout Workload) -> Void, line: UInt = #line) throws {
    var workload = try workload()
    change(&workload)
    XCTAssertThrowsError(
      try Analysis(configuration: llama.get(), hardware: gpu.get(), workload: workload), line: line)
    XCTAssertThrowsError(try Footprint(llama.get(), workload, capacity: 80_000_000_000), line: line)
  }

  func testNumbersThatMeanNothingAreErrors() throws {
    try assertRefused { $0.batch = 0 }
    try assertRefused { $0.prompt = 0 }
    try assertRefused { $0.context = 0 }
    try assertRefused { $0.tensorParallel = 0 }
    try assertRefused { $0.parallelism.pipeline = 0 }
    try assertRefused { $0.parallelism.microBatches = 0 }
    try assertRefused { $0.parallelism.data = 0 }
    try assertRefused { $0.parallelism.expert = 0 }
    try assertRefused { $0.batch = .max }
    try assertRefused { $0.expertLoad = .balanced }
    try assertRefused { $0.tensorParallel = 3 }
    try assertRefused { $0.parallelism.pipeline = 3 }
  }

  func testRatesThatMeanNothingAreErrors() throws {
    let changes: [(inout RateOptions) -> Void] = [
      { $0.computeEfficiency = 0 }, { $0.computeEfficiency = 1.5 }, { $0.memoryEfficiency = .nan },
      { $0.tensorPeak = -1 }, { $0.vectorPeak = 0 }, { $0.specialPeak = .nan }, { $0.bandwidth = .infinity },
      { $0.link = 0 }, { $0.linkLatency = -1 },
    ]
    for (index, change) in changes.enumerated() {
      var options = RateOptions()
      change(&options)
      XCTAssertThrowsError(
        try Analysis(configuration: llama.get(), hardware: gpu.get(), workload: workload(), options: options),
        "change \(index)")
    }
  }

  func testLoadsOfExpertsThatMeanNothingAreErrors() throws {
    // Found before the model is asked whether it has experts.
    for load in [ExpertLoad.power(.nan), .power(-1), .loads([1, -1]), .loads([.infinity])] {
      var workload = try workload()
      workload.expertLoad = load
      XCTAssertThrowsError(try Analysis(configuration: llama.get(), hardware: gpu.get(), workload: workload)) {
        guard case .usage(let sentence)? = $0 as? InputError else { return XCTFail("\($0)") }
        XCTAssertTrue(sentence.contains("load"), sentence)
      }
    }
  }

  func testNoTokensAreNoGeneration() throws {
    let analysis = try Analysis(configuration: llama.get(), hardware: gpu.get(), workload: workload())
    XCTAssertThrowsError(try Generation(analysis, tokens: 0))
    XCTAssertThrowsError(try Footprint(llama.get(), workload(), generated: 0, capacity: 80_000_000_000))
  }

  /// 6,738,415,616 parameters (Hugging Face, `meta-llama/Llama-2-7b`), and two tensors of 32 layers and 4096 elements a token.
  func testAModelSaysItsParametersAndItsCache() throws {
    let model = try llama.get()
    XCTAssertEqual(model.parameters.total.value, 6_738_415_616)
    XCTAssertEqual(model.parameters.active.value, 6_738_415_616)
    XCTAssertEqual(model.parameters.activeWithoutEmbedding.value, 6_738_415_616 - 32000 * 4096)
    XCTAssertEqual(model.cache(NumberFormats(.fp16)).bytesPerToken.value, 2 * 32 * 4096 * 2)
    let footprint = try Footprint(model, workload(), capacity: 80_000_000_000)
    XCTAssertEqual(footprint.largest.weights.value, 2 * 6_738_415_616)
    XCTAssertEqual(footprint.largest.keyValueCache.value, 2 * 4096 * 524_288)
    XCTAssertTrue(footprint.fits)
  }

  func testCalibratedTimesAreAskedForByTheGPUsCalibrations() throws {
    let calibrations = try Fixtures.catalog.calibrations(for: gpu.get())
    let ideal = try Analysis(configuration: llama.get(), hardware: gpu.get(), workload: workload(), phases: [.decode])
    let real = try Analysis(
      configuration: llama.get(), hardware: gpu.get(), workload: workload(), phases: [.decode],
      calibrations: calibrations)
    let (rows, realRows) = (ideal.phases[0].operators, real.phases[0].operators)
    XCTAssertEqual(rows.map(\.name), realRows.map(\.name))
    XCTAssertEqual(rows.map(\.cost), realRows.map(\.cost))
    XCTAssertTrue(rows.allSatisfy { $0.basis == .ideal })
    let attention = try XCTUnwrap(realRows.first { $0.name == "attention" })
    XCTAssertEqual(attention.kernel, "attention")
    XCTAssertEqual(attention.basis, .calibrated)
    // In serving no kernel beats its roofline.
    for (row, realRow) in zip(rows, realRows) {
      XCTAssertGreaterThanOrEqual(try XCTUnwrap(realRow.time), try XCTUnwrap(row.time), row.name.rawValue)
    }
  }
}
