#!/usr/bin/env python3
"""A second count of every family: parameters, caches, and each row's FLOPs and bytes, one device.

Written from the contract of families (families.md, with counting.md for what is common and
time-model-mla.md for recurrences and indexers), without sight of the Swift engine. Python integers,
no third parties. What the contract leaves open is None: it is not compared.

    families.py count CONFIG.json     JSON: parameters and cache
    families.py check CASES.json      compares files of the tool's own JSON; exit 1 on a difference
    families.py golden FOLDER         the contract's golden figures, from the files of that folder
"""
import json
import sys
from fractions import Fraction

from family_golden import golden
from family_layers import LAYERS
from family_rows import Pass, Refused

COLUMNS = ("tensor", "vector", "special", "loadWeight", "loadActivation", "storeActivation",
           "loadKVCache", "storeKVCache")


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)      # reads Infinity and NaN as Python writes them


def text_part(config):
    """The language model's keys and its family's name."""
    text = dict(config.get("text_config") or config)
    for name in ("tie_word_embeddings",):
        if name in config:
            text[name] = config[name]
    family = text.get("model_type") or config.get("model_type")
    family = family.removesuffix("_text") if family else "absent"
    if family not in LAYERS:
        raise Refused(f"model_type {family} is not counted here; counted are {', '.join(sorted(LAYERS))}")
    return text, family


