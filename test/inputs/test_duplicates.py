"""Lookups with several rows for one key, inner joins, and where and drop around them, against the
naive join and DuckDB."""

import pyarrow as pa
import pytest
from inputs.joined import as_table, join
from pipelines.job import assert_same_rows

SOURCE_SCHEMA = pa.schema([("key", pa.int64()), ("row", pa.int32())])
LOOKUP_SCHEMA = pa.schema([("key", pa.int64()), ("place", pa.int32())])
JOINED_SCHEMA = SOURCE_SCHEMA.append(LOOKUP_SCHEMA.field("place"))
SOURCE = [{"key": key, "row": row} for row, key in enumerate([1, 2, 3, None, 2, 4, 0] * 10)]
LOOKUP = [{"key": key, "place": place}
          for place, key in enumerate([2, 2, 1, None, 2, 5, 0, None, 0])]


@pytest.fixture
def tables(job):
    job.table("bronze", as_table(SOURCE, SOURCE_SCHEMA), files=2)
    job.table("known", as_table(LOOKUP, LOOKUP_SCHEMA))
    return job


def lookup_with(**keys):
    return [{"name": "known", "table": "known", "key": ["key"], **keys}]


@pytest.mark.parametrize("kind", ["left_outer", "inner"])
@pytest.mark.parametrize("flags", [[], ["--mode=chunked", "--set=processing.chunk_size=9"]],
                         ids=["standard", "chunked"])
@pytest.mark.parametrize("duplicates", ["expand", "first"])
def test_expand_and_first(tables, duplicates, kind, flags):
    tables.run(*flags, lookups=lookup_with(type=kind, duplicates=duplicates))
    expected = join(SOURCE, LOOKUP, {"key": "key"}, keep_unmatched=kind == "left_outer",
                    first_only=duplicates == "first")
    assert_same_rows(as_table(expected, JOINED_SCHEMA), tables.rows())


def test_first_is_the_first_in_the_order_of_the_lookup(job):
    """That is the order of the files' paths, and in them of the rows."""
    job.table("bronze", pa.table({"key": [1, 2]}))
    job.table("known", pa.table({"key": [1, 1, 2, 2], "place": [10, 11, 20, 21]}))
    job.run(lookups=lookup_with(duplicates="first"))
    assert_same_rows(pa.table({"key": [1, 2], "place": [10, 20]}), job.rows())


def test_error_names_the_key(tables):
    run = tables.run(lookups=lookup_with(duplicates="error"), exit_code=3)
    assert "error[SPW-" in run.stderr and "known" in run.stderr
    assert not (tables.folder / "silver").exists()


def test_error_lets_single_keys_and_nulls_pass(job):
    job.table("bronze", pa.table({"key": [1, 2, None]}))
    job.table("known", pa.table({"key": [None, 2, None], "place": [0, 1, 2]}))
    job.run(lookups=lookup_with(duplicates="error"))
    assert_same_rows(pa.table({"key": [1, 2, None], "place": [None, 1, None]}), job.rows())


def test_two_lookups_that_both_expand(tables, duckdb_delta):
    tables.table("other", pa.table({"key": [2, 2, 0], "side": ["l", "r", None]}))
    tables.run(lookups=[*lookup_with(), {"name": "other", "table": "other", "key": ["key"],
                                         "type": "inner"}])
    folder = tables.folder
    expected = duckdb_delta.sql(f"""
        SELECT b.*, k.place, o.side FROM delta_scan('{folder}/bronze') b
        LEFT JOIN delta_scan('{folder}/known') k USING (key)
        JOIN delta_scan('{folder}/other') o USING (key)""").to_arrow_table()
    assert_same_rows(expected, tables.rows())


def test_one_row_that_becomes_many(job):
    """300,000 rows from three: batches between the stages stay small."""
    job.table("bronze", pa.table({"key": [7, 8, 7], "text": ["x" * 50] * 3}))
    job.table("known", pa.table({"key": [7] * 150_000, "place": range(150_000)}))
    report = job.report("--memory=200MiB", lookups=lookup_with())
    assert report["rows_written"] == 300_001
    assert report["peak_memory_bytes"] <= report["bound_bytes"]
    places = job.rows()["place"].to_pylist()
    assert sorted(place for place in places if place is not None) == sorted(
        2 * list(range(150_000)))
