import RooflineCore

/// What distinguishes layers with LayerNorm and a two-matrix MLP, as tests describe them.
package struct PlainLayer: Hashable, Sendable {
  package enum Positions: Hashable, Sendable {
    case learned(rows: UInt64)
    case rotary(dim: UInt64)
  }

  package enum Checkpoint: Sendable { case opt, gptNeoX }

  package var activation: TwoMatrixMLP.Activation
  package var positions: Positions
  /// x + attention(norm x) + MLP(norm′ x) instead of one after the other.
  package var isParallel: Bool
  package var checkpoint: Checkpoint

  package init(activation: TwoMatrixMLP.Activation, positions: Positions, isParallel: Bool, checkpoint: Checkpoint) {
    self.activation = activation
    self.positions = positions
    self.isParallel = isParallel
    self.checkpoint = checkpoint
  }

  /// What a model's layers are; nil where they are of another kind.
  package init?(_ model: DecoderModel) {
    guard let dense = DenseDimensions(model), let mlp = dense.twoMatrixMLP, model.norm == .layer else { return nil }
    activation = mlp.activation
    isParallel = model.groups[0].residual == .parallel
    checkpoint = model.embedding.positions == nil ? .gptNeoX : .opt
    if let table = model.embedding.positions {
      positions = .learned(rows: table.rows)
    } else if let dim = dense.attention.rotaryDim {
      positions = .rotary(dim: dim)
    } else {
      return nil
    }
  }

  /// A model of such layers.
  package func model(
    hiddenSize: UInt64, intermediateSize: UInt64, numHiddenLayers: UInt64, numAttentionHeads: UInt64,
    numKeyValueHeads: UInt64, headDim: UInt64, vocabSize: UInt64, hasBiases: Bool = true
  ) -> DecoderModel {
    switch positions {
    case .learned(let rows):
      .opt(
        hiddenSize: hiddenSize, intermediateSize: intermediateSize, numHiddenLayers: numHiddenLayers,
        numAttentionHeads: numAttentionHeads, numKeyValueHeads: numKeyValueHeads, headDim: headDim,
        vocabSize: vocabSize, positions: rows, activation: activation, hasBias: hasBiases, isTied: true)
    case .rotary(let dim):
      .gptNeoX(
        hiddenSize: hiddenSize, intermediateSize: intermediateSize, numHiddenLayers: numHiddenLayers,
        numAttentionHeads: numAttentionHeads, numKeyValueHeads: numKeyValueHeads, headDim: headDim,
        vocabSize: vocabSize, rotaryDim: dim, activation: activation, isParallel: isParallel,
        hasAttentionBias: hasBiases, hasMLPBias: hasBiases, isTied: false)
    }
  }
}