def forward(config, phase, **shape):
    """One pass: embedding, the family's layers, norm and head."""
    text, family = text_part(config)
    walk = Pass(phase=phase, **shape)
    H, V = text["hidden_size"], text["vocab_size"]
    tied = text.get("tie_word_embeddings", family in ("gemma4",))
    walk.embedding(V, H)
    LAYERS[family](walk, text)
    walk.norm("final_norm", walk.m, H)
    walk.head(V, H, tied)
    if text.get("final_logit_softcapping"):
        walk.softcap(walk.B * -(-V // walk.t) if walk.t == 1 else None)
    return walk


# ---------------------------------------------------------------- comparing with the tool's JSON

def compare_show(config, shown):
    """Differences between `show --format json` and this count, as sentences."""
    e_kv = {"bf16": 2, "fp16": 2, "fp8": 1}[shown["cache"]["dtype"]]
    walk = forward(config, "decode", B=1, T=1, C=1, t=1, separate=True, sizes=(2, 2, e_kv, 2))
    cache = walk.cache
    own = {
        "parameters.total": (shown["parameters"]["total"], walk.total),
        "parameters.active": (shown["parameters"]["active"], walk.active),
        "parameters.activeWithoutEmbedding": (shown["parameters"]["activeWithoutEmbedding"],
                                              walk.active - walk.table),
        "parameters.buffers": (shown["parameters"]["buffers"], walk.buffers),
        "cache.bytesPerToken": (shown["cache"]["bytesPerToken"], cache["token"]),
        "cache.indexBytesPerToken": (shown["cache"]["indexBytesPerToken"], cache["index"]),
        "cache.stateBytesPerSequence": (shown["cache"]["stateBytesPerSequence"], cache["state"]),
        "cache.convolutionBytesPerSequence": (shown["cache"]["convolutionBytesPerSequence"], cache["conv"]),
        "cache.windows": (sorted((w["kind"], w["tokens"], w["bytesPerToken"]) for w in shown["cache"]["windows"]),
                          sorted((*kind, size) for kind, size in cache["windows"].items())),
    }
    return len(own), [f"{name}: the tool says {tool}, the contract {mine}"
                      for name, (tool, mine) in own.items() if tool != mine]


def cells(row):
    return [row["flops"][c] if c in row["flops"] else row["bytes"][c] for c in COLUMNS]


def compare_pass(walk, phase):
    """Differences between a phase of `analyze --format json` and this count."""
    mistakes, compared, theirs = [], 0, {}
    for row in phase["operators"]:
        times = row["occurrences"]
        held = theirs.setdefault(row["name"], [0] + [0] * len(COLUMNS))
        held[0] += times
        for index, cell in enumerate(cells(row)):
            held[index + 1] += cell * times
    if walk.separate:
        for name in sorted(set(theirs) | set(walk.rows)):
            if name.endswith(("_all_reduce", "_all_gather")):
                continue            # wire is no memory traffic
            if name.endswith(("_res_snapshots", "_res_mix")):
                continue            # left open
            if name not in theirs or name not in walk.rows:
                mistakes.append(f"row {name} stands only in {'the contract' if name in walk.rows else 'the tool'}")
                continue
            for column, tool, mine in zip(("occurrences",) + COLUMNS, theirs[name], walk.rows[name]):
                if mine is None:
                    continue
                compared += 1
                # An expected number is rounded, a biased product's twice.
                slack = 2 * theirs[name][0] if isinstance(mine, Fraction) else 0
                if abs(tool - mine) > slack:
                    mistakes.append(f"{name}.{column}: the tool says {tool}, the contract {float(mine) if slack else mine}")
    else:
        names = ("attention", "index_scores", "conv")
        for name in names:
            if name in walk.rows:
                for column, tool, mine in zip(COLUMNS, theirs[name][1:], walk.rows[name][1:]):
                    if mine is None:
                        continue
                    compared += 1
                    if tool != mine:
                        mistakes.append(f"{name}.{column}: the tool says {tool}, the contract {mine}")
        for column in ("tensor", "loadWeight", "storeKVCache"):
            index = COLUMNS.index(column) + 1
            tool = sum(row[index] for row in theirs.values())
            mine = sum(row[index] for row in walk.rows.values() if row[index] is not None)
            compared += 1
            slack = sum(row[0] for name, row in theirs.items() if name.startswith("experts_")) if isinstance(mine, Fraction) else 0
            if abs(tool - mine) > slack:
                mistakes.append(f"fused {column} of the model: the tool says {tool}, the contract {float(mine)}")
    return compared, mistakes


def check(path):
    """`path`: [{config, show: file} or {config, analyze: file, batch, prompt, prefix, context, tp, sizes}]"""
    compared, mistakes = 0, []
    for case in read(path):
        config = read(case["config"])
        label = case["config"].rsplit("/", 1)[-1]
        try:
            if "show" in case:
                number, found = compare_show(config, read(case["show"]))
                found = [f"{label}: {sentence}" for sentence in found]
            else:
                number, found = 0, []
                document = read(case["analyze"])
                operators = document["workload"]["operators"]
                for phase in document["phases"]:
                    walk = forward(config, phase["phase"], B=case["batch"],
                                   T=case["prompt"] if phase["phase"] == "prefill" else 1,
                                   C=case["prompt"] + case.get("prefix", 0) if phase["phase"] == "prefill" else case["context"],
                                   t=case["tp"], separate=operators == "separate", sizes=case["sizes"])
                    more, sentences = compare_pass(walk, phase)
                    number += more
                    where = f"{label}, {phase['phase']}, {operators}, TP {case['tp']}, {case['sizes']}, prefix {case.get('prefix', 0)}"
                    found += [f"{where}: {sentence}" for sentence in sentences]
        except Refused as refusal:
            found = [f"{label}: {refusal}"]
            number = 0
        compared += number
        mistakes += found
    for mistake in mistakes:
        print(mistake)
    print(f"{compared} values compared, {len(mistakes)} differ")
    return 1 if mistakes else 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "check":
        return check(arguments[1])
    if len(arguments) == 2 and arguments[0] == "count":
        config = read(arguments[1])
        walk = forward(config, "decode", B=1, T=1, C=4096, t=1, separate=False, sizes=(2, 2, 2, 2))
        print(json.dumps({"total": walk.total, "active": walk.active, "withoutEmbedding": walk.active - walk.table,
                          "buffers": walk.buffers, "cache": {**walk.cache, "windows": sorted(walk.cache["windows"].items())}}))
        return 0
    if len(arguments) == 2 and arguments[0] == "golden":
        mistakes = golden(arguments[1], read, forward)
        print("\n".join(mistakes) or "all golden figures are met")
        return 1 if mistakes else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Refused, OSError, ValueError) as problem:
        print(f"families.py: {problem}", file=sys.stderr)
        sys.exit(2)
