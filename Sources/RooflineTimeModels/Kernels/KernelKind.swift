import RooflineCore

/// The kinds of kernels that have time models, by the names of calibration files and measured data.
package enum KernelKind: String, Hashable, Sendable, CaseIterable {
  case gemm, attention, row, collective
  /// A layer of routed experts, as one call.
  case experts = "moe"
  /// Products whose operands are narrower than 16 bits, or are widened to them on the way; measured data call them gemm.
  case lowPrecisionGEMM = "gemm-lowp"
  /// Products of fp32 numbers, on CUDA cores.
  case vectorProduct = "gemm-fp32"
  /// Tokens to the ranks of their experts, and sums back.
  case allToAll = "alltoall"
  /// Latent attention, and the batched products W_UK and W_UV of its absorbed form.
  case mla
  case mlaProduct = "mla_bmm"
  /// Delta rules, and the causal convolutions before recurrences.
  case linearAttention = "linear_attention"
  case convolution = "causal_conv"
  /// An indexer's scores, the choice of the largest, and attention to what was chosen or compressed.
  case indexer
  case topK = "topk"
  case sparseAttention = "sparse_attention"

  /// Whether engines take the kind's kernels from several libraries: one for prompts, another for decode steps, a third for a format.
  package var isSharedByLibraries: Bool {
    switch self {
    case .gemm, .attention, .row, .collective, .experts, .lowPrecisionGEMM, .vectorProduct, .allToAll: false
    case .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention: true
    }
  }
}
