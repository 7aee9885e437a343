#!/usr/bin/env python3
"""Times kernels of PyTorch and of what is installed beside it, for `roofline measure --external`.

    roofline measure --model llama-3.1-8b --batch 16 --prompt 1024 --operators fused \
      --external "python3 torch_runner.py" --output my-gpu.json

Tasks come as lines of JSON on standard input, one answer a task goes to standard output; Formats.md has the keys. Families:

    torch            what PyTorch itself has for row operators
    torch-cublas     torch.nn.functional.linear
    torch-cudnn, torch-fa2   scaled_dot_product_attention by cuDNN, by flash attention
    torch-triton     what torch.compile makes of row operators
    flashinfer       FlashInfer's norms, activation and attention
    vllm             vLLM's norms and activation
    vllm-fa2, vllm-fa3       its flash attention

What cannot be imported or does not take a task is left out, with the reason. Needed: torch with CUDA; all else is optional.
`--library NAME` (repeatable) runs those families alone. `--cpu` runs everything that a CPU can, to try the runner: its times
are real, and no GPU's.

A rotating time is that of a call in a CUDA graph whose calls go around so many sets of weights and keys that four times the L2
cache is touched; a cold one is of single calls from event to event, each behind a sweep of the cache; a hot one is of a graph
on one set. What a library allocates within the graph stays within it. This is an example: change what you want measured.
"""

import argparse
import json
import math
import os
import sys
import time


class Skip(Exception):
    """Why a library does not run a task: no fault."""

    def __init__(self, reason, family=None):
        super().__init__(reason)
        self.family = family


def importable(name):
    try:
        return __import__(name)
    except Exception as error:  # Whatever a library does when it is imported, others go on.
        raise Skip(f"{name} cannot be imported ({type(error).__name__}: {first_line(error)})")


def first_line(error):
    text = str(error).strip().splitlines()
    return text[0][:160] if text else type(error).__name__


# ------------------------------------------------------------------ the device


