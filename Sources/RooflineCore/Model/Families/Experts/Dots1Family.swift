/// dots.llm1: dense layers first, then routed experts behind a sigmoid router with a correction bias, and shared ones; norms of each head's
/// queries and keys; windows where `layer_types` says so.
enum Dots1Family: ArchitectureFamily {
  static let modelTypes = ["dots1"]
  static let architectures = ["Dots1ForCausalLM"]
  // Groups of experts limit the choice and change no count; the class has attention of one kind and no key for the switch.
  static let harmlessKeys: Set<String> = ["n_group", "topk_group", "max_window_layers", "moe_layer_freq"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    try parts.readBias(&keys)
    parts.attention.hasQueryKeyNorm = true
    let types = try keys.layerTypes(["full_attention", "sliding_attention"], layers: parts.layers)
    let window = try keys.integer("sliding_window")
    var kinds: LayerKinds?
    if let types, types.contains("sliding_attention") {
      guard let window else {
        throw .missingKey(
          file: keys.text.file, key: keys.text.keyPath("sliding_window"), expected: "the window of layers that slide")
      }
      kinds = LayerKinds(window: window, isWindowed: types.map { $0 == "sliding_attention" })
    }
    let block = try keys.sigmoidExperts(
      "n_routed_experts", correction: "mlp.gate.e_score_correction_bias", shared: 0, renormalises: false)
    let dense = try keys.firstDense("first_k_dense_replace", layers: parts.layers)
    return parts.model(
      mlps: dense.map { $0 ? .gated(GatedMLP(intermediateSize: parts.intermediate)) : .routed(block) }, kinds)
  }
}
