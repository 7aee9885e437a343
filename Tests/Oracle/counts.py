#!/usr/bin/env python3
"""Independent count of FLOPs and bytes of one decoder forward pass, one device.

Written from the counting contract (counting.md) alone, without sight of the Swift
engine, so that the two can disagree. Python integers, no floats, no third parties.

    counts.py rows --config CONFIG.json --tp 8 --batch 20 --prompt 1024 ...   TSV table
    counts.py batch < CASES.tsv                      one hash (or `overflow`) a case
    counts.py selftest                               golden facts of the contract
"""
import argparse
import json
import sys
from collections import namedtuple

# ---------------------------------------------------------------- element types

BITS = {"fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16,
        "fp8": 8, "int8": 8, "fp4": 4, "int4": 4}
ALIASES = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16",
           "half": "fp16", "float": "fp32"}


def dtype_name(name):
    name = ALIASES.get(name, name)
    if name not in BITS:
        raise ValueError(f"unknown dtype {name!r}; known: {' '.join(BITS)}")
    return name


def residual_dtype(activation_dtype):
    """e_r = max(e_a, 2 bytes). Which 16-bit type does not change any count."""
    return activation_dtype if BITS[activation_dtype] >= 16 else "bf16"


def product_unit(activation_dtype, other_dtype):
    """Matrix products run on the unit of the operand with more bits (equal: activation's)."""
    if BITS[other_dtype] > BITS[activation_dtype]:
        return other_dtype
    return activation_dtype


# ---------------------------------------------------------------- rows

# The five byte classes, as indices.
LOAD_WEIGHT, LOAD_ACTIVATION, STORE_ACTIVATION, LOAD_KV, STORE_KV = range(5)

COUNTS = ("tensor", "vector", "special", "loadWeight", "loadActivation",
          "storeActivation", "loadKVCache", "storeKVCache", "wireBytes")

# unit: the dtype whose unit runs the row's matrix product, None without a product.
Row = namedtuple("Row", ("name", "occurrences", "scope") + COUNTS + ("unit",))


def make_row(name, scope, occurrences, tensor, vector, special, operands, wire=0, unit=None):
    """operands: (class, elements, bits of an element), each rounded up to bytes by itself."""
    by_class = [0, 0, 0, 0, 0]
    for operand_class, elements, bits in operands:
        by_class[operand_class] += (elements * bits + 7) // 8
    return Row(name, occurrences, scope, tensor, vector, special, *by_class, wire, unit)


# ---------------------------------------------------------------- model facts

# Gated MLP and RMSNorm; then two-matrix MLP and LayerNorm.
GATED = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM")
PLAIN = ("OPTForCausalLM", "GPTNeoXForCausalLM")
ARCHITECTURES = GATED + PLAIN


def architecture(config):
    names = config["architectures"]
    if len(names) != 1 or names[0] not in ARCHITECTURES:
        raise ValueError(f"architecture {names} is not one of {', '.join(ARCHITECTURES)}")
    if names[0] in GATED and config.get("hidden_act", "silu") != "silu":
        raise ValueError("only hidden_act = silu is counted here")
    return names[0]


def kv_heads(config):
    k = config.get("num_key_value_heads")
    return config["num_attention_heads"] if k is None else k


def head_dim(config):
    d = config.get("head_dim")
    if d is not None:
        return d
    if config["hidden_size"] % config["num_attention_heads"]:
        raise ValueError("hidden_size is not a multiple of num_attention_heads; head_dim is needed")
    return config["hidden_size"] // config["num_attention_heads"]


def biases(config):
    """(q k v, o, mlp): which linears have a bias."""
    name = architecture(config)
    if name == "Qwen2ForCausalLM":
        return True, False, False
    if name == "LlamaForCausalLM":
        attention = bool(config.get("attention_bias"))
        return attention, attention, bool(config.get("mlp_bias"))
    if name == "OPTForCausalLM":
        return (config.get("enable_bias", True),) * 3
    if name == "GPTNeoXForCausalLM":
        return (config.get("attention_bias", True),) * 2 + (True,)
    return False, False, False        # Mistral has no biases and reads neither key


def plain_layer(config):
    """(activation, elements of a head that are turned, learned positions, MLP beside attention)."""
    if architecture(config) == "OPTForCausalLM":
        return config.get("activation_function", "relu"), 0, config["max_position_embeddings"] + 2, False
    turned = int(head_dim(config) * config.get("rotary_pct", 0.25))
    return config.get("hidden_act", "gelu")[:4], turned, 0, config.get("use_parallel_residual", True)


def intermediate_size(config):
    return config["ffn_dim" if architecture(config) == "OPTForCausalLM" else "intermediate_size"]


def window(config):
    """Sliding window in keys, None without one. Absent means none."""
    name = architecture(config)
    if name == "Qwen2ForCausalLM" and config.get("use_sliding_window"):
        raise ValueError("Qwen2 with use_sliding_window: layers differ, not counted here")
    if name == "MistralForCausalLM":
        return config.get("sliding_window")
    return None


def legal_degrees(config):
    h = config["num_attention_heads"]
    k = kv_heads(config)
    i = intermediate_size(config)
    return [t for t in range(1, h + 1)
            if h % t == 0 and (k % t == 0 or t % k == 0) and i % t == 0]


