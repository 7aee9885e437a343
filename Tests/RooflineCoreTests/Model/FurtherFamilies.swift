/// Configurations of further families, as their models' repositories have them.
enum FurtherFamilies {
  /// Parameters are those of transformers 5.23's classes, made of these configurations without memory, tensor by tensor.
  /// Corrections of a router's choice, which ERNIE's class calls parameters, are buffers here.
  static let models: [(name: String, parameters: UInt64, layers: LayerTypes?, json: String)] = [
    (
      "Qwen1.5-MoE-A2.7B", 14_315_784_192, nil,
      """
        {"architectures": ["Qwen2MoeForCausalLM"], "model_type": "qwen2_moe", "hidden_size": 2048,
         "intermediate_size": 5632, "num_hidden_layers": 24, "num_attention_heads": 16, "num_key_value_heads": 16,
         "vocab_size": 151936, "hidden_act": "silu", "moe_intermediate_size": 1408,
         "shared_expert_intermediate_size": 5632, "num_experts": 60, "num_experts_per_tok": 4, "norm_topk_prob": false,
         "decoder_sparse_step": 1, "tie_word_embeddings": false, "sliding_window": 32768, "use_sliding_window": false,
         "qkv_bias": true}
      """
    ),
    (
      "Qwen2-57B-A14B", 57_408_658_944, nil,
      """
        {"architectures": ["Qwen2MoeForCausalLM"], "model_type": "qwen2_moe", "hidden_size": 3584,
         "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
         "vocab_size": 151936, "hidden_act": "silu", "moe_intermediate_size": 2560,
         "shared_expert_intermediate_size": 20480, "num_experts": 64, "num_experts_per_tok": 8, "norm_topk_prob": false,
         "decoder_sparse_step": 1, "tie_word_embeddings": false, "qkv_bias": true}
      """
    ),
    (
      "Gemma 2B", 2_506_172_416, nil,
      """
        {"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "hidden_size": 2048, "intermediate_size": 16384,
         "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1, "vocab_size": 256000,
         "hidden_act": "gelu", "hidden_activation": null, "head_dim": 256}
      """
    ),
    (
      "Gemma 7B", 8_537_680_896, nil,
      """
        {"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "hidden_size": 3072, "intermediate_size": 24576,
         "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 256000,
         "hidden_act": "gelu", "hidden_activation": null, "head_dim": 256}
      """
    ),
    (
      "Seed-OSS-36B", 36_151_104_512, nil,
      """
        {"architectures": ["SeedOssForCausalLM"], "model_type": "seed_oss", "hidden_size": 5120,
         "intermediate_size": 27648, "num_hidden_layers": 64, "num_attention_heads": 80, "num_key_value_heads": 8,
         "vocab_size": 155136, "hidden_act": "silu", "head_dim": 128, "attention_bias": true, "attention_out_bias": false,
         "mlp_bias": false, "tie_word_embeddings": false}
      """
    ),
    (
      "SmolLM3-3B", 3_075_098_624, .full,
      """
        {"architectures": ["SmolLM3ForCausalLM"], "model_type": "smollm3", "hidden_size": 2048,
         "intermediate_size": 11008, "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 4,
         "vocab_size": 128256, "hidden_act": "silu", "attention_bias": false, "mlp_bias": false,
         "no_rope_layer_interval": 4, "use_sliding_window": false, "sliding_window": null}
      """
    ),
    (
      "StarCoder2-3B", 3_030_371_328, nil,
      """
        {"architectures": ["Starcoder2ForCausalLM"], "model_type": "starcoder2", "hidden_size": 3072,
         "intermediate_size": 12288, "num_hidden_layers": 30, "num_attention_heads": 24, "num_key_value_heads": 2,
         "vocab_size": 49152, "hidden_act": "gelu_pytorch_tanh", "use_bias": true, "norm_epsilon": 1e-05,
         "sliding_window": 4096}
      """
    ),
    (
      "StarCoder2-15B", 15_957_889_024, nil,
      """
        {"architectures": ["Starcoder2ForCausalLM"], "model_type": "starcoder2", "hidden_size": 6144,
         "intermediate_size": 24576, "num_hidden_layers": 40, "num_attention_heads": 48, "num_key_value_heads": 4,
         "vocab_size": 49152, "hidden_act": "gelu_pytorch_tanh", "use_bias": true, "norm_epsilon": 1e-05,
         "sliding_window": 4096, "tie_word_embeddings": false}
      """
    ),
    (
      "StableLM-3B-4E1T", 2_795_443_200, nil,
      """
        {"architectures": ["StableLmForCausalLM"], "model_type": "stablelm", "hidden_size": 2560,
         "intermediate_size": 6912, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
         "vocab_size": 50304, "hidden_act": "silu", "partial_rotary_factor": 0.25, "use_qkv_bias": false,
         "tie_word_embeddings": false}
      """
    ),
    (
      "StableLM-2-1.6B", 1_644_515_328, nil,
      """
        {"architectures": ["StableLmForCausalLM"], "model_type": "stablelm", "hidden_size": 2048,
         "intermediate_size": 5632, "num_hidden_layers": 24, "num_attention_heads": 32, "num_key_value_heads": 32,
         "vocab_size": 100352, "hidden_act": "silu", "partial_rotary_factor": 0.25, "use_qkv_bias": true,
         "tie_word_embeddings": false, "use_parallel_residual": false, "qk_layernorm": false}
      """
    ),
    (
      "ERNIE-4.5-0.3B", 360_748_032, nil,
      """
        {"architectures": ["Ernie4_5ForCausalLM"], "model_type": "ernie4_5", "hidden_size": 1024,
         "intermediate_size": 3072, "num_hidden_layers": 18, "num_attention_heads": 16, "num_key_value_heads": 2,
         "vocab_size": 103424, "hidden_act": "silu", "head_dim": 128, "use_bias": false, "tie_word_embeddings": true}
      """
    ),
    (
      "GLM-4-9B-0414", 9_400_279_040, nil,
      """
        {"architectures": ["Glm4ForCausalLM"], "model_type": "glm4", "hidden_size": 4096, "intermediate_size": 13696,
         "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 2, "vocab_size": 151552,
         "hidden_act": "silu", "head_dim": 128, "attention_bias": true, "partial_rotary_factor": 0.5,
         "tie_word_embeddings": false}
      """
    ),
    (
      "GLM-4-32B-0414", 32_566_081_536, nil,
      """
        {"architectures": ["Glm4ForCausalLM"], "model_type": "glm4", "hidden_size": 6144, "intermediate_size": 23040,
         "num_hidden_layers": 61, "num_attention_heads": 48, "num_key_value_heads": 2, "vocab_size": 151552,
         "hidden_act": "silu", "head_dim": 128, "attention_bias": false, "partial_rotary_factor": 0.5,
         "tie_word_embeddings": false}
      """
    ),
    (
      "GLM-4-9B-chat", 9_399_951_360, nil,
      """
        {"architectures": ["GlmForCausalLM"], "model_type": "glm", "hidden_size": 4096, "intermediate_size": 13696,
         "num_hidden_layers": 40, "num_attention_heads": 32, "num_key_value_heads": 2, "vocab_size": 151552,
         "hidden_act": "silu", "head_dim": 128, "attention_bias": true, "tie_word_embeddings": false}
      """
    ),
    (
      "OLMo-2-7B", 7_298_617_344, nil,
      """
        {"architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", "hidden_size": 4096, "intermediate_size": 11008,
         "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 100352,
         "hidden_act": "silu", "tie_word_embeddings": false, "attention_bias": false}
      """
    ),
    (
      "OLMo-3-7B", 7_298_011_136, .threeOfFourSlide,
      """
        {"architectures": ["Olmo3ForCausalLM"], "model_type": "olmo3", "hidden_size": 4096, "intermediate_size": 11008,
         "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 100278,
         "hidden_act": "silu", "tie_word_embeddings": false, "attention_bias": false, "sliding_window": 4096}
      """
    ),
    (
      "EXAONE-4.0-32B", 32_003_216_384, .threeOfFourSlide,
      """
        {"architectures": ["Exaone4ForCausalLM"], "model_type": "exaone4", "hidden_size": 5120,
         "intermediate_size": 27392, "num_hidden_layers": 64, "num_attention_heads": 40, "num_key_value_heads": 8,
         "vocab_size": 102400, "hidden_act": "silu", "head_dim": 128, "tie_word_embeddings": false,
         "sliding_window": 4096, "sliding_window_pattern": "LLLG"}
      """
    ),
    (
      "EXAONE-4.0-1.2B", 1_279_391_488, .full,
      """
        {"architectures": ["Exaone4ForCausalLM"], "model_type": "exaone4", "hidden_size": 2048,
         "intermediate_size": 4096, "num_hidden_layers": 30, "num_attention_heads": 32, "num_key_value_heads": 8,
         "vocab_size": 102400, "hidden_act": "silu", "head_dim": 64, "tie_word_embeddings": true, "sliding_window": null,
         "sliding_window_pattern": null}
      """
    ),
    (
      "Phi-2", 2_779_683_840, nil,
      """
        {"architectures": ["PhiForCausalLM"], "model_type": "phi", "hidden_size": 2560, "intermediate_size": 10240,
         "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": null, "vocab_size": 51200,
         "hidden_act": "gelu_new", "partial_rotary_factor": 0.4, "qk_layernorm": false, "tie_word_embeddings": false,
         "layer_norm_eps": 1e-05}
      """
    ),
    (
      "AFM-4.5B", 4_619_184_640, nil,
      """
        {"architectures": ["ArceeForCausalLM"], "model_type": "arcee", "hidden_size": 2560, "intermediate_size": 18432,
         "num_hidden_layers": 36, "num_attention_heads": 20, "num_key_value_heads": 4, "vocab_size": 128004,
         "hidden_act": "relu2", "head_dim": 128, "tie_word_embeddings": false, "attention_bias": false,
         "mlp_bias": false}
      """
    ),
    (
      "Hunyuan-7B", 7_504_568_320, nil,
      """
        {"architectures": ["HunYuanDenseV1ForCausalLM"], "model_type": "hunyuan_v1_dense", "hidden_size": 4096,
         "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
         "vocab_size": 128167, "hidden_act": "silu", "head_dim": 128, "attention_bias": false,
         "tie_word_embeddings": true}
      """
    ),
    (
      "dots.llm1", 142_774_373_888, nil,
      """
        {"architectures": ["Dots1ForCausalLM"], "model_type": "dots1", "hidden_size": 4096, "intermediate_size": 10944,
         "num_hidden_layers": 62, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 152064,
         "hidden_act": "silu", "attention_bias": false, "first_k_dense_replace": 1, "moe_intermediate_size": 1408,
         "n_group": 1, "topk_group": 1, "n_routed_experts": 128, "n_shared_experts": 2, "num_experts_per_tok": 6,
         "norm_topk_prob": true, "routed_scaling_factor": 2.5, "sliding_window": null, "tie_word_embeddings": false}
      """
    ),
    (
      "ERNIE-4.5-21B-A3B", 21_825_436_160, nil,
      """
        {"architectures": ["Ernie4_5_MoeForCausalLM"], "model_type": "ernie4_5_moe", "hidden_size": 2560,
         "intermediate_size": 12288, "num_hidden_layers": 28, "num_attention_heads": 20, "num_key_value_heads": 4,
         "vocab_size": 103424, "hidden_act": "silu", "moe_intermediate_size": 1536, "moe_k": 6, "moe_num_experts": 64,
         "moe_num_shared_experts": 2, "moe_layer_start_index": 1, "moe_layer_end_index": 27, "moe_layer_interval": 1,
         "use_bias": false, "tie_word_embeddings": true}
      """
    ),
    (
      "ERNIE-4.5-300B-A47B", 299_484_160_000, nil,
      """
        {"architectures": ["Ernie4_5_MoeForCausalLM"], "model_type": "ernie4_5_moe", "hidden_size": 8192,
         "intermediate_size": 28672, "num_hidden_layers": 54, "num_attention_heads": 64, "num_key_value_heads": 8,
         "vocab_size": 103424, "hidden_act": "silu", "moe_intermediate_size": 3584, "moe_k": 8, "moe_num_experts": 64,
         "moe_num_shared_experts": 0, "moe_layer_start_index": 3, "moe_layer_end_index": 53, "moe_layer_interval": 1,
         "use_bias": false, "tie_word_embeddings": false}
      """
    ),
  ]

  enum LayerTypes {
    case full, threeOfFourSlide
  }
}
