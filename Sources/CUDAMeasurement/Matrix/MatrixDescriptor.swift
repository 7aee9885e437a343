import CGPUABI
import RooflineCore
import RooflineMeasurement

/// One of cuBLASLt's descriptors, destroyed with the last reference to it.
final class MatrixDescriptor<Handle> {
  let handle: Handle
  private let library: MatrixLibrary
  private let call: String
  private let destroy: (Handle) -> abi_cublasStatus_t

  /// - Parameter call: the creating function's name.
  init(
    _ library: MatrixLibrary, _ call: String, create: (inout Handle?) -> abi_cublasStatus_t,
    destroy: @escaping (Handle) -> abi_cublasStatus_t
  ) throws(GPUFault) {
    self.library = library
    self.call = call
    self.destroy = destroy
    var created: Handle?
    try library.check(create(&created), call)
    guard let created else { throw .noAnswer(call: call) }
    handle = created
  }

  deinit { _ = destroy(handle) }

  /// Sets an attribute, whose value must have the C type that the library expects.
  func set<Value: BitwiseCopyable>(
    _ attribute: Int, _ value: Value, by function: (Handle, Int32, UnsafeRawPointer, Int) -> abi_cublasStatus_t
  ) throws(GPUFault) {
    let status = withUnsafePointer(to: value) { function(handle, Int32(attribute), $0, MemoryLayout<Value>.size) }
    try library.check(status, "attribute \(attribute) of what \(call) made")
  }
}

extension MatrixLibrary {
  /// The layout of one matrix.
  func layout(
    _ layout: ColumnMajorProduct.Layout, type: Int, batchCount: Int
  ) throws(GPUFault) -> MatrixDescriptor<abi_cublasLtMatrixLayout_t> {
    let descriptor = try MatrixDescriptor<abi_cublasLtMatrixLayout_t>(self, "cublasLtMatrixLayoutCreate") {
      layoutCreate(
        &$0, Int32(type), UInt64(layout.rows), UInt64(layout.columns), Int64(layout.matrix.leadingDimension))
    } destroy: {
      self.layoutDestroy($0)
    }
    if batchCount > 1 {
      try descriptor.set(abi_CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, Int32(batchCount), by: layoutSet)
      try descriptor.set(
        abi_CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, Int64(layout.matrix.batchStride), by: layoutSet)
    }
    return descriptor
  }

  /// What is computed with the matrices.
  func operation(_ product: MatrixProduct) throws(GPUFault) -> MatrixDescriptor<abi_cublasLtMatmulDesc_t> {
    let format = product.format
    let descriptor = try MatrixDescriptor<abi_cublasLtMatmulDesc_t>(self, "cublasLtMatmulDescCreate") {
      operationCreate(&$0, Int32(format.computeType), Int32(format.scaleType))
    } destroy: {
      self.operationDestroy($0)
    }
    if product.rightOrder == .nk {
      try descriptor.set(abi_CUBLASLT_MATMUL_DESC_TRANSA, Int32(abi_CUBLAS_OP_T), by: operationSet)
    }
    if product.epilogue != .none {
      try descriptor.set(abi_CUBLASLT_MATMUL_DESC_EPILOGUE, UInt32(product.epilogue.number), by: operationSet)
    }
    if format == .fp8 {
      // As inference does: sums stay in the tensor core's accumulators, of fewer bits than fp32 on Hopper.
      try descriptor.set(abi_CUBLASLT_MATMUL_DESC_FAST_ACCUM, Int8(1), by: operationSet)
    }
    return descriptor
  }

  /// What an algorithm may use: a workspace up to the limit, and matrices that begin at multiples of `alignment` bytes.
  func preference(
    workspaceLimit: Int, alignment: Int
  ) throws(GPUFault) -> MatrixDescriptor<abi_cublasLtMatmulPreference_t> {
    let descriptor = try MatrixDescriptor<abi_cublasLtMatmulPreference_t>(self, "cublasLtMatmulPreferenceCreate") {
      preferenceCreate(&$0)
    } destroy: {
      self.preferenceDestroy($0)
    }
    try descriptor.set(abi_CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, UInt(workspaceLimit), by: preferenceSet)
    for attribute in [
      abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
      abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, abi_CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
    ] {
      try descriptor.set(attribute, UInt32(alignment), by: preferenceSet)
    }
    return descriptor
  }
}