class Device:
    def __init__(self, torch, is_cpu):
        self.torch = torch
        self.is_cpu = is_cpu
        self.name = "cpu" if is_cpu else "cuda"
        self.flusher = None
        if is_cpu:
            self.l2 = 1 << 20
            return
        self.properties = torch.cuda.get_device_properties(0)
        self.l2 = getattr(self.properties, "L2_cache_size", 0) or 128 << 20

    def header(self):
        torch = self.torch
        software = {"torch": torch.__version__}
        if self.is_cpu:
            return {"device": {"name": "CPU"}, "software": software}
        software["cuda"] = str(torch.version.cuda)
        if torch.backends.cudnn.version():
            software["cudnn"] = str(torch.backends.cudnn.version())
        facts = self.properties
        return {
            "device": {
                "name": facts.name,
                "computeCapability": f"{facts.major}.{facts.minor}",
                "streamingMultiprocessors": facts.multi_processor_count,
                "memoryBytes": facts.total_memory,
                "l2Bytes": self.l2,
            },
            "software": software,
        }

    def clock(self):
        """MHz of the SMs at this moment, where NVML's Python package is there."""
        try:
            return float(self.torch.cuda.clock_rate())
        except Exception:
            return None

    def flush(self):
        """Reads twice the cache: what is written stays in it as dirty lines."""
        if self.flusher is None:
            self.flusher = self.torch.zeros(max(2 * self.l2, 64 << 20) // 4, device=self.name)
        return self.flusher.sum()


class Timing:
    """Times a call in a mode; `call(i)` runs it on the i-th set of what rotates."""

    least_replay = 2e-3
    samples = 30

    def __init__(self, device):
        self.device = device
        self.torch = device.torch
        # MHz of the SMs while the last calls ran.
        self.clock = None

    def run(self, mode, copies, call):
        """Seconds of each sample, and what is timed."""
        copies = copies if mode == "rotating" else 1
        self.clock = None
        if self.device.is_cpu:
            return self.on_cpu(copies, call), "eager"
        if mode == "cold":
            return self.single(call), "event"
        return self.replays(copies, call), "graph"

    def on_cpu(self, copies, call):
        call(0)
        times = []
        for sample in range(8):
            begin = time.perf_counter()
            call(sample % copies)
            times.append(time.perf_counter() - begin)
        return times

    def single(self, call):
        cuda = self.torch.cuda
        for _ in range(3):
            call(0)
        events = [(cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)) for _ in range(self.samples)]
        for begin, end in events:
            self.device.flush()
            begin.record()
            call(0)
            end.record()
        cuda.synchronize()
        return [begin.elapsed_time(end) * 1e-3 for begin, end in events]

    def replays(self, copies, call):
        cuda = self.torch.cuda
        side = cuda.Stream()
        side.wait_stream(cuda.current_stream())
        with cuda.stream(side):
            for i in range(max(3, min(copies, 8))):
                call(i % copies)
        cuda.current_stream().wait_stream(side)
        cuda.synchronize()
        rounds = 1
        while True:
            graph = cuda.CUDAGraph()
            with cuda.graph(graph):
                for i in range(rounds * copies):
                    call(i % copies)
            for _ in range(3):
                graph.replay()
            cuda.synchronize()
            begin, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
            begin.record()
            graph.replay()
            end.record()
            cuda.synchronize()
            seconds = begin.elapsed_time(end) * 1e-3
            if seconds >= self.least_replay or rounds * copies * 2 > 8192:
                break
            wanted = math.ceil(rounds * max(2.0, 1.1 * self.least_replay / max(seconds, 1e-6)))
            rounds = max(rounds + 1, min(wanted, 8192 // copies))
            del graph
        times = []
        for _ in range(self.samples):
            begin, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
            begin.record()
            graph.replay()
            end.record()
            cuda.synchronize()
            times.append(begin.elapsed_time(end) * 1e-3 / (rounds * copies))
        # The clock is that of kernels at work: NVML is asked while some 20 ms of replays are queued.
        for _ in range(min(64, math.ceil(20e-3 / max(seconds, 1e-4)))):
            graph.replay()
        self.clock = self.device.clock()
        cuda.synchronize()
        return times


# ------------------------------------------------------------------ tasks


class Task:
    def __init__(self, line, device):
        self.line = line
        self.device = device
        self.torch = device.torch
        self.kind = line["kind"]
        self.columns = line["columns"]
        self.mode = line["mode"]
        torch = device.torch
        types = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
        formats = set(line["formats"].values()) | {line["output"]}
        if len(formats) != 1:
            raise Skip(f"the runner takes one format a task, and these are {' and '.join(sorted(formats))}")
        self.format = formats.pop()
        if self.format not in types:
            raise Skip(f"the runner multiplies fp32, tf32, fp16 and bf16, not {self.format}")
        self.dtype = types[self.format]
        torch.backends.cuda.matmul.allow_tf32 = self.format == "tf32"

    def __getitem__(self, name):
        return self.columns[name]

    def get(self, name, default):
        return self.columns.get(name, default)

    def random(self, *shape):
        return self.torch.randn(*shape, dtype=self.torch.float32, device=self.device.name).mul_(0.5).to(self.dtype)

    def take_only(self, *names):
        """A column that a call would not heed changes the operator."""
        strangers = sorted(set(self.columns) - set(names))
        if strangers:
            raise Skip(f"the runner does not heed {', '.join(f'{name}={self.columns[name]}' for name in strangers)}")


class Call:
    """A call on sets of what rotates: `prepare()` makes a set, `run(set)` calls, `reference(set)` is what must come out."""

    def __init__(self, family, shared, rotated, run, reference=None):
        self.family = family
        self.shared = shared
        self.rotated = rotated
        self.run = run
        self.reference = reference


def byte_count(tensors):
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def measure(task, call, timing):
    device = task.device
    first = call.rotated()
    size, fixed = byte_count(first), byte_count(call.shared)
    # Four times the cache; where activations alone are more, weights need no copies.
    copies = 1 if size == 0 or task.mode != "rotating" else max(1, min(1024, math.ceil(4 * device.l2 / size)))
    if size and fixed > 4 * device.l2:
        copies = min(copies, 2)
    if device.is_cpu:
        copies = min(copies, 4)
    sets = [first] + [call.rotated() for _ in range(copies - 1)]
    result = {"family": call.family}
    output = call.run(first)
    if call.reference is not None:
        check(task, output, call.reference(first))
    samples, procedure = timing.run(task.mode, copies, lambda i: call.run(sets[i]))
    output_bytes = byte_count([output]) if hasattr(output, "numel") else 0
    result["timing"] = procedure
    result["samples_us"] = [round(seconds * 1e6, 4) for seconds in samples]
    result["copies"] = copies
    result["footprint_bytes"] = max(1, copies * size + fixed + output_bytes)
    if timing.clock:
        result["sm_clock_mhz"] = timing.clock
    return result


def check(task, output, wanted):
    """A kernel that computes something else is not timed."""
    torch = task.torch
    output, wanted = output.float(), wanted.float()
    scale = wanted.abs().max().clamp_min(1e-6)
    error = ((output - wanted).abs().max() / scale).item()
    # A rounding of the result and of what lies between, of the largest element.
    limit = {torch.float32: 2e-3, torch.float16: 8e-3, torch.bfloat16: 4e-2}[task.dtype]
    if not error <= limit:
        raise RuntimeError(f"the result is wrong: largest error {error:.3g} of the largest element")


# ------------------------------------------------------------------ families


def products(task):
    """torch-cublas: y = x Wᵀ (+ b), with gelu behind it for gemm_gelu."""
    torch = task.torch
    functional = torch.nn.functional
    task.take_only("m", "n", "k", "bias")
    m, n, k = task["m"], task["n"], task["k"]
    x = task.random(m, k)
    has_bias = task.get("bias", 0) == 1
    has_gelu = task.kind != "gemm"

    def rotated():
        return [task.random(n, k)] + ([task.random(n)] if has_bias else [])

    def run(weights):
        y = functional.linear(x, weights[0], weights[1] if has_bias else None)
        return functional.gelu(y, approximate="tanh") if has_gelu else y

    yield Call("torch-cublas", [x], rotated, run)


def rms_norm(torch, x, weight):
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-6) * weight.float()).to(x.dtype)


