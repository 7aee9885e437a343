"""What layers of several families share: keys that they read and the pre-norm form."""
from family_rows import Refused, key


def kinds(c, name, known):
    """A per-layer list, cut at the number of layers."""
    values = c[name][: c["num_hidden_layers"]]
    for value in values:
        if value not in known:
            raise Refused(f"{name} {value!r} is unknown")
    return values


def head_dim(c):
    h, H = c["num_attention_heads"], c["hidden_size"]
    if c.get("head_dim") is not None:
        return c["head_dim"]
    if H % h:
        raise Refused("head_dim is missing and num_attention_heads does not divide hidden_size")
    return H // h


def kv_heads(c):
    return key(c, "num_key_value_heads", default=c["num_attention_heads"])


def pre_norm(w, H, mixer, ffn):
    w.norm("attn_norm", w.m, H)
    mixer()
    w.residual("attn_add", H)
    w.norm("mlp_norm", w.m, H)
    ffn()
    w.residual("mlp_add", H)
