#!/usr/bin/env python3
"""A command for `measure --external` that needs no GPU: it really runs small row operators and products, in Python.

`--fault NAME` misbehaves in a way that users' commands do. Standard library only.
"""

import argparse
import json
import os
import random
import signal
import sys
import time


def numbers(count):
    return [random.random() for _ in range(count)]


def run(kind, columns):
    """The call of a kind, or None where there is none."""
    if kind == "rmsnorm":
        rows, width = columns["rows"], columns["width"]
        x, weight = [numbers(width) for _ in range(rows)], numbers(width)

        def norm():
            for row in x:
                scale = (sum(value * value for value in row) / width + 1e-6) ** -0.5
                [value * scale * w for value, w in zip(row, weight)]

        return norm
    if kind == "residual_add":
        a, b = numbers(columns["width"]), numbers(columns["width"])
        return lambda: [left + right for left, right in zip(a, b)]
    if kind == "gemm":
        m, n, k = columns["m"], columns["n"], columns["k"]
        a, b = [numbers(k) for _ in range(m)], [numbers(k) for _ in range(n)]
        return lambda: [[sum(x * y for x, y in zip(row, column)) for column in b] for row in a]
    return None


def measured(task):
    call = run(task["kind"], task["columns"])
    if call is None:
        return {"skipped": f"Python has no {task['kind']} here"}
    samples = []
    for _ in range(5):
        begin = time.perf_counter()
        call()
        samples.append((time.perf_counter() - begin) * 1e6)
    return {"family": "python", "timing": "eager", "samples_us": samples, "copies": 1, "remark": "in double precision"}


def fixed(microseconds):
    return {"family": "python", "timing": "graph", "time_us": microseconds}


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", default="")
    # The task that it happens in.
    parser.add_argument("--at", type=int, default=2)
    parser.add_argument("--device", default="NVIDIA H100 80GB HBM3")
    parser.add_argument("--families", default="")
    # Where to note what was asked.
    parser.add_argument("--log", default="")
    arguments = parser.parse_args()
    fault = arguments.fault
    if fault == "refusesInput":
        os.close(0)
        time.sleep(0.5)
        return
    if fault == "diesAtOnce":
        sys.exit("no module named torch")
    if arguments.device:
        device = {"name": arguments.device, "computeCapability": "9.0", "l2Bytes": 52428800}
        if fault == "wrongDevice":
            device["computeCapability"] = "nine"
        say(json.dumps({"device": device, "software": {"python": "3"}}))
    for text in sys.stdin:
        task = json.loads(text)
        if arguments.log:
            with open(arguments.log, "a") as log:
                log.write(text)
        answer = {"id": task["id"]}
        if arguments.families:
            answer["results"] = [
                {"family": family, "timing": "graph", "time_us": 5 + 10 * place, "copies": 16, "footprint_bytes": 1 << 30,
                 "sm_clock_mhz": 1755, "kernels": [f"kernel_of_{family}"]}
                for place, family in enumerate(arguments.families.split(","))
            ]
        elif fault in ("", "closesInput"):
            answer.update(measured(task))
        else:
            answer.update(fixed(7.5))
        if task["id"] == arguments.at:
            if fault == "dies":
                sys.exit("Traceback\n  a line\nRuntimeError: CUDA error: out of memory")
            if fault == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if fault == "ends":
                return
            if fault == "nonsense":
                say("INFO loading weights")
            if fault == "list":
                say("[1, 2]")
            if fault == "binary":
                sys.stdout.buffer.write(b"\xff\xfe\x00{\x80\n")
                sys.stdout.flush()
            if fault == "hangs":
                sys.stderr.write("compiling kernel 7\n")
                sys.stderr.flush()
                time.sleep(1000)
            if fault == "hangsDeaf":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                time.sleep(1000)
            if fault == "blankLines":
                while True:
                    say("")
            if fault == "floodsErrors":
                while True:
                    sys.stderr.write("again and again\n" * 1000)
            if fault == "floods":
                while True:
                    sys.stdout.write("x" * 65536)
            if fault == "floodsLines":
                while True:
                    say(json.dumps(answer))
            if fault == "twice":
                say(json.dumps(answer))
            if fault == "stranger":
                answer["id"] = 99
            if fault == "noId":
                del answer["id"]
            if fault == "lateDevice":
                say(json.dumps({"device": {"name": "another"}}))
            wrong = {
                "NaN": float("nan"), "negative": -3, "zero": 0, "infinite": float("inf"), "text": "7.5", "none": None,
                "aeon": 1e300,
            }
            if fault in wrong:
                answer["time_us"] = wrong[fault]
            if fault == "noTime":
                del answer["time_us"]
            if fault == "noFamily":
                del answer["family"]
            if fault == "noTiming":
                answer["timing"] = "wall"
            if fault == "misspelt":
                answer["tme_us"] = 3
            if fault == "otherTask":
                answer["operator"] = "rmsnorm rows=1 width=1"
            if fault == "error":
                answer = {"id": task["id"], "family": "python", "error": "the library crashed on this shape"}
            if fault == "emptySamples":
                del answer["time_us"]
                answer["samples_us"] = []
        say(json.dumps(answer))
        if fault == "closesInput":
            sys.stdin.close()
            return
    if fault == "diesLast":
        sys.exit(3)
    if fault == "hangsLast":
        time.sleep(1000)


if __name__ == "__main__":
    main()
