import CGPUABI
import CUDAMeasurement
import RooflineCore
import XCTest

/// Products as values: where their elements lie, how cuBLASLt sees them, and what it does not compute.
final class MatrixProductTests: XCTestCase {
  private let hopper = ComputeCapability(major: 9, minor: 0)

  func testALinearLayerIsDense() {
    let product = MatrixProduct(m: 7, n: 5, k: 3, format: .fp16)
    XCTAssertEqual([product.leftSpan, product.rightSpan, product.outputSpan], [21, 15, 35])
  }

  /// Llama 3 8B: 32 query heads on 8 key heads of 128; 2 sequences, one token each, 100 of 4096 places of the cache.
  func testAttentionsProductsOfADecode() {
    let scores = MatrixProduct.qkMatmul(heads: 16, rows: 4, context: 100, capacity: 4096, headDim: 128, format: .bf16)
    XCTAssertEqual([scores.m, scores.n, scores.k, scores.batchCount], [4, 100, 128, 16])
    XCTAssertEqual(scores.leftSpan, 2 * 32 * 128)
    XCTAssertEqual(scores.outputSpan, 2 * 32 * 100)
    // The last key of the last head ends there: what lies behind it in the cache is not read.
    XCTAssertEqual(scores.rightSpan, Count(15 * 4096 * 128 + 100 * 128))
    let values = MatrixProduct.svMatmul(heads: 16, rows: 4, context: 100, capacity: 4096, headDim: 128, format: .bf16)
    XCTAssertEqual([values.m, values.n, values.k, values.batchCount], [4, 128, 100, 16])
    XCTAssertEqual(values.leftSpan, scores.outputSpan)
    XCTAssertEqual(values.rightSpan, scores.rightSpan)
    XCTAssertEqual(values.outputSpan, scores.leftSpan)
  }

  /// Column by column, our weight is a k×n matrix to be transposed, our input a k×m matrix, and our output n×m.
  func testColumnMajorLinearLayer() {
    let shape = ColumnMajorProduct(MatrixProduct(m: 7, n: 5, k: 3, format: .fp32))
    XCTAssertTrue(shape.transposesA)
    XCTAssertEqual(shape.a, .init(rows: 3, columns: 5, matrix: .init(leadingDimension: 3)))
    XCTAssertEqual(shape.b, .init(rows: 3, columns: 7, matrix: .init(leadingDimension: 3)))
    XCTAssertEqual(shape.d, .init(rows: 5, columns: 7, matrix: .init(leadingDimension: 5)))
  }

  func testColumnMajorValues() {
    let shape = ColumnMajorProduct(
      .svMatmul(heads: 2, rows: 7, context: 3, capacity: 4, headDim: 5, format: .fp32))
    XCTAssertFalse(shape.transposesA)
    XCTAssertEqual(shape.a, .init(rows: 5, columns: 3, matrix: .init(leadingDimension: 5, batchStride: 20)))
    XCTAssertEqual(shape.b, .init(rows: 3, columns: 7, matrix: .init(leadingDimension: 3, batchStride: 21)))
    XCTAssertEqual(shape.d, .init(rows: 5, columns: 7, matrix: .init(leadingDimension: 5, batchStride: 35)))
  }

  /// cublasComputeType_t, and cudaDataType of α, of the matrices read and of the one written.
  func testFormats() {
    let expected: [MatrixProduct.Format: [Int]] = [
      .fp32: [abi_CUBLAS_COMPUTE_32F, abi_CUDA_R_32F, abi_CUDA_R_32F, abi_CUDA_R_32F],
      .tf32: [abi_CUBLAS_COMPUTE_32F_FAST_TF32, abi_CUDA_R_32F, abi_CUDA_R_32F, abi_CUDA_R_32F],
      .fp16: [abi_CUBLAS_COMPUTE_32F, abi_CUDA_R_32F, abi_CUDA_R_16F, abi_CUDA_R_16F],
      .bf16: [abi_CUBLAS_COMPUTE_32F, abi_CUDA_R_32F, abi_CUDA_R_16BF, abi_CUDA_R_16BF],
      .fp8: [abi_CUBLAS_COMPUTE_32F, abi_CUDA_R_32F, abi_CUDA_R_8F_E4M3, abi_CUDA_R_16BF],
      .int8: [abi_CUBLAS_COMPUTE_32I, abi_CUDA_R_32I, abi_CUDA_R_8I, abi_CUDA_R_32I],
    ]
    for format in MatrixProduct.Format.allCases {
      XCTAssertEqual(
        [format.computeType, format.scaleType, format.inputType, format.outputType], expected[format], format.rawValue)
    }
  }

