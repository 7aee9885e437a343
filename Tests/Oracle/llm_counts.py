#!/usr/bin/env python3
"""Recompute the table of note 000, and where it differs from the exact count, and compare with the program's.

    llm_counts.py --config CONFIG.json TABLE.json DIFF.json EXACT.json

TABLE is `roofline analyze --convention llm-counts --format json`, DIFF `roofline diff --format json`
and EXACT `roofline analyze --format json` at the context prompt + generated; all of one workload.
The table follows the contract's section "The reference table and how it was made", word by word;
exact counts are those of counts.py; exact rates are counts over EXACT's time (which check_json.py
checks). Prints each difference; exit status 1 if there is any.
"""
import argparse
import json
import sys
from fractions import Fraction

import counts

CLASSES = {"load_weight": "loadWeight", "load_act": "loadActivation", "store_act": "storeActivation",
           "load_kv_cache": "loadKVCache", "store_kv_cache": "storeKVCache"}
PRIMITIVE = ("flops", *CLASSES)
COLUMNS = ("flops", "memory_access", "arithmetic_intensity", "performance", "bound", *CLASSES)
TOLERANCE = 1e-12


def prefill_terms(row, H, I, h, k, d, B, S):
    """Terms over all devices of a row that decode takes from the prefill; 2 bytes an element."""
    stream, scores = B * S * H * 2, B * h * S * S * 2
    if row == "qk_matmul":
        return {"flops": 2 * B * S * S * h * d, "load_act": 2 * B * S * k, "store_act": scores}
    if row == "sv_matmul":
        return {"flops": 2 * B * S * S * h * d, "load_act": scores, "store_act": B * S * h * d * 2}
    if row == "softmax":
        return {"flops": 3 * B * S * H, "load_act": scores, "store_act": scores}
    if row in ("attn_norm", "mlp_norm"):
        return {"flops": 4 * B * S * H, "load_act": stream, "store_act": stream}
    if row == "mlp_silu_dot":
        both = 2 * B * S * I * 2
        return {"flops": 4 * B * S * I, "load_act": both, "store_act": both}
    assert row in ("attn_add", "mlp_add")
    return {"flops": B * S * H, "load_act": stream, "store_act": stream}


def table(config, *, batch, prompt, generated, tp, peak, bandwidth, phases):
    """{(phase, row): {column: (value, text)}}"""
    B, S, G = batch, prompt, generated
    H, I, h = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    k, d = counts.kv_heads(config), counts.head_dim(config)
    linears = {"q_proj": (H, h * d), "k_proj": (H, k * d), "v_proj": (H, k * d), "out_proj": (h * d, H),
               "gate_proj": (H, I), "up_proj": (H, I), "down_proj": (I, H)}
    others = ("qk_matmul", "sv_matmul", "softmax", "attn_norm", "mlp_norm", "mlp_silu_dot", "attn_add",
              "mlp_add")
    cells = {}
    for phase in phases:
        for row in (*linears, *others):
            value = dict.fromkeys(PRIMITIVE, 0)
            if row in linears:
                m, (inner, outer) = B * (S if phase == "prefill" else 1), linears[row]
                value["flops"] = 2 * m * inner * outer // tp
                value["load_weight"] = inner * outer * 2 // tp
                value["load_act"] = m * inner * 2 // tp
                stored = "store_kv_cache" if row in ("k_proj", "v_proj") else "store_act"
                value[stored] = m * outer * 2 // tp
            else:
                for column, term in prefill_terms(row, H, I, h, k, d, B, S).items():
                    value[column] = term // tp if phase == "prefill" else term // tp // S
                if row in ("attn_norm", "mlp_norm"):        # a weight is the same in both phases
                    value["load_weight"] = H * 2 // tp
                if phase == "decode" and row in ("qk_matmul", "sv_matmul"):
                    value["load_kv_cache"] = (S + G) * d * B * k * 2 // tp
            value["memory_access"] = sum(value[column] for column in CLASSES)
            intensity = value["flops"] / value["memory_access"]
            below = intensity < peak / bandwidth
            value["arithmetic_intensity"] = intensity
            value["performance"] = intensity * bandwidth if below else peak
            value["bound"] = "memory" if below else "compute"
            cells[phase, row] = {column: (value[column], text(column, value[column])) for column in COLUMNS}
    return cells