def parameters(config):
    H = config["hidden_size"]
    I = intermediate_size(config)
    V = config["vocab_size"]
    L = config["num_hidden_layers"]
    q_width = config["num_attention_heads"] * head_dim(config)
    kv_width = kv_heads(config) * head_dim(config)
    qkv_bias, o_bias, mlp_bias = biases(config)
    if architecture(config) in PLAIN:
        layer = H * q_width + 2 * H * kv_width + q_width * H + 2 * H * I + 4 * H    # two norms with biases
        layer += (q_width + 2 * kv_width if qkv_bias else 0) + (H if o_bias else 0) + (I + H if mlp_bias else 0)
        tied = config.get("tie_word_embeddings", architecture(config) == "OPTForCausalLM")
        return (1 if tied else 2) * V * H + plain_layer(config)[2] * H + L * layer + 2 * H

    layer = 0
    layer += H * q_width                    # q_proj
    layer += H * kv_width                   # k_proj
    layer += H * kv_width                   # v_proj
    layer += q_width * H                    # o_proj
    layer += H * I                          # gate_proj
    layer += H * I                          # up_proj
    layer += I * H                          # down_proj
    layer += H                              # attn_norm
    layer += H                              # mlp_norm
    if qkv_bias:
        layer += q_width + kv_width + kv_width
    if o_bias:
        layer += H
    if mlp_bias:
        layer += I + I + H

    total = V * H                           # embedding
    total += L * layer
    total += H                              # final_norm
    if not config.get("tie_word_embeddings", False):
        total += V * H                      # lm_head
    return total


# ---------------------------------------------------------------- attention pairs

def causal_pairs(T, C, w):
    """(query, key) pairs under a causal mask, and the distinct keys any query sees.

    The T queries are the last T of C positions. Query number i (from 1) stands at position
    C-T+i and sees that many keys, at most w with a window.
    """
    if w is None or w >= C:
        return T * (C - T) + T * (T + 1) // 2, C
    # Queries 1..full see fewer than w keys (C-T+i < w), the rest see exactly w.
    short = min(T, max(0, w - 1 - (C - T)))
    pairs = short * (C - T) + short * (short + 1) // 2 + (T - short) * w
    return pairs, min(C, T + w - 1)


def causal_pairs_brute(T, C, w):
    pairs = 0
    seen = set()
    for query in range(C - T, C):
        for key in range(C):
            if key <= query and (w is None or query - key < w):
                pairs += 1
                seen.add(key)
    return pairs, len(seen)


# ---------------------------------------------------------------- the operators

