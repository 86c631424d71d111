"""Keys whose types differ on the two sides: values compare as in a join of Spark SQL."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused

DAY = datetime.date(2026, 3, 29)
NOON = datetime.datetime(2026, 3, 29, 12, 0, tzinfo=datetime.UTC)
MIDNIGHT = datetime.datetime(2026, 3, 29, tzinfo=datetime.UTC)
KEYS = {
    "int with bigint": ((pa.int32(), [1, -7, 2**31 - 1]),
                        (pa.int64(), [1, 2**31 - 1, 2**32 + 1, -7])),
    "tinyint with int": ((pa.int8(), [1, -128, 127]), (pa.int32(), [1, 127, 128, -128])),
    "decimals": ((pa.decimal128(10, 2), [Decimal("1.00"), Decimal("1.50"), Decimal("-3.20")]),
                 (pa.decimal128(12, 1), [Decimal("1.0"), Decimal("1.5"), Decimal("3.2")])),
    "decimals above 38 digits": (
        (pa.decimal128(38, 10), [Decimal("1.0000000004"), Decimal("2.5")]),
        (pa.decimal128(38, 2), [Decimal("1.00"), Decimal("2.50")])),
    "decimal with bigint": ((pa.decimal128(10, 2), [Decimal("1.00"), Decimal("1.50")]),
                            (pa.int64(), [1, 2, 2**62])),
    "bigint with decimal": ((pa.int64(), [1, 2, -(2**63)]),
                            (pa.decimal128(20, 0), [Decimal(2), Decimal(-(2**63))])),
    "float with int": ((pa.float32(), [1.0, 16777216.0, 0.5]), (pa.int32(), [1, 16777217, 0])),
    "bigint with double": ((pa.int64(), [2**53 + 1, 0, 3]),
                           (pa.float64(), [float(2**53), -0.0, 3.0, float("nan")])),
    "float with double": ((pa.float32(), [0.1, 0.5, float("nan")]),
                          (pa.float64(), [0.1, 0.5, float("nan")])),
    "decimal with double": ((pa.decimal128(5, 1), [Decimal("0.1"), Decimal("2.0")]),
                            (pa.float64(), [0.1, 2.0])),
    "date with timestamp": ((pa.date32(), [DAY, datetime.date(1969, 12, 31)]),
                            (pa.timestamp("us", tz="UTC"), [MIDNIGHT, NOON])),
    "text with bigint": ((pa.string(), ["1", " 2 ", "+3", "-0"]), (pa.int64(), [1, 2, 3, 0])),
    "double with text": ((pa.float64(), [1.5, 2.0]), (pa.string(), ["1.50", "2", "NaN"])),
    "text with date": ((pa.string(), ["2026-03-29", "2026-3-9"]), (pa.date32(), [DAY])),
}


def tables(job, kind):
    (source_type, source), (lookup_type, lookup) = KEYS[kind]
    job.table("bronze", pa.table({"key": pa.array([None, *source, *source], source_type),
                                  "row": range(2 * len(source) + 1)}), files=2)
    job.table("known", pa.table({"key": pa.array([*lookup, None], lookup_type),
                                 "found": range(len(lookup) + 1)}))
    return {"lookups": [{"name": "known", "table": "known", "key": ["key"]}]}


def found(job):
    rows = job.rows()
    return sorted(zip(rows["row"].to_pylist(), rows["found"].to_pylist(), strict=True))


@pytest.mark.parametrize("kind", KEYS)
def test_as_spark_joins_them(job, spark, kind):
    keys = tables(job, kind)
    job.run(**keys)
    statement = (f"SELECT s.row, l.found FROM delta.`{job.folder}/bronze` s LEFT JOIN "
                 f"delta.`{job.folder}/known` l ON s.key = l.key ORDER BY 1")
    rows = spark.call("spark_tables", "rows", statement=statement)
    assert found(job) == [tuple(row) for row in rows]
    assert any(row[1] is not None for row in rows)
    assert job.validate()["valid"]


@pytest.mark.parametrize("order", ["source", "key"])
@pytest.mark.parametrize("budget", ["smallest", "1GiB"])
def test_in_every_form_of_the_join(job, duckdb_delta, order, budget):
    """Of many rows: as an index, out of core in the smallest budget, and in key order."""
    rows = 200_000
    job.table("bronze", pa.table({"key": pa.array([row * 7919 % rows for row in range(rows)],
                                                  pa.int32()),
                                  "row": range(rows)}), files=3)
    job.table("known", pa.table({"key": pa.array([Decimal(row) for row in range(0, rows, 3)],
                                                 pa.decimal128(20, 2)),
                                 "found": [f"number {row:060}" for row in range(0, rows, 3)]}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["key"]}],
              processing={"chunk_order": order})
    smallest = job.plan("--memory=1GiB")["memory"]["smallest_budget_bytes"]
    job.run(f"--memory={smallest if budget == 'smallest' else budget}")
    count, wrong = duckdb_delta.execute(
        f"SELECT count(*), count(*) FILTER (found IS DISTINCT FROM CASE WHEN key % 3 = 0 THEN "
        f"'number ' || lpad(key::VARCHAR, 60, '0') END) FROM delta_scan('{job.folder}/silver')"
    ).fetchone()
    assert (count, wrong) == (rows, 0)


def test_by_ranges_of_integers(job):
    """Clustered tables of integers of two widths are joined range by range, as those of one are."""
    rows = 100_000
    job.table("bronze", pa.table({"key": pa.array(range(rows), pa.int32())}), files=8)
    job.table("known", pa.table({"key": pa.array(range(0, rows, 2), pa.int64()),
                                 "found": [f"{row:0200}" for row in range(0, rows, 2)]}), files=8)
    job.write(lookups=[{"name": "known", "table": "known", "key": ["key"]}])
    smallest = job.plan("--memory=1GiB")["memory"]["smallest_budget_bytes"]
    job.run(f"--memory={smallest + (1 << 20)}")
    table = job.rows()
    assert table.num_rows == rows
    for key, value in zip(table["key"].to_pylist(), table["found"].to_pylist(), strict=True):
        assert value == (f"{key:0200}" if key % 2 == 0 else None)


def test_a_text_that_is_no_number(job):
    """Spark in ANSI mode fails, and so does the run, with the key's place."""
    job.table("bronze", pa.table({"key": ["1", "one"]}))
    job.table("known", pa.table({"key": pa.array([1], pa.int64()), "found": [1]}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["key"]}])
    error = assert_refused(job, 3201, "pipeline.yaml:", "one")
    assert "key" in error


def test_types_that_spark_does_not_compare(job):
    job.table("bronze", pa.table({"key": [True, False]}))
    job.table("known", pa.table({"key": pa.array([1], pa.int64()), "found": [1]}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["key"]}])
    assert_refused(job, 1302, "pipeline.yaml:", "bool", "int64")
