import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

final class IdealTimeTests: XCTestCase {
  private func kernel(_ kind: String, _ columns: [String: String], _ options: RateOptions) throws -> KernelAnalysis {
    try KernelAnalysis(
      KernelArguments(kind: kind, values: columns), formats: NumberFormats(.fp16),
      hardware: HardwareSpec(name: "test", path: "test"), options: options)
  }

  private func options(tensor: Double = 1e12, vector: Double = 1e12, special: Double = 1e12, bandwidth: Double = 1e12)
    -> RateOptions
  {
    var options = RateOptions()
    options.tensorPeak = tensor
    options.vectorPeak = vector
    options.specialPeak = special
    options.bandwidth = bandwidth
    return options
  }

  /// 4 × 4 × 4: 128 FLOP; 32 + 32 + 32 bytes.
  private let gemm = ["m": "4", "n": "4", "k": "4"]

  func testTheSlowestRoofDecides() throws {
    let compute = try kernel("gemm", gemm, options(tensor: 128)).prediction
    XCTAssertEqual(compute.time, Seconds(1))
    XCTAssertEqual(compute.bound, .compute)
    let memory = try kernel("gemm", gemm, options(bandwidth: 96)).prediction
    XCTAssertEqual(memory.time, Seconds(1))
    XCTAssertEqual(memory.bound, .memory)
  }

  func testATieIsMemory() throws {
    XCTAssertEqual(try kernel("gemm", gemm, options(tensor: 128, bandwidth: 96)).prediction.bound, .memory)
  }

  func testTheRoofWithTheLongestTimeBinds() {
    func binding(_ tensor: Double, _ vector: Double, _ special: Double, _ memory: Double) -> Roof {
      Roofs(tensor: tensor, vector: vector, special: special, memory: memory).binding
    }
    XCTAssertEqual(binding(4, 1, 2, 3), .tensor)
    XCTAssertEqual(binding(1, 4, 2, 3), .vector)
    XCTAssertEqual(binding(1, 2, 4, 3), .special)
    XCTAssertEqual(binding(1, 2, 3, 4), .memory)
    XCTAssertEqual(binding(4, 1, 2, 4), .memory, "a tie with memory is memory's")
    XCTAssertEqual(binding(1, 4, 4, 3), .vector, "of two units the first")
    XCTAssertEqual(binding(.nan, 1, 2, 1), .special, "a time that is not known decides nothing")
    for roof in Roof.allCases { XCTAssertEqual(Roofs { $0 == roof ? 1 : 0 }.binding, roof) }
  }

  func testSumAddsTheParts() throws {
    var both = options(tensor: 128, bandwidth: 96)
    both.overlap = .sum
    XCTAssertEqual(try kernel("gemm", gemm, both).prediction.time, Seconds(2))
  }

  /// A row of softmax: 4 vector and 1 special an element.
  func testSpecialAndVectorUnitsAreRoofsOfTheirOwn() throws {
    let softmax = ["rows": "1", "width": "10"]
    XCTAssertEqual(try kernel("softmax", softmax, options(special: 10)).prediction.time, Seconds(1))
    XCTAssertEqual(try kernel("softmax", softmax, options(vector: 40)).prediction.time, Seconds(1))
  }

  func testEfficiencyScalesAllButTheLink() throws {
    var half = options(tensor: 256)
    half.computeEfficiency = 0.5
    XCTAssertEqual(try kernel("gemm", gemm, half).prediction.time, Seconds(1))
    var link = options()
    link.link = 100
    link.computeEfficiency = 0.5
    link.memoryEfficiency = 0.5
    // 2(4−1) steps of 400/4 bytes.
    XCTAssertEqual(try kernel("all_reduce", ["ranks": "4", "bytes": "400"], link).prediction.time, Seconds(6))
    XCTAssertEqual(try kernel("all_gather", ["ranks": "4", "bytes": "400"], link).prediction.bound, .network)
  }

  func testAUnitWithoutWorkNeedsNoRate() throws {
    var options = RateOptions()
    options.tensorPeak = 128
    options.bandwidth = 1e12
    XCTAssertEqual(try kernel("gemm", gemm, options).prediction.time, Seconds(1))
    let softmax = try kernel("softmax", ["rows": "1", "width": "10"], options)
    XCTAssertNil(softmax.prediction.time)
    XCTAssertNil(softmax.prediction.knownBound)
    XCTAssertEqual(softmax.missing.map(\.option), ["--vector-peak", "--special-peak"])
  }

  func testFP32ProductsRunOnTheCUDACores() throws {
    let analysis = try KernelAnalysis(
      KernelArguments(kind: "gemm", values: gemm), formats: NumberFormats(.fp32),
      hardware: HardwareSpec(name: "test", path: "test"), options: options(tensor: 1e12, vector: 128))
    XCTAssertEqual(analysis.prediction.cost.flops, FLOPCounts<Count>(vector: 128))
    XCTAssertEqual(analysis.prediction.time, Seconds(1))
  }
}
