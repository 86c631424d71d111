"""Targets that cannot be written to: the run says so before it writes anything."""

import os

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused
from deltalake import write_deltalake
from pipelines.mounts import mounted
from trust.crafted import LONG_ID, definition, write_log

ROWS = pa.table({"id": [1, 2], "score": [0.5, 1.0]})


@pytest.fixture
def job_with_rows(job):
    job.table("bronze", ROWS)
    job.table("known", pa.table({"id": [1], "name": ["one"]}))
    return job


@pytest.mark.parametrize("spelt", ["bronze", "./bronze/", "known", "../{name}/bronze",
                                   "link", "link/../bronze", "deeper/bronze", "file://{folder}/bronze"])
def test_it_is_an_input(job_with_rows, spelt):
    """However it is spelt, and through symbolic links."""
    folder = job_with_rows.folder
    (folder / "link").symlink_to(folder / "bronze")
    (folder / "deeper").symlink_to(folder)
    if spelt == "link/../bronze":  # the parent of what the link leads to
        spelt = "link/../bronze"
    job_with_rows.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
                        target={"table": spelt.format(name=folder.name, folder=folder),
                                "mode": "overwrite"})
    assert_refused(job_with_rows, 1110, "pipeline.yaml:", target=folder / "bronze")


def test_a_source_through_a_link(job_with_rows):
    (job_with_rows.folder / "link").symlink_to(job_with_rows.folder / "bronze")
    job_with_rows.write(source={"table": "link"}, target={"table": "bronze", "mode": "append"})
    assert_refused(job_with_rows, 1110, target=job_with_rows.folder / "bronze")


@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize(("rows", "told"), [
    (pa.table({"id": [1], "score": [1.0], "more": [1]}), ["- more"]),
    (pa.table({"id": [1]}), ["+ score: double"]),
    (pa.table({"id": ["1"], "score": [1.0]}), ["~ id: int64", "string"]),
    (pa.table({"id": [1], "other": [1.0]}), ["+ score", "- other"])])
def test_its_columns_differ(job_with_rows, mode, rows, told):
    job_with_rows.table("silver", rows)
    job_with_rows.write(target={"table": "silver", "mode": mode})
    assert_refused(job_with_rows, 3101, *told, *(["overwrite_schema"] if mode == "overwrite"
                                                 else []))


def test_its_columns_must_not_be_null(job_with_rows):
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), ("score", pa.float64())])
    write_deltalake(str(job_with_rows.folder / "silver"), ROWS.cast(schema))
    job_with_rows.write(target={"table": "silver", "mode": "append"})
    assert_refused(job_with_rows, 3101, "not null")


def test_it_is_partitioned(job_with_rows):
    job_with_rows.table("silver", ROWS, partition_by=["id"])
    job_with_rows.write(target={"table": "silver", "mode": "append"})
    assert_refused(job_with_rows, 1106, "id")


def test_its_log_is_damaged(job_with_rows):
    table = job_with_rows.table("silver", ROWS)
    (table / "_delta_log" / f"{0:020}.json").write_text("{")
    job_with_rows.write(target={"table": "silver", "mode": "overwrite"})
    assert_refused(job_with_rows, 3003, "00000000000000000000.json")


def test_a_file_is_in_its_place(job_with_rows):
    (job_with_rows.folder / "silver").write_text("mine")
    job_with_rows.write()
    run = job_with_rows.run(exit_code=6)
    assert "error[SPW-6" in run.stderr and "silver" in run.stderr and "do:" in run.stderr
    assert (job_with_rows.folder / "silver").read_text() == "mine"


@pytest.fixture
def read_only(job_with_rows):
    """A folder that even root may not write to."""
    folder = job_with_rows.folder / "frozen"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    with mounted(folder, "tmpfs", "ro,size=1m"):
        yield folder


@pytest.mark.parametrize("below", ["silver", "deep/er/silver", ""])
def test_its_folder_is_read_only(job_with_rows, read_only, below):
    job_with_rows.write(target={"table": str(read_only / below)})
    assert_refused(job_with_rows, 6002, str(read_only), target=read_only / below)
    assert list(read_only.iterdir()) == []


def test_the_disk_is_full(job_with_rows):
    """The error says so, and no half of a table is left that a reader could take for one."""
    with mounted(job_with_rows.folder / "small", "tmpfs", "size=64k") as folder:
        noise = pa.table({"noise": [os.urandom(1000) for _ in range(300)]})
        job_with_rows.table("noisy", noise)
        job_with_rows.write(source={"table": "noisy"}, target={"table": str(folder / "silver")})
        run = job_with_rows.run(exit_code=6)
        assert "error[SPW-6003]" in run.stderr and "do:" in run.stderr
        assert not (folder / "silver").exists()


@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize(("column", "type_", "declared"), [
    ("c", "string", "varchar(2)"),
    ("s", {"type": "struct", "fields": [{"name": "x", "type": "string", "nullable": True,
                                         "metadata": {}}]}, "struct<x:varchar(2)>")])
def test_a_column_of_bounded_length(job, mode, column, type_, declared):
    """Spark's VARCHAR and CHAR are strings, whose length the writer checks."""
    kind = pa.string() if type_ == "string" else pa.struct([("x", pa.string())])
    text = "bcd" if type_ == "string" else {"x": "bcd"}
    job.table("bronze", pa.table({"id": [1], column: pa.array([text], kind)}))
    bounded = {"name": column, "type": type_, "nullable": True,
               "metadata": {"__CHAR_VARCHAR_TYPE_STRING": declared}}
    write_log(job.folder / "silver", definition([*LONG_ID, bounded]))
    job.write(target={"table": "silver", "mode": mode})
    assert_refused(job, 3006, column, declared, "overwrite_schema")
    job.write(target={"table": "silver", "mode": "overwrite", "overwrite_schema": True})
    job.run()
    assert job.rows()[column].to_pylist() == [text]
