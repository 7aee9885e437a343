/// EXAONE 4: norms behind attention and MLP and none in front, norms of each head's queries and keys; where layers see a window, those that
/// see all keys have no positions in their heads.
enum EXAONE4Family: ArchitectureFamily {
  static let modelTypes = ["exaone4"]
  static let architectures = ["Exaone4ForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.hasQueryKeyNorm = true
    let window = try keys.integer("sliding_window")
    // The pattern's meaning stands in `layer_types`, which files have beside it.
    _ = keys.value("sliding_window_pattern")
    guard let window else {
      _ = try keys.layerTypes(["full_attention"], layers: parts.layers)
      try keys.requireListable(parts.layers)
      return parts.postNormModel((0..<parts.layers).map { _ in nil })
    }
    guard let types = try keys.layerTypes(["full_attention", "sliding_attention"], layers: parts.layers) else {
      throw .missingKey(
        file: keys.text.file, key: keys.text.keyPath("layer_types"),
        expected: "which layers see the window of sliding_window, \"full_attention\" or \"sliding_attention\" for each")
    }
    return parts.postNormModel(types.map { $0 == "sliding_attention" ? window : nil }, turnsAll: false)
  }
}
