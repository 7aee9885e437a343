/// Kernels of recurrent mixers' backward pass: their columns, and what they are.
extension KernelArguments {
  /// The columns of a kind; none of a kind of another sort.
  static func recurrentGradientColumns(of kind: OperatorKind) -> [String] {
    switch kind {
    case .causalConvolutionGradient: ["batch", "query", "channels", "width", "bias"]
    case .gatedRMSNormGradient: ["rows", "width", "weights", "sigmoid"]
    case .siluGradient, .softplusGradient, .scaledAddGradient: ["rows", "width"]
    case .stateSpaceScanGradient:
      ["batch", "query", "heads", "head_dim", "groups", "state", "chunk", "fused", "state_bits"]
    case .selectiveScanGradient: ["batch", "query", "channels", "state", "state_bits"]
    case .lightningAttentionGradient: ["batch", "query", "heads", "head_dim", "chunk", "state_bits"]
    default: []
    }
  }

  func recurrentGradient<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Operator<Scalar> {
    switch kind {
    case .causalConvolutionGradient:
      return .causalConvolutionGradient(CausalConvolutionGradient(try convolution(formats)))
    case .gatedRMSNormGradient: return .gatedRMSNormGradient(GatedRMSNormGradient(try gatedNorm(formats)))
    case .siluGradient:
      return .activationGradient(ActivationGradient(.silu, elements: try elements(), formats: formats))
    case .softplusGradient:
      return .activationGradient(ActivationGradient(.softplus, elements: try elements(), formats: formats))
    case .scaledAddGradient:
      return .scaledAddGradient(ScaledAddGradient(elements: try elements(), formats: formats))
    case .stateSpaceScanGradient:
      guard let gradient = StateSpaceScanGradient<Scalar>(try stateSpaceScan(formats)) else { throw chunkMissing }
      return .stateSpaceScanGradient(gradient)
    case .selectiveScanGradient: return .selectiveScanGradient(SelectiveScanGradient(try selectiveScan(formats)))
    case .lightningAttentionGradient:
      guard let gradient = LightningAttentionGradient<Scalar>(try lightningAttention(formats)) else {
        throw chunkMissing
      }
      return .lightningAttentionGradient(gradient)
    default: throw .usage("kernel \(kind.rawValue) is no part of a recurrent mixer")
    }
  }

  /// Training goes over chunks.
  private var chunkMissing: InputError { .usage("kernel \(kind.rawValue) needs chunk=NUMBER") }
}
