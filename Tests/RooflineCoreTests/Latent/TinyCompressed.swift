import RooflineCore

/// A decoder of DeepSeek-V4's kind, whose dimensions cannot be mistaken for each other: a layer with a window alone, one whose
/// indexer chooses overlapping entries, one that sees all entries.
enum TinyCompressed {
  static let indexer = CompressedAttention.Indexer(heads: 3, width: 10, kept: 2)
  static let overlapping = CompressedAttention.Compressor(tokensPerEntry: 2, overlaps: true, indexer: indexer)
  static let plain = CompressedAttention.Compressor(tokensPerEntry: 3, overlaps: false, indexer: nil)

  static func attention(_ compressor: CompressedAttention.Compressor?, window: UInt64 = 4) -> CompressedAttention {
    CompressedAttention(
      numHeads: 6, headDim: 14, queryRank: 22, rotaryDim: 4, window: window, outputGroups: 3, outputRank: 26,
      compressor: compressor)
  }

  static func model(_ attentions: [CompressedAttention]) -> DecoderModel {
    let streams = HyperConnections(streams: 3, iterations: 5)
    var head = HeadBlock(isTied: false)
    head.streams = streams
    return DecoderModel(
      hiddenSize: 34, embedding: EmbeddingBlock(vocabSize: 103),
      layers: attentions.map { attention in
        LayerGroup(
          name: attention.compressor.map { $0.overlaps ? "overlapping" : "plain" } ?? "window",
          mixer: .compressed(attention), feedForward: .gated(GatedMLP(intermediateSize: 42)),
          residual: .hyper(streams), norms: LayerNormNames())
      }, norm: .rms, head: head, layerPrefix: "model.layers.")
  }

  static let model = model([attention(nil), attention(overlapping), attention(plain)])
}
