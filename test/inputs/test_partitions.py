"""Partitioned sources and lookups: the values stand in the log as text, and come back typed."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from inputs.joined import as_table, join
from pipelines.delta_log import live_files
from pipelines.job import assert_same_rows
from trust.crafted import LONG_ID, added, definition, write_log

UTC = datetime.UTC
ODD_TEXTS = ["plain", "with space", "a/b", "50%", "%20", "a=b", "é", "日本語", "😀", "quote'", '"',
             "back\\slash", "colon:", "hash#?", "+", ".", "__HIVE_DEFAULT_PARTITION__x"]
PARTITIONS = {
    "string": (pa.string(), ODD_TEXTS),
    "boolean": (pa.bool_(), [True, False]),
    "byte": (pa.int8(), [-128, 127]),
    "integer": (pa.int32(), [-(2**31), 0, 7]),
    "long": (pa.int64(), [-(2**63), 2**63 - 1]),
    "double": (pa.float64(), [0.1, -1.5e30]),
    "decimal": (pa.decimal128(10, 3), [Decimal("1.250"), Decimal("1234567.125")]),
    "date": (pa.date32(), [datetime.date(1969, 12, 31), datetime.date(2026, 2, 28)]),
    "timestamp": (pa.timestamp("us", tz="UTC"),
                  [datetime.datetime(2026, 1, 31, 10, 0, tzinfo=UTC),
                   datetime.datetime(1969, 12, 31, 23, 59, 59, 250000, tzinfo=UTC)]),
}


def rows_in(type_, values):
    cells = [None, *values]
    return pa.table({"part": pa.array(cells * 3, type_),
                     "row": pa.array(range(3 * len(cells)), pa.int32())})


@pytest.mark.parametrize("kind", PARTITIONS)
def test_values_of_every_type(job, kind):
    rows = rows_in(*PARTITIONS[kind])
    job.table("bronze", rows, files=2, partition_by=["part"])
    assert all(len(add["partitionValues"]) == 1
               for add in live_files(job.folder / "bronze").values())
    job.run()
    assert_same_rows(rows, job.rows())


def test_a_lookup_by_its_partition_column(job):
    source = [{"part": text, "row": row} for row, text in enumerate([None, *ODD_TEXTS, "no"])]
    lookup = [{"part": text, "mark": place} for place, text in enumerate([None, *ODD_TEXTS])]
    source_schema = pa.schema([("part", pa.string()), ("row", pa.int32())])
    lookup_schema = pa.schema([("part", pa.string()), ("mark", pa.int32())])
    job.table("bronze", as_table(source, source_schema), partition_by=["part"])
    job.table("known", as_table(lookup, lookup_schema), partition_by=["part"])
    job.run(lookups=[{"name": "known", "table": "known", "key": ["part"]}])
    assert_same_rows(as_table(join(source, lookup, {"part": "part"}),
                              source_schema.append(lookup_schema.field("mark"))), job.rows())


def test_columns_and_conditions_over_partition_columns(job, duckdb_delta):
    days = [datetime.date(2026, 1, day) for day in (1, 2, 3)]
    rows = pa.table({"day": pa.array(days * 20), "camera": pa.array([1, 2, None, 4] * 15),
                     "row": range(60)})
    job.table("bronze", rows, partition_by=["day", "camera"])
    job.run("--mode=chunked", "--set=processing.chunk_size=7",
            where="day >= DATE '2026-01-02' AND camera IS NOT NULL",
            columns={"number": "camera * 100 + day(day)"}, drop=["day"])
    duckdb_delta.register("rows", rows)
    expected = duckdb_delta.sql("""
        SELECT camera, row, camera * 100 + day(day) AS number FROM rows
        WHERE day >= DATE '2026-01-02' AND camera IS NOT NULL""").to_arrow_table()
    expected = expected.cast(job.rows().schema)
    assert_same_rows(expected, job.rows())


def test_only_partition_columns_are_wanted(job):
    job.table("bronze", pa.table({"part": ["a", "b", "b", None], "row": range(4)}),
              partition_by=["part"])
    job.run(drop=["row"])
    assert_same_rows(pa.table({"part": ["a", "b", "b", None]}), job.rows())


# As Spark casts them; without a zone it is UTC.
TIMESTAMPS = {
    "2024-01-02 03:04:05": (3, 4, 5, 0), "2024-01-02 03:04:05.123456": (3, 4, 5, 123456),
    "2024-01-02T03:04:05Z": (3, 4, 5, 0), "2024-01-02T03:04:05.123456Z": (3, 4, 5, 123456),
    "2024-01-02 03:04:05+00:00": (3, 4, 5, 0), "2024-01-02 03:04:05+02:00": (1, 4, 5, 0),
    "2024-01-02T03:04:05.5+02:00": (1, 4, 5, 500000), "2024-01-02T03:04:05-0530": (8, 34, 5, 0),
    "2024-01-02": (0, 0, 0, 0), "2024-01-02 03:04": (3, 4, 0, 0),
    "2024-01-02T03:04:05.123456789Z": (3, 4, 5, 123456),
    "2024-01-02 03:04:05 Europe/Berlin": (2, 4, 5, 0), "2024-1-2 3:4:5": (3, 4, 5, 0),
    " 2024-01-02 03:04:05 UTC ": (3, 4, 5, 0),
}


def test_timestamps_as_other_writers_spell_them(job):
    table = job.folder / "bronze"
    table.mkdir()
    part = {"name": "part", "type": "timestamp", "nullable": True, "metadata": {}}
    log = definition([*LONG_ID, part])
    log[1]["metaData"]["partitionColumns"] = ["part"]
    for row, text in enumerate(TIMESTAMPS):
        pq.write_table(pa.table({"id": pa.array([row], pa.int64())}), table / f"{row}.parquet")
        size = (table / f"{row}.parquet").stat().st_size
        log.append(added(f"{row}.parquet", size, partitionValues={"part": text}))
    write_log(table, log)
    job.run()
    read = job.rows()
    values = dict(zip(read["id"].to_pylist(), read["part"].to_pylist(), strict=True))
    for row, (text, time) in enumerate(TIMESTAMPS.items()):
        assert values[row] == datetime.datetime(2024, 1, 2, *time, tzinfo=UTC), text
