/// Phi-3 and Phi-4: Llama without biases, q, k and v in one tensor, gate and up in another; a window where the file has a number;
/// rotary embedding of a share of each head.
enum Phi3Family: ArchitectureFamily {
  static let modelTypes = ["phi3"]
  static let architectures = ["Phi3ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    let heads = try keys.required("num_attention_heads", "the number of query heads")
    let hidden = try keys.required("hidden_size", "the width of the residual stream")
    let keyValueHeads = try keys.keyValueHeads(of: heads, mayOmit: true)
    let headDim = try keys.headDim(hidden: hidden, heads: heads)
    try keys.requireSilu()
    let attention = GroupedQueryAttention(
      numHeads: heads, numKeyValueHeads: keyValueHeads, headDim: headDim,
      rotaryDim: try keys.rotaryDim(of: headDim, keys: ["partial_rotary_factor"], assumed: 1),
      window: try keys.integer("sliding_window"), names: .joined("self_attn.qkv_proj", output: "self_attn.o_proj"))
    let mlp = GatedMLP(
      intermediateSize: try keys.required("intermediate_size", "the width of the MLP"),
      names: .init(gate: .part(of: "mlp.gate_up_proj"), up: .part(of: "mlp.gate_up_proj")))
    return DecoderModel(
      hiddenSize: hidden, embedding: EmbeddingBlock(vocabSize: try keys.required("vocab_size", "the number of tokens")),
      groups: [
        LayerGroup(
          mixer: .groupedQuery(attention), feedForward: .gated(mlp), residual: .preNorm, norms: LayerNormNames())
      ],
      runs: [LayerRun(group: 0, layers: try keys.required("num_hidden_layers", "the number of layers"))], norm: .rms,
      head: HeadBlock(isTied: try keys.tiesWordEmbeddings(assumed: false)), layerPrefix: "model.layers.")
  }
}

extension ConfigurationKeys {
  /// How many elements of a head are turned: ⌊head_dim × share⌋, the share under one of several keys, here or in
  /// `rope_parameters`.
  mutating func rotaryDim(of headDim: UInt64, keys: [String], assumed: Double) throws(InputError) -> UInt64 {
    var found: (key: String, share: Double)?
    let nested = try object("rope_parameters")
    for key in keys {
      _ = value(key)
      for holder in [text, nested] {
        guard let holder, let share = try holder.positiveNumber(key) else { continue }
        guard share <= 1 else { throw holder.wrong(key, .number(share), "a share above 0 and up to 1") }
        if let found, found.share != share {
          throw holder.wrong(key, .number(share), "the same as \(found.key), or only one of the two keys")
        }
        found = (holder.keyPath(key), share)
      }
    }
    if found == nil { assume(keys[0], "\(assumed)") }
    let (key, share) = found ?? (keys[0], assumed)
    let turned = (Double(headDim) * share).rounded(.down)
    guard turned >= 2, turned <= Double(headDim), let dim = UInt64(exactly: turned), dim.isMultiple(of: 2) else {
      throw .wrongValue(
        file: text.file, key: key, found: "\(share)",
        expected: "a share that turns an even number of each head's \(headDim) elements")
    }
    return dim
  }
}