def operators(config, *, tp, batch, prompt, context, phase, operators,
              weight_dtype, activation_dtype, kv_dtype, brute=False):
    """Rows of one phase in the contract's order. `context`: attended keys of a decode step.

    `forward` and `backward` are the passes of a training step over `prompt` tokens.
    """
    fused = {"separate": False, "fused": True}[operators]
    t, B = tp, batch
    if phase == "prefill":
        T, C = prompt, prompt
    elif phase == "decode":
        T, C = 1, context
    elif phase in ("forward", "backward"):
        T, C = prompt, prompt
    else:
        raise ValueError(f"phase {phase!r} is no pass")
    training = phase in ("forward", "backward")

    H = config["hidden_size"]
    I = intermediate_size(config)
    V = config["vocab_size"]
    L = config["num_hidden_layers"]
    h = config["num_attention_heads"]
    k = kv_heads(config)
    d = head_dim(config)
    qkv_bias, o_bias, mlp_bias = biases(config)
    w = window(config)

    if h % t or I % t or (k % t and t % k):
        raise ValueError(f"tensor-parallel degree {t} is not legal; legal: {legal_degrees(config)}")
    h1 = h // t                             # h'
    k1 = k // t if k % t == 0 else 1        # k'
    I1 = I // t
    V1 = -(-V // t)                         # V', padded rows count

    weight_dtype = dtype_name(weight_dtype)
    activation_dtype = dtype_name(activation_dtype)
    kv_dtype = dtype_name(kv_dtype)
    res_dtype = residual_dtype(activation_dtype)
    if training:                            # keys and values are activations like any other
        kv_dtype = res_dtype
    e_w, e_a, e_kv, e_r = (BITS[x] for x in (weight_dtype, activation_dtype, kv_dtype, res_dtype))
    load_kv, store_kv = (LOAD_ACTIVATION, STORE_ACTIVATION) if training else (LOAD_KV, STORE_KV)
    gemm_unit = product_unit(activation_dtype, weight_dtype)
    attention_unit = product_unit(res_dtype, kv_dtype)

    rows = []
    if phase == "backward":
        return backward_rows(
            B=B, S=T, t=t, H=H, I1=I1, V1=V1, L=L, h1=h1, k=k, k1=k1, d=d, fused=fused, biases=biases(config),
            window=w, weight_dtype=weight_dtype, activation_dtype=activation_dtype)

    def add(name, scope, tensor, vector, special, operands, wire=0, unit=None):
        if unit == "fp32":                  # fp32 products have no matrix unit
            tensor, vector = 0, vector + tensor
        rows.append(make_row(name, scope, L if scope == "layer" else 1,
                             tensor, vector, special, operands, wire, unit))

    def gemm(name, scope, m, n, kk, bias, stores_kv=False):
        operands = [
            (LOAD_ACTIVATION, m * kk, e_a),                 # x
            (LOAD_WEIGHT, kk * n, e_w),                     # W
        ]
        vector = 0
        if bias:
            operands.append((LOAD_WEIGHT, n, e_r))          # bias
            vector = m * n
        if stores_kv:
            operands.append((store_kv, m * n, e_kv))        # y, into the cache
        else:
            operands.append((STORE_ACTIVATION, m * n, e_r)) # y
        add(name, scope, 2 * m * n * kk, vector, 0, operands, unit=gemm_unit)

    # rrms, which the backward pass does not compute again
    kept_root = ((STORE_ACTIVATION, B * T, e_r),) if training else ()

    def norm(name, scope):
        add(name, scope, 0, B * T * (4 * H + 2), B * T, (
            (LOAD_ACTIVATION, B * T * H, e_r),              # x
            (LOAD_WEIGHT, H, e_r),                          # weight
            (STORE_ACTIVATION, B * T * H, e_r),             # y
        ) + kept_root)

    def layer_norm(name, scope, adds=False):
        add(name, scope, 0, B * T * (7 * H + 3 + (H if adds else 0)), B * T, (
            (LOAD_ACTIVATION, B * T * H, e_r),              # x
            (LOAD_WEIGHT, H, e_r),                          # weight
            (LOAD_WEIGHT, H, e_r),                          # bias
            (STORE_ACTIVATION, B * T * H, e_r),             # y
        ) + (((LOAD_ACTIVATION, B * T * H, e_r), (STORE_ACTIVATION, B * T * H, e_r)) if adds else ()))

    def residual_add(name):
        add(name, "layer", 0, B * T * H, 0, (
            (LOAD_ACTIVATION, B * T * H, e_r),              # x
            (LOAD_ACTIVATION, B * T * H, e_r),              # residual
            (STORE_ACTIVATION, B * T * H, e_r),             # sum
        ))

    def add_norm(name):
        add(name, "layer", 0, B * T * (5 * H + 2), B * T, (
            (LOAD_ACTIVATION, B * T * H, e_r),              # x
            (LOAD_ACTIVATION, B * T * H, e_r),              # residual
            (LOAD_WEIGHT, H, e_r),                          # weight of the next norm
            (STORE_ACTIVATION, B * T * H, e_r),             # sum
            (STORE_ACTIVATION, B * T * H, e_r),             # normalised
        ) + kept_root)

    def silu_dot():
        n = B * T * I1
        add("mlp_silu_dot", "layer", 0, 3 * n, n, (
            (LOAD_ACTIVATION, n, e_r),                      # gate
            (LOAD_ACTIVATION, n, e_r),                      # up
            (STORE_ACTIVATION, n, e_r),                     # product
        ))

    def all_reduce(name, scope):
        if t > 1:
            message = B * T * H * e_r // 8                  # e_r is whole bytes
            add(name, scope, 0, 0, 0, (), wire=2 * (t - 1) * -(-message // t))

    # ---- before the layers
    add("embedding", "model", 0, 0, 0, (
        (LOAD_ACTIVATION, B * T, 32),                       # token ids
        (LOAD_WEIGHT, min(-(-B * T // t), -(-V // t)) * H, e_w),    # rows looked up, this rank's share; never more than it has
        (STORE_ACTIVATION, B * T * H, e_r),                 # y
    ))
    all_reduce("embedding_all_reduce", "model")
    plain = architecture(config) in PLAIN
    activation, turned, learned, beside = plain_layer(config) if plain else ("silu", d, 0, False)
    if learned:
        add("position_embedding", "model", 0, B * T * H, 0, (
            (LOAD_ACTIVATION, B * T * H, e_r),              # x
            (LOAD_WEIGHT, T * H, e_w),                      # a row a place
            (STORE_ACTIVATION, B * T * H, e_r),             # y
        ))
    if plain and fused:
        layer_norm("attn_norm", "model")
    elif fused:
        norm("attn_norm", "model")

    # ---- a layer
    if not fused:
        (layer_norm if plain else norm)("attn_norm", "layer")
        gemm("q_proj", "layer", B * T, h1 * d, H, qkv_bias)
        gemm("k_proj", "layer", B * T, k1 * d, H, qkv_bias, stores_kv=True)
        gemm("v_proj", "layer", B * T, k1 * d, H, qkv_bias, stores_kv=True)
        if turned:
            add("rotary", "layer", 0, 3 * B * T * (h1 + k1) * turned, 0, (
                (LOAD_ACTIVATION, B * T * h1 * turned, e_r),    # q
                (load_kv, B * T * k1 * turned, e_kv),           # k
                (LOAD_ACTIVATION, T * turned, e_r),             # cos and sin table
                (STORE_ACTIVATION, B * T * h1 * turned, e_r),   # q
                (store_kv, B * T * k1 * turned, e_kv),          # k
            ))
        add("qk_matmul", "layer", 2 * B * h1 * T * C * d, 0, 0, (
            (LOAD_ACTIVATION, B * T * h1 * d, e_r),         # q
            (load_kv, B * C * k1 * d, e_kv),                # K
            (STORE_ACTIVATION, B * h1 * T * C, e_r),        # scores
        ), unit=attention_unit)
        add("softmax", "layer", 0, 4 * B * h1 * T * C, B * h1 * T * C, (
            (LOAD_ACTIVATION, B * h1 * T * C, e_r),         # scores
            (STORE_ACTIVATION, B * h1 * T * C, e_r),        # probabilities
        ))
        add("sv_matmul", "layer", 2 * B * h1 * T * C * d, 0, 0, (
            (LOAD_ACTIVATION, B * h1 * T * C, e_r),         # probabilities
            (load_kv, B * C * k1 * d, e_kv),                # V
            (STORE_ACTIVATION, B * T * h1 * d, e_r),        # output
        ), unit=attention_unit)
    else:
        gemm("qkv_proj", "layer", B * T, (h1 + 2 * k1) * d, H, qkv_bias)
        moved_v = () if training else (                     # in training V stays where it is
            (LOAD_ACTIVATION, B * T * k1 * d, e_r),         # v
            (STORE_KV, B * T * k1 * d, e_kv),               # V
        )
        moved_k = (
            (LOAD_ACTIVATION, B * T * k1 * d, e_r),         # k
            (store_kv, B * T * k1 * d, e_kv),               # K
        )
        if turned:
            add("rotary", "layer", 0, 3 * B * T * (h1 + k1) * turned, 0, (
                (LOAD_ACTIVATION, B * T * h1 * turned, e_r),    # q
                (LOAD_ACTIVATION, T * turned, e_r),             # cos and sin table
                (STORE_ACTIVATION, B * T * h1 * turned, e_r),   # q
            ) + moved_k + moved_v)
        else:                                               # nothing is turned, but both move
            add("kv_cache_write", "layer", 0, 0, 0, moved_k + moved_v)
        P, keys = (causal_pairs_brute if brute else causal_pairs)(T, C, w)
        add("attention", "layer", 4 * B * h1 * d * P, 4 * B * h1 * P, B * h1 * P, (
            (LOAD_ACTIVATION, B * T * h1 * d, e_r),         # Q
            (load_kv, B * keys * k1 * d, e_kv),             # K
            (load_kv, B * keys * k1 * d, e_kv),             # V
            (STORE_ACTIVATION, B * T * h1 * d, e_r),        # output
        ) + (((STORE_ACTIVATION, B * h1 * P, e_r),) if training else ()), unit=attention_unit)

    gemm("o_proj", "layer", B * T, H, h1 * d, o_bias)
    all_reduce("attn_all_reduce", "layer")
    if plain:
        n = B * T * I1
        gelu = activation == "gelu"                         # relu compares, which is no FLOP
        if beside:
            layer_norm("mlp_norm", "layer")
        elif fused:
            layer_norm("attn_add_norm", "layer", adds=True)
        else:
            residual_add("attn_add")
            layer_norm("mlp_norm", "layer")
        if fused:
            gemm("up_proj_" + activation, "layer", B * T, I1, H, mlp_bias)
            row = rows[-1]
            rows[-1] = row._replace(vector=row.vector + (8 * n if gelu else 0), special=n if gelu else 0)
        else:
            gemm("up_proj", "layer", B * T, I1, H, mlp_bias)
            add("mlp_" + activation, "layer", 0, 8 * n if gelu else 0, n if gelu else 0, (
                (LOAD_ACTIVATION, n, e_r),                  # x
                (STORE_ACTIVATION, n, e_r),                 # y
            ))
        gemm("down_proj", "layer", B * T, H, I1, mlp_bias)
        all_reduce("mlp_all_reduce", "layer")
        if beside:
            residual_add("attn_add")
        if fused:
            layer_norm("mlp_add_norm", "layer", adds=True)
        else:
            residual_add("mlp_add")
            layer_norm("final_norm", "model")
    elif not fused:
        residual_add("attn_add")
        norm("mlp_norm", "layer")
        gemm("gate_proj", "layer", B * T, I1, H, mlp_bias)
        gemm("up_proj", "layer", B * T, I1, H, mlp_bias)
    else:
        add_norm("attn_add_norm")
        gemm("gate_up_proj", "layer", B * T, 2 * I1, H, mlp_bias)
    if not plain:
        silu_dot()
        gemm("down_proj", "layer", B * T, H, I1, mlp_bias)
        all_reduce("mlp_all_reduce", "layer")
        if not fused:
            residual_add("mlp_add")
            norm("final_norm", "model")
        else:
            add_norm("mlp_add_norm")        # in the last layer this is the final norm

    # ---- after the layers
    logits = B * T if training else B       # the last token of each sequence, or every token
    gemm("lm_head", "model", logits, V1, H, False)
    if t > 1 and not training:              # a loss over a vocabulary in shards needs no row of logits whole
        message = logits * V * e_r // 8
        add("logits_all_gather", "model", 0, 0, 0, (), wire=(t - 1) * -(-message // t))
    return rows


def backward_rows(*, B, S, t, H, I1, V1, L, h1, k, k1, d, fused, biases, window, weight_dtype, activation_dtype):
    """Rows of the backward pass of a training step: last forward row first, nothing computed again."""
    res_dtype = residual_dtype(activation_dtype)
    e_w, e_a, e_r = BITS[weight_dtype], BITS[activation_dtype], BITS[res_dtype]
    qkv_bias, o_bias, mlp_bias = biases
    R = B * S                                               # rows of every activation
    rows = []

    def add(name, scope, operands, tensor=0, vector=0, special=0, wire=0, unit=None, times=None):
        if unit == "fp32":
            tensor, vector = 0, vector + tensor
        rows.append(make_row(name, scope, times or (L if scope == "layer" else 1),
                             tensor, vector, special, operands, wire, unit))

    def load(elements, bits=None):
        return (LOAD_ACTIVATION, elements, e_r if bits is None else bits)

    def store(elements, bits=None):
        return (STORE_ACTIVATION, elements, e_r if bits is None else bits)

    def linear(name, n, kk, bias=False, scope="layer"):
        product = 2 * R * n * kk
        add(name + "_dx", scope, (load(R * n, e_a), (LOAD_WEIGHT, n * kk, e_w), store(R * kk)),
            tensor=product, unit=product_unit(activation_dtype, weight_dtype))
        add(name + "_dw", scope, (load(R * n, e_a), load(R * kk, e_a), store(n * kk, e_w)),
            tensor=product, unit=activation_dtype)
        if bias:
            add(name + "_dbias", scope, (load(R * n), store(n)), vector=R * n)

    def norm_input(name, scope, residual, times=None):
        operands = (load(R * H), load(R * H), load(R), (LOAD_WEIGHT, H, e_r), store(R * H))
        if residual:                                        # the stream's gradient beside the norm's
            operands += (load(R * H),)
        add(name + "_dx", scope, operands, vector=R * (8 * H + 2) + (R * H if residual else 0), times=times)

    def norm(name, scope, residual=False):
        norm_input(name, scope, residual)
        norm_weight(name, scope)

    def norm_weight(name, scope):
        add(name + "_dgamma", scope, (load(R * H), load(R * H), load(R), store(H)), vector=3 * R * H)

    def sum_of_two(name):
        add(name, "layer", (load(R * H), load(R * H), store(R * H)), vector=R * H)

    def all_reduce(name, scope, message, ranks):
        if ranks > 1:
            add(name, scope, (), wire=2 * (ranks - 1) * -(-message // ranks))

    stream = R * H * e_r // 8
    linear("lm_head", V1, H, scope="model")
    all_reduce("final_grad_all_reduce", "model", stream, t)
    if fused:                                               # around the last norm, the final one, no gradient goes
        norm_input("final_norm", "model", residual=False)
        if L > 1:
            norm_input("mlp_add_norm", "layer", residual=True, times=L - 1)
        norm_weight("mlp_add_norm", "layer")
    else:
        norm("final_norm", "model")
    linear("down_proj", H, I1, mlp_bias)
    n = R * I1
    add("mlp_silu_dot_backward", "layer", (load(n), load(n), load(n), store(n), store(n)), vector=8 * n, special=n)
    if fused:
        linear("gate_up_proj", 2 * I1, H, mlp_bias)
    else:
        linear("up_proj", I1, H, mlp_bias)
        linear("gate_proj", I1, H, mlp_bias)
        sum_of_two("up_proj_dx_add")
    all_reduce("mlp_grad_all_reduce", "layer", stream, t)
    if fused:
        norm("attn_add_norm", "layer", residual=True)
    else:
        norm("mlp_norm", "layer")
        sum_of_two("mlp_add_backward")
    linear("o_proj", H, h1 * d, o_bias)

    q, kv = R * h1 * d, R * k1 * d
    if fused:
        P, keys = causal_pairs(S, S, window)
        pairs, seen = B * h1 * P, B * keys * k1 * d
        add("attention_backward", "layer",
            (load(q), load(q), load(seen), load(seen), load(pairs), store(q), store(seen), store(seen)),
            tensor=4 * 2 * pairs * d, vector=4 * pairs, unit=res_dtype)
    else:
        scores = B * h1 * S * S
        product = 2 * scores * d
        add("sv_matmul_dp", "layer", (load(q), load(kv), store(scores)), tensor=product, unit=res_dtype)
        add("sv_matmul_dv", "layer", (load(q), load(scores), store(kv)), tensor=product, unit=res_dtype)
        add("softmax_backward", "layer", (load(scores), load(scores), store(scores)), vector=4 * scores)
        add("qk_matmul_dq", "layer", (load(scores), load(kv), store(q)), tensor=product, unit=res_dtype)
        add("qk_matmul_dk", "layer", (load(scores), load(q), store(kv)), tensor=product, unit=res_dtype)
    add("rotary_backward", "layer", (load(q), load(kv), load(S * d), store(q), store(kv)), vector=3 * (q + kv))
    if fused:
        linear("qkv_proj", (h1 + 2 * k1) * d, H, qkv_bias)
    else:
        linear("v_proj", k1 * d, H, qkv_bias)
        linear("k_proj", k1 * d, H, qkv_bias)
        linear("q_proj", h1 * d, H, qkv_bias)
    if t > k:                                               # t / k ranks hold a copy of each KV head
        copied = 2 * k1 * d * H * e_w
        message = -(-copied // 8) + (2 * k1 * d * e_r // 8 if qkv_bias else 0)
        all_reduce("kv_grad_all_reduce", "layer", message, t // k)
    if not fused:
        sum_of_two("k_proj_dx_add")
        sum_of_two("v_proj_dx_add")
    all_reduce("attn_grad_all_reduce", "layer", stream, t)
    if fused:
        norm("attn_norm", "model", residual=True)
    else:
        norm("attn_norm", "layer")
        sum_of_two("attn_add_backward")
    own = -(-R // t) * H                                    # rows of this rank's part of the table
    kept = min(-(-R // t), V1) * H                          # no more than it has
    add("embedding_backward", "model", (load(R, 32), load(own), load(kept, e_w), store(kept, e_w)), vector=own)
    return rows


def totals(rows):
    """Nine sums each: `layer` once per layer row, `model` row x occurrences."""
    layer, model = [0] * 9, [0] * 9
    for row in rows:
        occurrences = row[1]
        in_layer = row[2] == "layer"
        for index in range(9):
            value = row[3 + index]
            if value:
                model[index] += value * occurrences
                if in_layer:
                    layer[index] += value
    return {"layer": dict(zip(COUNTS, layer)), "model": dict(zip(COUNTS, model))}


# ---------------------------------------------------------------- batch of random cases

INT64_MAX = 2 ** 63 - 1
FNV_OFFSET, FNV_PRIME, MASK = 0xcbf29ce484222325, 0x100000001b3, 2 ** 64 - 1


def fnv1a(data):
    """64-bit FNV-1a. Four bytes a turn, cut to 64 bits once: xor and multiply by low bits
    never look at higher ones, so late cutting changes nothing."""
    value, prime, mask = FNV_OFFSET, FNV_PRIME, MASK
    whole = len(data) - len(data) % 4
    quads = iter(data[:whole])
    for a, b, c, e in zip(quads, quads, quads, quads):
        value = ((((value ^ a) * prime ^ b) * prime ^ c) * prime ^ e) * prime & mask
    for byte in data[whole:]:
        value = (value ^ byte) * prime & mask
    return value


def overflows(sums):
    """Whether an integer of the report passes 2^63-1. Counts are never negative, so every row
    value, and every sum over a row's units or classes, is at most the same sum of its total."""
    for total in sums.values():
        t, v, s, a, b, c, d, e, wire = total.values()
        if t + v + s > INT64_MAX or a + b + c + d + e > INT64_MAX or wire > INT64_MAX:
            return True
    return False


def digest_text(rows, sums):
    lines = [f"{r[0]},{r[1]},{r[3]},{r[4]},{r[5]},{r[6]},{r[7]},{r[8]},{r[9]},{r[10]},{r[11]}\n"
             for r in rows]
    for name in ("layer", "model"):
        lines.append(name + "," + ",".join(map(str, sums[name].values())) + "\n")
    return "".join(lines)


INTEGER_COLUMNS = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                   "num_key_value_heads", "head_dim", "vocab_size")
CASE_COLUMNS = INTEGER_COLUMNS + (
    "attention_bias", "mlp_bias", "architecture", "tp", "batch", "prompt", "context", "phase",
    "operators", "weight_dtype", "activation_dtype", "kv_dtype")


def case_rows(case):
    config = {name: int(case[name]) for name in INTEGER_COLUMNS}
    config["architectures"] = [case["architecture"]]
    config["attention_bias"] = case["attention_bias"] == "1"
    config["mlp_bias"] = case["mlp_bias"] == "1"
    return operators(config, tp=int(case["tp"]), batch=int(case["batch"]),
                     prompt=int(case["prompt"]), context=int(case["context"]),
                     phase=case["phase"], operators=case["operators"],
                     weight_dtype=case["weight_dtype"],
                     activation_dtype=case["activation_dtype"], kv_dtype=case["kv_dtype"])


def run_batch(source, sink, text=False):
    header = source.readline().rstrip("\r\n").split("\t")
    missing = [name for name in CASE_COLUMNS if name not in header]
    if missing:
        raise ValueError(f"the header lacks the columns: {' '.join(missing)}")
    for number, line in enumerate(source, 2):
        line = line.rstrip("\r\n")
        if not line:
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise ValueError(f"line {number}: {len(fields)} fields, the header has {len(header)}")
        try:
            rows = case_rows(dict(zip(header, fields)))
        except (ValueError, KeyError) as error:
            raise ValueError(f"line {number}: {error}") from error
        sums = totals(rows)
        if overflows(sums):
            sink.write("overflow\n")
        elif text:
            sink.write(digest_text(rows, sums) + "\n")
        else:
            sink.write(f"{fnv1a(digest_text(rows, sums).encode('ascii')):016x}\n")


# ---------------------------------------------------------------- self-test

def _config(architecture_, H, I, L, h, k, V, d=None, tied=False):
    config = {"architectures": [architecture_ + "ForCausalLM"], "hidden_act": "silu",
              "hidden_size": H, "intermediate_size": I, "num_hidden_layers": L,
              "num_attention_heads": h, "num_key_value_heads": k, "vocab_size": V,
              "tie_word_embeddings": tied}
    if d is not None:
        config["head_dim"] = d
    return config


LLAMA_2_70B = _config("Llama", 8192, 28672, 80, 64, 8, 32000)
LLAMA_2_7B = _config("Llama", 4096, 11008, 32, 32, 32, 32000)
QWEN_2_5_7B = _config("Qwen2", 3584, 18944, 28, 28, 4, 152064)

PUBLISHED_PARAMETERS = (
    ("Llama-2-7B", LLAMA_2_7B, 6738415616),
    ("Llama-2-70B", LLAMA_2_70B, 68976648192),
    ("Qwen2.5-7B", QWEN_2_5_7B, 7615616512),
    ("Llama-3.1-8B", _config("Llama", 4096, 14336, 32, 32, 8, 128256), 8030261248),
    ("Llama-3.1-70B", _config("Llama", 8192, 28672, 80, 64, 8, 128256), 70553706496),
    ("Llama-3.1-405B", _config("Llama", 16384, 53248, 126, 128, 8, 128256), 405853388800),
    ("Llama-3.2-1B", _config("Llama", 2048, 8192, 16, 32, 8, 128256, 64, True), 1235814400),
    ("Qwen2-0.5B", _config("Qwen2", 896, 4864, 24, 14, 2, 151936, None, True), 494032768),
    ("Mistral-7B-v0.3", _config("Mistral", 4096, 14336, 32, 32, 8, 32768), 7248023552),
    ("Mistral-Nemo", _config("Mistral", 5120, 14336, 40, 32, 8, 131072, 128), 12247782400),
    ("CodeLlama-34B", _config("Llama", 8192, 22016, 48, 64, 8, 32000), 33743970304),
)


def selftest():
    failures = []
    checked = 0

    def expect(what, got, wanted):
        nonlocal checked
        checked += 1
        if got != wanted:
            failures.append(f"{what}: got {got}, expected {wanted}")

    for name, config, published in PUBLISHED_PARAMETERS:
        expect("parameters " + name, parameters(config), published)

    def run(config, tp, batch, prompt, phase, kind, context=None, dtype="fp16", **more):
        types = {"weight_dtype": dtype, "activation_dtype": dtype, "kv_dtype": dtype}
        types.update(more)
        rows = operators(config, tp=tp, batch=batch, prompt=prompt, phase=phase, operators=kind,
                         context=prompt + 1 if context is None else context, **types)
        return {row.name: row for row in rows}, totals(rows)

    def flops(row):
        return row.tensor + row.vector + row.special

    def memory(row):
        return (row.loadWeight + row.loadActivation + row.storeActivation
                + row.loadKVCache + row.storeKVCache)

    # Golden facts: Llama-2-70B, TP 8, batch 20, prompt 1024, fp16.
    rows, sums = run(LLAMA_2_70B, 8, 20, 1024, "prefill", "separate")
    expect("70B prefill tensor FLOPs, separate", sums["model"]["tensor"], 357342589747200)
    expect("70B prefill k_proj intensity",
           f"{flops(rows['k_proj']) / memory(rows['k_proj']):.2f}", "125.26")
    rows, sums = run(LLAMA_2_70B, 8, 20, 1024, "prefill", "fused")
    expect("70B prefill tensor FLOPs, fused", sums["model"]["tensor"], 353909971353600)
    rows, _ = run(LLAMA_2_70B, 8, 20, 1024, "decode", "separate")
    expect("70B decode q_proj bytes", memory(rows["q_proj"]), 17145856)
    expect("70B decode q_proj TFLOP/s at 1555 GB/s",
           f"{flops(rows['q_proj']) / memory(rows['q_proj']) * 1.555:.2f}", "30.43")
    rows, _ = run(LLAMA_2_70B, 8, 16, 1024, "decode", "separate")
    expect("70B decode o_proj intensity, batch 16",
           f"{flops(rows['o_proj']) / memory(rows['o_proj']):.4f}", "15.7236")
    expect("70B decode o_proj microseconds at 1.5 TB/s",
           f"{memory(rows['o_proj']) / 1.5e6:.4f}", "11.3814")
    # KV cache of Llama-2-7B, 8 x 512 tokens: what all layers of a prefill store.
    for kind in ("separate", "fused"):
        rows, _ = run(LLAMA_2_7B, 1, 8, 512, "prefill", kind)
        stores = ["k_proj", "v_proj"] if kind == "separate" else ["rotary"]
        expect("7B KV cache bytes, " + kind,
               sum(rows[name].storeKVCache * 32 for name in stores), 2147483648)

    # Order and presence of the rows, as the contract lists them.
    separate = ("embedding embedding_all_reduce attn_norm q_proj k_proj v_proj rotary qk_matmul "
                "softmax sv_matmul o_proj attn_all_reduce attn_add mlp_norm gate_proj up_proj "
                "mlp_silu_dot down_proj mlp_all_reduce mlp_add final_norm lm_head "
                "logits_all_gather").split()
    fused = ("embedding embedding_all_reduce attn_norm qkv_proj rotary attention o_proj "
             "attn_all_reduce attn_add_norm gate_up_proj mlp_silu_dot down_proj mlp_all_reduce "
             "mlp_add_norm lm_head logits_all_gather").split()
    for kind, names in (("separate", separate), ("fused", fused)):
        rows, _ = run(QWEN_2_5_7B, 2, 3, 5, "prefill", kind)
        expect("order, " + kind, list(rows), names)
        rows, _ = run(QWEN_2_5_7B, 1, 3, 5, "prefill", kind)
        expect("order without collectives, " + kind, list(rows),
               [n for n in names if not n.endswith(("_all_reduce", "_all_gather"))])
    expect("fused attn_norm runs once", (rows["attn_norm"].occurrences, rows["attn_norm"].scope),
           (1, "model"))

    # Worked by hand: Qwen2.5-7B (H 3584, 28 heads, 4 KV heads, d 128), TP 2, batch 3, 5 tokens,
    # decode with 9 keys, bf16: h' = 14, k' = 2, q_proj m=3 n=1792 k=3584 with a bias.
    rows, _ = run(QWEN_2_5_7B, 2, 3, 5, "decode", "separate", context=9, dtype="bf16")
    expect("Qwen2.5 q_proj", tuple(rows["q_proj"])[3:12],
           (38535168, 5376, 0, 12848640, 21504, 10752, 0, 0, 0))
    expect("Qwen2.5 k_proj", tuple(rows["k_proj"])[3:12],
           (5505024, 768, 0, 1835520, 21504, 0, 0, 1536, 0))
    expect("Qwen2.5 qk_matmul", tuple(rows["qk_matmul"])[3:12],
           (96768, 0, 0, 0, 10752, 756, 13824, 0, 0))
    expect("Qwen2.5 attn_all_reduce", rows["attn_all_reduce"].wireBytes, 21504)
    expect("Qwen2.5 logits_all_gather", rows["logits_all_gather"].wireBytes, 456192)
    expect("Qwen2.5 embedding", tuple(rows["embedding"])[3:12],
           (0, 0, 0, 14336, 12, 21504, 0, 0, 0))

    # fp32 stands in `vector`; mixed types choose the unit with more bits.
    rows, sums = run(LLAMA_2_7B, 1, 1, 3, "prefill", "fused", dtype="fp32")
    expect("fp32 has no tensor FLOPs", sums["model"]["tensor"], 0)
    expect("fp32 o_proj in vector", rows["o_proj"].vector, 2 * 3 * 4096 * 4096)
    rows, _ = run(LLAMA_2_7B, 1, 1, 3, "prefill", "separate", dtype="bf16",
                  activation_dtype="fp8", weight_dtype="int4", kv_dtype="fp8")
    expect("units of mixed types", (rows["q_proj"].unit, BITS[rows["qk_matmul"].unit]), ("fp8", 16))
    rows, _ = run(LLAMA_2_7B, 1, 1, 3, "prefill", "separate", dtype="bf16", kv_dtype="fp32")
    expect("fp32 cache", (rows["qk_matmul"].tensor, rows["q_proj"].vector), (0, 0))

    expect("legal degrees Llama-2-70B", legal_degrees(LLAMA_2_70B), [1, 2, 4, 8, 16, 32, 64])
    expect("legal degrees Qwen2.5-7B", legal_degrees(QWEN_2_5_7B), [1, 2, 4])
    rows, _ = run(LLAMA_2_70B, 32, 1, 7, "decode", "separate")
    expect("replicated KV head at TP 32", rows["k_proj"].tensor, 2 * 128 * 8192)

    # Closed form of the pairs against enumeration.
    for C in range(1, 13):
        for T in range(1, C + 1):
            for w in (None, *range(1, 15)):
                expect(f"pairs T={T} C={C} window={w}",
                       causal_pairs(T, C, w), causal_pairs_brute(T, C, w))

    for text, value in ((b"", 0xcbf29ce484222325), (b"a", 0xaf63dc4c8601ec8c),
                        (b"foobar", 0x85944171f73967e8)):
        expect(f"FNV-1a of {text}", fnv1a(text), value)

    for failure in failures:
        print(failure)
    print(f"selftest: {checked} checks, {len(failures)} failed")
    return 1 if failures else 0


# ---------------------------------------------------------------- command line

def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("rows", help="print the rows of one phase or both as TSV")
    table.add_argument("--config", required=True)
    table.add_argument("--tp", type=int, default=1)
    table.add_argument("--batch", type=int, default=1)
    table.add_argument("--prompt", type=int, required=True)
    table.add_argument("--context", type=int, help="attended keys in decode (default: prompt + 1)")
    table.add_argument("--phase", choices=("prefill", "decode", "both"), default="both")
    table.add_argument("--operators", choices=("separate", "fused"), default="separate")
    table.add_argument("--weight-dtype")
    table.add_argument("--activation-dtype")
    table.add_argument("--kv-dtype")
    table.add_argument("--brute", action="store_true", help="enumerate the (query, key) pairs")
    batch = commands.add_parser("batch", help="hash every case of a TSV read from stdin")
    batch.add_argument("--text", action="store_true", help="print the hashed text instead")
    commands.add_parser("selftest", help="check the contract's golden facts")
    options = parser.parse_args(arguments)

    if options.command == "selftest":
        return selftest()
    if options.command == "batch":
        run_batch(sys.stdin, sys.stdout, options.text)
        return 0

    with open(options.config, encoding="utf-8") as file:
        config = json.load(file)
    default = config.get("torch_dtype") or config.get("dtype") or "bf16"
    context = options.prompt + 1 if options.context is None else options.context
    phases = ("prefill", "decode") if options.phase == "both" else (options.phase,)
    lines = [("phase", "operator", "scope", "occurrences", *COUNTS, "unit")]
    for phase in phases:
        rows = operators(config, tp=options.tp, batch=options.batch, prompt=options.prompt,
                         context=context, phase=phase, operators=options.operators,
                         weight_dtype=options.weight_dtype or default,
                         activation_dtype=options.activation_dtype or default,
                         kv_dtype=options.kv_dtype or default, brute=options.brute)
        for row in rows:
            lines.append((phase, row.name, row.scope, row.occurrences, *row[3:12], row.unit or "-"))
        for name, total in totals(rows).items():
            lines.append((phase, name, "total", "-", *total.values(), "-"))
    for line in lines:
        print(*line, sep="\t")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ValueError, OSError) as problem:
        print(f"counts.py: {problem}", file=sys.stderr)
        sys.exit(2)
