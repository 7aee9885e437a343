import TestSupport
import XCTest

@testable import RooflineCore

/// Kernels that a time model does not describe, and sizes that no count holds: no number rather than a wrong one.
final class UnmodelledKernelTests: XCTestCase {
  private let formats = NumberFormats(.fp32)

  /// Softmax has constants of its own on the A100 PCIe; nobody may borrow them.
  func testEveryRowOperatorIsTimedByItsOwnConstantsAndNoOtherOperatorIs() throws {
    let hardware = try Fixtures.catalog.hardware("a100-pcie-40gb")
    let set = try Fixtures.catalog.calibrations(for: hardware, prior: "a100-pcie-40gb")
    // As they were measured.
    var options = CalibratedTime.Options()
    options.launch = .eager
    let time = CalibratedTime(set, formats: formats, attentions: [], options: options)
    for kind in OperatorKind.allCases {
      let kernel = TimedKernel(.row(RowCall(kind, rows: 512, width: 4096, elementBytes: 4)), dtype: .fp32)
      guard RowCall.operations.contains(kind) else {
        XCTAssertNil(time.found(kernel), "constants for \(kind)")
        XCTAssertTrue(
          KernelModel(.row(.initial), facts: set.facts, generation: set.generation)?.microseconds(kernel).isNaN
            ?? false,
          "a time of \(kind)")
        continue
      }
      if let own = time.found(kernel)?.entry.key.operation {
        XCTAssertEqual(own, kind == .addRMSNorm ? .rmsNorm : kind)
      }
    }
    let softmax = Operator<Count>.softmax(Softmax(elements: 512 * 4096, width: 4096, formats: formats))
    let kernel = try XCTUnwrap(TimedKernel(softmax, residency: .serving))
    XCTAssertEqual(kernel.shape, .row(RowCall(.softmax, rows: 512, width: 4096, elementBytes: 4)))
    XCTAssertEqual(time.found(kernel)?.entry.key.operation, .softmax)
    let relu = Operator<Count>.relu(Relu(elements: 512 * 4096, formats: formats))
    XCTAssertNil(TimedKernel(relu, residency: .serving))
  }

  /// The last guard, for rates that no file may hold: a time without an end is an error, not a cell of a table.
  func testATimeThatIsNotFiniteIsAnError() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    var options = RateOptions()
    options.bandwidth = .leastNonzeroMagnitude
    let arguments = try KernelArguments(kind: "rmsnorm", values: ["rows": "8", "width": "8"])
    XCTAssertThrowsError(try KernelAnalysis(arguments, formats: formats, hardware: hardware, options: options)) {
      XCTAssertEqual($0 as? InputError, .infiniteTime(what: "rmsnorm", hardware: "h100-sxm"))
    }
    let configuration = try Fixtures.catalog.model("llama-2-7b")
    let workload = Workload(
      batch: 1, prompt: 8, context: 9, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.fp16))
    XCTAssertThrowsError(
      try Analysis(
        configuration: configuration, hardware: hardware, workload: workload, phases: Phase.allCases, options: options)
    ) { error in
      guard case .infiniteTime(_, hardware: "h100-sxm") = error as? InputError else { return XCTFail("\(error)") }
    }
  }

  func testAKernelWhoseCountsOverflowHasNoRoof() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    func attention(_ context: Double, _ query: Double) -> AttentionCall {
      AttentionCall(batch: 1, query: query, context: context, heads: 32, keyValueHeads: 8, headDim: 128)
    }
    let large: [TimedKernel.Shape] =
      [
        .gemm(.init(m: 4e9, n: 4e9, k: 4e9, copies: 1)), .prefill(attention(1e12, 1e12)), .decode(attention(1e18, 1)),
        .collective(.init(.allReduce, ranks: 8, bytes: 9e18)), .collective(.init(.allGather, ranks: 1e30, bytes: 8)),
        .row(.init(.rotary, rows: 4e9, width: 5120, heads: 32, keyValueHeads: 8, headDim: 4e9)),
      ] + RowCall.operations.subtracting([.rotary]).map { .row(.init($0, rows: 4e9, width: 4e9)) }
    for shape in large {
      let kernel = TimedKernel(shape, dtype: .fp16)
      XCTAssertTrue(kernel.isBeyondCounts, "\(shape)")
      XCTAssertNil(IdealKernelTime.microseconds(kernel, hardware, RateOptions()), "\(shape)")
    }
  }

  /// 2⁶³ − 1 is the largest count; all-gather over two ranks sends half of its 9.2e18 bytes over 450 GB/s.
  func testTheLargestCountsStillHaveARoof() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let kernel = TimedKernel(.collective(.init(.allGather, ranks: 2, bytes: 0x1p63 - 1024)), dtype: .fp16)
    let time = try XCTUnwrap(IdealKernelTime.microseconds(kernel, hardware, RateOptions()))
    XCTAssertEqual(time, 9.223372e18 / 2 / 450e9 * 1e6, accuracy: time * 1e-6)
  }
}
