import RooflineCore

/// What distinguishes layers with LayerNorm and a two-matrix MLP, as tests describe them.
public struct PlainLayer: Hashable, Sendable {
  public enum Positions: Hashable, Sendable {
    case learned(rows: UInt64)
    case rotary(dim: UInt64)
  }

  public enum Checkpoint: Sendable { case opt, gptNeoX }

  public var activation: TwoMatrixMLP.Activation
  public var positions: Positions
  /// x + attention(norm x) + MLP(norm′ x) instead of one after the other.
  public var isParallel: Bool
  public var checkpoint: Checkpoint

  public init(activation: TwoMatrixMLP.Activation, positions: Positions, isParallel: Bool, checkpoint: Checkpoint) {
    self.activation = activation
    self.positions = positions
    self.isParallel = isParallel
    self.checkpoint = checkpoint
  }

  /// What a model's layers are; nil where they are of another kind.
  public init?(_ model: DecoderModel) {
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
  public func model(
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
