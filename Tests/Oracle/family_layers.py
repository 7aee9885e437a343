"""The families of the contract: which rows each layer has, from config.json's keys."""
from family_attention import block_indexer, grouped_query
from family_config import head_dim, kinds, kv_heads, pre_norm
from family_hybrids import deepseek_v4, kimi_linear, latent_moe, nemotron_h, qwen3_5
from family_rows import Refused, key

# ---------------------------------------------------------------- dense

def dense(w, c, *, qkv_bias=False, o_bias=False, mlp_bias=False, norm=None, window=None):
    H, d = c["hidden_size"], head_dim(c)
    for _ in range(c["num_hidden_layers"]):
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), d, bias=qkv_bias, o_bias=o_bias,
                                       norm=norm, window=window),
                 lambda: w.gated_mlp("", H, c["intermediate_size"], bias=mlp_bias))


def llama(w, c):
    dense(w, c, qkv_bias=bool(c.get("attention_bias")), o_bias=bool(c.get("attention_bias")), mlp_bias=bool(c.get("mlp_bias")))


def nemotron_nas(w, c):
    H, h = c["hidden_size"], c["num_attention_heads"]
    for block in c["block_configs"]:
        attention, ffn = block["attention"], block["ffn"]
        if attention.get("replace_with_linear") or ffn.get("replace_with_linear"):
            raise Refused("replace_with_linear is not counted")
        if not attention["no_op"]:
            w.norm("attn_norm", w.m, H)
            grouped_query(w, H, h, h // attention["n_heads_in_group"], H // h)
            w.residual("attn_add", H)
        if not ffn["no_op"]:
            I = int(2 * ffn["ffn_mult"] * H / 3)
            w.norm("mlp_norm", w.m, H)
            w.gated_mlp("", H, -(-I // 256) * 256)
            w.residual("mlp_add", H)


# ---------------------------------------------------------------- softmax experts

def mixtral(w, c):
    H = c["hidden_size"]
    for _ in range(c["num_hidden_layers"]):
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c),
                                       window=c.get("sliding_window")),
                 lambda: w.experts(H, c["num_local_experts"], c["num_experts_per_tok"], c["intermediate_size"],
                                   scores=c["num_experts_per_tok"]))


def qwen3_moe(w, c):
    H = c["hidden_size"]
    for i in range(c["num_hidden_layers"]):
        routed = i not in (c.get("mlp_only_layers") or []) and (i + 1) % c.get("decoder_sparse_step", 1) == 0
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c), norm="head"),
                 (lambda: w.experts(H, c["num_experts"], c["num_experts_per_tok"], c["moe_intermediate_size"],
                                    scores=c["num_experts"])) if routed
                 else (lambda: w.gated_mlp("", H, c["intermediate_size"])))


def minimax_m2(w, c):
    H, E = c["hidden_size"], c["num_local_experts"]
    for _ in range(c["num_hidden_layers"]):
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c), norm="width",
                                       turned=c["rotary_dim"]),
                 lambda: w.experts(H, E, c["num_experts_per_tok"], c["intermediate_size"], router_bias=E, scores=E))


def minimax_m3(w, c):
    H, E, sparse = c["hidden_size"], c["num_local_experts"], c["sparse_attention_config"]
    swiglu = ("swigluoai", 5, 1)
    if sparse.get("sparse_score_type", "max") != "max":
        raise Refused("sparse_score_type other than max")
    hi, di = sparse["sparse_num_index_heads"], sparse["sparse_index_dim"]
    kept = sparse["sparse_block_size"] * sparse["sparse_topk_blocks"]
    for i in range(c["num_hidden_layers"]):
        def ffn():
            if not c["moe_layer_freq"][i]:
                w.gated_mlp("", H, c["dense_intermediate_size"], swiglu)
            else:
                w.experts(H, E, c["num_experts_per_tok"], c["intermediate_size"], gated=swiglu, router_bias=E, scores=E)
                w.shared_expert(H, c["shared_intermediate_size"], swiglu)
        picks = sparse["sparse_attention_freq"][i]
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c), norm="head",
                                       turned=c["rotary_dim"], kept=kept if picks else None,
                                       indexer=(lambda: block_indexer(w, H, hi, di, c["rotary_dim"])) if picks else None), ffn)


def gpt_oss(w, c):
    H, E = c["hidden_size"], c["num_local_experts"]
    for kind in kinds(c, "layer_types", ("sliding_attention", "full_attention")):
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c), bias=True, o_bias=True,
                                       sink=True, window=c["sliding_window"] if kind == "sliding_attention" else None),
                 lambda: w.experts(H, E, c["num_experts_per_tok"], c["intermediate_size"], bias=True,
                                   router_linear_bias=True, gated=("swigluoai", 5, 1), scores=c["num_experts_per_tok"]))


def mimo_v2(w, c):
    H, E = c["hidden_size"], c["n_routed_experts"]
    for i in range(c["num_hidden_layers"]):
        slides = c["hybrid_layer_pattern"][i] == 1
        prefix = "swa_" if slides else ""
        d = c[prefix + "head_dim"]
        turned = int(c["partial_rotary_factor"] * d)
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c[prefix + "num_attention_heads"], c[prefix + "num_key_value_heads"], d,
                                       d_v=c[prefix + "v_head_dim"], turned=turned, v_scale=True,
                                       window=c["sliding_window"] if slides else None,
                                       sink=c["add_swa_attention_sink_bias" if slides else "add_full_attention_sink_bias"]),
                 (lambda: w.experts(H, E, c["num_experts_per_tok"], c["moe_intermediate_size"], router_bias=E, scores=E))
                 if c["moe_layer_freq"][i] else (lambda: w.gated_mlp("", H, c["intermediate_size"])))


