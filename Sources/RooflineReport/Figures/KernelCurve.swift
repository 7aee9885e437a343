import RooflineComparison
import RooflineCore

/// One of the curves of note 004: a kernel whose shape grows in one size. The note names no shapes; these are those of Triton's
/// tutorials, whose benchmarks it ran.
package enum KernelCurve: Hashable, Sendable, CaseIterable {
  case softmax, linear, rmsNorm, layerNorm, largeAttention, smallAttention

  var title: String {
    switch self {
    case .softmax: "softmax, 4096 rows"
    case .linear: "linear layer, m = n = k"
    case .rmsNorm: "RMSNorm, 4096 rows"
    case .layerNorm: "LayerNorm, 4096 rows"
    case .largeAttention: "flash attention, batch 8, 64 heads of 64"
    case .smallAttention: "flash attention, batch 4, 32 heads of 64"
    }
  }

  /// What grows, and what its column is called.
  var axis: (title: String, column: String) {
    switch self {
    case .softmax, .rmsNorm, .layerNorm: ("width, elements", "width")
    case .linear: ("m = n = k", "m")
    case .largeAttention, .smallAttention: ("tokens, each attends to all", "context")
    }
  }

  /// Whether it is judged by the bytes that it moves; else by its matrix products.
  var isOfBytes: Bool {
    switch self {
    case .softmax, .rmsNorm, .layerNorm: true
    case .linear, .largeAttention, .smallAttention: false
    }
  }

  /// The sizes at which a curve is drawn.
  var sizes: [UInt64] {
    switch self {
    case .softmax: stride(from: 256, through: 12672, by: 512).map { $0 }
    case .linear: stride(from: 256, through: 8192, by: 256).map { $0 }
    case .rmsNorm, .layerNorm: stride(from: 1024, through: 16384, by: 512).map { $0 }
    case .largeAttention, .smallAttention: stride(from: 1024, through: 16384, by: 1024).map { $0 }
    }
  }

  private var kind: OperatorKind {
    switch self {
    case .softmax: .softmax
    case .linear: .gemm
    case .rmsNorm: .rmsNorm
    case .layerNorm: .layerNorm
    case .largeAttention, .smallAttention: .attention
    }
  }

  private func attention(batch: UInt64, heads: UInt64, _ size: UInt64) -> [String: String] {
    [
      "phase": Phase.prefill.rawValue, "batch": "\(batch)", "heads": "\(heads)", "kv_heads": "\(heads)",
      "head_dim": "64",
      "causal": "false", "query": "\(size)", "context": "\(size)",
    ]
  }

  /// The kernel of a size.
  func arguments(_ size: UInt64) throws(InputError) -> KernelArguments {
    let columns: [String: String] =
      switch self {
      case .softmax, .rmsNorm, .layerNorm: ["rows": "4096", "width": "\(size)"]
      case .linear: ["m": "\(size)", "n": "\(size)", "k": "\(size)"]
      case .largeAttention: attention(batch: 8, heads: 64, size)
      case .smallAttention: attention(batch: 4, heads: 32, size)
      }
    return try KernelArguments(kind: kind.rawValue, values: columns)
  }
}