def compiled(task, function):
    if task.device.is_cpu:
        raise Skip("torch.compile is tried on a GPU alone", "torch-triton")
    try:
        importable("triton")
    except Skip as reason:
        raise Skip(str(reason), "torch-triton")
    return task.torch.compile(function, dynamic=False)


ROWS = ("rmsnorm", "layernorm", "add_rmsnorm", "softmax", "silu_and_mul", "gelu", "residual_add", "embedding")


def plain(task):
    """What PyTorch has for row operators: `function(*inputs, *weights)`, inputs shared and weights rotated."""
    torch = task.torch
    functional = torch.nn.functional
    if task.kind not in ROWS:
        raise Skip(f"the runner has no call for {task.kind}")
    task.take_only("rows", "width")
    rows, width = task.get("rows", 1), task.get("width", 0)
    x = lambda: task.random(rows, width)
    if task.kind == "rmsnorm":
        return [x()], lambda: [task.random(width)], lambda x, w: functional.rms_norm(x, (width,), w, 1e-6), rms_norm
    if task.kind == "layernorm":
        norm = lambda x, w, b: functional.layer_norm(x, (width,), w, b, 1e-6)
        return [x()], lambda: [task.random(width), task.random(width)], norm, None
    if task.kind == "add_rmsnorm":
        def add_norm(x, residual, w):
            residual = residual + x
            return functional.rms_norm(residual, (width,), w, 1e-6), residual
        return [x(), x()], lambda: [task.random(width)], add_norm, None
    if task.kind == "softmax":
        return [x()], lambda: [], lambda x: torch.softmax(x, -1), None
    if task.kind == "silu_and_mul":
        both = task.random(rows, 2 * width)
        return [both], lambda: [], lambda both: functional.silu(both[:, :width]) * both[:, width:], None
    if task.kind == "gelu":
        return [x()], lambda: [], lambda x: functional.gelu(x, approximate="tanh"), None
    if task.kind == "residual_add":
        return [x(), x()], lambda: [], torch.add, None
    if task.kind == "embedding":
        table = task.random(32768, width)
        tokens = torch.randint(0, 32768, (rows,), device=task.device.name)
        return [tokens, table], lambda: [], lambda tokens, table: functional.embedding(tokens, table), None
    raise AssertionError(f"{task.kind} is in ROWS and has no call")


def first_of(result):
    return result[0] if isinstance(result, tuple) else result


def rows(task):
    """torch and torch-triton."""
    inputs, rotated, function, definition = plain(task)
    reference = (lambda weights: definition(task.torch, *inputs, *weights)) if definition else None
    yield Call("torch", inputs, rotated, lambda weights: first_of(function(*inputs, *weights)), reference)
    fused = compiled(task, function)
    yield Call(
        "torch-triton", inputs, rotated, lambda weights: first_of(fused(*inputs, *weights)),
        lambda weights: first_of(function(*inputs, *weights)))