def step(w, c):
    H, E = c["hidden_size"], c["num_experts"]
    for i, kind in enumerate(kinds(c, "layer_types", ("sliding_attention", "full_attention"))):
        def ffn():
            if i < c["first_k_dense_replace"]:
                w.gated_mlp("", H, c["intermediate_size"])
            else:
                w.experts(H, E, c["num_experts_per_tok"], c["moe_intermediate_size"], router_bias=E, scores=E)
                w.shared_expert(H, c["share_expert_dim"])
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c), norm="head", gate="head",
                                       window=c["sliding_window"] if kind == "sliding_attention" else None), ffn)


def llama4(w, c):
    H, E, period = c["hidden_size"], c["num_local_experts"], c["interleave_moe_layer_step"]
    turns = c.get("no_rope_layers") or [(i + 1) % 4 != 0 for i in range(c["num_hidden_layers"])]
    for i in range(c["num_hidden_layers"]):
        def ffn():
            if (i + 1) % period:
                w.gated_mlp("", H, c["intermediate_size_mlp"])
            else:
                w.experts(H, E, c["num_experts_per_tok"], c["intermediate_size"], scaled_input=True, scores=E)
                w.shared_expert(H, c["intermediate_size"])
        pre_norm(w, H,
                 lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), head_dim(c),
                                       turned=None if turns[i] else 0,
                                       norm="behind rotary" if turns[i] and c["use_qk_norm"] else None,
                                       chunk=c["attention_chunk_size"] if turns[i] else None), ffn)


def gemma4(w, c):
    H, h = c["hidden_size"], c["num_attention_heads"]
    for name in ("hidden_size_per_layer_input", "num_kv_shared_layers", "use_double_wide_mlp"):
        if c.get(name):
            raise Refused(f"{name} is not zero")
    w.scale("embedding_scale", w.m * H)
    gelu = ("gelu", 9, 1)
    for kind in kinds(c, "layer_types", ("sliding_attention", "full_attention")):
        full = kind == "full_attention"
        shared = full and c["attention_k_eq_v"]
        w.norm("attn_norm", w.m, H)
        grouped_query(w, H, h, c["num_global_key_value_heads"] if full else kv_heads(c),
                      c["global_head_dim"] if full else head_dim(c), norm="head", v_norm=True, shared_kv=shared,
                      turned=int(c["rope_parameters"]["full_attention"]["partial_rotary_factor"] * c["global_head_dim"])
                      if full else None, window=None if full else c["sliding_window"])
        w.norm("attn_post_norm", w.m, H)
        w.residual("attn_add", H)
        w.norm("mlp_norm", w.m, H)
        w.gated_mlp("", H, c["intermediate_size"], gelu)
        if c.get("enable_moe_block"):
            w.norm("mlp_branch_norm", w.m, H)
            w.norm("experts_norm", w.m, H)
            w.norm("router_norm", w.m, H)
            w.experts(H, c["num_experts"], c["top_k_experts"], c["moe_intermediate_size"], gated=gelu,
                      scores=c["num_experts"], scaled_output=True)
            w.norm("experts_branch_norm", w.m, H)
            w.residual("branch_add", H)
        w.norm("mlp_post_norm", w.m, H)
        w.residual("mlp_add", H)
        w.scale("layer_scale", w.m * H)


LAYERS = {
    "llama": llama,
    "mistral": lambda w, c: dense(w, c, window=c.get("sliding_window")),
    "qwen2": lambda w, c: dense(w, c, qkv_bias=True),
    "mimo": lambda w, c: dense(w, c, qkv_bias=c.get("attention_bias", True)),
    "qwen3": lambda w, c: dense(w, c, norm="head"),
    "qwen3_vl": lambda w, c: dense(w, c, norm="head"),
    "nemotron-nas": nemotron_nas,
    "mixtral": mixtral,
    "qwen3_moe": qwen3_moe,
    "qwen3_vl_moe": qwen3_moe,
    "minimax_m2": minimax_m2,
    "minimax_m3": minimax_m3,
    "minimax_m3_vl": minimax_m3,
    "gpt_oss": gpt_oss,
    "mimo_v2_flash": mimo_v2,
    "step3p7": step,
    "llama4": llama4,
    "gemma4": gemma4,
    "deepseek_v2": latent_moe,
    "deepseek_v3": latent_moe,
    "kimi_k2": latent_moe,
    "deepseek_v32": lambda w, c: latent_moe(w, c, sparse=True),
    "glm_moe_dsa": lambda w, c: latent_moe(w, c, sparse=True),
    "deepseek_v4": deepseek_v4,
    "deepseek_ref": deepseek_v4,
    "qwen3_5": qwen3_5,
    "qwen3_5_moe": qwen3_5,
    "qwen3_next": qwen3_5,
    "kimi_linear": kimi_linear,
    "nemotron_h": nemotron_h,
}
