import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The models whose analyses are timed.
enum BenchmarkModel {
  case llama2, deepseekV3

  func model() throws -> (model: DecoderModel, formats: NumberFormats) {
    switch self {
    case .llama2:
      let model = DecoderModel(
        hiddenSize: 8192, intermediateSize: 28672, numHiddenLayers: 80, numAttentionHeads: 64, numKeyValueHeads: 8,
        headDim: 128, vocabSize: 32000)
      return (model, NumberFormats(.fp16))
    case .deepseekV3:
      let name = "deepseek-v3"
      let value = try JSONValue.parse(Data(BenchmarkModel.deepseekV3Configuration.utf8), file: name)
      let configuration = try ModelConfiguration(value, name: name, file: name, stated: [])
      return (configuration.model, NumberFormats(.bf16))
    }
  }

  /// What shapes the model, of the published file.
  private static let deepseekV3Configuration = """
    {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "torch_dtype": "bfloat16",
     "hidden_size": 7168, "intermediate_size": 18432, "num_hidden_layers": 61, "num_attention_heads": 128,
     "num_key_value_heads": 128, "vocab_size": 129280, "hidden_act": "silu", "attention_bias": false,
     "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
     "first_k_dense_replace": 3, "moe_layer_freq": 1, "moe_intermediate_size": 2048, "n_routed_experts": 256,
     "n_shared_experts": 1, "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "topk_method": "noaux_tc",
     "scoring_func": "sigmoid", "norm_topk_prob": true, "routed_scaling_factor": 2.5, "tie_word_embeddings": false,
     "max_position_embeddings": 163840, "rms_norm_eps": 1e-06, "rope_theta": 10000,
     "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
                             "weight_block_size": [128, 128]}}
    """
}
