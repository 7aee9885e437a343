import CUDAMeasurement
import Foundation
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Products through cuBLASLt's calls, on the stand-in.
final class MatrixPlannerTests: XCTestCase {
  /// Every format and epilogue against a double loop, dense and with gaps between the rows.
  func testLinearLayers() throws {
    let fake = try FakeGPU()
    for format in MatrixProduct.Format.allCases {
      for epilogue in MatrixProduct.Epilogue.allCases where format != .int8 || epilogue == .none {
        let aligned = format == .fp8 || format == .int8
        var product = MatrixProduct(
          m: 5, n: aligned ? 24 : 7, k: aligned ? 48 : 11, format: format, epilogue: epilogue)
        try check(product, fake)
        product.left.leadingDimension += 16
        product.right.leadingDimension += 32
        product.output.leadingDimension += 8
        try check(product, fake)
      }
    }
  }

  /// Batches, with values in both orders, matrices that overlap no other's, and one matrix for all.
  func testBatches() throws {
    let fake = try FakeGPU()
    for format in [MatrixProduct.Format.fp32, .tf32, .fp16, .bf16] {
      let scores = MatrixProduct.qkMatmul(heads: 3, rows: 4, context: 6, capacity: 9, headDim: 5, format: format)
      try check(scores, fake)
      var shared = scores
      shared.right.batchStride = 0
      try check(shared, fake)
      try check(.svMatmul(heads: 3, rows: 4, context: 6, capacity: 9, headDim: 5, format: format), fake)
    }
    for format in [MatrixProduct.Format.fp8, .int8] {
      try check(.qkMatmul(heads: 2, rows: 3, context: 8, capacity: 16, headDim: 32, format: format), fake)
    }
  }

  /// One sequence's heads as [tokens, heads, d]: the matrices of the batch lie between one another's rows.
  func testInterleavedHeads() throws {
    let (tokens, heads, headDim) = (4, 3, 5)
    var product = MatrixProduct.qkMatmul(
      heads: heads, rows: tokens, context: tokens, capacity: tokens, headDim: headDim, format: .fp32)
    product.left = .init(leadingDimension: heads * headDim, batchStride: headDim)
    product.right = product.left
    try check(product, try FakeGPU())
  }

  func testTheAlgorithmIsDescribed() throws {
    try withPlanner { fake, planner in
      try fake.apply("workspace=4096")
      let algorithm = try planner.plan(MatrixProduct(m: 8, n: 8, k: 8, format: .fp16), workspaceLimit: 4096)
      XCTAssertEqual(
        algorithm.configuration,
        .init(
          algorithm: 66, tile: 20, stages: 36, splitK: 1, reduction: 0, swizzling: 1, cluster: nil, waves: 0.5,
          workspaceBytes: 4096))
      XCTAssertEqual(
        algorithm.configuration.description,
        "algorithm 66, tile 20, stages 36, split-K 1, swizzling 1, waves 0.5, workspace 4096 B")
      XCTAssertEqual(try fake.liveBytes(), 4096)
    }
  }

  /// A graph holds the products, with the addresses of then; each replay computes them again, in their own time: 2 µs and 1000
  /// FLOPs a nanosecond.
  func testProductsInAGraph() throws {
    try withPlanner { fake, planner in
      let product = MatrixProduct(m: 100, n: 10, k: 1000, format: .fp32)
      let algorithm = try planner.plan(product, workspaceLimit: 0)
      let memories = try Memories(planner.context, product, try fill(product))
      let timer = try LaunchTimer(planner.context)
      let graph = try Graph(capturing: timer.stream) { stream throws(GPUFault) in
        for _ in 0..<2 { try memories.enqueue(algorithm, in: stream) }
      }
      XCTAssertTrue(try memories.result().allSatisfy(\.isNaN))
      let samples = try timer.samples { _ throws(GPUFault) in try graph.launch() }
      XCTAssertEqual(try XCTUnwrap(samples?.samples.first), 8e-6, accuracy: 1e-9)
      XCTAssertEqual(try memories.result(), try fill(product).expected)
    }
  }

