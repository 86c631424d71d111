"""Targets that cannot be written to: the run says so before it writes anything."""

import json
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


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize("name", ["delta.appendOnly", "delta.enableChangeDataFeed"])
@pytest.mark.parametrize("mode", ["standard", "chunked"])
def test_its_rows_may_not_be_replaced(job_with_rows, name, verb, mode):
    """The plan knows it; and what the error advises works."""
    silver = job_with_rows.folder / "silver"
    write_deltalake(str(silver), ROWS, configuration={name: "true"})
    # deltalake gives the change data feed writer version 4, which is refused as such.
    log = silver / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {"minReaderVersion": 1, "minWriterVersion": 7,
                                  "writerFeatures": ["appendOnly", "changeDataFeed"]}
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    job_with_rows.write(target={"table": "silver", "mode": "overwrite"}, mode=mode)
    assert_refused(job_with_rows, 3006, name, "--set target.mode=append", verb=verb)
    job_with_rows.run("--set=target.mode=append")
    assert job_with_rows.rows().num_rows == 4


def test_its_disk_is_too_small_for_the_copy(job_with_rows):
    """Said before anything is written, by plan and run."""
    noise = pa.table({"id": range(3000), "noise": [os.urandom(1000) for _ in range(3000)]})
    job_with_rows.table("noisy", noise)
    with mounted(job_with_rows.folder / "small", "tmpfs", "size=2m") as folder:
        job_with_rows.write(source={"table": "noisy"}, target={"table": str(folder / "silver")},
                            columns={"twice": "id * 2"})
        for verb in ("plan", "run"):
            run = job_with_rows.spillway(verb, job_with_rows.folder / "pipeline.yaml", exit_code=6)
            assert "error[SPW-6003]" in run.stderr and "MiB are free" in run.stderr
        assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("below", ["_delta_log", "_spillway"])
def test_a_folder_inside_may_not_be_written(job_with_rows, below):
    folder = job_with_rows.table("silver", ROWS) / below
    folder.mkdir(exist_ok=True)
    job_with_rows.write(target={"table": "silver", "mode": "append"})
    folder.chmod(0o555)
    assert_refused(job_with_rows, 6002, below, verb="plan")
    assert_refused(job_with_rows, 6002, below)
    folder.chmod(0o755)


def test_names_that_want_column_mapping(job_with_rows):
    """One short error, and its cure works."""
    odd = pa.table({"Employee ID": [1, 2], "Größe": [1.5, 2.5], "select": ["a", "b"],
                    **{f"odd {number}": [1, 2] for number in range(300)}})
    job_with_rows.table("odd", odd, configuration={"delta.columnMapping.mode": "name",
                                                   "delta.minReaderVersion": "2",
                                                   "delta.minWriterVersion": "5"})
    job_with_rows.write(source={"table": "odd"})
    error = assert_refused(job_with_rows, 1108, '301 columns', '"Employee ID", "odd 0", "odd 1"',
                           "and 298 more", 'rename: {"Employee ID": Employee_ID}')
    assert len(error) < 1000
    names = {"Employee ID": "Employee_ID", **{f"odd {number}": f"odd_{number}"
                                              for number in range(300)}}
    job_with_rows.run(source={"table": "odd", "rename": names}, where="Employee_ID > 1")
    assert job_with_rows.rows().column_names[:3] == ["Employee_ID", "Größe", "select"]
    assert job_with_rows.rows()["Employee_ID"].to_pylist() == [2]
