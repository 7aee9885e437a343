#!/usr/bin/env python3
"""Recompute `roofline analyze --format json` reports with counts.py and compare.

    check_json.py --config CONFIG.json REPORT.json...

Counts are compared integer by integer, from the model config and the report's own workload
block. Intensity, time and bound are recomputed from the report's own integers and rates, so a
wrong count shows once. Prints each difference; exit status 1 if there is any.
"""
import argparse
import json
import sys

import counts

FLOP_UNITS = ("tensor", "vector", "special")
BYTE_CLASSES = ("loadWeight", "loadActivation", "storeActivation", "loadKVCache", "storeKVCache")
TOLERANCE = 1e-12


def near(a, b):
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def memory_bytes(got):
    return sum(got["bytes"][name] for name in BYTE_CLASSES)


def show(value):
    return json.dumps(value) if not isinstance(value, float) else repr(value)


class Checker:
    def __init__(self, path, latency):
        self.path, self.latency = path, latency
        self.compared = self.different = 0

    def note(self, text):
        print(f"{self.path}: {text}")

    def report(self, where, got, expected):
        self.different += 1
        self.note(f"{where}: report has {show(got)}, expected {show(expected)}")

    def exact(self, where, got, expected):
        """Same type too: 1.0 or true does not pass for the integer 1."""
        self.compared += 1
        if type(got) is not type(expected) or got != expected:
            self.report(where, got, expected)

    def real(self, where, got, expected):
        self.compared += 1
        if got is None or expected is None:
            if got is not expected:
                self.report(where, got, expected)
        elif isinstance(got, bool) or not isinstance(got, (int, float)) or not near(got, expected):
            self.report(where, got, expected)

    # -- integers

    def counts(self, where, got, expected):
        """`got`: an object of the report; `expected`: a mapping over counts.COUNTS."""
        flops, by_class = got.get("flops") or {}, got.get("bytes") or {}
        for unit in FLOP_UNITS:
            self.exact(f"{where} flops.{unit}", flops.get(unit), expected[unit])
        for name in BYTE_CLASSES:
            self.exact(f"{where} bytes.{name}", by_class.get(name), expected[name])
        self.exact(f"{where} wireBytes", got.get("wireBytes"), expected["wireBytes"])

    def names(self, where, got, expected):
        self.compared += 1
        if got != expected:
            self.report(where + " operator names in order", got, expected)

    # -- intensity, time, bound: from the report's own integers

    def intensity(self, where, got, required):
        if "arithmeticIntensity" not in got and not required:
            return
        memory = memory_bytes(got)
        flops = sum(got["flops"][unit] for unit in FLOP_UNITS)
        self.real(f"{where} arithmeticIntensity", got.get("arithmeticIntensity"),
                  flops / memory if memory else None)

    def unit(self, where, got, expected):
        """Whether the named unit is the contract's; a widened 8- or 4-bit activation is some
        16-bit type, and an fp32 product may be shown as fp32 or as no matrix unit."""
        if "tensorDType" not in got:
            return
        named = got["tensorDType"]
        allowed = [expected.unit]
        if expected.unit == "fp32":
            allowed.append(None)
        if self.widened and expected.unit == "bf16":
            allowed.append("fp16")
        self.compared += 1
        if named not in allowed:
            self.report(f"{where} tensorDType", named, expected.unit)

    def row_time(self, where, got, rates, steps, overlap):
        """Seconds of a row, None where a rate it needs is unknown."""
        if steps:                                           # a collective
            link = rates.get("link")
            seconds = None if link is None else got["wireBytes"] / link + steps * self.latency
            if seconds is not None:
                self.exact(f"{where} bound", got.get("bound"), "network")
            return seconds
        by_dtype = rates.get("tensorByDType")
        if by_dtype is not None and got.get("tensorDType") is not None:
            tensor_rate = by_dtype.get(got["tensorDType"])
        else:
            tensor_rate = rates.get("tensor")
        parts = {}
        for name, amount, rate in (
                ("memory", memory_bytes(got), rates.get("bandwidth")),
                ("tensor", got["flops"]["tensor"], tensor_rate),
                ("vector", got["flops"]["vector"], rates.get("vector")),
                ("special", got["flops"]["special"], rates.get("special"))):
            if amount == 0:
                parts[name] = 0.0
            elif rate is None:
                return None
            else:
                parts[name] = float(amount) / rate
        longest = max(parts.values())
        if parts["memory"] == longest:                      # ties are memory
            legal = ["memory"]
        else:                                               # equal but for the last digit: either
            legal = [name for name, seconds in parts.items() if near(seconds, longest)]
        self.compared += 1
        legal = ["memory" if name == "memory" else "compute" for name in legal]
        if got.get("bound") not in legal:
            self.report(f"{where} bound", got.get("bound"), legal[0])
        return sum(parts.values()) if overlap == "sum" else longest

    # -- a report

    def check(self, config, report):
        workload = report["workload"]
        if workload.get("sequenceParallel"):
            raise ValueError("sequence parallelism is not counted by the oracle")
        rates = dict(report["hardware"]["rates"])
        if "tensorByDType" not in rates and "tensorByDType" in report["hardware"]:
            rates["tensorByDType"] = report["hardware"]["tensorByDType"]
        overlap = workload.get("overlap")
        ideal = workload.get("time", "ideal") == "ideal"
        if not ideal:
            self.note(f"time model {workload['time']!r}: times and bounds not compared")
        prompt = workload["prompt"]
        context = workload.get("context")
        if context is None:
            context = prompt + 1
        activation = counts.dtype_name(workload["activationDType"])
        self.widened = counts.BITS[activation] < 16

        self.exact("schemaVersion", report.get("schemaVersion"), 1)
        self.exact("model.parameters", report["model"].get("parameters"), counts.parameters(config))
        if not report["phases"]:
            self.report("phases", [], "at least one")

        both = {}                                           # of a training step: its passes added up
        for block in report["phases"]:
            phase = block["phase"]
            rows = counts.operators(
                config, tp=workload["tensorParallel"], batch=workload["batch"], prompt=prompt,
                context=context, phase=phase, operators=workload["operators"],
                weight_dtype=workload["weightDType"], activation_dtype=activation,
                kv_dtype=workload["kvDType"])
            listed = block["operators"]
            self.names(phase, [row["name"] for row in listed], [row.name for row in rows])
            expected_by_name = {row.name: row for row in rows}

            layer_seconds, model_seconds = [], []
            for got in listed:
                where = f"{phase} {got['name']}"
                expected = expected_by_name.get(got["name"])
                if expected is None:
                    continue                                # already told by names()
                self.exact(f"{where} occurrences", got.get("occurrences"), expected.occurrences)
                self.counts(where, got, expected._asdict())
                self.unit(where, got, expected)
                self.intensity(where, got, required=True)
                if ideal:
                    t, steps = workload["tensorParallel"], 0
                    if expected.name == "kv_grad_all_reduce":
                        steps = 2 * (t // counts.kv_heads(config) - 1)
                    elif expected.name.endswith("_all_reduce"):
                        steps = 2 * (t - 1)
                    elif expected.name.endswith("_all_gather"):
                        steps = t - 1
                    seconds = self.row_time(where, got, rates, steps, overlap)
                    self.real(f"{where} timeSeconds", got.get("timeSeconds"), seconds)
                    if expected.scope == "layer":
                        layer_seconds.append(seconds)
                    model_seconds.append(None if seconds is None else seconds * got["occurrences"])

            both = {name: {count: both.get(name, {}).get(count, 0) + value for count, value in sums.items()}
                    for name, sums in counts.totals(rows).items()}
            for name, sums in counts.totals(rows).items():
                where = f"{phase} {name} total"
                self.counts(where, block[name], sums)
                self.intensity(where, block[name], required=False)
                if ideal:
                    parts = layer_seconds if name == "layer" else model_seconds
                    self.real(f"{where} timeSeconds", block[name].get("timeSeconds"),
                              None if None in parts else sum(parts))

        training = report.get("training")
        self.names("training", sorted(training) if training else None,
                   ["layer", "model", "operators", "sequence"]
                   if report["phases"][0]["phase"] == "forward" else None)
        if training:
            for name, sums in both.items():
                self.counts(f"training {name} total", training[name]["total"], sums)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--latency", type=float, default=0.0,
                        help="seconds a step of a collective (default 0)")
    parser.add_argument("reports", nargs="+", metavar="REPORT.json")
    options = parser.parse_args(arguments)
    with open(options.config, encoding="utf-8") as file:
        config = json.load(file)
    compared = different = 0
    for path in options.reports:
        checker = Checker(path, options.latency)
        try:
            with open(path, encoding="utf-8") as file:
                checker.check(config, json.load(file))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as problem:
            checker.different += 1
            checker.note(f"cannot be checked: {type(problem).__name__}: {problem}")
        compared += checker.compared
        different += checker.different
    print(f"{compared} values compared in {len(options.reports)} reports, {different} differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
