"""Runs jobs of particular shapes in a memory cgroup, and prints a table of time and memory.

    bench/job_shapes.py FOLDER [--program build/spillway] [--repeat 3] [--only NAME]

- A star join: 28,800,000 rows in row groups of 800,000 with four lookups, at 512 MiB. With the
  default chunk_size, and with one that is a row group.
- A sorted join: 30,000,000 rows and 7,500,000 lookup rows, both in the order of the key, and
  `duplicates: error`, at 512 MiB.
- A filter on a partition column: one day of four.

The tables stay in FOLDER, and are made once. DuckDB says whether the rows are right. The least of
all repeats is told; the page cache is warm.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import duckdb
from deltalake import convert_to_deltalake, write_deltalake
from harness.data import files_of
from harness.measure import measure

MIB = 1 << 20
STAR_ROWS, STAR_GROUP = 28_800_000, 800_000
SORTED_ROWS, SORTED_KEYS = 30_000_000, 7_500_000
DIMENSIONS = {"customer": 300_000, "product": 30_000, "day": 2_500, "store": 400}


def table(folder: Path, query: str, row_group_rows: int) -> None:
    """A Delta table of one file with row groups of about so many rows."""
    folder.mkdir(parents=True)
    duckdb.sql(f"COPY ({query}) TO '{folder / 'part-0.parquet'}' "
               f"(FORMAT parquet, ROW_GROUP_SIZE {row_group_rows}, PRESERVE_ORDER true)")
    convert_to_deltalake(str(folder))


def star(folder: Path) -> None:
    keys = ", ".join(f"(hash(range * {i + 3}) % {rows})::BIGINT AS {name}_id"
                     for i, (name, rows) in enumerate(DIMENSIONS.items()))
    # DuckDB's row groups are whole vectors of 2,048 rows.
    table(folder / "bronze", f"SELECT range AS sale_id, {keys}, (hash(range) % 100000) / 100 AS "
          "price, md5(range::VARCHAR) AS receipt, (hash(range * 31) % 20)::INTEGER AS quantity "
          f"FROM range({STAR_ROWS})", STAR_GROUP // 2048 * 2048)
    for name, rows in DIMENSIONS.items():
        table(folder / name, f"SELECT range AS {name}_id, '{name} ' || range % 997 AS {name}_name "
              f"FROM range({rows})", 122_880)


def in_order(folder: Path) -> None:
    table(folder / "bronze", "SELECT range // 4 AS order_id, range % 4 AS line, "
          f"(hash(range) % 10000) / 100 AS price, md5(range::VARCHAR) AS note "
          f"FROM range({SORTED_ROWS})", 499_712)
    table(folder / "orders", "SELECT range AS order_id, 'customer ' || hash(range) % 150000 AS "
          "customer, DATE '2020-01-01' + (range % 2400)::INTEGER AS ordered_on, md5(range::VARCHAR)"
          f" AS comment FROM range({SORTED_KEYS})", 249_856)


def days(folder: Path) -> None:
    rows = duckdb.sql("SELECT range AS id, md5(range::VARCHAR) AS text, (range / 7)::DOUBLE AS x, "
                      "DATE '2026-01-01' + (range % 4)::INTEGER AS day FROM range(20000000)")
    write_deltalake(str(folder / "bronze"), rows.to_arrow_reader(500_000), partition_by=["day"])


STAR_LOOKUPS = [{"name": name, "table": name, "key": [f"{name}_id"]} for name in DIMENSIONS]
STAR_SQL = ("SELECT bronze.*, " + ", ".join(f"{name}_name" for name in DIMENSIONS) +
            ", price * quantity AS total FROM bronze" +
            "".join(f" LEFT JOIN {name} USING ({name}_id)" for name in DIMENSIONS))
SORTED_LOOKUP = {"name": "orders", "table": "orders", "key": ["order_id"], "duplicates": "error"}
SORTED_SQL = ("SELECT bronze.*, customer, ordered_on, comment, price * 2 AS double FROM bronze "
              "LEFT JOIN orders USING (order_id)")
DAY_SQL = "SELECT *, x + 1 AS y FROM bronze"

STAR = {"lookups": STAR_LOOKUPS, "columns": {"total": "price * quantity"}}
# Name: the folder of its tables, the pipeline, the budget in MiB, what the target is to hold.
JOBS = {
    "star join, default chunk_size":
        ("star", STAR, 512, STAR_SQL),
    "star join, chunk_size of a row group":
        ("star", {**STAR, "processing": {"chunk_size": STAR_GROUP // 2048 * 2048}}, 512, STAR_SQL),
    "sorted join, duplicates: error":
        ("in_order", {"lookups": [SORTED_LOOKUP], "columns": {"double": "price * 2"}}, 512,
         SORTED_SQL),
    "filter on a partition column":
        ("days", {"where": "day = DATE '2026-01-03'", "columns": {"y": "x + 1"}}, 512,
         DAY_SQL + " WHERE day = DATE '2026-01-03'"),
    "the same without the filter": ("days", {"columns": {"y": "x + 1"}}, 512, DAY_SQL),
}
TABLES = {"star": star, "in_order": in_order, "days": days}


def check(folder: Path, silver: Path, query: str) -> None:
    """Number of rows, and a sum over all rows' hashes."""
    connection = duckdb.connect()
    connection.sql("SET memory_limit = '8GB'")
    for log in folder.glob("*/_delta_log"):
        connection.sql(f"CREATE VIEW {log.parent.name} AS SELECT * FROM read_parquet("
                       f"{files_of(log.parent)}, hive_partitioning = true)")
    columns = ", ".join(connection.sql(query).columns)
    sums = f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM ({{}})"
    ours, theirs = (connection.sql(sums.format(rows)).fetchall()
                    for rows in (f"FROM {silver.name}", query))
    if ours != theirs:
        sys.exit(f"{silver}: {ours}, and DuckDB says {theirs}")


