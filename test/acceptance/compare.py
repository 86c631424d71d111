#!/usr/bin/env python3
"""Compares all rows of two Delta tables as multisets: order does not count, copies do.

  compare.py EXPECTED ACTUAL [--ignore processed_timestamp,partition_date]
             [--reader deltalake|duckdb|spark] [--expected-reader ..]

Columns are matched by name and must have the same types. NaN equals NaN, whatever its bits; -0.0 is
not 0.0. Prints the first differences and ends with 1 if there are any.
"""

import argparse
import collections
import math
import pathlib
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
IGNORED = ("processed_timestamp", "partition_date")


def read_deltalake(table):
    from deltalake import DeltaTable, QueryBuilder
    query = QueryBuilder().register("t", DeltaTable(table)).execute("SELECT * FROM t")
    return pa.table(query.read_all())


def read_duckdb(table):
    import duckdb
    import duckdb_extension_delta
    folder = pathlib.Path(duckdb_extension_delta.__file__).parent / "extensions"
    extension = next(folder.glob("*/delta.duckdb_extension"))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    return connection.execute("SELECT * FROM delta_scan(?)", [table]).to_arrow_table()


def read_spark(table, spark):
    with tempfile.TemporaryDirectory() as folder:
        spark.call("spark_tables", "read", table=str(table), parquet=folder)
        return pq.read_table(folder)


def read(table, reader, spark=None):
    """The table's rows as `reader` sees them."""
    table = str(pathlib.Path(table).resolve())
    if reader == "spark":
        return read_spark(table, spark)
    return {"deltalake": read_deltalake, "duckdb": read_duckdb}[reader](table)


def plain_type(kind):
    """Readers differ in the width of offsets, in views and in dictionaries; tables do not."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    return kind


def comparable(value):
    """A value that is equal and hashes alike exactly where the two cells are the same."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else (value, math.copysign(1, value))
    if isinstance(value, dict):
        return tuple((name, comparable(field)) for name, field in value.items())
    if isinstance(value, list):
        return tuple(comparable(item) for item in value)
    return value


def multiset(table, names):
    columns = []
    for name in names:
        column = table.column(name).cast(plain_type(table.schema.field(name).type))
        if pa.types.is_timestamp(column.type):  # Python's own end at the year 9999
            column = column.cast(pa.int64())
        columns.append([comparable(value) for value in column.to_pylist()])
    return collections.Counter(zip(*columns))


def shown(row, names):
    cells = (f"{name}={value!r}" for name, value in zip(names, row))
    return ", ".join(cell if len(cell) <= 80 else cell[:77] + "..." for cell in cells)


def differences(expected, actual, ignore=IGNORED, limit=5):
    """Lines that say how two Arrow tables differ; none if they hold the same rows."""
    lines = []
    kinds = [{field.name: plain_type(field.type) for field in table.schema}
             for table in (expected, actual)]
    for name in {**kinds[0], **kinds[1]}:
        if kinds[0].get(name) != kinds[1].get(name):
            lines.append(f"column {name}: expected {kinds[0].get(name, 'none')}, "
                         f"found {kinds[1].get(name, 'none')}")
    if lines:
        return lines
    names = [name for name in kinds[0] if name not in ignore]
    if expected.num_rows != actual.num_rows:
        lines.append(f"expected {expected.num_rows} rows, found {actual.num_rows}")
    wanted, found = multiset(expected, names), multiset(actual, names)
    for what, rows in (("missing", wanted - found), ("too many", found - wanted)):
        for row, count in list(rows.items())[:limit]:
            lines.append(f"{what} {count}x: {shown(row, names)}")
        if len(rows) > limit:
            lines.append(f"{what}: {len(rows) - limit} more distinct rows")
    return lines


def main():
    readers = ("deltalake", "duckdb", "spark")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--ignore", default=",".join(IGNORED), help="columns, by commas")
    parser.add_argument("--reader", choices=readers, default="deltalake")
    parser.add_argument("--expected-reader", choices=readers)
    arguments = parser.parse_args()
    chosen = (arguments.expected_reader or arguments.reader, arguments.reader)
    tables = (arguments.expected, arguments.actual)
    if "spark" in chosen:
        sys.path.insert(1, str(HERE.parent / "spark"))
        from spark_client import SparkWorker
        with (tempfile.NamedTemporaryFile() as log,
              SparkWorker.start([HERE], log.name) as spark):
            both = [read(table, reader, spark) for table, reader in zip(tables, chosen)]
    else:
        both = [read(table, reader) for table, reader in zip(tables, chosen)]
    lines = differences(*both, ignore=[name for name in arguments.ignore.split(",") if name])
    print("\n".join(lines) or f"{both[0].num_rows} rows, all the same")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
