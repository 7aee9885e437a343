/// Models whose layers differ in attention, feed-forward or both.
extension DenseParts {
  /// What tells one layer from another.
  struct Layer {
    let attention: GroupedQueryAttention
    let feedForward: FeedForward
    /// Whether it keeps a part of a sequence's keys only.
    let isWindowed: Bool
  }

  /// Layers of one attention whose feed-forwards differ, and of which some may see a window.
  func model(mlps: [FeedForward], _ windows: LayerKinds?) -> DecoderModel {
    model(
      mlps.indices.map { index in
        var mixer = attention
        let isWindowed = windows?.isWindowed[index] == true
        mixer.window = isWindowed ? windows?.window : attention.window
        return Layer(attention: mixer, feedForward: mlps[index], isWindowed: isWindowed)
      })
  }

  func model(_ layers: [Layer]) -> DecoderModel {
    let areMixed = Set(layers.map { $0.feedForward.routed != nil }).count > 1
    let areWindowed = Set(layers.map(\.isWindowed)).count > 1
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: vocabulary),
      layers: layers.map { layer in
        LayerGroup(
          name: DenseParts.name(
            isRouted: areMixed ? layer.feedForward.routed != nil : nil,
            isWindowed: areWindowed ? layer.isWindowed : nil, isChunked: layer.attention.chunk != nil),
          mixer: .groupedQuery(layer.attention), feedForward: layer.feedForward, residual: .preNorm,
          norms: LayerNormNames())
      }, norm: .rms, head: HeadBlock(isTied: isTied), layerPrefix: "model.layers.")
  }

  /// What tells a group from the others: nil of what is the same in all.
  private static func name(isRouted: Bool?, isWindowed: Bool?, isChunked: Bool) -> StaticText {
    switch (isRouted, isWindowed) {
    case (nil, nil): ""
    case (true?, nil): "experts"
    case (false?, nil): "dense"
    case (nil, true?): isChunked ? "chunked" : "sliding"
    case (nil, false?): "full"
    case (true?, true?): isChunked ? "chunked experts" : "sliding experts"
    case (true?, false?): "full experts"
    case (false?, true?): isChunked ? "chunked dense" : "sliding dense"
    case (false?, false?): "full dense"
    }
  }
}
