"""What a run does with a target that is there, or that it has filled before."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pipelines.delta_log import actions, commits, listing, live_files

FLAGS = {"standard": ["--mode=standard"],
         "chunked": ["--mode=chunked", "--set=processing.chunk_size=2"]}


@pytest.fixture(params=FLAGS)
def flags(request):
    return FLAGS[request.param]


@pytest.fixture
def job_with_rows(job):
    job.table("bronze", pa.table({"id": [1, 2, 3, 4, 5], "text": list("abcde")}))
    return job


def target(mode, **keys):
    return {"table": "silver", "mode": mode, **keys}


def ids(job, name="silver"):
    return sorted(job.rows(name)["id"].to_pylist())


def test_a_second_run_has_nothing_to_do(job_with_rows, flags):
    job_with_rows.run(*flags)
    before = listing(job_with_rows.folder / "silver")
    second = job_with_rows.run(*flags)
    assert second.stdout.startswith("Nothing to do")
    report = job_with_rows.report(*flags)
    assert report["already_finished"] and report["rows_written"] == 0
    assert listing(job_with_rows.folder / "silver") == before


def test_error_if_exists_is_the_default(job_with_rows, flags):
    write_deltalake(str(job_with_rows.folder / "silver"), pa.table({"id": [9], "text": ["z"]}))
    before = listing(job_with_rows.folder / "silver")
    run = job_with_rows.run(*flags, exit_code=3, target={"table": "silver"})
    assert "SPW-3102" in run.stderr and "version 0" in run.stderr
    assert listing(job_with_rows.folder / "silver") == before
    assert ids(job_with_rows) == [9]


def test_an_empty_first_version_with_the_same_columns_counts_as_none(job_with_rows, flags):
    """As a run leaves it that is killed before its first commit."""
    columns = pa.schema([("id", pa.int64()), ("text", pa.string())])
    DeltaTable.create(job_with_rows.folder / "silver", columns)
    job_with_rows.run(*flags)
    assert ids(job_with_rows) == [1, 2, 3, 4, 5]
    # Neither does one with other columns, nor one that had rows before.
    DeltaTable.create(job_with_rows.folder / "other", columns.append(pa.field("x", pa.int64())))
    used = DeltaTable.create(job_with_rows.folder / "used", columns)
    write_deltalake(used, pa.table({"id": [1], "text": ["a"]}), mode="append")
    used.delete()
    for name in ("other", "used"):
        run = job_with_rows.run(*flags, exit_code=3, target={"table": name})
        assert "SPW-3102" in run.stderr


def test_append_to_a_table_of_deltalake(job_with_rows, flags):
    """Other writers' order of columns is kept, and their rows."""
    folder = job_with_rows.folder / "silver"
    write_deltalake(str(folder), pa.table({"text": ["z"], "id": [9]}))
    job_with_rows.run(*flags, target=target("append"))
    assert ids(job_with_rows) == [1, 2, 3, 4, 5, 9]
    assert job_with_rows.rows().column_names == ["text", "id"]
    assert DeltaTable(folder).metadata().id == actions(folder, "metaData")[0]["id"]
    assert len(actions(folder, "metaData")) == 1
    # Appending does not remove, and deltalake goes on with the table.
    assert actions(folder, "remove") == []
    write_deltalake(str(folder), pa.table({"text": ["y"], "id": [10]}), mode="append")
    assert ids(job_with_rows) == [1, 2, 3, 4, 5, 9, 10]


def test_append_with_a_name_in_other_case(job_with_rows):
    write_deltalake(str(job_with_rows.folder / "silver"), pa.table({"ID": [9], "Text": ["z"]}))
    job_with_rows.run(target=target("append"))
    assert sorted(job_with_rows.rows()["ID"].to_pylist()) == [1, 2, 3, 4, 5, 9]


def test_overwrite_with_the_same_columns(job_with_rows, flags):
    folder = job_with_rows.folder / "silver"
    write_deltalake(str(folder), pa.table({"id": [9], "text": ["z"]}), name="kept")
    job_with_rows.run(*flags, target=target("overwrite"))
    assert ids(job_with_rows) == [1, 2, 3, 4, 5]
    assert len(actions(folder, "metaData")) == 1
    assert DeltaTable(folder, version=0).to_pyarrow_table()["id"].to_pylist() == [9]
    assert DeltaTable(folder).history()[-2]["operationParameters"]["mode"] == "Overwrite"


def test_overwrite_with_other_columns(job_with_rows, flags):
    folder = job_with_rows.folder / "silver"
    write_deltalake(str(folder), pa.table({"id": ["nine"], "other": [1.5]}), partition_by=["id"])
    job_with_rows.run(*flags, target=target(
        "overwrite", overwrite_schema=True, properties={"delta.logRetentionDuration":
                                                        "interval 60 days"}))
    assert ids(job_with_rows) == [1, 2, 3, 4, 5]
    assert job_with_rows.rows().column_names == ["id", "text"]
    metadata = actions(folder, "metaData")
    assert metadata[-1]["partitionColumns"] == [] and metadata[-1]["id"] == metadata[0]["id"]
    assert metadata[-1]["configuration"] == {"delta.logRetentionDuration": "interval 60 days"}


def test_overwrite_of_its_own_result_with_new_inputs(job_with_rows, flags):
    job_with_rows.run(*flags, target=target("overwrite"))
    job_with_rows.table("bronze", pa.table({"id": [6], "text": ["f"]}))
    job_with_rows.run(*flags)
    assert ids(job_with_rows) == [1, 2, 3, 4, 5, 6]


def test_fresh_runs_again(job_with_rows, flags):
    job_with_rows.run(*flags, target=target("append"))
    refused = job_with_rows.run(*flags, "--fresh", exit_code=2)
    assert "error[SPW-1111]: 5 rows of this pipeline" in refused.stderr
    assert ids(job_with_rows) == [1, 2, 3, 4, 5]
    job_with_rows.run(*flags, "--fresh", "--append-again")
    assert ids(job_with_rows) == sorted([1, 2, 3, 4, 5] * 2)
    assert job_with_rows.run(*flags).stdout.startswith("Nothing to do")
    app_ids = {txn["appId"] for txn in actions(job_with_rows.folder / "silver", "txn")}
    assert len(app_ids) == 2


def test_fresh_overwrites(job_with_rows, flags):
    job_with_rows.run(*flags, target=target("overwrite"))
    job_with_rows.run(*flags, "--fresh")
    assert ids(job_with_rows) == [1, 2, 3, 4, 5]


def test_two_pipelines_into_one_table(job_with_rows, flags):
    for name in ("first", "second"):
        job_with_rows.run(*flags, pipeline=name, target=target("append"))
    assert ids(job_with_rows) == sorted([1, 2, 3, 4, 5] * 2)


def test_properties_of_a_new_table(job_with_rows, flags):
    folder = job_with_rows.folder / "silver"
    properties = {"delta.appendOnly": "true", "delta.checkpointInterval": "7"}
    job_with_rows.run(*flags, target=target("append", properties=properties))
    assert DeltaTable(folder).metadata().configuration == properties
    assert all("remove" not in action for commit in commits(folder) for action in commit)
    assert len(live_files(folder)) >= 1
