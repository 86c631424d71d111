"""Inputs that are missing, damaged, or ask for more than Spillway does: refused by name, and
nothing is written."""

import json
import os
import subprocess

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused
from pipelines.delta_log import live_files
from trust.crafted import VECTOR_FILE, added, definition, vector_file, write_log

ROWS = pa.table({"id": range(1000), "text": [f"text {number}" for number in range(1000)]})


@pytest.fixture(params=["source", "lookup"])
def damaged(request, job):
    """A job whose source or lookup is the table `damaged`."""
    job.table("damaged", ROWS, files=3)
    job.table("fine", pa.table({"id": range(10), "more": range(10)}))
    source, lookup = (("damaged", "fine") if request.param == "source" else ("fine", "damaged"))
    job.write(source={"table": source}, lookups=[{"name": "known", "table": lookup, "key": ["id"]}])
    return job


def commit(job, version):
    return job.folder / "damaged" / "_delta_log" / f"{version:020}.json"


def data_file(job):
    return sorted(live_files(job.folder / "damaged"))[1]


@pytest.mark.parametrize("plan_or_run", ["plan", "run"])
def test_no_such_table(damaged, plan_or_run):
    (damaged.folder / "damaged").rename(damaged.folder / "elsewhere")
    assert_refused(damaged, 3001, str(damaged.folder / "damaged"), "pipeline.yaml:",
                   verb=plan_or_run)


def test_no_delta_table(damaged):
    (damaged.folder / "damaged" / "_delta_log").rename(damaged.folder / "elsewhere")
    assert_refused(damaged, 3002, str(damaged.folder / "damaged"), "pipeline.yaml:")


def test_a_file_where_the_table_should_be(damaged):
    (damaged.folder / "damaged").rename(damaged.folder / "elsewhere")
    (damaged.folder / "damaged").write_text("no table")
    assert_refused(damaged, 3001, str(damaged.folder / "damaged"), "pipeline.yaml:")


def test_a_commit_that_is_no_json(damaged):
    commit(damaged, 1).write_text('{"add": {"path"')
    assert_refused(damaged, 3003, commit(damaged, 1).name)


def test_a_truncated_commit(damaged):
    text = commit(damaged, 2).read_bytes()
    commit(damaged, 2).write_bytes(text[:len(text) - 40])
    assert_refused(damaged, 3003, commit(damaged, 2).name)


def test_an_empty_first_commit(damaged):
    commit(damaged, 0).write_text("")
    assert_refused(damaged, 3003, str(damaged.folder / "damaged"))


def test_a_gap_in_the_log(damaged):
    commit(damaged, 1).unlink()
    assert_refused(damaged, 3003, str(damaged.folder / "damaged"))


def test_a_log_that_starts_late(damaged):
    commit(damaged, 0).unlink()
    assert_refused(damaged, 3003, str(damaged.folder / "damaged"))


def test_a_missing_data_file(damaged):
    path = data_file(damaged)
    path.unlink()
    assert_refused(damaged, 3005, path.name)


def overwritten(data, first, count):
    return data[:first] + b"\xff" * count + data[first + count:]


def footer_start(data):
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


@pytest.mark.parametrize("damage", [
    pytest.param(lambda data: data[:-1000], id="cut-at-the-end"),
    pytest.param(lambda data: data[:100], id="cut-short"),
    pytest.param(lambda data: b"", id="empty"),
    pytest.param(lambda data: b"x" * len(data), id="garbage"),
    pytest.param(lambda data: data[:-8] + b"\xff\xff\xff\x7f" + data[-4:], id="footer-length"),
    pytest.param(lambda data: overwritten(data, footer_start(data), 60), id="footer")])
def test_a_damaged_data_file(damaged, damage):
    """The plan sees it: every footer is read before a row is written."""
    path = data_file(damaged)
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(damaged, 3004, path.name)


def test_a_damaged_page_of_a_lookup(job):
    """Only the lookup's rows show it. They are read before the target is made."""
    job.table("bronze", ROWS)
    job.table("damaged", ROWS, files=1)
    job.write(lookups=[{"name": "known", "table": "damaged", "key": ["id"],
                        "columns": {"more": "text"}}])
    path = next(iter(live_files(job.folder / "damaged")))
    path.write_bytes(overwritten(path.read_bytes(), 4, 400))
    assert_refused(job, 3004, path.name)


def test_a_damaged_page_of_the_source(job):
    """What was committed before it stays; the chunk with it is not."""
    job.table("bronze", ROWS, files=2)
    job.write()
    path = sorted(live_files(job.folder / "bronze"))[1]
    data = path.read_bytes()
    path.write_bytes(overwritten(data, 4, 400))
    run = job.run("--mode=chunked", "--set=processing.chunk_size=500", exit_code=3)
    assert "SPW-3004" in run.stderr and path.name in run.stderr and "Nothing was lost" in run.stderr
    assert job.rows().num_rows == 500
    assert {file.name for file in (job.folder / "silver").glob("*.parquet")} == {
        file.name for file in live_files(job.folder / "silver")}
    path.write_bytes(data)
    job.run("--mode=chunked", "--set=processing.chunk_size=300")
    assert sorted(job.rows()["id"].to_pylist()) == list(range(1000))


@pytest.mark.parametrize(("protocol", "name"), [
    ({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["rowsOfGold"],
      "writerFeatures": ["rowsOfGold"]}, "rowsOfGold"),
    ({"minReaderVersion": 9, "minWriterVersion": 9}, "9"),
    ({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["variantType"],
      "writerFeatures": ["variantType"]}, "variantType")])
def test_a_feature_that_is_not_known(damaged, protocol, name):
    commit(damaged, 3).write_text(json.dumps({"protocol": protocol}))
    assert_refused(damaged, 3006, name, str(damaged.folder / "damaged"))


def test_a_feature_of_the_target(job):
    """Readable, but not by us to be written."""
    job.table("bronze", ROWS)
    table = job.table("silver", ROWS)
    job.write(target={"table": "silver", "mode": "append"})
    (table / "_delta_log" / f"{1:020}.json").write_text(json.dumps({"protocol": {
        "minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["rowsOfGold"]}}))
    assert_refused(job, 3006, "rowsOfGold")


def test_a_log_that_may_not_be_read(damaged):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (damaged.folder / "damaged" / "_delta_log").chmod(0)
    assert_refused(damaged, 6002, "damaged")


def test_a_missing_deletion_vector(job):
    """A file like the data files, not a part of the log."""
    table = job.table("bronze", ROWS)
    path = next(iter(live_files(table)))
    write_log(table, [*definition(), added(path.name, path.stat().st_size,
                                           deletionVector=vector_file())])
    job.write()
    assert_refused(job, 3005, VECTOR_FILE, "deletion vector")


def test_too_few_file_descriptors(damaged):
    """The system's limit, and no fault of the table."""
    run = subprocess.run(
        ["bash", "-c", 'ulimit -n 12; exec "$0" "$@"', damaged.spillway.program, "run",
         damaged.folder / "pipeline.yaml"], capture_output=True, text=True, check=False)
    assert run.returncode == 6, run.stderr
    assert "SPW-6001" in run.stderr and "damaged" not in run.stderr.split("\n")[0]
    assert "Too many open files" in run.stderr
