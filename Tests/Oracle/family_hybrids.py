"""Families with latent attention, with compressed caches, and with recurrent layers."""
from family_attention import compressed_attention, grouped_query, hyper_after, hyper_before, latent
from family_config import head_dim, kinds, kv_heads, pre_norm
from family_recurrences import delta_net, kimi_delta, mamba2
from family_rows import Refused, key

SILU = ("silu", 3, 1)


# ---------------------------------------------------------------- latent attention

def latent_moe(w, c, sparse=False):
    H, E = c["hidden_size"], c["n_routed_experts"]
    if c.get("moe_layer_freq", 1) != 1:
        raise Refused("moe_layer_freq other than 1")
    owners = indexers(c) if sparse else [False] * c["num_hidden_layers"]
    biased = c.get("topk_method") == "noaux_tc"
    for i in range(c["num_hidden_layers"]):
        def ffn():
            if i < c["first_k_dense_replace"]:
                w.gated_mlp("", H, c["intermediate_size"])
            else:
                w.experts(H, E, c["num_experts_per_tok"], c["moe_intermediate_size"], router_bias=E if biased else 0,
                          scores=E)
                if c.get("n_shared_experts"):
                    w.shared_expert(H, c["n_shared_experts"] * c["moe_intermediate_size"])
        pre_norm(w, H, lambda: latent(w, c, sparse=sparse, owns=owners[i]), ffn)


def indexers(c):
    L = c["num_hidden_layers"]
    if c.get("indexer_types"):
        return [kind == "full" for kind in kinds(c, "indexer_types", ("full", "shared"))]
    offset, period = c.get("index_skip_topk_offset") or 2, c.get("index_topk_freq") or 1
    return [max(i - offset + 1, 0) % period == 0 for i in range(L)]


def deepseek_v4(w, c):
    H, E = c["hidden_size"], c["n_routed_experts"]
    for i in range(c["num_hidden_layers"]):
        hyper_before(w, "attn_", H, c["hc_mult"])
        w.norm("attn_norm", w.m, H)
        compressed_attention(w, c, c["compress_ratios"][i])
        hyper_after(w, "attn_", H, c["hc_mult"])
        hyper_before(w, "mlp_", H, c["hc_mult"])
        w.norm("mlp_norm", w.m, H)
        hashed = i < c["num_hash_layers"]
        w.experts(H, E, c["num_experts_per_tok"], c["moe_intermediate_size"], router_bias=0 if hashed else E, scores=2 * E)
        w.shared_expert(H, c["n_shared_experts"] * c["moe_intermediate_size"])
        hyper_after(w, "mlp_", H, c["hc_mult"])
    N = c["hc_mult"]
    w.norm("hc_head_norm", w.m, N * H, weight=False)
    w.gemm("hc_head_proj", w.m, N, N * H, fp32=True)
    w.weights(N + 1)
    w.add("hc_head_collapse", vector=None, special=None, weight=4 * (N + 1), load=None, store=w.m * H * w.e_r)


# ---------------------------------------------------------------- recurrent mixers

def qwen3_5(w, c):
    H, d = c["hidden_size"], head_dim(c)
    partial = (c.get("rope_parameters") or {}).get("partial_rotary_factor", c.get("partial_rotary_factor", 0.25))
    if c.get("layer_types"):
        full = [kind == "full_attention" for kind in kinds(c, "layer_types", ("linear_attention", "full_attention"))]
    else:
        full = [(i + 1) % c.get("full_attention_interval", 4) == 0 for i in range(c["num_hidden_layers"])]
    for i in range(c["num_hidden_layers"]):
        def ffn():
            if c.get("num_experts"):
                w.experts(H, c["num_experts"], c["num_experts_per_tok"], c["moe_intermediate_size"], scores=c["num_experts"])
                w.shared_expert(H, c["shared_expert_intermediate_size"], gate=True)
            else:
                w.gated_mlp("", H, c["intermediate_size"])
        pre_norm(w, H,
                 (lambda: grouped_query(w, H, c["num_attention_heads"], kv_heads(c), d, norm="head", gate="full",
                                        turned=int(partial * d)))
                 if full[i] else (lambda: delta_net(w, c)), ffn)


def score(w, place, H):
    """The residual bank before a block: its mix of s + 1 tensors is left open by the contract (about 4 s H a token)."""
    w.norm(place + "_res_norm", w.m, H)
    w.gemm(place + "_res_score", w.m, 1, H)


def kimi_linear(w, c):
    H = c["hidden_size"]
    E, k = c["num_experts"], c["num_experts_per_token"]
    situ = ("situ", 7, 3) if c["hidden_act"] == "situ" else SILU
    full = c["linear_attn_config"]["full_attn_layers"]
    residual_bank = c.get("attn_res_block_size")
    for i in range(c["num_hidden_layers"]):
        def ffn():
            if i < c["first_k_dense_replace"]:
                w.gated_mlp("", H, c["intermediate_size"], situ)
            else:
                w.experts(H, E, k, c["moe_intermediate_size"], Hx=c.get("routed_expert_hidden_size"), gated=situ,
                          latent_norm=bool(c.get("latent_moe_use_norm")), router_bias=E, scores=E)
                w.shared_expert(H, c["num_shared_experts"] * c["moe_intermediate_size"], situ)
        pre_norm(w, H, (lambda: latent(w, c)) if i + 1 in full else (lambda: kimi_delta(w, c)), ffn)
        if residual_bank:
            score(w, "attn", H)
            score(w, "mlp", H)
    if residual_bank:
        score(w, "output", H)


def nemotron_h(w, c):
    H = c["hidden_size"]
    names = {"mamba": "M", "attention": "*", "moe": "E", "mlp": "-"}
    pattern = c.get("hybrid_override_pattern") or "".join(names[kind] for kind in c["layers_block_type"])
    for letter in pattern:
        if letter not in "M*E-":
            raise Refused(f"hybrid_override_pattern {letter!r} is unknown")
        mixes = letter in "M*"
        w.norm("attn_norm" if mixes else "mlp_norm", w.m, H)
        if letter == "M":
            mamba2(w, c)
        elif letter == "*":
            grouped_query(w, H, c["num_attention_heads"], c["num_key_value_heads"],
                          key(c, "head_dim", "attention_head_dim"), turned=0)
        elif letter == "E":
            E = c["n_routed_experts"]
            w.experts(H, E, c["num_experts_per_tok"], c["moe_intermediate_size"], Hx=c.get("moe_latent_size"),
                      gated=None, router_bias=E, scores=E)
            w.shared_expert(H, c["moe_shared_expert_intermediate_size"], None)
        else:
            w.column("up_proj", c["intermediate_size"], H)
            w.relu2("mlp_relu2", w.m * (c["intermediate_size"] // w.t))
            w.row("down_proj", H, c["intermediate_size"])
        w.residual("attn_add" if mixes else "mlp_add", H)
