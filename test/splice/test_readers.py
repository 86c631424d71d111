"""What readers that are not ours see of spliced files."""

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acceptance.compare import read_deltalake, read_duckdb, read_spark
from pipelines.delta_log import live_files
from splice.spliced_job import LOOKUP, assert_same, decoded_rows, make_job


@pytest.fixture(scope="module")
def spliced(spillway, tmp_path_factory):
    """The folder of a spliced table, and its rows."""
    job = make_job(spillway, tmp_path_factory.mktemp("spliced"), rows_per_group=900)
    expected = decoded_rows(job, **LOOKUP)
    report = job.report(**LOOKUP)
    assert report["spliced_row_groups"] > 1
    assert report["copied_bytes"] > 2_000_000
    return job.folder / "silver", expected


def read_pyarrow(table):
    return pa.concat_tables([pq.read_table(path) for path in live_files(table)])


def read_polars(table):
    return pl.scan_delta(table).collect().to_arrow()


def read_with_duckdb(table):
    return read_duckdb(str(table))


@pytest.mark.parametrize("read", [read_deltalake, read_with_duckdb, read_polars, read_pyarrow])
def test_readers_see_the_decoded_rows(spliced, read):
    table, expected = spliced
    assert_same(expected, read(table))


@pytest.mark.parametrize("vectorized", ["true", "false"])
def test_spark(spliced, spark, vectorized):
    table, expected = spliced
    setting = "spark.sql.parquet.enableVectorizedReader"
    spark.call("spark_tables", "sql", statement=f"SET {setting}={vectorized}")
    try:
        assert_same(expected, read_spark(table, spark))
    finally:
        spark.call("spark_tables", "sql", statement=f"SET {setting}=true")


def test_the_footer_is_complete(spliced):
    """Every flat column has statistics, and all columns the page indexes that the source has."""
    table, _ = spliced
    for path, add in {**live_files(table), **live_files(table.parent / "bronze")}.items():
        metadata = pq.ParquetFile(path).metadata
        assert metadata.num_rows > 0
        assert '"numRecords"' in add["stats"]
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(column)
                assert chunk.has_offset_index and chunk.has_column_index, chunk.path_in_schema
                if "." in chunk.path_in_schema:
                    continue
                assert chunk.statistics is not None, chunk.path_in_schema
                assert chunk.statistics.has_null_count
