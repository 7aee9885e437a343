"""Attention of the contract: grouped-query, latent with its indexer, compressed with several residual streams."""
from family_rows import pairs, shared


def grouped_query(w, H, h, k, d, *, d_v=None, turned=None, bias=False, o_bias=False, norm=None, v_norm=False, gate=None,
                  v_scale=False, shared_kv=False, window=None, chunk=None, sink=False, indexer=None, kept=None):
    d_v = d if d_v is None else d_v
    turned = d if turned is None else turned
    h1, k1, m = h // w.t, shared(k, w.t), w.m
    place = "cache" if w.separate else "activation"         # a separate k_proj writes its keys to the cache
    w.gemm("q_proj", m, h1 * d * (2 if gate == "full" else 1), H, bias=bias, full=(h * d * (2 if gate == "full" else 1), H))
    w.gemm("k_proj", m, k1 * d, H, bias=bias, full=(k * d, H), store=place)
    if not shared_kv:
        w.gemm("v_proj", m, k1 * d_v, H, bias=bias, full=(k * d_v, H), store=place)
    if v_scale:
        w.scale("v_scale", m * k1 * d_v, cached=w.separate)
    if v_norm:
        w.norm("v_norm", m * k1, d_v, weight=False, load=place, store=place)
    if norm == "width":
        w.norm("q_norm", m, h1 * d, held=h * d)
        w.norm("k_norm", m, k1 * d, held=k * d, load=place, store=place)
    elif norm == "head":
        w.norm("q_norm", m * h1, d)
        w.norm("k_norm", m * k1, d, load=place, store=place)
    elif norm == "behind rotary":                           # the rotary row has put the keys into the cache
        w.norm("q_norm", m * h1, d, weight=False)
        w.norm("k_norm", m * k1, d, weight=False, load="cache", store="cache")
    q_bytes, table = m * h1 * turned * w.e_r, w.T * turned * w.e_r
    if w.separate and turned:
        k_bytes = m * k1 * turned * w.e_kv
        w.add("rotary", vector=3 * m * (h1 + k1) * turned, load=q_bytes + table, store=q_bytes, kv_load=k_bytes,
              kv_store=k_bytes)
    elif not w.separate:
        w.add("rotary", vector=3 * m * (h1 + k1) * turned, load=None, store=None, kv_store=m * k1 * (d + d_v) * w.e_kv)
    if indexer:
        indexer()
    P, keys = w.causal(window, chunk)
    if kept:
        P, keys = pairs(w.T, w.C, lambda p: min(p + 1, kept)), min(w.C, kept) if w.T == 1 else w.C
    w.attention(h1, k1, d, d_v, P, keys, sink=sink)
    size = k * (d + d_v) * w.e_kv
    if window or chunk:
        kind = ("window", window) if window else ("chunk", chunk)
        w.cache["windows"][kind] = w.cache["windows"].get(kind, 0) + size
    else:
        w.cache["token"] += size
    if gate == "full":
        w.sigmoid_gate("attn_gate", m * h1 * d_v)
    elif gate == "head":
        w.gemm("g_proj", m, h1, H, full=(h, H))
        w.sigmoid_gate("attn_gate", m * h1 * d_v, m * h1)
    w.gemm("o_proj", m, H, h1 * d_v, bias=o_bias, full=(H, h * d_v))


# ---------------------------------------------------------------- latent attention and its indexer

