"""Whatever keeps a row group, or a column of it, from being copied gives the decoded rows."""

import datetime
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pipelines.delta_log import live_files
from pipelines.job import Job
from splice.spliced_job import LOOKUP, labels, make_job, noisy_rows, run_and_compare


def test_everything_splices(job: Job):
    make_job(job.spillway, job.folder)
    report = run_and_compare(job)
    assert report["spliced_row_groups"] == 2


def test_chunks_end_where_row_groups_do(job: Job):
    make_job(job.spillway, job.folder)
    report = run_and_compare(job, "--mode=chunked", "--set=processing.chunk_size=400")
    assert report["chunks_committed"] == 2
    assert report["spliced_row_groups"] == 2


def test_a_chunk_that_ends_inside_a_row_group(job: Job):
    make_job(job.spillway, job.folder)
    chunks = ("--mode=chunked", "--set=processing.chunk_size=300")
    job.write(**LOOKUP)
    plan = job.plan(*chunks)
    splice = plan["splice"]
    (advice,) = [line for line in plan["advice"] if "chunk_size" in line]
    advised = re.search(r"processing.chunk_size: (\d+)", advice)[1]
    whole = job.plan("--mode=chunked", f"--set=processing.chunk_size={advised}")["splice"]
    assert whole["not_spliced"] == {}
    report = run_and_compare(job, *chunks)
    assert report["chunks_committed"] > 2
    assert splice["not_spliced"] == {"a chunk ends inside the row group": 2}
    assert report["spliced_row_groups"] == splice["spliced"] == 0


def test_rows_that_are_multiplied(job: Job):
    make_job(job.spillway, job.folder)
    job.table("labels", labels(900))  # now some keys of the first file have two rows
    report = run_and_compare(job)
    assert report["spliced_row_groups"] == 1
    assert report["rows_written"] > report["source_rows"]


def test_rows_that_an_inner_lookup_drops(job: Job):
    make_job(job.spillway, job.folder)
    lookup = {**LOOKUP["lookups"][0], "type": "inner"}
    report = run_and_compare(job, **{**LOOKUP, "lookups": [lookup]})
    assert report["spliced_row_groups"] == 0
    assert report["rows_written"] < report["source_rows"]


def test_a_limit_of_records_inside_a_row_group(job: Job):
    make_job(job.spillway, job.folder)
    report = run_and_compare(job, "--set=target.max_records_per_file=700")
    assert report["spliced_row_groups"] == 0
    for path in live_files(job.folder / "silver"):
        assert pq.ParquetFile(path).metadata.num_rows <= 700


def test_columns_of_a_partitioned_source_are_encoded_beside_copied_ones(job: Job):
    rows = noisy_rows()
    rows = rows.append_column("half", pa.array([row // 1000 for row in range(rows.num_rows)]))
    write_deltalake(job.folder / "bronze", rows, partition_by=["half"])
    job.table("labels", labels())
    report = run_and_compare(job)
    assert report["spliced_row_groups"] == 2


def test_a_column_that_older_files_lack(job: Job):
    first = noisy_rows(1000).drop_columns(["a_string", "a_date"])
    job.table("bronze", first)
    write_deltalake(job.folder / "bronze", noisy_rows(1000, seed=2), mode="append",
                    schema_mode="merge")
    job.table("labels", labels())
    report = run_and_compare(job)
    assert report["spliced_row_groups"] == 2


def rewrite(table, **options):
    """Writes the table's one file again, as another writer would have."""
    (path,) = live_files(table)
    rows = pq.read_table(path)
    pq.write_table(rows, path, **options)
    log = table / "_delta_log" / f"{0:020}.json"
    (size,) = [add["size"] for add in live_files(table).values()]
    log.write_text(log.read_text().replace(f'"size":{size}', f'"size":{path.stat().st_size}'))


@pytest.mark.parametrize("options", [
    {"use_deprecated_int96_timestamps": True},
    {"coerce_timestamps": "ms", "allow_truncated_timestamps": True},
    {"data_page_version": "2.0", "compression": "zstd"},
    {"compression": "none", "use_dictionary": False},
    {"use_compliant_nested_type": False},
    {"write_page_index": True, "store_decimal_as_integer": True},
])
def test_files_of_other_forms(job: Job, options):
    """What is not stored as a Delta table of today stores it is encoded anew, the rest copied."""
    rows = noisy_rows(1000)
    if options.get("coerce_timestamps") or options.get("use_deprecated_int96_timestamps"):
        whole = [None if cell is None or cell.year < 1970 or cell.year > 2200 else
                 cell.replace(microsecond=0) for cell in rows["a_timestamp"].to_pylist()]
        at = rows.schema.get_field_index("a_timestamp")
        rows = rows.set_column(at, rows.schema.field(at), [whole])
        assert any(isinstance(cell, datetime.datetime) for cell in whole)
    job.table("bronze", rows)
    job.table("labels", labels())
    rewrite(job.folder / "bronze", **options)
    report = run_and_compare(job)
    assert report["spliced_row_groups"] == 1


def test_rows_that_a_deletion_vector_drops(job: Job, spark):
    make_job(job.spillway, job.folder)
    bronze = job.folder / "bronze"
    for statement in (
            f"ALTER TABLE delta.`{bronze}` SET TBLPROPERTIES (delta.enableDeletionVectors = true)",
            f"DELETE FROM delta.`{bronze}` WHERE number = 7"):
        spark.call("spark_tables", "sql", statement=statement)
    assert "deletionVectors" in (DeltaTable(bronze).protocol().writer_features or [])
    report = run_and_compare(job)
    assert job.plan()["splice"]["not_spliced"] == {"a deletion vector drops rows": 1}, report
    assert report["spliced_row_groups"] == 1


def test_columns_under_other_names_in_the_files(job: Job, spark):
    make_job(job.spillway, job.folder)
    bronze = job.folder / "bronze"
    for statement in (
            f"ALTER TABLE delta.`{bronze}` SET TBLPROPERTIES ("
            "delta.columnMapping.mode = 'name', delta.minReaderVersion = 2, "
            "delta.minWriterVersion = 5)",
            f"ALTER TABLE delta.`{bronze}` RENAME COLUMN noise TO content",
            f"ALTER TABLE delta.`{bronze}` DROP COLUMN a_byte"):
        spark.call("spark_tables", "sql", statement=statement)
    columns = {**LOOKUP["columns"], "has_noise": "content IS NOT NULL"}
    report = run_and_compare(job, **{**LOOKUP, "columns": columns})
    assert report["spliced_row_groups"] == 2
