"""Time travel: the version that a pipeline pins is the one that is read."""

import datetime
import json
import os

import pyarrow as pa
import pytest
from pipelines.job import assert_same_rows
from spark.spark_client import SparkError


@pytest.fixture
def three_versions(job):
    """Version n holds the numbers 0..n, and was committed on day n + 1 of January 2026."""
    for number in range(3):
        table = job.table("bronze", pa.table({"id": [number]}))
        commit = table / "_delta_log" / f"{number:020}.json"
        when = datetime.datetime(2026, 1, number + 1, 12, tzinfo=datetime.UTC).timestamp()
        lines = [json.loads(line) for line in commit.read_text().splitlines()]
        for line in lines:
            if "commitInfo" in line:
                line["commitInfo"]["timestamp"] = int(when * 1000)
        commit.write_text("\n".join(json.dumps(line) for line in lines))
        os.utime(commit, (when, when))
    return job


def up_to(last):
    return pa.table({"id": pa.array(range(last + 1), pa.int64())})


@pytest.mark.parametrize("version", [0, 1, 2])
def test_by_version(three_versions, version):
    three_versions.run(source={"table": "bronze", "version": version})
    assert_same_rows(up_to(version), three_versions.rows())


@pytest.mark.parametrize(("timestamp", "version"), [
    ("2026-01-01T12:00:00Z", 0), ("2026-01-02", 0), ("2026-01-02T12:00:00Z", 1),
    ("2026-01-02T13:59:59+02:00", 0), ("2026-01-02 23:00", 1), ("2026-01-03T12:00:00.000Z", 2)])
def test_by_timestamp(three_versions, timestamp, version):
    three_versions.run(source={"table": "bronze", "timestamp": timestamp})
    assert_same_rows(up_to(version), three_versions.rows())


def test_a_lookup_by_version(three_versions):
    three_versions.run(source={"table": "bronze", "version": 2}, lookups=[
        {"name": "old", "table": "bronze", "version": 1, "key": ["id"], "type": "inner"}])
    assert_same_rows(up_to(1), three_versions.rows())


def test_times_that_go_backwards(three_versions, spark):
    """As after a copy. Spark takes each commit for at least a millisecond younger than the last."""
    log = three_versions.folder / "bronze" / "_delta_log"
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = today - datetime.timedelta(days=1)  # Spark wants files of a week back at most
    for version, hour in enumerate((10, 12, 11)):
        when = midnight.timestamp() + hour * 3600
        os.utime(log / f"{version:020}.json", (when, when))
    day = midnight.date()
    for time, version in [("10:00:00", 0), ("11:30:00", 0), ("12:00:00", 1), ("12:00:00.001", 2)]:
        three_versions.run(source={"table": "bronze", "timestamp": f"{day} {time}"},
                           target={"table": "silver", "mode": "overwrite"})
        assert_same_rows(up_to(version), three_versions.rows())
        answer = spark.call("spark_tables", "select", statement="SELECT id FROM delta."
                            f"`{log.parent}` TIMESTAMP AS OF '{day} {time}'")
        assert sorted(row[0] for row in answer["rows"]) == list(range(version + 1))
    three_versions.write(source={"table": "bronze", "timestamp": f"{day} 12:00:00.002"})
    error = three_versions.run(exit_code=3).stderr
    assert "SPW-3007" in error and f"its latest version, 2, is of {day}T12:00:00.001Z" in error
    with pytest.raises(SparkError, match="DELTA_TIMESTAMP_GREATER_THAN_COMMIT"):
        spark.call("spark_tables", "select", statement=f"SELECT id FROM delta.`{log.parent}` "
                   f"TIMESTAMP AS OF '{day} 12:00:00.002'")


@pytest.mark.parametrize(("pin", "told"), [
    ({"version": 3}, "3"), ({"timestamp": "2025-12-31"}, "2025-12-31"),
    ({"timestamp": "2026-01-03T12:00:00.001Z"}, "2026-01-03T12:00:00.000Z"),
    ({"timestamp": "someday"}, "someday"), ({"version": 1, "timestamp": "2026-01-02"}, "version")])
def test_what_is_not_there(three_versions, pin, told):
    three_versions.write(source={"table": "bronze", **pin})
    run = three_versions.spillway("run", three_versions.folder / "pipeline.yaml",
                                  exit_code=2 if told in ("someday", "version") else 3)
    assert "error[SPW-" in run.stderr and told in run.stderr
    assert not (three_versions.folder / "silver").exists()


def test_a_new_version_of_an_input_is_a_new_job(three_versions):
    """error_if_exists then refuses the target; append wants two flags to add all its rows."""
    job = three_versions
    job.run("--set=target.mode=append")
    assert "Nothing to do" in job.run("--set=target.mode=append").stdout
    job.table("bronze", pa.table({"id": [3]}))
    job.run(exit_code=3)
    assert "- source is version 2" in job.run("--set=target.mode=append", exit_code=2).stderr
    assert "SPW-1111" in job.run("--set=target.mode=append", "--fresh", exit_code=2).stderr
    job.run("--set=target.mode=append", "--fresh", "--append-again")
    assert sorted(job.rows()["id"].to_pylist()) == [0, 0, 1, 1, 2, 2, 3]
