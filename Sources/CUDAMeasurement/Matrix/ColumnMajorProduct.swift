import CGPUABI

/// A product as cuBLASLt takes it: D = op(A)·B, every matrix column-major.
///
/// Read by columns, a row-major matrix is its transpose. So D, our output read so, is outᵀ = op(right)·leftᵀ: our right matrix
/// is cuBLASLt's first, and our m and n change places. Of n rows of k it reads a k×n matrix, which it must transpose back.
package struct ColumnMajorProduct: Hashable {
  package struct Layout: Hashable {
    var rows: Int
    var columns: Int
    var matrix: MatrixProduct.Matrix

    package init(rows: Int, columns: Int, matrix: MatrixProduct.Matrix) {
      self.rows = rows
      self.columns = columns
      self.matrix = matrix
    }
  }

  package var a: Layout
  package var b: Layout
  package var d: Layout
  package var transposesA: Bool

  package init(_ product: MatrixProduct) {
    let (m, n, k) = (product.m, product.n, product.k)
    transposesA = product.rightOrder == .nk
    a = Layout(rows: transposesA ? k : n, columns: transposesA ? n : k, matrix: product.right)
    b = Layout(rows: k, columns: m, matrix: product.left)
    d = Layout(rows: n, columns: m, matrix: product.output)
  }
}

extension MatrixProduct.Format {
  /// cudaDataType of A and B.
  package var inputType: Int {
    switch self {
    case .fp32, .tf32: abi_CUDA_R_32F
    case .fp16: abi_CUDA_R_16F
    case .bf16: abi_CUDA_R_16BF
    case .fp8: abi_CUDA_R_8F_E4M3
    case .int8: abi_CUDA_R_8I
    }
  }

  package var outputType: Int {
    switch self {
    case .fp32, .tf32: abi_CUDA_R_32F
    case .fp16: abi_CUDA_R_16F
    case .bf16, .fp8: abi_CUDA_R_16BF
    case .int8: abi_CUDA_R_32I
    }
  }

  /// cublasComputeType_t: what sums are kept in.
  package var computeType: Int {
    switch self {
    case .fp32, .fp16, .bf16, .fp8: abi_CUBLAS_COMPUTE_32F
    case .tf32: abi_CUBLAS_COMPUTE_32F_FAST_TF32
    case .int8: abi_CUBLAS_COMPUTE_32I
    }
  }

  /// cudaDataType of α and β.
  package var scaleType: Int { self == .int8 ? abi_CUDA_R_32I : abi_CUDA_R_32F }
}

extension MatrixProduct.Epilogue {
  /// cublasLtEpilogue_t.
  var number: Int {
    switch self {
    case .none: abi_CUBLASLT_EPILOGUE_DEFAULT
    case .bias: abi_CUBLASLT_EPILOGUE_BIAS
    case .gelu: abi_CUBLASLT_EPILOGUE_GELU
    case .biasGelu: abi_CUBLASLT_EPILOGUE_GELU_BIAS
    }
  }
}
