extension Architecture {
  /// The keys to use instead of one that this architecture's class does not read though another's does; nil of any other key.
  ///
  /// A file may hold such a key, as transformers ignores it, too; whoever sets one means to change a count.
  func insteadOf(_ key: String, set value: JSONValue) -> [String]? {
    switch key {
    case "intermediate_size", "ffn_dim": key == intermediateKey ? nil : [intermediateKey]
    case "hidden_act", "activation_function": key == activationKey ? nil : [activationKey]
    case "word_embed_proj_dim", "do_layer_norm_before", "layer_norm_elementwise_affine", "_remove_final_layer_norm":
      family == .opt ? nil : []
    case "rotary_pct", "use_parallel_residual": family == .gptNeoX ? nil : []
    case "enable_bias", "attention_bias", "mlp_bias":
      // What an architecture always has may be said, and what it never has may be denied.
      switch key == "mlp_bias" ? mlpBias : queryKeyValueBias {
      case .key(let own, _): key == own ? nil : [own]
      case .always: key != "enable_bias" && value == .bool(true) ? nil : []
      case .never: key != "enable_bias" ? nil : []
      }
    default: nil
    }
  }
}
