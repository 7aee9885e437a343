"""The twelve row kinds of the contract of families: FLOPs and bytes of one row, one device.

A `Pass` walks a model's layers and sums each row's counts over the layers, by name, so that layer groups
do not matter. Counts: tensor, vector, special; bytes of weights, activations loaded and stored, cache
loaded and stored. None in a place: the contract leaves it open.
"""
from fractions import Fraction


class Refused(ValueError):
    """The file asks for something that this count does not know."""


def key(config, *names, default=None):
    """The first of these keys that is present and not null."""
    for name in names:
        if config.get(name) is not None:
            return config[name]
    if default is None:
        raise Refused(f"none of {', '.join(names)}")
    return default


def pairs(T, C, width):
    """(query, key) pairs of queries at positions C-T ... C-1 of which each sees width(position) keys."""
    return sum(map(width, range(C - T, C)))


def shared(heads, t):
    """Heads of keys and values on one of t ranks: at least one."""
    return heads // t if heads % t == 0 else 1


class Pass:
    def __init__(self, *, phase, B, T, C, t, separate, sizes):
        self.B, self.T, self.C, self.t, self.separate = B, T, C, t, separate
        self.m = B * T
        self.prefill = phase == "prefill"
        self.e_w, self.e_a, self.e_kv, self.e_r = sizes
        self.rows = {}
        self.total = self.active = self.table = self.buffers = 0
        self.cache = {"token": 0, "index": 0, "state": 0, "conv": 0, "windows": {}}

    # ------------------------------------------------------------ sums

    def add(self, name, tensor=0, vector=0, special=0, weight=0, load=0, store=0, kv_load=0, kv_store=0):
        row = self.rows.setdefault(name, [0] * 9)
        row[0] += 1
        for index, cell in enumerate((tensor, vector, special, weight, load, store, kv_load, kv_store), 1):
            row[index] = None if cell is None or row[index] is None else row[index] + cell

    def weights(self, elements, active=None):
        self.total += elements
        self.active += elements if active is None else active

    # ------------------------------------------------------------ GEMMs and norms

    def gemm(self, name, m, n, k, bias=False, store="activation", load="activation", full=None, fp32=False):
        """full: (n, k) of the whole matrix where this rank holds a part."""
        N, K = full or (n, k)
        self.weights(N * K + (N if bias else 0))
        e_w = 4 if fp32 else self.e_w
        product, rows = 2 * m * n * k, {"weight": n * k * e_w, "vector": m * n if bias else 0}
        rows["weight"] += n * self.e_r if bias else 0
        if fp32:
            rows["vector"] += product
        else:
            rows["tensor"] = product
        if fp32:
            rows["load"], rows["store"] = None, None
        else:
            rows["load" if load == "activation" else "kv_load"] = m * k * (self.e_a if load == "activation" else self.e_kv)
            if store == "activation":
                rows["store"] = m * n * self.e_r
            else:
                rows["kv_store"] = m * n * self.e_kv
        self.add(name, **rows)

    def column(self, name, n, k, **options):
        """A column-parallel matrix: its n rows of outputs are divided."""
        self.gemm(name, self.m, n // self.t, k, full=(n, k), **options)

    def row(self, name, n, k, **options):
        """A row-parallel matrix: its k inputs are divided."""
        self.gemm(name, self.m, n, k // self.t, full=(n, k), **options)

    def norm(self, name, rows, width, weight=True, load="activation", store="activation", held=None):
        """RMSNorm: 4 width + 2 and one root a row, 3 width + 2 without a weight."""
        if weight:
            self.weights(width if held is None else held)
        cells = {"vector": rows * ((4 if weight else 3) * width + 2), "special": rows,
                 "weight": width * self.e_r if weight else 0}
        cells["load" if load == "activation" else "kv_load"] = rows * width * (self.e_r if load == "activation" else self.e_kv)
        cells["store" if store == "activation" else "kv_store"] = rows * width * (self.e_r if store == "activation" else self.e_kv)
        self.add(name, **cells)

    def layer_norm(self, name, rows, width):
        self.weights(2 * width)
        self.add(name, vector=rows * (7 * width + 3), special=rows, weight=2 * width * self.e_r,
                 load=rows * width * self.e_r, store=rows * width * self.e_r)

    def residual(self, name, H):
        n = self.m * H
        self.add(name, vector=n, load=2 * n * self.e_r, store=n * self.e_r)

    def scale(self, name, elements, cached=False):
        if cached:
            self.add(name, vector=elements, kv_load=elements * self.e_kv, kv_store=elements * self.e_kv)
        else:
            self.add(name, vector=elements, load=elements * self.e_r, store=elements * self.e_r)

    def embedding(self, V, H):
        self.weights(V * H)
        self.table = V * H
        self.add("embedding", load=4 * self.m, weight=min(-(-self.m // self.t), -(-V // self.t)) * H * self.e_w, store=self.m * H * self.e_r)

    def head(self, V, H, tied):
        before = self.total, self.active
        self.gemm("lm_head", self.B, -(-V // self.t), H, full=(V, H))
        if tied:
            self.total, self.active = before
            self.table = V * H      # the one table; published figures without embedding drop it once

    def softcap(self, elements):
        if elements is None:
            self.add("logits_softcap", vector=None, special=None, load=None, store=None)
        else:
            self.add("logits_softcap", vector=2 * elements, special=elements, load=elements * self.e_r, store=elements * self.e_r)

    # ------------------------------------------------------------ element-wise

    def gated(self, name, elements, vector=3, special=1):
        """An activation of gate times up: silu 3 and 1, gelu-tanh 9 and 1, swigluoai 5 and 1, SiTU 7 and 3."""
        self.add(name, vector=vector * elements, special=special * elements,
                 load=2 * elements * self.e_r, store=elements * self.e_r)

    def relu2(self, name, elements):
        self.add(name, vector=elements, load=elements * self.e_r, store=elements * self.e_r)

    def sigmoid_gate(self, name, elements, gates=None):
        """out · sigmoid(gate): 2 vector and 1 special an element; one gate a head or token where `gates` says so."""
        gates = elements if gates is None else gates
        self.add(name, vector=elements + gates, special=gates,
                 load=(elements + gates) * self.e_r, store=elements * self.e_r)

    def gated_mlp(self, prefix, H, I, act=("silu", 3, 1), bias=False):
        n = I // self.t
        self.column(prefix + "gate_proj", I, H, bias=bias)
        self.column(prefix + "up_proj", I, H, bias=bias)
        self.gated(f"{prefix or 'mlp_'}{act[0]}_dot", self.m * n, *act[1:])
        self.row(prefix + "down_proj", H, I, bias=bias)

    # ------------------------------------------------------------ attention over pairs

    def attention(self, h, k, d_qk, d_v, P, keys, sink=False, latent=None, cached=True, softmax=0, keys_elements=None,
                  compressed=0):
        """P pairs of a sequence and head; `keys` distinct keys. latent: absorbed, V is a part of K.

        cached=False: K and V are activations (naive latent attention); keys_elements: (K, V) elements a sequence.
        """
        B, T = self.B, self.T
        scored = T * keys if self.separate else P
        K = keys * k * d_qk if keys_elements is None else keys_elements[0]
        V = keys * k * d_v if keys_elements is None else keys_elements[1]
        load_keys = "kv_load" if cached else "load"
        e = self.e_kv if cached else self.e_r
        sink_terms = {"vector": 2 * B * T * h, "special": B * T * h, "weight": h * self.e_r} if sink else {}
        if sink:
            self.weights(h * self.t)
        vector = 4 * B * h * scored + softmax * B * h * scored + sink_terms.get("vector", 0)
        special = B * h * scored + sink_terms.get("special", 0) + (B * h * scored if softmax else 0)
        weight = sink_terms.get("weight", 0)
        if self.separate:
            scores = B * h * T * keys * self.e_r

            def row(name, tensor, load, store, held):
                cells = {"tensor": tensor, "load": load, "store": store}
                cells[load_keys] = cells.get(load_keys, 0) + B * held * e
                self.add(name, **cells)
            row("qk_matmul", 2 * B * h * T * keys * d_qk, B * T * h * d_qk * self.e_r, scores, K)
            self.add("softmax", vector=vector, special=special, weight=weight, load=scores, store=scores)
            row("sv_matmul", 2 * B * h * T * keys * d_v, scores, B * T * h * d_v * self.e_r, V)
        else:
            cells = {"tensor": 2 * B * h * P * (d_qk + d_v), "vector": vector, "special": special, "weight": weight,
                     "load": B * T * h * d_qk * self.e_r, "store": B * T * h * d_v * self.e_r}
            cells[load_keys] = cells.get(load_keys, 0) + B * (K if latent else K + V) * e
            self.add("attention", **cells)

    def causal(self, window=None, chunk=None, topk=None):
        """(pairs, distinct keys) of one sequence."""
        T, C = self.T, self.C
        if window:
            return pairs(T, C, lambda p: min(p + 1, window)), min(C, T + window - 1)
        if chunk:
            return pairs(T, C, lambda p: p % chunk + 1), C - (C - T) // chunk * chunk
        if topk:
            return pairs(T, C, lambda p: min(p + 1, topk)), min(C, topk if T == 1 else T * topk)
        return T * (C - T) + T * (T + 1) // 2, C

    # ------------------------------------------------------------ experts

    def experts(self, H, E, k, I, Hx=None, gated=("silu", 3, 1), bias=False, scaled_input=False, latent_norm=False,
                router_bias=0, router_linear_bias=False, scores=None, scaled_output=False):
        """Router, routed experts of width Hx -> I -> Hx, and what their outputs sum to."""
        m, Hx, n = self.m, Hx or H, I // self.t
        N = m
        D = E - E * Fraction(E - k, E) ** N            # distinct experts, uniform and independent
        self.gemm("router", m, E, H, bias=router_linear_bias)
        self.buffers += router_bias
        self.weights(E if scaled_output else 0)
        self.add("route", vector=None, special=None if scores is None else scores * m,
                 weight=(router_bias + (E if scaled_output else 0)) * self.e_r, load=m * E * self.e_r, store=None)
        if Hx != H:
            self.gemm("fc1_latent", m, Hx, H)
        if scaled_input:
            self.add("experts_input_scale", vector=k * m * Hx, load=None, store=k * m * Hx * self.e_r)

        def grouped(name, n_out, n_in, whole, read, wide_bias):
            tensor = 2 * k * m * n_out * n_in
            per = whole + (wide_bias if bias else 0)
            self.weights(E * per, k * per)
            held = wide_bias // self.t if bias else 0           # a rank holds 1/t of all of an expert
            self.add(name, tensor=tensor, vector=k * m * held, weight=D * (n_out * n_in * self.e_w + held * self.e_r),
                     load=read * self.e_a, store=k * m * n_out * self.e_r)
        matrices = 2 if gated else 1
        grouped("experts_gate_up" if gated else "experts_up", matrices * n, Hx, matrices * I * Hx,
                (k if scaled_input else 1) * m * Hx, matrices * I)
        if gated:
            self.gated(f"experts_{gated[0]}_dot", k * m * n, *gated[1:])
        else:
            self.relu2("experts_relu2", k * m * n)
        grouped("experts_down", Hx, n, I * Hx, k * m * n, Hx)
        self.add("combine", vector=(1 if scaled_input else 2) * k * m * Hx, load=None, store=m * Hx * self.e_r)
        if Hx != H:
            if latent_norm:
                self.norm("latent_norm", m, Hx)
            self.gemm("fc2_latent", m, H, Hx)

    def shared_expert(self, H, I, gated=("silu", 3, 1), gate=False):
        if gated:
            self.gated_mlp("shared_", H, I, gated)
        else:
            self.column("shared_up_proj", I, H)
            self.relu2("shared_relu2", self.m * (I // self.t))
            self.row("shared_down_proj", H, I)
        if gate:
            self.gemm("shared_gate", self.m, 1, H)
            self.sigmoid_gate("shared_gate_dot", self.m * H, self.m)
        self.residual("shared_add", H)
