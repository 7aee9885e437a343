/// A dense decoder as the formulas need it: attention with grouped KV heads and an MLP, in layers of one layout.
public struct DecoderModel: Hashable, Sendable {
  public var hiddenSize: UInt64
  public var intermediateSize: UInt64
  public var numHiddenLayers: UInt64
  public var numAttentionHeads: UInt64
  public var numKeyValueHeads: UInt64
  public var headDim: UInt64
  public var vocabSize: UInt64
  public var tieWordEmbeddings: Bool
  /// Biases on the q, k and v projections.
  public var hasQueryKeyValueBias: Bool
  /// A bias on the output projection.
  public var hasOutputBias: Bool
  /// Biases on the MLP's projections.
  public var hasMLPBias: Bool
  public var layout: LayerLayout

  public init(
    hiddenSize: UInt64, intermediateSize: UInt64, numHiddenLayers: UInt64, numAttentionHeads: UInt64,
    numKeyValueHeads: UInt64, headDim: UInt64, vocabSize: UInt64, tieWordEmbeddings: Bool = false,
    hasQueryKeyValueBias: Bool = false, hasOutputBias: Bool = false, hasMLPBias: Bool = false,
    layout: LayerLayout = .gated
  ) {
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize
    self.numHiddenLayers = numHiddenLayers
    self.numAttentionHeads = numAttentionHeads
    self.numKeyValueHeads = numKeyValueHeads
    self.headDim = headDim
    self.vocabSize = vocabSize
    self.tieWordEmbeddings = tieWordEmbeddings
    self.hasQueryKeyValueBias = hasQueryKeyValueBias
    self.hasOutputBias = hasOutputBias
    self.hasMLPBias = hasMLPBias
    self.layout = layout
  }

  /// Whether the heads and the MLP can be divided among `degree` ranks: t | h, t | I, and t | h_kv or h_kv | t.
  public func isLegal(tensorParallel degree: UInt64) -> Bool {
    degree > 0 && numAttentionHeads.isMultiple(of: degree) && intermediateSize.isMultiple(of: degree)
      && (numKeyValueHeads.isMultiple(of: degree) || degree.isMultiple(of: numKeyValueHeads))
  }

  /// Legal degrees, ascending. They divide the number of heads, so its divisors (up to 2²⁰ and their counterparts) are tried.
  public var legalTensorParallelDegrees: [UInt64] {
    var degrees: [UInt64] = []
    var low: UInt64 = 1
    // The bound keeps a nonsensical number of heads from costing more than a moment.
    while low <= numAttentionHeads / low, low <= 1 << 20 {
      if numAttentionHeads.isMultiple(of: low) {
        degrees.append(low)
        if low != numAttentionHeads / low { degrees.append(numAttentionHeads / low) }
      }
      low += 1
    }
    return degrees.filter(isLegal).sorted()
  }
}
