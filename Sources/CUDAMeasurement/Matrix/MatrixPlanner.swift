import CGPUABI
import RooflineCore
import RooflineMeasurement

/// cuBLASLt on one device: asks its heuristic for the algorithm of a product.
package final class MatrixPlanner {
  let library: MatrixLibrary
  package let context: Context
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
  /// - Parameters and errors: as of `plans`.
  package func plan(
    _ product: MatrixProduct, workspaceLimit: Int, alignment: Int = 256
  ) throws(GPUFault) -> MatrixAlgorithm {
    try plans(product, atMost: 1, workspaceLimit: workspaceLimit, alignment: alignment)[0]
  }

  /// The algorithms that cuBLASLt expects to be the fastest, with their workspaces: the best of them first, as far as it knows.
  ///
  /// - Parameters:
  ///   - count: how many at most; one at least comes back.
  ///   - workspaceLimit: bytes. PyTorch gives 32 MiB from Hopper on; less may exclude the fastest algorithm.
  ///   - alignment: a power of two, of which the address of every matrix and of the bias will be a multiple, bytes.
  /// - Throws: `GPUFault.unsupported` where the product has no algorithm here.
  package func plans(
    _ product: MatrixProduct, atMost limit: Int, workspaceLimit: Int, alignment: Int = 256
  ) throws(GPUFault) -> [MatrixAlgorithm] {
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
    var found = [abi_cublasLtMatmulHeuristicResult_t](repeating: .init(), count: max(1, limit))
    var count: Int32 = 0
    let status = library.heuristic(
      handle, operation.handle, a.handle, b.handle, d.handle, d.handle, preference.handle, Int32(found.count), &found,
      &count)
    if status != Int32(abi_CUBLAS_STATUS_NOT_SUPPORTED) {
      try library.check(status, "cublasLtMatmulAlgoGetHeuristic")
    }
    let usable = status == 0 ? found.prefix(Int(max(0, count))).filter { $0.state == 0 } : []
    guard !usable.isEmpty else {
      throw .unsupported(
        "\(product)",
        reason:
          "cuBLASLt \(library.finding.version ?? "") has no algorithm for it with \(workspaceLimit) bytes of workspace; --gemm own runs fp16 and bf16"
      )
    }
    var algorithms: [MatrixAlgorithm] = []
    for found in usable {
      algorithms.append(
        MatrixAlgorithm(
          self, product, operation: operation, layouts: (a, b, d), found: found, alignment: alignment,
          workspace: found.workspaceSize > 0 ? try DeviceMemory(context, byteCount: found.workspaceSize) : nil))
    }
    return algorithms
  }
}