  func testAMissingLibrary() throws {
    let fake = try FakeGPU()
    let caught = fault {
      _ = try MatrixLibrary(environment: fake.environment, driver: CUDAVersion(major: 13, minor: 0))
    }
    guard case .noLibrary(let finding) = caught else { return XCTFail("\(String(describing: caught))") }
    XCTAssertEqual(finding.searched.map(\.path), ["/nowhere/libcublasLt.so.13"])
  }

  func testWhatHasNoAlgorithmIsUnsupported() throws {
    try withPlanner { fake, planner in
      let product = MatrixProduct(m: 8, n: 8, k: 8, format: .fp16)
      func reason(_ product: MatrixProduct, workspaceLimit: Int = 1 << 20, alignment: Int = 256) -> String {
        let caught = fault { _ = try planner.plan(product, workspaceLimit: workspaceLimit, alignment: alignment) }
        guard case .unsupported(product.description, let reason) = caught else {
          return "\(String(describing: caught))"
        }
        return reason
      }
      XCTAssertTrue(reason(MatrixProduct(m: 8, n: 8, k: 9, format: .int8)).contains("multiples of 4"))
      XCTAssertEqual(try fake.calls("cublasLtMatmulAlgoGetHeuristic"), 0)
      XCTAssertTrue(reason(product, alignment: 24).contains("16, 32"))
      XCTAssertTrue(reason(product, workspaceLimit: -1).contains("negative"))
      // It needs more workspace than it may have.
      try fake.apply("workspace=\(2 << 20)")
      XCTAssertEqual(
        reason(product),
        "cuBLASLt 13.1.0 has no algorithm for it with 1048576 bytes of workspace; --gemm own runs fp16 and bf16")
      try fake.apply("workspace=0")
      // It answers success, and nothing.
      try fake.apply("algorithm=0")
      XCTAssertTrue(reason(product).contains("has no algorithm"))
      try fake.apply("algorithm=1")
      try fake.fail("cublasLtMatmulAlgoGetHeuristic", code: 15)
      XCTAssertTrue(reason(product).contains("has no algorithm"))
    }
  }

  func testNoMemoryForTheWorkspace() throws {
    try withPlanner { fake, planner in
      try fake.apply("workspace=\(2 << 30)")
      let caught = fault {
        _ = try planner.plan(MatrixProduct(m: 8, n: 8, k: 8, format: .fp16), workspaceLimit: 4 << 30)
      }
      XCTAssertEqual(caught, .call("cuMemAlloc of 2147483648 bytes", code: 2, name: "CUDA_ERROR_OUT_OF_MEMORY"))
    }
  }

  /// A cuBLASLt of a newer CUDA than the driver's is passed over, and said to be.
  func testALibraryThatIsTooNewForTheDriver() throws {
    let fake = try FakeGPU()
    let caught = fault {
      _ = try MatrixLibrary(environment: environment(fake), driver: CUDAVersion(major: 12, minor: 9))
    }
    guard case .noLibrary(let finding) = caught else { return XCTFail("\(String(describing: caught))") }
    XCTAssertEqual(finding.searched.map(\.reason), ["cuBLASLt 13.1.0 is newer than the driver's CUDA 12.9"])
  }

