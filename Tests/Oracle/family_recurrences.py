"""Recurrent mixers of the contract: gated delta net, Kimi delta attention, Mamba-2."""
from family_rows import shared


def convolution(w, name, channels, taps, whole, bias=False):
    """Depthwise, causal, SiLU: channels of this rank."""
    n, state = w.m * channels, w.B * channels * (taps - 1) * w.e_r
    w.weights(whole * taps + (whole if bias else 0))
    w.add(name, vector=n * (2 * taps + 2 + (1 if bias else 0)), special=n,
          weight=channels * (taps + (1 if bias else 0)) * w.e_r, load=n * w.e_r, store=n * w.e_r,
          kv_load=0 if w.C == w.T else state, kv_store=state)
    w.cache["conv"] += whole * (taps - 1) * w.e_r


def state(w, elements, whole):
    """Bytes of a recurrence's state: all stored once, loaded where the sequence has begun."""
    w.cache["state"] += 4 * whole
    return {"kv_load": 0 if w.C == w.T else w.B * 4 * elements, "kv_store": w.B * 4 * elements}


def l2_norm(w, name, rows, d):
    if w.separate:
        w.add(name, vector=rows * (3 * d + 1), special=rows, load=rows * d * w.e_r, store=rows * d * w.e_r)


def gated_norm(w, rows, width, gate, weight, held):
    n = rows * width
    w.weights(weight)
    w.add("out_norm", vector=rows * (4 * width + 2) + gate * n, special=rows + n, weight=held * w.e_r,
          load=2 * n * w.e_r, store=n * w.e_r)


def delta_chunks(L, dk, dv):
    """tensor, vector and special of one chunk and head."""
    return (2 * L * L * (3 * dk + 2 * dv) + 6 * L * dk * dv,
            3 * L * L + 3 * L + 4 * L * dk + 3 * L * dv + 2 * dk * dv + sum(2 * i * i + i for i in range(L)),
            L * L + 2 * L + 1)


def delta_net(w, c):
    H, hk, hv = c["hidden_size"], c["linear_num_key_heads"], c["linear_num_value_heads"]
    dk, dv, taps, m, t = c["linear_key_head_dim"], c["linear_value_head_dim"], c["linear_conv_kernel_dim"], w.m, w.t
    k1, v1 = hk // t, hv // t
    for name, n in (("qkv", 2 * hk * dk + hv * dv), ("z", hv * dv), ("b", hv), ("a", hv)):
        w.column("in_proj_" + name, n, H)
    convolution(w, "conv", 2 * k1 * dk + v1 * dv, taps, 2 * hk * dk + hv * dv)
    l2_norm(w, "q_l2norm", m * k1, dk)
    l2_norm(w, "k_l2norm", m * k1, dk)
    w.add("delta_gates", vector=5 * m * v1, special=3 * m * v1, weight=2 * v1 * w.e_r, load=None, store=None)
    w.weights(2 * hv)
    if w.prefill:
        chunks = w.B * v1 * -(-w.T // 64)
        tensor, vector, special = (chunks * cell for cell in delta_chunks(64, dk, dv))
    else:
        tensor, vector, special = 0, m * v1 * (7 * dk * dv + 2 * dv), m * v1
    w.add("delta_rule", tensor=tensor, vector=vector, special=special, load=None, store=m * v1 * dv * w.e_r,
          **state(w, v1 * dk * dv, hv * dk * dv))
    gated_norm(w, m * v1, dv, 3, dv, dv)
    w.row("out_proj", H, hv * dv)


def kimi_delta(w, c):
    H, linear = c["hidden_size"], c["linear_attn_config"]
    heads, d, taps, m = linear["num_heads"], linear["head_dim"], linear["short_conv_kernel_size"], w.m
    D, n = heads * d, heads // w.t
    for name in "qkv":
        w.column(name + "_proj", D, H)
        convolution(w, name + "_conv", n * d, taps, D)
    w.gemm("f_a_proj", m, d, H)
    w.column("f_b_proj", D, d)
    w.column("b_proj", heads, H)
    l2_norm(w, "q_l2norm", m * n, d)
    l2_norm(w, "k_l2norm", m * n, d)
    w.weights(D + heads)
    w.add("delta_gates", vector=None, special=None, weight=n * (d + 1) * w.e_r, load=None, store=None)
    if w.prefill:
        tensor, vector, special = w.B * n * -(-w.T // 64) * delta_chunks(64, d, d)[0], None, None
    else:
        tensor, vector, special = 0, m * n * (7 * d * d + 2 * d), m * n * d
    w.add("delta_rule", tensor=tensor, vector=vector, special=special, load=None, store=m * n * d * w.e_r,
          **state(w, n * d * d, heads * d * d))
    if linear.get("use_full_rank_gate"):
        w.column("g_proj", D, H)
    else:
        w.gemm("g_a_proj", m, d, H)
        w.column("g_b_proj", D, d)
    gated_norm(w, m * n, d, 2, d, d)
    w.row("o_proj", H, D)


def mamba2(w, c):
    H, h, p, n, g = c["hidden_size"], c["mamba_num_heads"], c["mamba_head_dim"], c["ssm_state_size"], c["n_groups"]
    taps, Q, m, t = c["conv_kernel"], c["chunk_size"], w.m, w.t
    di, h1, g1 = h * p, h // t, shared(g, t)
    w.gemm("in_proj", m, 2 * h1 * p + 2 * g1 * n + h1, H, full=(2 * di + 2 * g * n + h, H))
    convolution(w, "conv", h1 * p + 2 * g1 * n, taps, di + 2 * g * n, bias=c["use_conv_bias"])
    w.weights(3 * h)
    w.add("dt_softplus", vector=None, special=None, weight=h1 * w.e_r, load=None, store=None)
    if w.prefill:
        chunks = w.B * -(-w.T // Q)
        tensor = chunks * (g1 * 2 * Q * Q * n + h1 * (2 * Q * Q * p + 4 * Q * p * n))
        vector = chunks * h1 * (3 * Q + 2 * Q * Q + 6 * Q * p + 2 * p * n)
        special = chunks * h1 * (Q * Q + 2 * Q + 1)
    else:
        tensor, vector, special = 0, m * h1 * (5 * p * n + 3 * p + 1), m * h1
    w.add("ssm_scan", tensor=tensor, vector=vector, special=special, weight=2 * h1 * w.e_r, load=None, store=m * h1 * p * w.e_r,
          **state(w, h1 * p * n, h * p * n))
    gated_norm(w, m * g1, h1 * p // g1, 3, di, h1 * p)
    w.row("out_proj", H, di)
