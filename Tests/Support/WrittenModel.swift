import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Configurations that tests write themselves.
package enum WrittenModel {
  /// What a config.json says, with some of its keys changed.
  package static func configuration(
    _ json: String, _ changes: [String: JSONValue] = [:]
  ) throws -> ModelConfiguration {
    let file = "config.json"
    var members = try JSONObject(JSONValue.parse(Data(json.utf8), file: file), file: file).members
    for (key, value) in changes { members[key] = value }
    return try ModelConfiguration(.object(members), name: "test", file: file)
  }

  /// The library's default configuration of Gemma-3, whose sizes transformers gives.
  package static let gemma3 = """
    {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "hidden_size": 2304, "intermediate_size": 9216,
     "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208,
     "sliding_window": 4096, "torch_dtype": "bfloat16"}
    """

  /// A small MiMo with two draft modules.
  package static let mimo = """
    {"architectures": ["MiMoForCausalLM"], "model_type": "mimo", "hidden_size": 40, "intermediate_size": 72,
     "num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 6, "vocab_size": 101,
     "hidden_act": "silu", "attention_bias": true, "num_nextn_predict_layers": 2, "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """
}
