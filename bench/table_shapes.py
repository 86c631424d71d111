"""Plans, runs and validates tables of extreme shapes, and prints a table of time and memory.

    bench/table_shapes.py FOLDER [--program build/spillway] [--repeat 3] [--only NAME]

The tables stay in FOLDER, and are made once: 10,000 columns; 500 files of 300 columns; 50,000
files; a log of 100,000 commits behind a checkpoint; 5,000 rows of 300 columns. Wall time, CPU time
and the highest resident memory are those of the whole process, the least or the highest of all
repeats. The page cache is warm.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

MIB = 1 << 20


def write_log(table: Path, fields: list[tuple[str, str]], names: list[str], size: int,
              rows: int) -> None:
    """Version 0 of a table whose files are equal."""
    schema = {"type": "struct", "fields": [
        {"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields]}
    actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
               {"metaData": {"id": "5fba94ed-0000-0000-0000-00000000000b",
                             "format": {"provider": "parquet", "options": {}},
                             "schemaString": json.dumps(schema), "partitionColumns": [],
                             "configuration": {}, "createdTime": 0}}]
    actions += [{"add": {"path": name, "partitionValues": {}, "size": size, "modificationTime": 0,
                         "dataChange": True, "stats": json.dumps({"numRecords": rows})}}
                for name in names]
    log = table / "_delta_log" / f"{0:020}.json"
    log.parent.mkdir()
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))


def copies(table: Path, columns: int, rows: int, files: int) -> None:
    """A table of `files` equal files."""
    table.mkdir()
    fields = [(f"c{i}", ("long", "double", "string")[i % 3]) for i in range(columns)]
    values = {"long": pa.array(range(rows), pa.int64()),
              "double": pa.array([row / 4 for row in range(rows)], pa.float64()),
              "string": pa.array([f"text {row % 97}" for row in range(rows)])}
    first = table / "part-00000.parquet"
    pq.write_table(pa.table({name: values[kind] for name, kind in fields}), first)
    names = [f"part-{i:05}.parquet" for i in range(files)]
    for name in names[1:]:
        shutil.copyfile(first, table / name)
    write_log(table, fields, names, first.stat().st_size, rows)


def long_log(table: Path, commits: int) -> None:
    """Each commit replaces the one live file, and a checkpoint has the last of them."""
    copies(table, columns=3, rows=10, files=1)
    size = (table / "part-00000.parquet").stat().st_size
    for version in range(1, commits):
        moment = 1_700_000_000_000 + version * 1000
        actions = [{"commitInfo": {"timestamp": moment, "operation": "WRITE"}},
                   {"remove": {"path": f"part-{version - 1:05}.parquet", "dataChange": True,
                               "deletionTimestamp": moment}},
                   {"add": {"path": f"part-{version:05}.parquet", "partitionValues": {},
                            "size": size, "modificationTime": moment, "dataChange": True,
                            "stats": '{"numRecords":10}'}}]
        (table / "_delta_log" / f"{version:020}.json").write_text(
            "".join(json.dumps(action) + "\n" for action in actions))
    shutil.copyfile(table / "part-00000.parquet", table / f"part-{commits - 1:05}.parquet")
    DeltaTable(table).create_checkpoint()


TABLES = {
    "10,000 columns, 2 rows": lambda table: copies(table, 10_000, 2, 1),
    "500 files of 300 columns": lambda table: copies(table, 300, 100, 500),
    "50,000 files of 3 columns": lambda table: copies(table, 3, 20, 50_000),
    "100,000 commits": lambda table: long_log(table, 100_000),
    "5,000 rows of 300 columns": lambda table: copies(table, 300, 5_000, 1),
}


class Measured:
    def __init__(self, command: list[str]):
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds = time.monotonic() - begun
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.mebibytes = usage.ru_maxrss / 1024
        if os.waitstatus_to_exitcode(status) != 0:
            sys.exit(f"{command} failed")
        self.report = json.loads(text)


def measure(program: Path, folder: Path, table: Path, repeat: int) -> list[str]:
    """The table's lines: of plan, run and validate."""
    pipeline, silver = folder / "pipeline.json", folder / "silver"
    pipeline.write_text(json.dumps({"pipeline": "shapes", "source": {"table": str(table)},
                                    "columns": {"more": "c0 + 1"},
                                    "target": {"table": str(silver), "mode": "overwrite"}}))
    shutil.rmtree(silver, ignore_errors=True)
    smallest = None
    lines = []
    for verb in ("plan", "run", "validate"):
        runs = []
        for _ in range(repeat):
            if verb == "run":
                shutil.rmtree(silver, ignore_errors=True)
            runs.append(Measured([str(program), verb, str(pipeline), "--json"]))
        if verb == "plan":
            smallest = runs[0].report["memory"]["smallest_budget_bytes"] / MIB
        bound = runs[0].report.get("bound_bytes")
        lines.append(f"| {table.name} | `{verb}` | {min(run.seconds for run in runs):.2f} | "
                     f"{min(run.cpu_seconds for run in runs):.2f} | "
                     f"{max(run.mebibytes for run in runs):.0f} | "
                     f"{smallest:.0f} |" + (f" {bound / MIB:.0f} |" if bound else " |"))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", type=Path, default=Path("build/spillway"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print("| table | command | seconds | CPU-seconds | highest RSS, MiB | smallest budget, MiB | "
          "bound, MiB |\n|---|---|---|---|---|---|---|")
    for name, make in TABLES.items():
        if arguments.only not in name:
            continue
        table = arguments.folder / name
        if not table.exists():
            # In a process of its own: a child's highest memory is at least what its parent had.
            maker = multiprocessing.get_context("fork").Process(target=make, args=(table,))
            maker.start()
            maker.join()
            if maker.exitcode != 0:
                sys.exit(f"{name} could not be made")
        for line in measure(arguments.program, arguments.folder, table, arguments.repeat):
            print(line, flush=True)


if __name__ == "__main__":
    main()
