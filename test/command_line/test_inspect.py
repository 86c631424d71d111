"""What `inspect` says of the columns and row groups that a pipeline can copy: the same as `plan`
does, and a run."""

import datetime
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, convert_to_deltalake
from pipelines.job import Job

LARGE, SMALL = 2000, 50  # rows of row groups above and below a megabyte
OLD_FORM = "instant: INT96 timestamps"


@pytest.fixture
def mixed(job: Job) -> Job:
    """A file with INT96 timestamps of two large row groups and a small one, and one of one large
    row group."""
    chosen = random.Random(20261122)
    rows = pa.table({
        "number": pa.array(range(3 * LARGE + SMALL), pa.int32()),
        "instant": pa.array([datetime.datetime(2026, 3, 29, 1, tzinfo=datetime.UTC)
                             + datetime.timedelta(minutes=row) for row in
                             range(3 * LARGE + SMALL)], pa.timestamp("us", tz="UTC")),
        "noise": [chosen.randbytes(700) for _ in range(3 * LARGE + SMALL)]})
    bronze = job.folder / "bronze"
    bronze.mkdir()
    pq.write_table(rows.slice(0, 2 * LARGE + SMALL), bronze / "part-0.parquet",
                   row_group_size=LARGE, use_deprecated_int96_timestamps=True)
    pq.write_table(rows.slice(2 * LARGE + SMALL), bronze / "part-1.parquet", row_group_size=LARGE)
    convert_to_deltalake(bronze.as_uri())
    job.write(columns={"twice": "number * 2"})
    return job


def inspect(job, *flags):
    return job.spillway("inspect", job.folder / "bronze", *flags).stdout


def check_against_plan_and_run(job, duckdb_delta) -> dict:
    """Inspect, plan and run agree on the row groups that are copied. Returns what inspect says."""
    said, splice = json.loads(inspect(job, "--json")), job.plan()["splice"]
    report = job.report()
    (count,) = duckdb_delta.sql(
        f"SELECT count(*) FROM delta_scan('{job.folder / 'bronze'}')").fetchone()
    assert report["rows_written"] == said["rows"] == count
    assert said["row_groups"] == splice["row_groups"] == 4
    assert said["spliceable_row_groups"] == splice["spliced"] == report["spliced_row_groups"]
    return said


def test_columns_of_old_forms_and_small_row_groups(mixed, duckdb_delta):
    said = check_against_plan_and_run(mixed, duckdb_delta)
    assert said["not_copied"] == {OLD_FORM: 1}
    assert (said["small_row_groups"], said["smallest_row_group_rows"]) == (1, SMALL)
    assert (said["spliceable_row_groups"], said["deleted_rows"]) == (3, 0)
    groups = [metadata.row_group(group) for metadata in map(
        pq.read_metadata, (mixed.folder / "bronze").glob("*.parquet"))
        for group in range(metadata.num_row_groups)]
    assert said["largest_row_group_bytes"] == max(
        sum(group.column(column).total_compressed_size for column in range(group.num_columns))
        for group in groups)
    text = inspect(mixed)
    assert "3 of 4 row groups can be copied as they are stored; 1 is too small" in text
    assert f"not {OLD_FORM} (1 file)" in text


def test_row_groups_with_deleted_rows(mixed, spark, duckdb_delta):
    bronze = mixed.folder / "bronze"
    for statement in (
            f"ALTER TABLE delta.`{bronze}` SET TBLPROPERTIES (delta.enableDeletionVectors = true)",
            f"DELETE FROM delta.`{bronze}` WHERE number IN (7, 8, {2 * LARGE + 1})"):
        spark.call("spark_tables", "sql", statement=statement)
    assert "deletionVectors" in DeltaTable(bronze).protocol().writer_features
    mixed.write(columns={"twice": "number * 2"})
    assert mixed.plan()["splice"]["not_spliced"]["a deletion vector drops rows"] >= 1
    said = check_against_plan_and_run(mixed, duckdb_delta)
    assert said["deleted_rows"] == 3
    assert (said["spliceable_row_groups"], said["small_row_groups"]) == (2, 1)
    assert said["not_copied"] == {OLD_FORM: 1}
    assert "2 of 4 row groups can be copied as they are stored" in inspect(mixed)
    assert "(3 more are deleted)" in inspect(mixed)