  /// Every call that a plan makes may be the one that fails; nothing of it stays.
  func testFailedCalls() throws {
    let product = MatrixProduct(m: 16, n: 16, k: 16, format: .fp8, epilogue: .bias)
    let calls = [
      ("cublasLtMatmulDescCreate", 0, 3), ("cublasLtMatmulDescSetAttribute", 0, 7),
      ("cublasLtMatmulDescSetAttribute", 3, 7),
      ("cublasLtMatrixLayoutCreate", 0, 3), ("cublasLtMatrixLayoutCreate", 2, 3),
      ("cublasLtMatmulPreferenceCreate", 0, 3),
      ("cublasLtMatmulPreferenceSetAttribute", 4, 7), ("cublasLtMatmulAlgoGetHeuristic", 0, 14),
    ]
    let names: [Int: String] = [3: "CUBLAS_STATUS_ALLOC_FAILED", 7: "CUBLAS_STATUS_INVALID_VALUE"]
    for (call, after, code) in calls {
      try withPlanner { fake, planner in
        try fake.fail(call, after: Int32(after), code: Int32(code))
        let caught = fault { _ = try planner.plan(product, workspaceLimit: 0) }
        guard case .call(_, Int32(code), let name) = caught else {
          return XCTFail("\(call): \(String(describing: caught))")
        }
        XCTAssertEqual(name, names[code], call)
      }
    }
    let fake = try FakeGPU()
    try fake.fail("cublasLtCreate", code: 1)
    let caught = fault {
      let context = try Context(try Driver(environment: fake.environment))
      _ = try MatrixPlanner(
        try MatrixLibrary(environment: environment(fake), driver: CUDAVersion(major: 13, minor: 0)), context)
    }
    XCTAssertEqual(caught, .call("cublasLtCreate", code: 1, name: "CUBLAS_STATUS_NOT_INITIALIZED"))
    try fake.assertNothingIsLeft()
  }

  func testFaultsOfTheProductItself() throws {
    try withPlanner { fake, planner in
      let product = MatrixProduct(m: 8, n: 8, k: 8, format: .fp16, epilogue: .bias)
      let algorithm = try planner.plan(product, workspaceLimit: 0)
      let stream = try DeviceStream(planner.context)
      let memories = try Memories(planner.context, product, try fill(product))
      let base = memories.left.address
      let misplaced = fault {
        try algorithm.enqueue(in: stream, left: base + 16, right: base, output: base, bias: base)
      }
      guard case .unsupported(_, let reason) = misplaced else { return XCTFail("\(String(describing: misplaced))") }
      XCTAssertTrue(reason.contains("256"), reason)
      let without = fault { try algorithm.enqueue(in: stream, left: base, right: base, output: base) }
      guard case .unsupported = without else { return XCTFail("\(String(describing: without))") }
      try fake.fail("cublasLtMatmul", code: 14)
      let failed = fault { try memories.enqueue(algorithm, in: stream) }
      XCTAssertEqual(failed, .call("cublasLtMatmul of fp16 product m 8, n 8, k 8", code: 14, name: nil))
    }
  }

  /// A kernel that breaks the context shows at the next synchronization, and then in every product.
  func testABrokenContext() throws {
    try withPlanner { fake, planner in
      let product = MatrixProduct(m: 8, n: 8, k: 8, format: .fp16)
      let algorithm = try planner.plan(product, workspaceLimit: 0)
      let stream = try DeviceStream(planner.context)
      let memories = try Memories(planner.context, product, try fill(product))
      try fake.faultKernel(700)
      try memories.enqueue(algorithm, in: stream)
      XCTAssertEqual(
        fault { try stream.synchronize() },
        .call("cuStreamSynchronize", code: 700, name: "CUDA_ERROR_ILLEGAL_ADDRESS"))
      XCTAssertEqual(
        fault { try memories.enqueue(algorithm, in: stream) },
        .call("cublasLtMatmul of \(product)", code: 13, name: "CUBLAS_STATUS_EXECUTION_FAILED"))
    }
  }

  // MARK: the double loop

  private struct Contents {
    var left, right, bias, expected: [Double]
  }

