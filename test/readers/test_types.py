"""Five readers that are not ours get the values that were put in, of every type."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acceptance.compare import read_deltalake, read_duckdb, read_spark
from deltalake import DeltaTable
from pipelines.cells import plain_rows
from pipelines.delta_log import live_files


def read_with_duckdb(table):
    return read_duckdb(str(table))


def read_polars(table):
    return pl.scan_delta(table).collect().to_arrow()


def read_polars_through_deltalake(table):
    return pl.read_delta(table, use_pyarrow=True).to_arrow()


def read_pyarrow(table):
    return pa.concat_tables([pq.read_table(path) for path in live_files(table)])


def read_deltalake_pyarrow(table):
    return DeltaTable(table).to_pyarrow_table()


def check_rows(found, expected):
    """Column by column, in the order of `number`, so that a difference names its column."""
    for field in expected.schema:
        columns = pa.schema([expected.schema.field("number"), field])
        if field.name != "number":
            assert plain_rows(found, columns) == plain_rows(expected, columns), field.name


@pytest.mark.parametrize("read", [read_deltalake, read_deltalake_pyarrow, read_with_duckdb,
                                  read_polars, read_polars_through_deltalake, read_pyarrow])
def test_every_value_is_the_one_that_was_put_in(copied, read):
    check_rows(read(copied.table), copied.expected)


@pytest.mark.parametrize("read", [read_deltalake, read_with_duckdb, read_polars, read_pyarrow])
def test_timestamps_without_a_zone(copied_with_ntz, read):
    found = read(copied_with_ntz.table)
    check_rows(found, copied_with_ntz.expected)
    assert found.schema.field("a_timestamp_ntz").type == pa.timestamp("us")


def test_types_are_those_of_the_source(copied_with_ntz):
    fields = {field.name: field.type
              for field in DeltaTable(copied_with_ntz.table).schema().fields}
    source = DeltaTable(copied_with_ntz.table.parent / "bronze").schema().fields
    assert fields == {field.name: field.type for field in source}


def test_spark(copied, copied_with_ntz, spark):
    for made in (copied, copied_with_ntz):
        check_rows(read_spark(made.table, spark), made.expected)
