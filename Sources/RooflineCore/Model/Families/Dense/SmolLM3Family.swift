/// SmolLM3: Llama whose every fourth layer has no positions in its heads.
enum SmolLM3Family: ArchitectureFamily {
  static let modelTypes = ["smollm3"]
  static let architectures = ["SmolLM3ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys, ties: true)
    try parts.readBias(&keys)
    let mlp = FeedForward.gated(
      GatedMLP(intermediateSize: parts.intermediate, hasBias: try keys.flag("mlp_bias", assumed: false)))
    try keys.require("use_sliding_window", .bool(false), "windows are not counted for this architecture")
    _ = try keys.layerTypes(["full_attention"], layers: parts.layers)
    return parts.model(
      try keys.turnedLayers(parts.layers).map { isTurned in
        var attention = parts.attention
        if !isTurned { attention.rotaryDim = nil }
        return DenseParts.Layer(attention: attention, feedForward: mlp, isWindowed: false)
      })
  }
}
