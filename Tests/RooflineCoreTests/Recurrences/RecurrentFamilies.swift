/// The libraries' default configurations of families with recurrent mixers, whose sizes transformers gives.
enum RecurrentFamilies {
  static let qwen3Next = """
    {"architectures": ["Qwen3NextForCausalLM"], "model_type": "qwen3_next", "vocab_size": 151936, "hidden_size": 2048,
     "intermediate_size": 5632, "num_hidden_layers": 48, "num_attention_heads": 16, "num_key_value_heads": 2,
     "hidden_act": "silu", "head_dim": 256, "partial_rotary_factor": 0.25, "linear_conv_kernel_dim": 4,
     "linear_key_head_dim": 128, "linear_value_head_dim": 128, "linear_num_key_heads": 16,
     "linear_num_value_heads": 32, "decoder_sparse_step": 1, "moe_intermediate_size": 512,
     "shared_expert_intermediate_size": 512, "num_experts_per_tok": 10, "num_experts": 512, "norm_topk_prob": true,
     "mlp_only_layers": [], "tie_word_embeddings": false, "dtype": "bfloat16"}
    """
  static let mamba2 = """
    {"architectures": ["Mamba2ForCausalLM"], "model_type": "mamba2", "num_heads": 128, "head_dim": 64,
     "vocab_size": 32768, "hidden_size": 4096, "state_size": 128, "num_hidden_layers": 64, "expand": 2,
     "conv_kernel": 4, "n_groups": 8, "use_bias": false, "use_conv_bias": true, "chunk_size": 256,
     "hidden_act": "silu", "time_step_limit": [0.0, Infinity], "tie_word_embeddings": false, "dtype": "bfloat16"}
    """
  static let jamba = """
    {"architectures": ["JambaForCausalLM"], "model_type": "jamba", "vocab_size": 65536, "hidden_size": 4096,
     "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
     "hidden_act": "silu", "num_experts_per_tok": 2, "num_experts": 16, "expert_layer_period": 2,
     "expert_layer_offset": 1, "attn_layer_period": 8, "attn_layer_offset": 4, "mamba_d_state": 16, "mamba_d_conv": 4,
     "mamba_expand": 2, "mamba_dt_rank": 256, "mamba_conv_bias": true, "mamba_proj_bias": false,
     "tie_word_embeddings": false, "dtype": "bfloat16"}
    """
  static let miniMax = """
    {"architectures": ["MiniMaxForCausalLM"], "model_type": "minimax", "vocab_size": 32000, "hidden_size": 4096,
     "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
     "hidden_act": "silu", "num_experts_per_tok": 2, "num_local_experts": 8, "block_size": 256,
     "tie_word_embeddings": false, "dtype": "bfloat16"}
    """
  /// Six of 27 layers have latent attention; the released model has a seventh.
  static let kimiLinear = """
    {"architectures": ["KimiLinearForCausalLM"], "model_type": "kimi_linear", "vocab_size": 163840,
     "hidden_size": 2304, "head_dim": 72, "intermediate_size": 9216, "num_hidden_layers": 27,
     "num_attention_heads": 32, "num_key_value_heads": 32, "hidden_act": "silu", "linear_attn_config": {
      "full_attn_layers": [4, 8, 12, 16, 20, 24], "num_heads": 32, "head_dim": 128, "short_conv_kernel_size": 4,
      "kda_layers": [1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27]},
     "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
     "mla_use_nope": true, "moe_intermediate_size": 1024, "num_experts": 256, "num_experts_per_token": 8,
     "num_shared_experts": 1, "first_k_dense_replace": 1, "moe_layer_freq": 1, "moe_renormalize": true,
     "moe_router_activation_func": "sigmoid", "routed_scaling_factor": 2.446, "tie_word_embeddings": false,
     "dtype": "bfloat16"}
    """
  /// Six layers of Kimi-K3's kind, small: a snapshot every four, a narrower stream for experts.
  static let kimiK3 = """
    {"architectures": ["KimiK3ForConditionalGeneration"], "model_type": "kimi_k3", "dtype": "bfloat16",
     "tie_word_embeddings": false, "text_config": {"model_type": "kimi_linear", "vocab_size": 101, "hidden_size": 48,
     "intermediate_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "hidden_act": "situ",
     "linear_attn_config": {"full_attn_layers": [4], "kda_layers": [1, 2, 3, 5, 6], "num_heads": 4, "head_dim": 8,
      "short_conv_kernel_size": 4, "use_full_rank_gate": true, "gate_lower_bound": -5.0},
     "kv_lora_rank": 16, "q_lora_rank": 24, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
     "mla_use_nope": true, "mla_use_output_gate": true, "moe_intermediate_size": 20, "num_experts": 8,
     "num_experts_per_token": 2, "num_shared_experts": 2, "first_k_dense_replace": 1, "attn_res_block_size": 4,
     "routed_expert_hidden_size": 28, "latent_moe_use_norm": true}}
    """
  /// Five blocks of Nemotron-3's kinds, small.
  static let nemotron = """
    {"architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h", "hidden_size": 48, "vocab_size": 97,
     "num_hidden_layers": 5, "hybrid_override_pattern": "ME*-M", "mamba_num_heads": 8, "mamba_head_dim": 6,
     "n_groups": 2, "ssm_state_size": 16, "conv_kernel": 4, "chunk_size": 128, "use_conv_bias": true,
     "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 64,
     "mlp_hidden_act": "relu2", "n_routed_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 24,
     "moe_shared_expert_intermediate_size": 40, "moe_latent_size": 32, "norm_topk_prob": true,
     "routed_scaling_factor": 2.5, "time_step_limit": [0.0, Infinity], "tie_word_embeddings": false,
     "torch_dtype": "bfloat16"}
    """
  /// Eight layers of Qwen3.5, small.
  static let qwen35 = """
    {"architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5", "tie_word_embeddings": false,
     "text_config": {"model_type": "qwen3_5_text", "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 8,
     "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 89, "hidden_act": "silu",
     "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 6, "linear_value_head_dim": 10,
     "linear_conv_kernel_dim": 4, "attn_output_gate": true, "mamba_ssm_dtype": "float32", "dtype": "bfloat16",
     "rope_parameters": {"partial_rotary_factor": 0.25}}}
    """

  static let all = [
    ("qwen3_next", qwen3Next), ("mamba2", mamba2), ("jamba", jamba), ("minimax", miniMax),
    ("kimi_linear", kimiLinear), ("kimi_k3", kimiK3), ("nemotron_h", nemotron), ("qwen3_5", qwen35),
  ]
}