def text(column, number):
    if column == "bound":
        return number
    if column == "arithmetic_intensity":
        return str(int(number))
    for power, unit in ((12, " T"), (9, " G"), (6, " M"), (3, " K")):
        if number // 10**power > 0:
            break
    else:
        power, unit = 0, ""
    hundredths = round(Fraction(number) / 10**power * 100)   # half to even
    whole, rest = divmod(hundredths, 100)
    return (f"{whole}.{rest:02d}".rstrip("0").rstrip(".")) + unit


def same(column, got, expected):
    if column in PRIMITIVE or column in ("memory_access", "bound"):
        return type(got) is type(expected) and got == expected
    return isinstance(got, (int, float)) and abs(got - expected) <= TOLERANCE * abs(expected)


def exact_cells(config, report):
    """The same columns counted exactly, one occurrence on one device."""
    workload = report["workload"]
    cells = {}
    for block in report["phases"]:
        rows = counts.operators(
            config, tp=workload["tensorParallel"], batch=workload["batch"], prompt=workload["prompt"],
            context=workload["context"], phase=block["phase"], operators="separate",
            weight_dtype=workload["weightDType"], activation_dtype=workload["activationDType"],
            kv_dtype=workload["kvDType"])
        timed = {row["name"]: row for row in block["operators"]}
        for row in rows:
            count = row._asdict()
            name = "out_proj" if row.name == "o_proj" else row.name
            value = {column: count[key] for column, key in CLASSES.items()}
            value["flops"] = count["tensor"] + count["vector"] + count["special"]
            value["memory_access"] = sum(value[column] for column in CLASSES)
            if value["memory_access"]:
                value["arithmetic_intensity"] = value["flops"] / value["memory_access"]
                most = max(("tensor", "vector", "special"), key=lambda unit: count[unit])
                roof = report["hardware"]["rates"][most]            # nothing is above the unit that does most of it
                value["performance"] = min(value["flops"] / timed[row.name]["timeSeconds"], roof)
            value["bound"] = timed[row.name]["bound"]
            cells[block["phase"], name] = value
    return cells


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    for name in ("table", "diff", "exact"):
        parser.add_argument(name, metavar=f"{name.upper()}.json")
    options = parser.parse_args(arguments)
    config, got, diff, exact = (
        json.load(open(path, encoding="utf-8")) for path in (options.config, options.table, options.diff, options.exact))
    problems, compared = [], 0

    inputs = got["inputs"]
    expected = table(
        config, batch=inputs["batch"], prompt=inputs["prompt"], generated=inputs["generated"],
        tp=inputs["tensorParallel"], peak=inputs["peakFLOPsPerSecond"],
        bandwidth=inputs["bandwidthBytesPerSecond"], phases=[block["phase"] for block in got["phases"]])
    listed = {(block["phase"], row["name"]): row for block in got["phases"] for row in block["operators"]}
    if list(listed) and set(listed) != set(expected):
        problems.append(f"rows {sorted(set(listed) ^ set(expected))}")
    for place, columns in expected.items():
        for column, (value, printed) in columns.items():
            compared += 2
            row = listed[place]
            if not same(column, row[column], value) or row["printed"][column] != printed:
                problems.append(f"{place} {column}: {row[column]} {row['printed'][column]!r}, expected {value} {printed!r}")

    truth = exact_cells(config, exact)
    differences = {(entry["phase"], entry["operator"], entry["column"]): entry for entry in diff["differences"]}
    for place, columns in expected.items():
        for column, (value, _) in columns.items():
            compared += 1
            entry = differences.pop((*place, column), None)
            right = truth[place][column]
            if entry is None:
                if not same(column, value, right):
                    problems.append(f"{place} {column}: {value} is not {right}, and diff has no such cell")
                continue
            values = entry["values"]
            if same(column, value, right):
                problems.append(f"{place} {column}: diff lists a cell that agrees, {right}")
            if not same(column, values["llm-counts"], value) or not same(column, values["exact"], right):
                problems.append(f"{place} {column}: diff has {values}, expected {value} and {right}")
            if not entry["rules"] or entry["reason"] == "unexplained":
                problems.append(f"{place} {column}: unexplained")
    if differences or diff["cells"] != sum(len(columns) for columns in expected.values()):
        problems.append(f"diff has cells of its own: {list(differences)}, {diff['cells']} in all")
    for problem in problems:
        print(problem)
    print(f"{compared} values compared, {len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
