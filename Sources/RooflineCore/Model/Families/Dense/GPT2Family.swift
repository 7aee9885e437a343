/// GPT-2, and GPT-3 which is GPT-2 but for its sizes: LayerNorm, learned positions, gelu in a two-matrix MLP, biases everywhere, q, k
/// and v in one tensor, an embedding that is the head, too.
enum GPT2Family: ArchitectureFamily {
  static let modelTypes = ["gpt2"]
  static let architectures = ["GPT2LMHeadModel"]
  // What a head on top of the model would do, and how scores are scaled and kept: no count changes.
  static let harmlessKeys: Set<String> = [
    "n_ctx", "summary_type", "summary_use_proj", "summary_first_dropout", "summary_proj_to_labels",
    "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn",
  ]

  static let positionsKey = "n_positions"

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let heads = try keys.required("n_head", "the number of heads")
    let hidden = try keys.required("n_embd", "the width of the residual stream")
    let positions = try keys.required("n_positions", "the number of learned positions")
    let (fourfold, isOverflow) = hidden.multipliedReportingOverflow(by: 4)
    guard !isOverflow, fourfold <= Count.limit, positions <= Count.limit else { throw .overflow(what: "n_embd") }
    let attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: heads, headDim: try keys.share(of: hidden, heads: heads),
      hasQueryKeyValueBias: true, hasOutputBias: true, rotaryDim: nil,
      names: .joined("attn.c_attn", output: "attn.c_proj"))
    let mlp = TwoMatrixMLP(
      intermediateSize: try keys.integer("n_inner", assumed: fourfold),
      activation: try keys.plainActivation("activation_function", assumed: .gelu), hasBias: true,
      up: .tensor("mlp.c_fc"), down: .tensor("mlp.c_proj"))
    return DecoderModel(
      hiddenSize: hidden,
      embedding: EmbeddingBlock(
        vocabSize: try keys.required("vocab_size", "the number of tokens"), name: "transformer.wte",
        positions: .init(rows: positions, name: "transformer.wpe")),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(attention), feedForward: .twoMatrix(mlp), residual: .preNorm,
          norms: LayerNormNames(mixer: "ln_1", feedForward: "ln_2"))
      ],
      runs: [LayerRun(group: 0, layers: try keys.required("n_layer", "the number of layers"))], norm: .layer,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: true), normName: "transformer.ln_f"),
      layerPrefix: "transformer.h.")
  }
}

extension ConfigurationKeys {
  /// n_embd shared among the heads: the class has no key for a width of their own.
  fileprivate func share(of hidden: UInt64, heads: UInt64) throws(InputError) -> UInt64 {
    guard hidden.isMultiple(of: heads) else {
      throw text.wrong("n_embd", .integer(Int64(hidden)), "a multiple of n_head, \(heads)")
    }
    return hidden / heads
  }
}
