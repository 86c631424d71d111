"""The statistics in the log: right for every file and column, and such that readers which skip
files by them find every row."""

import datetime
import functools
import json
import re
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder
from pipelines.delta_log import live_files

# What the log's JSON gives for values of these types, so that they compare as the values do.
FROM_JSON = {
    pa.types.is_date: datetime.date.fromisoformat,
    pa.types.is_timestamp: datetime.datetime.fromisoformat,
    pa.types.is_decimal: lambda value: Decimal(str(value)),
    pa.types.is_floating: float,
}
ORDERED = ["number", "a_byte", "a_short", "an_integer", "a_long", "a_float", "a_double",
           "a_small_decimal", "a_decimal", "a_large_decimal", "a_string", "a_date", "a_timestamp",
           "a_timestamp_ntz"]
MILLISECOND = datetime.timedelta(milliseconds=1)


def leaves(kind, path=()):
    """The paths of a column that the log has statistics of: fields of structs, but not of lists."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from leaves(field.type, (*path, field.name))
    else:
        yield path, kind


def at(statistics, path):
    for name in path:
        statistics = statistics.get(name, {}) if isinstance(statistics, dict) else {}
    return None if statistics == {} else statistics


def cells(column, path):
    for value in column.to_pylist():
        yield functools.reduce(lambda inner, name: inner and inner[name], path, value)


def typed(value, kind):
    for is_kind, read in FROM_JSON.items():
        if is_kind(kind):
            return read(value)
    return value


def check_bounds(name, kind, smallest, largest, values):
    """The bounds enclose all values. They are the values' own, but for strings and instants, which
    may be cut to a prefix and to milliseconds."""
    within = {"is_string": lambda bound, value: True,
              "is_timestamp": lambda bound, value: abs(bound - value) <= MILLISECOND,
              "is_float32": lambda bound, value: bound == pytest.approx(value, rel=1e-7)}
    close = next((check for test, check in within.items() if getattr(pa.types, test)(kind)),
                 lambda bound, value: bound == value)
    if smallest is not None:
        bound = typed(smallest, kind)
        assert bound <= min(values) and close(bound, min(values)), name
    if largest is not None:
        bound = typed(largest, kind)
        if not pa.types.is_float32(kind):
            assert bound >= max(values), name
        assert close(bound, max(values)), name


def test_they_are_those_of_the_rows(copied_with_ntz):
    files = live_files(copied_with_ntz.table)
    assert len(files) > 5
    with_minimum = set()
    for path, add in files.items():
        statistics = json.loads(add["stats"], parse_float=Decimal)
        rows = pq.read_table(path)
        assert statistics["numRecords"] == rows.num_rows
        assert add["size"] == path.stat().st_size
        for field in copied_with_ntz.expected.schema:
            for inner, kind in leaves(field.type, (field.name,)):
                values = [value for value in cells(rows[field.name], inner[1:])
                          if value is not None]
                assert at(statistics["nullCount"], inner) == rows.num_rows - len(values), inner
                smallest, largest = (at(statistics[bounds], inner)
                                     for bounds in ("minValues", "maxValues"))
                check_bounds(inner, kind, smallest, largest, values)
                if smallest is not None:
                    with_minimum.add(inner)
    # Every ordered type has bounds, in a struct too.
    assert with_minimum == {(name,) for name in ORDERED} | {("a_struct", "number"),
                                                            ("a_struct", "text")}


PREDICATES = [
    "number = 123", "number > 480 AND a_boolean", "a_byte = -128", "a_long = 9007199254740993",
    "a_long > 9007199254740993", "a_double < 0.1", "a_float = -1.5", "a_small_decimal = 999.99",
    "a_decimal = '-999999999999.999999'::DECIMAL(18, 6)",
    "a_string = 'é'", "a_string >= 'x'", "a_string IS NULL",
    "a_date = DATE '1582-10-04'", "a_date > DATE '1969-12-31'", "a_date IS NULL",
    "a_timestamp >= TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'",
    "a_timestamp = TIMESTAMPTZ '2026-03-29 01:30:00.123456+00'",
    "a_timestamp < TIMESTAMPTZ '1970-01-01 00:00:00+00'",
]


def numbers(cursor):
    return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def expected_numbers(copied):
    """expected_numbers(predicate): the numbers of the rows for which it is true, by DuckDB over the
    rows that were put in."""
    connection = duckdb.connect()
    connection.register("put_in", copied.expected)
    return lambda predicate: numbers(
        connection.sql(f"SELECT number FROM put_in WHERE {predicate} ORDER BY number"))


@pytest.mark.parametrize("predicate", PREDICATES)
def test_duckdb_finds_every_row(copied, duckdb_delta, expected_numbers, predicate):
    found = numbers(duckdb_delta.sql(
        f"SELECT number FROM delta_scan('{copied.table}') WHERE {predicate} ORDER BY number"))
    assert found == expected_numbers(predicate) != []


@pytest.mark.parametrize("predicate", PREDICATES)
def test_deltalake_finds_every_row(copied, expected_numbers, predicate):
    # DataFusion's own literal of an instant ends in the year 2262.
    instant = r"""arrow_cast('\1Z', 'Timestamp(Microsecond, Some("UTC"))')"""
    for_datafusion = re.sub(r"TIMESTAMPTZ '(.*?)\+00'", instant, predicate)
    query = f"SELECT number FROM t WHERE {for_datafusion} ORDER BY number"
    rows = QueryBuilder().register("t", DeltaTable(copied.table)).execute(query).read_all()
    assert pa.table(rows)["number"].to_pylist() == expected_numbers(predicate)


def test_readers_skip_files_by_them(copied):
    """The bounds are of use: all but one file are left out for one row's number."""
    pruned = [add for add in live_files(copied.table).values()
              if json.loads(add["stats"])["minValues"]["number"] <= 123
              <= json.loads(add["stats"])["maxValues"]["number"]]
    assert len(pruned) == 1