def latent(w, c, sparse=False, owns=False):
    H, h = c["hidden_size"], c["num_attention_heads"]
    nope, rope, d_v, r = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"], c["kv_lora_rank"]
    q_lora, m, h1, B, C = c.get("q_lora_rank"), w.m, h // w.t, w.B, w.C
    turns = not c.get("mla_use_nope")
    if q_lora:
        w.gemm("q_a_proj", m, q_lora, H)
        w.norm("q_a_norm", m, q_lora)
        w.gemm("q_b_proj", m, h1 * (nope + rope), q_lora, full=(h * (nope + rope), q_lora))
    else:
        w.gemm("q_proj", m, h1 * (nope + rope), H, full=(h * (nope + rope), H))
    w.gemm("kv_a_proj", m, r + rope, H)
    w.norm("kv_a_norm", m, r, store="cache")
    w.cache["token"] += (r + rope) * w.e_kv
    if owns:
        indexer(w, c)
    q_bytes = m * h1 * rope * w.e_r
    if turns:
        w.add("rotary", vector=3 * m * (h1 + 1) * rope, load=q_bytes + m * rope * w.e_r + w.T * rope * w.e_r, store=q_bytes,
              kv_store=m * rope * w.e_kv)
    else:
        w.add("kv_cache_write", load=m * rope * w.e_r, kv_store=m * rope * w.e_kv)
    P, keys = w.causal(topk=c["index_topk"] if sparse else None)
    if w.prefill and not sparse:
        w.gemm("kv_b_proj", B * C, h1 * (nope + d_v), r, full=(h * (nope + d_v), r), load="cache")
        # K: the heads' own parts and the shared turned one; all are activations.
        naive = (C * (h1 * nope + rope), C * h1 * d_v)
        w.attention(h1, h1, nope + rope, d_v, P, keys, cached=False, keys_elements=naive)
    else:
        for name, n_in, n_out in (("q_absorb", nope, r), ("v_absorb", r, d_v)):
            w.weights(h * n_in * n_out)
            w.add(name, tensor=2 * m * h1 * n_in * n_out, weight=h1 * n_in * n_out * w.e_w,
                  load=m * h1 * n_in * w.e_a, store=m * h1 * n_out * w.e_r)
        w.attention(h1, 1, r + rope, r, P, keys, latent=True, keys_elements=(keys * (r + rope), keys * r))
    if c.get("mla_use_output_gate"):
        w.gemm("g_proj", m, h1 * d_v, H, full=(h * d_v, H))
        w.sigmoid_gate("attn_gate", m * h1 * d_v)
    w.gemm("o_proj", m, H, h1 * d_v, full=(H, h * d_v))


def index_bytes(w, d):
    return d + 4 if w.e_kv == 1 else d * w.e_kv


def indexer(w, c):
    H, hi, di, m = c["hidden_size"], c["index_n_heads"], c["index_head_dim"], w.m
    w.gemm("index_q_proj", m, hi * di, c["q_lora_rank"])
    w.gemm("index_k_proj", m, di, H)
    w.layer_norm("index_k_norm", m, di)
    w.gemm("index_weights_proj", m, hi, H)
    rope = c["qk_rope_head_dim"]
    moved = m * (hi + 1) * rope * w.e_r
    w.add("index_rotary", vector=3 * m * (hi + 1) * rope, load=moved + w.T * rope * w.e_r, store=moved)
    rows = m * (hi + 1)
    w.add("index_hadamard", vector=rows * (di * (di.bit_length() - 1) + di), load=rows * di * w.e_r,
          store=m * hi * di * w.e_r, kv_store=m * index_bytes(w, di))
    w.cache["index"] += index_bytes(w, di)
    P, keys = w.causal()
    scores(w, hi, di, P, keys)


def block_indexer(w, H, hi, di, turned):
    """MiniMax-M3: queries of its own heads and one key, scored against every key; the block's maximum is a comparison."""
    m = w.m
    w.gemm("index_q_proj", m, hi * di, H)
    w.gemm("index_k_proj", m, di, H)
    w.norm("index_q_norm", m * hi, di)
    w.norm("index_k_norm", m, di)
    w.add("index_rotary", vector=3 * m * (hi + 1) * turned, load=None, store=None, kv_store=m * index_bytes(w, di))
    w.cache["index"] += index_bytes(w, di)
    P, keys = w.causal()
    w.add("index_scores", tensor=2 * w.B * P * hi * di, vector=None, load=None, store=None, kv_load=w.B * keys * index_bytes(w, di))
    w.add("index_topk", load=None, store=None)


def scores(w, hi, di, P, keys):
    """P pairs of a sequence: dense scores over all keys, weighted and summed over the indexer's heads."""
    B, m = w.B, w.m
    w.add("index_scores", tensor=2 * B * P * hi * di, vector=B * P * (2 * hi + 1),
          load=m * hi * di * w.e_r + m * hi * w.e_r, store=4 * B * P, kv_load=B * keys * index_bytes(w, di))
    w.add("index_topk", load=4 * B * P, store=None)