def vllm_rows(task):
    """vllm: its own kernels, called as its layers do."""
    torch = task.torch
    inputs, rotated, function, _ = plain(task)
    if task.kind not in ("rmsnorm", "add_rmsnorm", "silu_and_mul"):
        raise Skip(f"the runner has no call of vLLM for {task.kind}")
    importable("vllm")
    import vllm._custom_ops as ops

    wanted = lambda weights: first_of(function(*inputs, *weights))
    if task.kind == "rmsnorm":
        out = torch.empty_like(inputs[0])
        yield Call(
            "vllm", inputs, rotated, lambda weights: (ops.rms_norm(out, inputs[0], weights[0], 1e-6), out)[1], wanted)
    elif task.kind == "add_rmsnorm":
        # In place: the check would see another residual.
        x, residual = inputs[0], inputs[1]
        yield Call(
            "vllm", inputs, rotated,
            lambda weights: (ops.fused_add_rms_norm(x, residual, weights[0], 1e-6), x)[1])
    else:
        out = torch.empty(inputs[0].shape[0], inputs[0].shape[1] // 2, dtype=task.dtype, device=task.device.name)
        yield Call(
            "vllm", inputs, rotated, lambda weights: (torch.ops._C.silu_and_mul(out, inputs[0]), out)[1], wanted)


def flashinfer_rows(task):
    inputs, rotated, function, _ = plain(task)
    if task.kind not in ("rmsnorm", "add_rmsnorm", "silu_and_mul"):
        raise Skip(f"the runner has no call of FlashInfer for {task.kind}")
    flashinfer = importable("flashinfer")
    wanted = lambda weights: first_of(function(*inputs, *weights))
    if task.kind == "rmsnorm":
        yield Call(
            "flashinfer", inputs, rotated, lambda weights: flashinfer.norm.rmsnorm(inputs[0], weights[0], 1e-6), wanted)
    elif task.kind == "add_rmsnorm":
        x, residual = inputs
        yield Call(
            "flashinfer", inputs, rotated,
            lambda weights: (flashinfer.norm.fused_add_rmsnorm(x, residual, weights[0], 1e-6), x)[1])
    else:
        yield Call("flashinfer", inputs, rotated, lambda _: flashinfer.activation.silu_and_mul(inputs[0]), wanted)


# ------------------------------------------------------------------ attention


class Heads:
    """Queries, keys and values of an attention task, as [sequence, token, head, column]."""

    def __init__(self, task):
        task.take_only("batch", "query", "context", "heads", "kv_heads", "head_dim", "window", "causal", "phase")
        if "window" in task.columns:
            raise Skip("the runner has no sliding window")
        self.task = task
        self.batch, self.query, self.context = task["batch"], task["query"], task["context"]
        self.heads, self.key_heads, self.width = task["heads"], task["kv_heads"], task["head_dim"]
        self.is_causal = task.get("causal", 1) == 1
        self.q = task.random(self.batch, self.query, self.heads, self.width)
        # One query sees every key, causal or not.
        self.masks = self.is_causal and self.query > 1
        if self.masks and self.query != self.context:
            raise Skip("the runner has causal attention of whole prompts and of one query, not of queries behind a cache")

    def keys(self):
        return [self.task.random(self.batch, self.context, self.key_heads, self.width) for _ in range(2)]

    def reference(self, keys):
        """Of the last query of each sequence, in fp32."""
        torch = self.task.torch
        k, v = (each.float().repeat_interleave(self.heads // self.key_heads, dim=2) for each in keys)
        q = self.q[:, -1:].float()
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / math.sqrt(self.width)
        return torch.einsum("bhqk,bkhd->bqhd", torch.softmax(scores, -1), v)


def torch_attention(task):
    torch = task.torch
    heads = Heads(task)
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def call(family, backend):
        # A view with heads before tokens, as PyTorch takes them.
        q = heads.q.transpose(1, 2)

        def run(keys):
            k, v = (each.transpose(1, 2) for each in keys)
            with sdpa_kernel(backend):
                y = torch.nn.functional.scaled_dot_product_attention(
                    q, k, v, is_causal=heads.masks, enable_gqa=heads.heads != heads.key_heads)
            return y.transpose(1, 2)

        return Call(family, [heads.q], heads.keys, lambda keys: run(keys)[:, -1:], heads.reference)

    yield call("torch-fa2", SDPBackend.FLASH_ATTENTION)
    if not task.device.is_cpu:
        yield call("torch-cudnn", SDPBackend.CUDNN_ATTENTION)


def vllm_attention(task):
    torch = task.torch
    heads = Heads(task)
    importable("vllm")
    from vllm.vllm_flash_attn import flash_attn_varlen_func

    lengths = lambda n: torch.arange(heads.batch + 1, dtype=torch.int32, device=task.device.name) * n
    q = heads.q.reshape(-1, heads.heads, heads.width)
    cu_q, cu_k = lengths(heads.query), lengths(heads.context)
    for version in (2, 3):
        def run(keys, version=version):
            k, v = (each.reshape(-1, heads.key_heads, heads.width) for each in keys)
            y = flash_attn_varlen_func(
                q=q, k=k, v=v, max_seqlen_q=heads.query, cu_seqlens_q=cu_q, max_seqlen_k=heads.context,
                cu_seqlens_k=cu_k, causal=heads.masks, fa_version=version)
            return y.reshape(heads.batch, heads.query, heads.heads, heads.width)[:, -1:]

        yield Call(f"vllm-fa{version}", [heads.q], heads.keys, run, heads.reference)


def flashinfer_attention(task):
    heads = Heads(task)
    flashinfer = importable("flashinfer")
    if heads.batch != 1:
        raise Skip("the runner calls FlashInfer's attention for one sequence alone")
    q = heads.q[0]

    def run(keys):
        k, v = keys[0][0], keys[1][0]
        if heads.query == 1:
            return flashinfer.single_decode_with_kv_cache(q[0], k, v)[None, None]
        return flashinfer.single_prefill_with_kv_cache(q, k, v, causal=heads.masks)[None, -1:]

    yield Call("flashinfer", [heads.q], heads.keys, run, heads.reference)


# ------------------------------------------------------------------ which families a task has


def sources(task):
    """(family, calls of it); raises `Skip` where none can run it, before anything is measured."""
    if task.kind in ("gemm", "linear_gelu"):
        return [("torch-cublas", products)]
    if task.kind == "attention":
        Heads(task)
        return [("torch", torch_attention), ("vllm", vllm_attention), ("flashinfer", flashinfer_attention)]
    plain(task)
    return [("torch", rows), ("vllm", vllm_rows), ("flashinfer", flashinfer_rows)]


def answer(line, device, timing, wanted):
    """All results of a task; what one library does wrong takes nothing from the others."""
    results = []

    def note(family, key, sentence):
        results.append({"family": family, key: sentence})

    try:
        task = Task(line, device)
        families = sources(task)
    except Skip as reason:
        return {"id": line["id"], "skipped": str(reason)}
    for name, source in families:
        if wanted and not any(family.startswith(name) or name.startswith(family) for family in wanted):
            continue
        calls = iter(())
        try:
            calls = source(task)
            while True:
                call = next(calls, None)
                if call is None:
                    break
                if wanted and call.family not in wanted:
                    continue
                name = call.family
                try:
                    results.append(measure(task, call, timing))
                except Skip as reason:
                    note(call.family, "skipped", str(reason))
                except Exception as error:
                    # No kernel for these shapes is no fault, and PyTorch says it so.
                    absent = "No available kernel" in str(error)
                    note(call.family, "skipped" if absent else "error", first_line(error))
                if not device.is_cpu:
                    device.torch.cuda.empty_cache()
        except Skip as reason:
            note(reason.family or name, "skipped", str(reason))
        except Exception as error:
            note(name, "error", f"{type(error).__name__}: {first_line(error)}")
    if not results:
        return {"id": line["id"], "skipped": "none of the libraries that were asked for runs it"}
    return {"id": line["id"], "results": results}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", action="append", default=[], help="a family to run; all where none is named")
    parser.add_argument("--cpu", action="store_true", help="try the runner on a CPU")
    arguments = parser.parse_args()
    # Libraries print what they like: answers have standard output for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        import torch
    except Exception as error:
        reason = f"torch cannot be imported ({type(error).__name__}: {first_line(error)})"
        for text in sys.stdin:
            say({"id": json.loads(text)["id"], "skipped": reason})
        return
    if not arguments.cpu and not torch.cuda.is_available():
        for text in sys.stdin:
            say({"id": json.loads(text)["id"], "skipped": "PyTorch sees no GPU"})
        return
    device = Device(torch, arguments.cpu)
    timing = Timing(device)
    say(device.header())
    torch.manual_seed(0)
    with torch.inference_mode():
        for text in sys.stdin:
            say(answer(json.loads(text), device, timing, set(arguments.library)))


if __name__ == "__main__":
    main()