def line(name: str, program: Path, folder: Path, repeat: int, checks: bool) -> str:
    tables, pipeline, mebibytes, query = JOBS[name]
    path = folder / tables
    if not path.exists():
        TABLES[tables](folder / f"{tables}.part")
        (folder / f"{tables}.part").rename(path)
    file, silver = path / "pipeline.json", path / "silver"
    file.write_text(json.dumps({"pipeline": "shapes", "source": {"table": "bronze"}, **pipeline,
                                "target": {"table": "silver", "mode": "overwrite"}}))
    runs = []
    for _ in range(repeat):
        shutil.rmtree(silver, ignore_errors=True)
        run = measure([program, "run", file, "--json", f"--memory={mebibytes}MiB"],
                      mebibytes * MIB)
        if not run.finished:
            sys.exit(f"{name}: {run.failure()}")
        runs.append(run)
    if checks:
        check(path, silver, query)
    report = json.loads(runs[0].stdout)
    peak = max(run.peak_anon_bytes for run in runs) / MIB
    return (f"| {name} | {report['rows_written']:,} | {report['spliced_row_groups']} | "
            f"{min(run.wall_seconds for run in runs):.1f} | "
            f"{min(run.cpu_seconds for run in runs):.1f} | {mebibytes} | {peak:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", type=Path, default=Path("build/spillway"))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=JOBS)
    parser.add_argument("--no-check", action="store_true", help="do not compare rows with DuckDB's")
    arguments = parser.parse_args()
    print("| job | rows written | row groups spliced | seconds | CPU-seconds | budget, MiB | "
          "peak, MiB |")
    print("|---|---|---|---|---|---|---|")
    for name in [arguments.only] if arguments.only else JOBS:
        print(line(name, arguments.program.resolve(), arguments.folder.resolve(),
                   arguments.repeat, not arguments.no_check), flush=True)


if __name__ == "__main__":
    main()
