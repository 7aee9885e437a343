/// Gemma-3's text part: Gemma-2 with norms of queries and keys, five layers with a window to one without, and no soft caps.
enum Gemma3Family: ArchitectureFamily {
  static let modelTypes = ["gemma3_text", "gemma3"]
  static let architectures = ["Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"]
  static let harmlessKeys: Set<String> = [
    "mm_tokens_per_image", "image_token_index", "boi_token_index", "eoi_token_index",
  ]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try GemmaParts(&keys)
    parts.attention.hasQueryKeyNorm = true
    for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
      guard let value = keys.value(key) else { continue }
      throw .unsupportedKey(
        file: keys.text.file, key: keys.text.keyPath(key), value: value.summary,
        reason: "Gemma-3 has no soft caps; null says so")
    }
    let period = try keys.integer("sliding_window_pattern", assumed: 6)
    let isWindowed = try keys.gemmaWindows(layers: parts.layers) { !($0 + 1).isMultiple(of: period) }
    return parts.model(isWindowed, window: try keys.integer("sliding_window", assumed: 4096), capsLogits: false)
  }
}