# ---------------------------------------------------------------- DeepSeek-V4

def hyper_before(w, prefix, H, N):
    rows = (2 + N) * N
    w.norm(prefix + "hc_norm", w.m, N * H, weight=False)
    w.gemm(prefix + "hc_proj", w.m, rows, N * H, fp32=True)
    w.weights(rows + 3)
    w.add(prefix + "hc_collapse", vector=None, special=None, weight=4 * (rows + 3), load=None, store=None)


def hyper_after(w, prefix, H, N):
    w.add(prefix + "hc_expand", vector=w.m * (2 * N * H + 2 * N * N * H), load=None, store=N * w.m * H * w.e_r)


def compressor(w, prefix, H, d, ratio):
    width = d * (2 if ratio == 4 else 1)
    for name in ("kv", "gate"):
        w.gemm(f"{prefix}compress_{name}_proj", w.m, width, H)
    w.weights(ratio * width)
    entries = w.B * (w.C // ratio - (w.C - w.T) // ratio)
    inputs = entries * ratio * width
    w.add(prefix + "compress", vector=6 * inputs, special=inputs, weight=ratio * width * w.e_r, load=None, store=entries * d * w.e_r)
    w.norm(prefix + "compress_norm", entries, d, store="cache")


def compressed_attention(w, c, ratio):
    H, h, d, m, T, C = c["hidden_size"], c["num_attention_heads"], c["head_dim"], w.m, w.T, w.C
    rope, q_lora, groups, window = c["qk_rope_head_dim"], c["q_lora_rank"], c["o_groups"], c["sliding_window"]
    h1 = h // w.t
    w.gemm("q_a_proj", m, q_lora, H)
    w.norm("q_a_norm", m, q_lora)
    w.gemm("q_b_proj", m, h1 * d, q_lora, full=(h * d, q_lora))
    w.norm("q_b_norm", m * h1, d, weight=False)
    w.gemm("kv_proj", m, d, H)
    w.norm("kv_norm", m, d)
    q_bytes = m * h1 * rope * w.e_r
    w.add("rotary", vector=3 * m * (h1 + 1) * rope, load=q_bytes + m * d * w.e_r + T * rope * w.e_r, store=q_bytes,
          kv_store=m * d * w.e_kv)
    size = d * w.e_kv
    w.cache["windows"]["window", window] = w.cache["windows"].get(("window", window), 0) + size
    entries = lambda p: 0
    keys = min(C, T + window - 1)
    if ratio == 4:
        topk, hi, di = c["index_topk"], c["index_n_heads"], c["index_head_dim"]
        compressor(w, "", H, d, 4)
        compressor(w, "index_", H, di, 4)
        w.gemm("index_q_proj", m, hi * di, q_lora)
        w.gemm("index_weights_proj", m, hi, H)
        scores(w, hi, di, pairs(T, C, lambda p: (p + 1) // 4), C // 4)
        entries = lambda p: min((p + 1) // 4, topk)
        w.cache["index"] += di * w.e_kv // 4
    elif ratio == 128:
        compressor(w, "", H, d, 128)
        entries = lambda p: (p + 1) // 128
    if ratio:
        keys += entries(C - 1) if T == 1 else C // ratio
        w.cache["token"] += size // ratio
    P = pairs(T, C, lambda p: min(p + 1, window) + entries(p))
    w.attention(h1, 1, d, d, P, keys, sink=True, latent=True)
    w.add("inverse_rotary", vector=3 * m * h1 * rope, load=q_bytes + T * rope * w.e_r, store=q_bytes)
    g, o_lora, inner = groups // w.t, c["o_lora_rank"], h * d // groups
    w.weights(groups * o_lora * inner)
    w.add("o_a_proj", tensor=2 * m * g * o_lora * inner, weight=g * o_lora * inner * w.e_w, load=m * g * inner * w.e_a,
          store=m * g * o_lora * w.e_r)
    w.gemm("o_b_proj", m, H, g * o_lora, full=(H, groups * o_lora))