  /// Small integers, which every format represents exactly, and the result in double precision; NaN where nothing is written.
  private func fill(_ product: MatrixProduct) throws -> Contents {
    var generator = SeededGenerator(seed: UInt64(product.m * 100 + product.k))
    func random(_ count: Count) -> [Double] {
      (0..<Int(count.value)).map { _ in Double(Int.random(in: -4...4, using: &generator)) }
    }
    let left = random(product.leftSpan)
    let right = random(product.rightSpan)
    let bias = random(Count(UInt64(product.n)))
    var expected = [Double](repeating: .nan, count: Int(product.outputSpan.value))
    for batch in 0..<product.batchCount {
      for row in 0..<product.m {
        for column in 0..<product.n {
          var sum = product.epilogue.hasBias ? bias[column] : 0
          for inner in 0..<product.k {
            let (line, place) = product.rightOrder == .nk ? (column, inner) : (inner, column)
            sum +=
              left[batch * product.left.batchStride + row * product.left.leadingDimension + inner]
              * right[batch * product.right.batchStride + line * product.right.leadingDimension + place]
          }
          if product.epilogue == .gelu || product.epilogue == .biasGelu {
            sum *= 0.5 * (1 + tanh((2 / Double.pi).squareRoot() * (sum + 0.044715 * sum * sum * sum)))
          }
          expected[batch * product.output.batchStride + row * product.output.leadingDimension + column] = sum
        }
      }
    }
    return Contents(left: left, right: right, bias: bias, expected: expected)
  }

  private struct Memories {
    let left, right, output, bias: CUDAMeasurement.DeviceMemory
    private let elements: MatrixElements
    private let count: Int

    init(_ context: Context, _ product: MatrixProduct, _ contents: Contents) throws {
      func upload(_ values: [Double], isOutput: Bool = false) throws -> CUDAMeasurement.DeviceMemory {
        let bytes = MatrixElements(format: product.format, isOutput: isOutput).encode(values)
        let memory = try DeviceMemory(context, byteCount: bytes.count)
        try memory.write(bytes)
        return memory
      }
      left = try upload(contents.left)
      right = try upload(contents.right)
      bias = try upload(contents.bias, isOutput: true)
      count = contents.expected.count * product.format.outputBytes
      output = try DeviceMemory(context, byteCount: count)
      elements = MatrixElements(format: product.format, isOutput: true)
    }

    func enqueue(_ algorithm: MatrixAlgorithm, in stream: DeviceStream) throws(GPUFault) {
      try algorithm.enqueue(
        in: stream, left: left.address, right: right.address, output: output.address, bias: bias.address)
    }

    func result() throws -> [Double] { elements.decode(try output.read(UInt8.self, count: count)) }
  }

  private func check(_ product: MatrixProduct, _ fake: FakeGPU, line: UInt = #line) throws {
    do {
      let context = try Context(try Driver(environment: fake.environment))
      let planner = try MatrixPlanner(
        try MatrixLibrary(environment: environment(fake), driver: CUDAVersion(major: 13, minor: 0)), context)
      let algorithm = try planner.plan(product, workspaceLimit: 0)
      let contents = try fill(product)
      let memories = try Memories(context, product, contents)
      let stream = try DeviceStream(context)
      try memories.enqueue(algorithm, in: stream)
      try stream.synchronize()
      let rounding = MatrixElements(format: product.format, isOutput: true).rounding
      for (index, pair) in zip(try memories.result(), contents.expected).enumerated() {
        // Unwritten elements keep the poison, which is -1 as an integer.
        let isRight =
          pair.1.isNaN
          ? pair.0.isNaN || pair.0 == -1 : abs(pair.0 - pair.1) <= rounding.relative * abs(pair.1) + rounding.absolute
        XCTAssertTrue(isRight, "\(product) \(product.epilogue), element \(index): \(pair)", line: line)
      }
    }
    try fake.assertNothingIsLeft("\(product)")
  }

  // MARK: support

  private func environment(_ fake: FakeGPU) -> [String: String] {
    fake.environment.merging(["ROOFLINE_CUBLASLT": fake.path]) { $1 }
  }

  private func withPlanner(_ body: (FakeGPU, MatrixPlanner) throws -> Void) throws {
    let fake = try FakeGPU()
    do {
      let context = try Context(try Driver(environment: fake.environment))
      try body(
        fake,
        try MatrixPlanner(
          try MatrixLibrary(environment: environment(fake), driver: CUDAVersion(major: 13, minor: 0)), context))
    }
    try fake.assertNothingIsLeft()
  }

  private func fault(_ body: () throws -> Void) -> GPUFault? {
    do {
      try body()
      return nil
    } catch {
      return error as? GPUFault
    }
  }
}
