/// How a decoder's layers are built.
public enum LayerLayout: Hashable, Sendable {
  /// RMSNorm, rotary embedding of whole heads, gated silu MLP: Llama, Mistral, Qwen2.
  case gated
  /// LayerNorm with weight and bias, two-matrix MLP: OPT, GPT-NeoX.
  case plain(PlainLayer)

  /// The head's name in a checkpoint.
  public var headName: String {
    if case .plain(let layer) = self, layer.checkpoint == .gptNeoX { "embed_out.weight" } else { "lm_head.weight" }
  }

  /// Elements of a head that are turned; nil where positions are learned.
  public func rotaryDim(headDim: UInt64) -> UInt64? {
    switch self {
    case .gated: headDim
    case .plain(let layer):
      switch layer.positions {
      case .rotary(let dim): dim
      case .learned: nil
      }
    }
  }
}

/// What distinguishes layers with LayerNorm and a two-matrix MLP.
public struct PlainLayer: Hashable, Sendable {
  /// The MLP's function between its matrices.
  public enum Activation: String, Hashable, Sendable, CaseIterable { case gelu, relu }

  /// How a token knows its place.
  public enum Positions: Hashable, Sendable {
    /// A table of this many learned rows, added to the embedding.
    case learned(rows: UInt64)
    /// Rotary embedding of the first `dim` elements of each head.
    case rotary(dim: UInt64)
  }

  /// Whose names the checkpoint's tensors have.
  public enum Checkpoint: Hashable, Sendable { case opt, gptNeoX }

  public var activation: Activation
  public var positions: Positions
  /// x + attention(norm x) + MLP(norm′ x) instead of one after the other.
  public var isParallel: Bool
  public var checkpoint: Checkpoint

  public init(activation: Activation, positions: Positions, isParallel: Bool, checkpoint: Checkpoint) {
    self.activation = activation
    self.positions = positions
    self.isParallel = isParallel
    self.checkpoint = checkpoint
  }
}
