import CGPUABI
import RooflineCore
import RooflineMeasurement

/// cuBLASLt on one device: asks its heuristic for the algorithm of a product.
package final class MatrixPlanner {
  let library: MatrixLibrary
  let context: Context
  let handle: abi_cublasLtHandle_t

  package init(_ library: MatrixLibrary, _ context: Context) throws(GPUFault) {
    self.library = library
    self.context = context
    var handle: abi_cublasLtHandle_t?
    try library.check(library.create(&handle), "cublasLtCreate")
    self.handle = try context.driver.handle(handle, "cublasLtCreate")
  }

  // Before the context goes, which the handle belongs to.
  deinit { _ = library.destroy(handle) }

  /// The algorithm that cuBLASLt expects to be the fastest, with its workspace.
  ///
  /// - Parameters:
  ///   - workspaceLimit: bytes. PyTorch gives 32 MiB from Hopper on; less may exclude the fastest algorithm.
  ///   - alignment: a power of two, of which the address of every matrix and of the bias will be a multiple, bytes.
  /// - Throws: `GPUFault.unsupported` where the product has no algorithm here.
  package func plan(
    _ product: MatrixProduct, workspaceLimit: Int, alignment: Int = 256
  ) throws(GPUFault) -> MatrixAlgorithm {
    if let reason = product.refusal(on: context.properties.computeCapability) {
      throw .unsupported("\(product)", reason: reason)
    }
    guard workspaceLimit >= 0 else {
      throw .unsupported("\(product)", reason: "the limit of its workspace is negative")
    }
    guard (16...256).contains(alignment), alignment.nonzeroBitCount == 1 else {
      throw .unsupported("\(product)", reason: "matrices must begin at multiples of 16, 32, 64, 128 or 256 bytes")
    }
    let operation = try library.operation(product)
    if product.epilogue.hasBias {
      // Not read yet: it says how the bias will be aligned.
      try operation.set(abi_CUBLASLT_MATMUL_DESC_BIAS_POINTER, UInt(alignment), by: library.operationSet)
    }
    let shape = ColumnMajorProduct(product)
    let format = product.format
    let a = try library.layout(shape.a, type: format.inputType, batchCount: product.batchCount)
    let b = try library.layout(shape.b, type: format.inputType, batchCount: product.batchCount)
    let d = try library.layout(shape.d, type: format.outputType, batchCount: product.batchCount)
    let preference = try library.preference(workspaceLimit: workspaceLimit, alignment: alignment)
    var found = abi_cublasLtMatmulHeuristicResult_t()
    var count: Int32 = 0
    let status = library.heuristic(
      handle, operation.handle, a.handle, b.handle, d.handle, d.handle, preference.handle, 1, &found, &count)
    if status != Int32(abi_CUBLAS_STATUS_NOT_SUPPORTED) {
      try library.check(status, "cublasLtMatmulAlgoGetHeuristic")
    }
    guard status == 0, count > 0, found.state == 0 else {
      throw .unsupported(
        "\(product)",
        reason:
          "cuBLASLt \(library.finding.version ?? "") has no algorithm for it with \(workspaceLimit) bytes of workspace; --gemm own runs fp16 and bf16"
      )
    }
    return MatrixAlgorithm(
      self, product, operation: operation, layouts: (a, b, d), found: found, alignment: alignment,
      workspace: found.workspaceSize > 0 ? try DeviceMemory(context, byteCount: found.workspaceSize) : nil)
  }
}
