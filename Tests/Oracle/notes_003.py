#!/usr/bin/env python3
"""Evaluate the formulas of note 003 as they stand in its text, and compare with the program's table.

    notes_003.py NOTE.txt [--plain] REPORT.json...

REPORT is `roofline analyze --convention notes-003 --format json`; the letters' values are taken from it.
`--plain` takes the second of two alternatives. Prints each difference; exit status 1 if there is any.
"""
import argparse
import json
import re
import sys
from fractions import Fraction

COLUMNS = ("compute", "memory", "communication")


def formulas(note):
    """{(phase, row number): (compute, memory, communication)}, from the two tables of the note."""
    found, phase = {}, None
    for line in note.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        heading = re.match(r"(Decode|Prefill) ", cells[0])
        if heading:
            phase = heading.group(1).lower()
        row = re.match(r"(\d+)\.", cells[0])
        if row and phase:
            found[phase, int(row.group(1))] = tuple(cell.strip("$") for cell in cells[1:4])
    return found


def evaluate(formula, letters, plain):
    formula = formula.replace("(RMS)", "")
    if " / " in formula:
        formula = formula.split(" / ")[1 if plain else 0]
    total = Fraction(0)
    for term in re.split(r"\+", formula):
        above, *below = term.split("/")
        value = product(above, letters)
        for part in below:
            value /= product(part, letters)
        total += value
    return total


def product(text, letters):
    """Juxtaposed factors: numbers, letters, tp, (tp-1), and a power after ^."""
    value, rest = Fraction(1), text
    while rest:
        token = re.match(r"(\d+|\(tp-1\)|tp|[A-Za-z])(?:\^(\d+))?", rest)
        name, power = token.group(1), int(token.group(2) or 1)
        factor = int(name) if name.isdigit() else letters["tp"] - 1 if name == "(tp-1)" else letters[name]
        value *= Fraction(factor) ** power
        rest = rest[token.end():]
    return value


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("note")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("reports", nargs="+", metavar="REPORT.json")
    options = parser.parse_args(arguments)
    with open(options.note, encoding="utf-8") as file:
        expected = formulas(file.read())
    assert len(expected) == 30, len(expected)
    compared = different = 0
    for path in options.reports:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for block in report["phases"]:
            assert len(block["operators"]) == 15
            for row in block["operators"]:
                for column, formula in zip(COLUMNS, expected[block["phase"], row["number"]]):
                    value = evaluate(formula, report["letters"], options.plain)
                    compared += 1
                    got = row[column]
                    agrees = got == value if isinstance(got, int) else value.denominator > 1 and abs(got / value - 1) < 1e-12
                    if not agrees:
                        different += 1
                        print(f"{path}: {block['phase']} {row['name']} {column}: {got}, the note's {formula} is {value}")
    print(f"{compared} values compared, {different} differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
