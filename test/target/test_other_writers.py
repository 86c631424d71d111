"""A target that others write too: what `validate` compares, and what it says of their changes."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

ROWS = pa.table({"id": range(100), "text": [f"row {i}" for i in range(100)]})
CHUNKS = ["--mode=chunked", "--set=processing.chunk_size=30"]


@pytest.fixture
def silver(job):
    """A table with rows of a run among those of others, which have the same columns."""
    job.table("bronze", ROWS)
    folder = job.folder / "silver"
    write_deltalake(str(folder), pa.table({"id": [1000, 1001], "text": ["before", "before"]}))
    job.run(*CHUNKS, target={"table": "silver", "mode": "append"})
    write_deltalake(str(folder), ROWS.slice(10, 20), mode="append")
    return DeltaTable(folder)


def validate(job, exit_code=0):
    return job.spillway("validate", job.folder / "pipeline.yaml", "--json", exit_code=exit_code)


def report(job, exit_code=0):
    return json.loads(validate(job, exit_code).stdout)


def test_only_the_rows_of_the_run_are_compared(job, silver):
    result = report(job)
    assert result["valid"] and result["compared"] == "run"
    assert (result["expected_rows"], result["stored_rows"]) == (100, 100)
    text = job.spillway("validate", job.folder / "pipeline.yaml").stdout
    assert "files appended by this run" in text


def test_what_others_delete_of_theirs_does_not_count(job, silver):
    silver.delete("id >= 1000")
    assert report(job)["valid"]


@pytest.mark.parametrize("change", ["delete", "update", "overwrite"])
def test_what_others_do_to_rows_of_the_run_is_found(job, silver, change):
    version = silver.version() + 1
    if change == "delete":
        silver.delete("id = 77")
    elif change == "update":
        silver.update(predicate="id = 77", updates={"text": "'changed'"})
    else:
        write_deltalake(silver, ROWS.slice(1), mode="overwrite")
    operation = {"overwrite": "WRITE"}.get(change, change.upper())
    run = validate(job, exit_code=1)
    assert "SPW-7001" in run.stderr and f"version {version} ({operation})" in run.stderr
    silver.restore(version - 1)
    assert report(job)["valid"]


def test_compaction_gives_no_verdict_where_rows_are_mixed(job, silver):
    version = silver.version() + 1
    silver.optimize.compact()
    run = validate(job, exit_code=2)
    assert "SPW-1106" in run.stderr and f"version {version} (OPTIMIZE)" in run.stderr
    assert run.stdout == ""


def test_compaction_of_the_runs_rows_alone_is_seen_through(job):
    job.table("bronze", ROWS)
    job.run(*CHUNKS, target={"table": "silver", "mode": "append"})
    DeltaTable(job.folder / "silver").optimize.compact()
    result = report(job)
    assert result["valid"] and result["compared"] == "table"


def test_a_doubled_row_of_the_run_is_found(job, silver):
    """A file that a commit in the run's name adds once more, as a run without txn would."""
    log = job.folder / "silver" / "_delta_log"
    ours = (log / f"{4:020}.json").read_text().replace(".parquet", "-again.parquet", 1)
    (log / f"{silver.version() + 1:020}.json").write_text(ours)
    for file in (job.folder / "silver").glob("*.parquet"):
        if f"{file.stem}-again.parquet" in ours:
            (file.parent / f"{file.stem}-again.parquet").write_bytes(file.read_bytes())
    result = report(job, exit_code=1)
    assert not result["valid"] and result["stored_rows"] == 110


def test_an_overwritten_target_is_compared_as_a_whole(job):
    job.table("bronze", ROWS)
    job.run(*CHUNKS, target={"table": "silver", "mode": "overwrite"})
    assert report(job)["compared"] == "table"
    write_deltalake(str(job.folder / "silver"), ROWS.slice(0, 1), mode="append")
    result = report(job, exit_code=1)
    assert not result["valid"] and result["stored_rows"] == 101
