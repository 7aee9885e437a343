import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A product with the algorithm that cuBLASLt chose, ready to be queued any number of times, also into a graph.
///
/// It owns its workspace: work that is queued or in a graph must end before it goes.
package final class MatrixAlgorithm {
  typealias Layout = MatrixDescriptor<abi_cublasLtMatrixLayout_t>

  package let product: MatrixProduct
  package let configuration: Configuration
  private let planner: MatrixPlanner
  private let operation: MatrixDescriptor<abi_cublasLtMatmulDesc_t>
  private let layouts: (a: Layout, b: Layout, d: Layout)
  private let algorithm: abi_cublasLtMatmulAlgo_t
  private let alignment: Int
  private let workspace: DeviceMemory?

  /// How the algorithm computes. Numbers are cuBLASLt's own (enumerations of cublasLt.h); nil where it does not say.
  package struct Configuration: Hashable, Sendable {
    package var algorithm: UInt32?
    /// cublasLtMatmulTile_t, e.g. 20 is 128×128.
    package var tile: UInt32?
    /// cublasLtMatmulStages_t.
    package var stages: UInt32?
    /// Parts of k that different blocks sum; 1 where k is not split.
    package var splitK: UInt32?
    /// cublasLtReductionScheme_t: how the parts of k are summed.
    package var reduction: UInt32?
    package var swizzling: UInt32?
    /// cublasLtClusterShape_t; 0 is the library's choice.
    package var cluster: UInt32?
    /// Blocks of the launch by the blocks that the GPU holds at once.
    package var waves: Double
    package var workspaceBytes: Int

    package init(
      algorithm: UInt32? = nil, tile: UInt32? = nil, stages: UInt32? = nil, splitK: UInt32? = nil,
      reduction: UInt32? = nil, swizzling: UInt32? = nil, cluster: UInt32? = nil, waves: Double, workspaceBytes: Int
    ) {
      self.algorithm = algorithm
      self.tile = tile
      self.stages = stages
      self.splitK = splitK
      self.reduction = reduction
      self.swizzling = swizzling
      self.cluster = cluster
      self.waves = waves
      self.workspaceBytes = workspaceBytes
    }

    /// Whether parts of k are summed in the output's format (schemes INPLACE and OUTPUT_TYPE), which rounds each sum.
    var roundsPartialSums: Bool { (splitK ?? 1) > 1 && reduction.map { $0 & 5 != 0 } ?? true }
  }

  init(
    _ planner: MatrixPlanner, _ product: MatrixProduct, operation: MatrixDescriptor<abi_cublasLtMatmulDesc_t>,
    layouts: (a: Layout, b: Layout, d: Layout), found: abi_cublasLtMatmulHeuristicResult_t, alignment: Int,
    workspace: DeviceMemory?
  ) {
    self.planner = planner
    self.product = product
    self.operation = operation
    self.layouts = layouts
    self.alignment = alignment
    self.workspace = workspace
    let algorithm = found.algo
    self.algorithm = algorithm
    func number(_ attribute: Int, bytes: Int = 4) -> UInt32? {
      var value: UInt32 = 0
      var written = 0
      let status = withUnsafePointer(to: algorithm) {
        planner.library.configurationGet($0, Int32(attribute), &value, bytes, &written)
      }
      return status == 0 ? value : nil
    }
    configuration = Configuration(
      algorithm: number(abi_CUBLASLT_ALGO_CONFIG_ID), tile: number(abi_CUBLASLT_ALGO_CONFIG_TILE_ID),
      stages: number(abi_CUBLASLT_ALGO_CONFIG_STAGES_ID), splitK: number(abi_CUBLASLT_ALGO_CONFIG_SPLITK_NUM),
      reduction: number(abi_CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME),
      swizzling: number(abi_CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING),
      cluster: number(abi_CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID, bytes: 2), waves: Double(found.wavesCount),
      workspaceBytes: found.workspaceSize)
  }

  /// Queues the product.
  ///
  /// - Parameters: addresses on the device of memory that holds the product's spans, aligned as it was planned.
  ///   - bias: n elements of the output's format (bf16 for fp8); what it is does not matter where the product has none.
  package func enqueue(
    in stream: DeviceStream, left: UInt64, right: UInt64, output: UInt64, bias: UInt64 = 0
  ) throws(GPUFault) {
    let addresses = [left, right, output] + (product.epilogue.hasBias ? [bias] : [])
    guard let a = UnsafeRawPointer(bitPattern: UInt(right)), let b = UnsafeRawPointer(bitPattern: UInt(left)),
      let d = UnsafeMutableRawPointer(bitPattern: UInt(output)),
      addresses.allSatisfy({ $0 != 0 && $0 % UInt64(alignment) == 0 })
    else {
      throw .unsupported("\(product)", reason: "a matrix or the bias lies at no multiple of \(alignment) bytes")
    }
    let library = planner.library
    if product.epilogue.hasBias {
      try operation.set(abi_CUBLASLT_MATMUL_DESC_BIAS_POINTER, UInt(bias), by: library.operationSet)
    }
    // 1 and 0 as 32 bits of the scale's type. C, which 0 leaves unread, is D.
    var alpha = product.format == .int8 ? 1 : Float(1).bitPattern
    var beta: UInt32 = 0
    let status = withUnsafePointer(to: algorithm) { algorithm in
      library.multiply(
        planner.handle, operation.handle, &alpha, a, layouts.a.handle, b, layouts.b.handle, &beta, d, layouts.d.handle,
        d, layouts.d.handle, algorithm, workspace.flatMap { UnsafeMutableRawPointer(bitPattern: UInt($0.address)) },
        workspace?.byteCount ?? 0, stream.handle)
    }
    try library.check(status, "cublasLtMatmul of \(product)")
  }
}

extension MatrixAlgorithm.Configuration: CustomStringConvertible {
  /// e.g. `algorithm 66, tile 20, stages 36, split-K 1, swizzling 0, cluster 0, waves 0.82, workspace 0 B`.
  package var description: String {
    let numbers = [
      ("algorithm", algorithm), ("tile", tile), ("stages", stages), ("split-K", splitK),
      ("reduction", splitK == 1 ? nil : reduction), ("swizzling", swizzling),
      ("cluster", cluster),
    ]
    let known = numbers.compactMap { name, value in value.map { "\(name) \($0)" } }
    let hundredths = waves.isFinite ? "\((waves * 100).rounded() / 100)" : "unknown"
    return (known + ["waves \(hundredths)", "workspace \(workspaceBytes) B"]).joined(separator: ", ")
  }
}
