/// Keys of config.json files by what they mean to a family that does not read them.
package enum KnownKeys {
  /// Keys that say in which formats tensors lie. They change bytes and rates, and no other count.
  package static let quantizing: Set<String> = [
    "quantization_config", "quantization", "compression_config", "quant_method", "load_in_4bit", "load_in_8bit",
    "bnb_4bit_quant_type", "bnb_4bit_compute_dtype", "bits", "w_bit", "kv_cache_dtype", "gptq", "awq",
    "expert_dtype", "weight_quant", "quantize", "kv_cache_quant_algo", "quant_algo", "quantization_method",
  ]

  static let quantizingReason =
    "formats are read from quantization_config; --dtype states one for all tensors instead, e.g. --dtype fp8"

  /// Keys that shape a graph: where one is in force and the family does not read it, an answer would be silently wrong.
  static let shaping: [String: String] = {
    var reasons: [String: String] = [:]
    for (keys, reason) in shapingByReason { for key in keys { reasons[key] = reason } }
    return reasons
  }()

  private static let shapingByReason: [(keys: [String], reason: String)] = [
    (
      [
        "kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "qk_head_dim", "v_head_dim",
        "mla_use_nope", "use_mla",
        "mla_use_output_gate", "o_lora_rank", "o_groups", "kv_heads_per_layer",
      ],
      "multi-head latent attention is not counted"
    ),
    (
      [
        "num_experts", "num_local_experts", "n_routed_experts", "n_shared_experts", "num_shared_experts",
        "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "top_k_experts", "moe_top_k", "moe_k",
        "moe_num_experts", "moe_intermediate_size", "moe_layer_freq", "moe_layers_enum", "moe_every_n_layers",
        "first_k_dense_replace", "decoder_sparse_step", "mlp_only_layers", "shared_expert_intermediate_size",
        "moe_shared_expert_intermediate_size", "shared_intermediate_size", "share_expert_dim", "share_expert_dims",
        "interleave_moe_layer_step", "enable_moe_block", "mlp_layer_types", "moe_latent_size",
        "routed_expert_hidden_size", "num_hash_layers", "expert_layer_period", "expert_layer_offset",
        "num_experts_per_group", "n_group_experts", "ffn_num_experts", "expert_interval",
      ],
      "mixtures of experts are not counted"
    ),
    (
      [
        "sliding_window", "use_sliding_window", "sliding_window_size", "sliding_window_pattern", "attention_chunk_size",
        "local_attention",
        "global_attn_every_n_layers", "index_topk", "index_n_heads", "index_head_dim", "sparse_attention_config",
        "attention_window", "window_size", "interleaved_sliding_window", "local_window_size", "attn_window_size",
        "compress_ratios", "dsa_config", "use_sparse_attention",
      ],
      "attention to a part of the keys is not counted for this architecture"
    ),
    (
      [
        "layer_types", "block_configs", "hybrid_override_pattern", "layers_block_type", "hybrid_layer_pattern",
        "ssm_state_size", "state_size", "conv_kernel", "ssm_cfg", "ssm_config", "mamba_d_state", "mamba_num_heads",
        "mamba_head_dim", "mamba_expand", "mamba_d_conv", "mamba_n_heads", "linear_attn_config",
        "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim",
        "linear_conv_kernel_dim", "full_attention_interval", "attention_types", "attn_type_list", "attn_types",
        "attn_layer_period", "attn_layer_offset", "attn_layer_indices", "intermediate_sizes", "layer_group_size",
        "cross_attention_interval", "layer_pattern", "conv_l_cache", "conv_dim", "attn_res_block_size",
        "no_rope_layers", "no_rope_layer_interval", "num_kv_shared_layers", "hidden_size_per_layer_input",
        "altup_num_inputs", "hc_mult", "hc_count",
      ],
      "layers that differ, or are not attention, are not counted for this architecture"
    ),
    (
      ["is_encoder_decoder", "add_cross_attention", "cross_attention_layers"],
      "cross-attention is not counted"
    ),
    (["text_config", "audio_config", "thinker_config", "llm_config"], "only text decoders are counted"),
    (["vision_config"], "a vision tower is not counted for this architecture"),
    (
      [
        "num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules", "mtp_transformer_layers", "use_mtp",
        "num_medusa_heads", "medusa_num_heads", "eagle_config", "mtp_hybrid_override_pattern",
      ],
      "multi-token prediction layers are not counted for this architecture"
    ),
    (
      [
        "final_logit_softcapping", "attn_logit_softcapping", "logits_soft_cap", "attn_output_gate",
        "attention_output_gate",
      ],
      "this change of the attention or the logits is not counted for this architecture"
    ),
    (["use_qk_norm", "qk_norm", "qk_layernorm"], "norms of queries and keys are not counted for this architecture"),
    (["parallel_attn", "use_parallel_residual"], "parallel attention and MLP are not counted for this architecture"),
    (
      ["bias", "use_bias", "qkv_bias", "lm_head_bias", "attention_bias", "mlp_bias", "enable_bias", "attn_bias"],
      "this architecture has no such bias"
    ),
    (["pruned_heads"], "models with heads taken out are not counted"),
    (
      ["partial_rotary_factor", "rotary_dim"],
      "rotary embedding of a part of a head is not counted for this architecture"
    ),
    (
      ["_remove_final_layer_norm", "num_sink_tokens", "add_full_attention_sink_bias", "add_swa_attention_sink_bias"],
      "this change of the graph is not counted for this architecture"
    ),
  ]

  /// Keys that change no count in any family.
  static let harmless: Set<String> = [
    "_name_or_path", "_attn_implementation", "_attn_implementation_autoset", "activation_dropout",
    "attention_dropout", "attn_pdrop", "auto_map", "aux_loss_alpha", "bad_words_ids", "begin_suppress_tokens",
    "boi_token_id", "bos_token_id", "chunk_size_feed_forward", "classifier_dropout", "cross_attention_hidden_size",
    "decoder_start_token_id", "diversity_penalty", "do_sample", "dropout", "early_stopping", "embd_pdrop",
    "encoder_no_repeat_ngram_size", "eoi_token_id", "eos_token_id", "ep_size", "exponential_decay_length_penalty",
    "finetuning_task", "forced_bos_token_id", "forced_eos_token_id", "gradient_checkpointing", "hidden_dropout",
    "hidden_dropout_prob", "id2label", "ignore_index", "image_token_id", "init_std", "initializer_factor",
    "initializer_range", "initial_context_length", "is_decoder", "label2id", "layer_norm_eps", "layer_norm_epsilon",
    "layerdrop", "layernorm_epsilon", "length_penalty", "max_length", "max_window_layers", "min_length",
    "model_max_length",
    "no_repeat_ngram_size", "norm_eps", "norm_topk_prob", "num_beam_groups", "num_beams", "num_logits_to_keep",
    "num_return_sequences", "original_max_position_embeddings", "output_attentions", "output_hidden_states",
    "output_router_logits", "output_scores", "pad_token_id", "prefix", "pretraining_tp", "problem_type",
    "query_pre_attn_scalar", "remove_invalid_values", "repetition_penalty", "rescale_prenorm_residual", "resid_pdrop",
    "residual_in_fp32", "return_dict", "return_dict_in_generate", "rms_norm_eps", "rope_interleaved",
    "rope_local_base_freq",
    "rope_parameters", "rope_scaling", "rope_theta", "rotary_emb_base", "router_aux_loss_coef",
    "router_jitter_noise", "routed_scaling_factor", "scoring_func", "sep_token_id", "seq_aux", "summary_activation",
    "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tokenizer_class", "top_k", "top_p", "topk_method", "torchscript", "transformers.js_config",
    "transformers_version", "typical_p", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache",
    "use_flash_attn", "use_mrope", "video_token_id", "vision_end_token_id", "vision_start_token_id", "mask_token_id",
    "embedding_size", "rope_interleave", "cache_implementation", "use_bidirectional_attention",
  ]

  /// null, false, 0 and empty lists and objects switch a feature off.
  static func isActive(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool(false), .integer(0), .array([]), .object([:]): false
    case .number(let number): number != 0
    case .bool, .integer, .string, .array, .object: true
    }
  }
}