  func testLegalProductsAreNotRefused() {
    let legal: [MatrixProduct] = [
      MatrixProduct(m: 1, n: 1, k: 1, format: .fp32),
      MatrixProduct(m: 3, n: 5, k: 7, format: .bf16, epilogue: .biasGelu),
      // m is free: a batch of one token is legal in every format.
      MatrixProduct(m: 1, n: 8, k: 16, format: .fp8, epilogue: .biasGelu),
      MatrixProduct(m: 1, n: 4, k: 4, format: .int8),
      .svMatmul(heads: 2, rows: 3, context: 5, capacity: 9, headDim: 7, format: .fp16),
      .qkMatmul(heads: 2, rows: 3, context: 8, capacity: 8, headDim: 64, format: .fp8),
    ]
    for product in legal { XCTAssertNil(product.refusal(on: hopper), "\(product)") }
  }

  func testRefusalsSayWhy() {
    func changed(_ product: MatrixProduct, _ change: (inout MatrixProduct) -> Void) -> MatrixProduct {
      var product = product
      change(&product)
      return product
    }
    let linear = MatrixProduct(m: 16, n: 16, k: 16, format: .fp16)
    let scores = MatrixProduct.qkMatmul(heads: 4, rows: 16, context: 16, capacity: 16, headDim: 16, format: .fp16)
    let fp8 = MatrixProduct(m: 16, n: 16, k: 16, format: .fp8)
    let fp8Scores = MatrixProduct.qkMatmul(heads: 4, rows: 16, context: 16, capacity: 16, headDim: 16, format: .fp8)
    let int8 = MatrixProduct(m: 16, n: 16, k: 16, format: .int8)
    let cases: [(MatrixProduct, String)] = [
      (changed(linear) { $0.m = 0 }, "must lie between"), (changed(linear) { $0.n = -1 }, "must lie between"),
      (changed(linear) { $0.k = 1 << 31 }, "must lie between"),
      (changed(linear) { $0.batchCount = 0 }, "must lie between"),
      (changed(linear) { $0.left.leadingDimension = 1 << 31 }, "elements apart"),
      (changed(linear) { $0.left.leadingDimension = 15 }, "overlap"),
      (changed(linear) { $0.right.leadingDimension = 15 }, "overlap"),
      (changed(linear) { $0.output.leadingDimension = 15 }, "overlap"),
      (changed(scores) { $0.left.batchStride = -256 }, "upward"),
      (changed(scores) { $0.output.batchStride = 0 }, "overwrite"),
      (changed(scores) { $0.epilogue = .bias }, "single products"),
      (changed(int8) { $0.epilogue = .gelu }, "no epilogue"), (changed(int8) { $0.rightOrder = .kn }, "n rows of k"),
      (MatrixProduct(m: 16, n: 16, k: 18, format: .int8), "multiples of 4"),
      (MatrixProduct(m: 16, n: 18, k: 16, format: .int8), "multiples of 4"),
      (changed(int8) { $0.output.leadingDimension = 18 }, "multiples of 4"),
      (changed(fp8) { $0.rightOrder = .kn }, "n rows of k"),
      (MatrixProduct(m: 16, n: 16, k: 24, format: .fp8), "multiples of 16"),
      (MatrixProduct(m: 16, n: 20, k: 16, format: .fp8), "multiples of 8"),
      (changed(fp8) { $0.right.leadingDimension = 24 }, "multiples of 16"),
      (changed(fp8Scores) { $0.right.batchStride = 264 }, "multiples of 16"),
      (changed(fp8Scores) { $0.output.batchStride = 260 }, "multiples of 8"),
    ]
    for (product, reason) in cases {
      let refusal = product.refusal(on: hopper)
      XCTAssertTrue(refusal?.contains(reason) ?? false, "\(product): \(refusal ?? "legal"), not \(reason)")
    }
  }

  func testFormatsNeedTheirGPUs() {
    let first: [MatrixProduct.Format: (Int, Int)] = [
      .fp16: (7, 0), .int8: (7, 5), .tf32: (8, 0), .bf16: (8, 0), .fp8: (8, 9),
    ]
    let capabilities = [(6, 1), (7, 0), (7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0)]
    for (format, least) in first {
      for capability in capabilities {
        let refusal = MatrixProduct(m: 16, n: 16, k: 16, format: format)
          .refusal(on: .init(major: capability.0, minor: capability.1))
        XCTAssertEqual(refusal == nil, capability >= least, "\(format.rawValue) on \(capability)")
      }
    }
    XCTAssertEqual(
      MatrixProduct(m: 16, n: 16, k: 16, format: .fp8).refusal(on: .init(major: 8, minor: 0)),
      "fp8 needs compute capability 8.9, and this GPU has 8.0")
  }
}
