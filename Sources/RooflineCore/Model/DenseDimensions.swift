/// A model's dimensions where all its layers are equal and have grouped-query attention and an MLP: what rules for such models
/// are written in.
package struct DenseDimensions: Hashable, Sendable {
  package let model: DecoderModel
  package let attention: GroupedQueryAttention
  package let feedForward: FeedForward
  package let intermediateSize: UInt64

  /// - Returns: nil where layers differ, or are of another kind.
  package init?(_ model: DecoderModel) {
    guard model.groups.count == 1, let attention = model.groups[0].mixer?.groupedQuery,
      let feedForward = model.groups[0].feedForward, let intermediateSize = feedForward.intermediateSize
    else { return nil }
    self.model = model
    self.attention = attention
    self.feedForward = feedForward
    self.intermediateSize = intermediateSize
  }

  package var hiddenSize: UInt64 { model.hiddenSize }
  package var numHiddenLayers: UInt64 { model.numHiddenLayers }
  package var numAttentionHeads: UInt64 { attention.numHeads }
  package var numKeyValueHeads: UInt64 { attention.numKeyValueHeads }
  package var headDim: UInt64 { attention.headDim }
  package var vocabSize: UInt64 { model.vocabSize }
  /// Biases on the q, k and v projections.
  package var hasQueryKeyValueBias: Bool { attention.hasQueryKeyValueBias }
  /// A bias on the output projection.
  package var hasOutputBias: Bool { attention.hasOutputBias }
  /// Biases on the MLP's projections.
  package var hasMLPBias: Bool { feedForward.hasBias }

  /// The MLP, where it has a gate.
  package var gatedMLP: GatedMLP? { if case .gated(let mlp) = feedForward { mlp } else { nil } }
  /// The MLP, where it has two matrices.
  package var twoMatrixMLP: TwoMatrixMLP? { if case .twoMatrix(let mlp) = feedForward { mlp } else { nil } }

  /// Whether the layers are Llama's: what notes about such models count.
  package var isLlamaLike: Bool {
    model.norm == .rms && model.groups[0].residual == .preNorm && gatedMLP?.activation == .silu
      && attention.rotaryDim == attention.headDim && attention.window == nil && !attention.hasQueryKeyNorm
      && !attention.capsScores && attention.isPlain && !attention.hasOutputGate && model.embedding.positions == nil
      && !model.embedding.isScaled
      && !model.head.capsLogits
  }

  /// Elements of a projection's bias over all devices, each with its copy; 0 without one.
  package func biasElements(_ row: OperatorName, ranks t: Count) -> Count {
    let d = Count(headDim)
    return switch row {
    case .qProj where hasQueryKeyValueBias: Count(numAttentionHeads) * d
    case .kProj where hasQueryKeyValueBias, .vProj where hasQueryKeyValueBias: max(Count(numKeyValueHeads), t) * d
    case .oProj where hasOutputBias, .downProj where hasMLPBias: Count(hiddenSize) * t
    case .upProj where hasMLPBias, .gateProj where hasMLPBias && gatedMLP != nil: Count(intermediateSize)
    default: 0
    }
  }
}
