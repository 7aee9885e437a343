import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Kernels that a time model does not describe, and sizes that no count holds: no number rather than a wrong one.
final class UnmodelledKernelTests: XCTestCase {
  private let formats = NumberFormats(.fp32)

  /// Softmax has constants of its own on the A100 PCIe; nobody may borrow them.
  func testEveryRowOperatorIsTimedByItsOwnConstantsAndNoOtherOperatorIs() throws {
    let hardware = try Fixtures.catalog.hardware("a100-pcie-40gb")
    let set = try Fixtures.catalog.calibrations(for: hardware, prior: "a100-pcie-40gb")
    // As they were measured.
    var options = CalibratedTime.Options()
    options.conditions.launch = .eager
    var values = ["rows": "512", "width": "4096"]
    var operators: [(kind: OperatorKind, value: Operator<Count>)] = []
    for kind in OperatorKind.allCases {
      if kind == .rotary { values = ["rows": "512", "heads": "32", "head_dim": "64"] }
      defer { values = ["rows": "512", "width": "4096"] }
      guard KernelArguments.columns(of: kind).contains("rows"),
        let value: Operator<Count> = try? KernelArguments(kind: kind.rawValue, values: values).definition(formats)
      else { continue }
      operators.append((kind, value))
    }
    XCTAssertGreaterThan(operators.count, 15)
    let time = CalibratedTime(set, of: operators.map(\.value), options: options)
    var own: Set<OperatorKind> = []
    for (kind, value) in operators {
      guard let found = time.found(value) else { continue }
      XCTAssertEqual(found.entry.key.operation, kind == .addRMSNorm ? .rmsNorm : kind)
      own.insert(kind)
    }
    XCTAssertEqual(own, [.softmax, .layerNorm, .gelu, .residualAdd])
    let model = try XCTUnwrap(Calibration.Constants.row(.initial).model(set.facts, generation: set.generation))
    let modelled: Set<OperatorKind> = [
      .rmsNorm, .layerNorm, .addRMSNorm, .siluAndMul, .gelu, .residualAdd, .rotary, .embedding, .softmax,
      .quantize,
    ]
    for (kind, value) in operators {
      XCTAssertEqual(model.timing(of: value, options.conditions) != nil, modelled.contains(kind), "\(kind)")
      XCTAssertEqual(value.subject != nil, modelled.contains(kind), "\(kind)")
    }
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
    func attention(_ context: UInt64, _ query: UInt64) -> Operator<Count> {
      .attention(batch: 1, query: query, context: context, heads: 32, keyValueHeads: 8, headDim: 128, dtype: .fp16)
    }
    let most: UInt64 = 4_000_000_000
    let formats = NumberFormats(.fp16)
    let (rows, width) = (Count(most), Count(most))
    let large: [Operator<Count>] = [
      .gemm(m: most, n: most, k: most, dtype: .fp16), attention(1_000_000_000_000, 1_000_000_000_000),
      attention(1_000_000_000_000_000_000, 1), .collective(.allReduce, ranks: 8, bytes: 9_000_000_000_000_000_000),
      .rotary(rows: most, heads: 32, keyValueHeads: 8, headDim: most, dtype: .fp16),
      .rmsNorm(RMSNorm(rows: rows, width: width, formats: formats)),
      .layerNorm(LayerNorm(rows: rows, width: width, formats: formats)),
      .addRMSNorm(AddRMSNorm(rows: rows, width: width, formats: formats)),
      .gatedActivation(GatedActivation(.silu, rows: rows, width: width, formats: formats)),
      .gelu(Gelu(elements: rows * width, formats: formats)),
      .residualAdd(ResidualAdd(elements: rows * width, formats: formats)),
      .softmax(Softmax(elements: rows * width, width: width, formats: formats)),
      .embedding(Embedding(tokens: rows, ownRows: rows, width: width, formats: formats)),
    ]
    for value in large {
      XCTAssertTrue(value.isBeyondCounts, "\(value)")
      XCTAssertNil(value.idealSeconds(hardware, RateOptions()), "\(value)")
    }
  }

  /// 2⁶³ − 1 is the largest count; all-gather over two ranks sends half of its 9.2e18 bytes over 450 GB/s.
  func testTheLargestCountsStillHaveARoof() throws {
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let value = Operator<Count>.collective(.allGather, ranks: 2, bytes: (1 << 63) - 1024)
    let time = try XCTUnwrap(value.idealSeconds(hardware, RateOptions()))
    XCTAssertEqual(time, 9.223372e18 / 2 / 450e9, accuracy: time * 1e-6)
  }
}
