import RooflineCore

/// Decoders with latent attention, whose dimensions cannot be mistaken for each other.
struct TinyLatent {
  let name: String
  let model: DecoderModel

  static let all: [TinyLatent] = [
    TinyLatent(name: "latents", model: model(plain)), TinyLatent(name: "latents of queries", model: model(ranked)),
    TinyLatent(name: "unturned latents", model: model(unturned)),
    TinyLatent(name: "indexed latents", model: model(indexed(5), indexed(5, hasIndexer: false))),
  ]

  static let plain = LatentAttention(
    numHeads: 6, queryRank: nil, latentRank: 26, nopeDim: 10, ropeDim: 4, valueDim: 14)

  static let ranked = LatentAttention(
    numHeads: 6, queryRank: 22, latentRank: 26, nopeDim: 10, ropeDim: 4, valueDim: 14, hasBias: true)

  static let unturned = LatentAttention(
    numHeads: 6, queryRank: 22, latentRank: 26, nopeDim: 10, ropeDim: 4, valueDim: 14, rotates: false)

  static func indexed(_ kept: UInt64, hasIndexer: Bool = true) -> LatentAttention {
    var attention = ranked
    attention.selection = IndexedSelection(
      kept: kept, indexer: hasIndexer ? .init(heads: 3, width: 8, rotaryDim: 4) : nil)
    return attention
  }

  static func model(_ attentions: LatentAttention...) -> DecoderModel {
    DecoderModel(
      hiddenSize: 34, embedding: EmbeddingBlock(vocabSize: 103),
      layers: attentions.map { attention in
        LayerGroup(
          name: attention.selection.map { $0.indexer == nil ? "shared" : "own" } ?? "", mixer: .latent(attention),
          feedForward: .gated(GatedMLP(intermediateSize: 42)), residual: .preNorm, norms: LayerNormNames())
      }, norm: .rms, head: HeadBlock(isTied: false), layerPrefix: "model.layers.")
  }
}
