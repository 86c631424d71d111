#!/usr/bin/env python3
"""Asks a real Spark what each expression of topics/ is worth and writes the answers to cases/.

  ${SPILLWAY_CACHE:-$HOME/.cache/spillway}/spark-4.2.0/bin/python test/expressions/make_cases.py \
      [--out DIR] [TOPIC ...]

Each cases/TOPIC.jsonl holds one JSON object a line, in a stable order. The tables come first:

  {"table": "ints", "columns": [["a", "int"], ..], "rows": [[1, ..], ..]}

then the cases. A case's values are one for each row of its table:

  {"table": "ints", "expr": "a + 1", "type": "int", "values": [2, {"error": "ARITHMETIC_OVERFLOW"}]}
  {"table": "ints", "expr": "a + ", "refused": "PARSE_SYNTAX_ERROR"}         refused before any row
  {"table": "none", "expr": "now()", "type": "timestamp"}                    the value is not fixed

A table without columns has one row; its expressions are constant. Values by Spark type: boolean and
the integers as JSON has them; float and double as text, the shortest that reads back equal as a
double, or NaN, Infinity, -Infinity; decimal as text with all its digits; string as text, or
{"hex": ..} where it is not UTF-8; binary as hexadecimal text; date as days since 1970-01-01;
timestamp (with the session's zone, UTC) and timestamp_ntz as microseconds since 1970-01-01 00:00;
struct as an array of its fields. null is NULL.
"""

import argparse
import importlib
import json
import pathlib
import pkgutil
import sys

import topics
from spark_runner import Runner, open_session

HERE = pathlib.Path(__file__).resolve().parent


def write_topic(session, name, folder):
    """Runs one topic and writes its file. Returns (cases, cells)."""
    module = importlib.import_module(f"topics.{name}")
    runner = Runner(session)
    lines = [runner.make_table(table) for table in module.TABLES]
    cells = 0
    seen = set()
    for table_name, expressions in module.cases():
        fresh = [text for text in dict.fromkeys(expressions) if (table_name, text) not in seen]
        seen.update((table_name, text) for text in fresh)
        for line in runner.run(table_name, fresh):
            if line["expr"] in getattr(module, "VARYING", ()):
                line.pop("values", None)
            cells += len(line.get("values", [None]))
            lines.append(line)
    with open(folder / f"{name}.jsonl", "w", encoding="utf-8", newline="\n") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
    return len(lines) - len(module.TABLES), cells


def main():
    names = [module.name for module in pkgutil.iter_modules(topics.__path__)]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("topic", nargs="*", default=[], help="one of " + " ".join(names))
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "cases")
    arguments = parser.parse_args()
    unknown = set(arguments.topic) - set(names)
    if unknown:
        parser.error(f"no such topic: {' '.join(sorted(unknown))}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    session = open_session()
    try:
        for name in arguments.topic or names:
            cases, cells = write_topic(session, name, arguments.out)
            print(f"{name}: {cases} cases, {cells} values", file=sys.stderr)
    finally:
        session.stop()


if __name__ == "__main__":
    main()
