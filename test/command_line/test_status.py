"""`status` and the ledger that it reads: what runs, attempts and validations leave there, and that
no run minds a ledger that cannot be written."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pyarrow as pa
import pytest
from pipelines.mounts import mounted


@pytest.fixture
def told(job, tmp_path):
    """A job with a ledger of its own, and how to ask it."""
    job.table("bronze", pa.table({"id": list(range(100))}))
    job.write(mode="chunked", processing={"chunk_size": 25})
    job.environment = {"SPILLWAY_STATE_DIRECTORY": str(tmp_path / "state")}
    job.ledger = tmp_path / "state" / "ledger.sqlite"

    def status(*flags):
        return job.spillway("status", *flags, environment=job.environment).stdout

    job.status = status
    job.runs = lambda *flags: json.loads(status("--json", *flags))["runs"]
    return job


def test_no_run_yet(told):
    assert told.status() == "No runs recorded yet.\n"
    assert told.runs() == []
    assert not told.ledger.exists()


def test_runs_of_one_pipeline_and_of_all(told):
    told.run(environment=told.environment)
    told.run(environment=told.environment)
    runs = told.runs()
    assert [run["state"] for run in runs] == ["unchanged", "done"]
    done = runs[1]
    assert done["pipeline"] == "test" and done["target"] == str(told.folder / "silver")
    assert done["rows_committed"] == 100 and done["target_version"] == 3
    assert done["mode"] == "chunked" and done["seconds"] >= 0
    assert 0 < done["peak_memory_bytes"] <= done["budget_bytes"]
    [attempt] = done["attempts"]
    assert (attempt["chunks"], attempt["chunks_committed"], attempt["code"]) == (4, 4, "")
    lines = told.status().splitlines()
    assert lines[0].split() == ["started", "pipeline", "state", "rows", "took", "target"]
    assert [line.split()[2] for line in lines[1:]] == ["unchanged", "done"]
    detail = told.status(str(told.folder / "pipeline.yaml"))
    assert "4 of 4 chunks of 25 rows" in detail and "100 rows committed, now at version 3" in detail
    other = told.folder / "other.yaml"
    other.write_text((told.folder / "pipeline.yaml").read_text().replace('"test"', '"other"'))
    missing = told.status(str(other))
    assert "No runs of other to" in missing and "recorded yet" in missing
    told.run("--set=pipeline=other", environment=told.environment, exit_code=None)
    pipeline = str(told.folder / "pipeline.yaml")
    assert "No runs of" not in told.status(pipeline, "--set=pipeline=other")


def test_a_failed_run_and_its_error(told):
    told.run("--set=columns.quotient=1 / (id - 60)", exit_code=3, environment=told.environment)
    [run] = told.runs()
    assert run["state"] == "failed" and run["code"] == "SPW-3201" and run["error"]
    assert run["rows_committed"] == 50
    assert [attempt["code"] for attempt in run["attempts"]] == ["SPW-3201"]
    detail = told.status(str(told.folder / "pipeline.yaml"))
    assert "2 of 4 chunks" in detail and "SPW-3201" in detail


def test_a_run_that_cannot_be_planned(told):
    told.run("--set=source.table=nowhere", exit_code=3, environment=told.environment)
    [run] = told.runs()
    assert run["state"] == "failed" and run["code"].startswith("SPW-3") and run["attempts"] == []
    assert run["code"] in told.status(str(told.folder / "pipeline.yaml"))


def test_a_killed_run(told):
    """It cannot say so itself: its process is gone."""
    process = subprocess.Popen(
        [told.spillway.program, "run", told.folder / "pipeline.yaml"],
        env={**os.environ, **told.environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (told.ledger.exists() and told.runs()):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    killed = process.wait() == -signal.SIGKILL
    assert [run["state"] for run in told.runs()] == ["killed" if killed else "done"]
    told.run(environment=told.environment)
    assert [run["state"] for run in told.runs()][1] == ("killed" if killed else "done")
    assert told.rows().num_rows == 100


def test_a_ledger_left_in_the_middle_of_a_write(told):
    """The process ended between SQLite's journal and its commit: the next reader rolls it back."""
    told.run(environment=told.environment)
    subprocess.run([sys.executable, "-c", f"""
import os, sqlite3
ledger = sqlite3.connect({str(told.ledger)!r}, isolation_level=None)
ledger.execute("PRAGMA cache_size = 1")
ledger.execute("BEGIN IMMEDIATE")
ledger.execute("UPDATE run SET state = 'lost', error = hex(randomblob(100000))")
ledger.execute("UPDATE attempt SET error = hex(randomblob(100000))")
os._exit(0)
"""], check=True)
    journal = told.ledger.with_name("ledger.sqlite-journal")
    assert journal.read_bytes()[:8] == b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    assert [run["state"] for run in told.runs()] == ["done"]
    assert not journal.exists()


def test_the_ledger_is_private_and_its_schema_versioned(told):
    told.run(environment=told.environment)
    assert told.ledger.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(told.ledger) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (1,)
        assert ledger.execute("SELECT count(*), sum(rows) FROM chunk").fetchone() == (4, 100)
        ledger.execute("PRAGMA user_version = 2")
    run = told.run("--fresh", "--set=target.mode=overwrite", environment=told.environment)
    assert "SPW-6006" in run.stderr and "newer version" in run.stderr
    assert told.rows().num_rows == 100


def test_a_locked_ledger_stops_no_run(told):
    told.run(environment=told.environment)
    with sqlite3.connect(told.ledger, isolation_level=None) as ledger:
        ledger.execute("BEGIN EXCLUSIVE")
        run = told.run("--fresh", "--set=target.mode=overwrite", environment=told.environment)
    assert "SPW-6006" in run.stderr and "locked" in run.stderr
    assert told.rows().num_rows == 100
    assert len(told.runs()) == 1


def test_a_ledger_on_a_full_disk_stops_no_run(told):
    with mounted(told.folder / "state", "tmpfs", "size=256k") as state:
        (state / "ballast").write_bytes(bytes(1 << 18))
        run = told.run(environment=told.environment)
    assert "warning: the run is not completely recorded in the history: SPW-600" in run.stderr
    assert "error[" not in run.stderr
    assert told.rows().num_rows == 100


@pytest.mark.parametrize("environment", [
    {"SPILLWAY_STATE_DIRECTORY": "/proc/none"}, {"HOME": "", "XDG_STATE_HOME": ""}])
def test_no_place_for_a_ledger_stops_no_run(told, environment):
    told.run(environment=environment)
    assert told.rows().num_rows == 100


def test_commits_are_in_the_report(told):
    report = told.report()
    assert [commit["version"] for commit in report["commits"]] == [0, 1, 2, 3]
    assert [commit["first_ordinal"] for commit in report["commits"]] == [0, 25, 50, 75]
    assert sum(commit["rows"] for commit in report["commits"]) == report["rows_written"] == 100


def test_validations_are_on_record(told):
    told.run(environment=told.environment)
    file = str(told.folder / "pipeline.yaml")
    told.spillway("validate", file, environment=told.environment)
    [validation] = json.loads(told.status("--json", file))["validations"]
    assert validation["passed"] and validation["target_version"] == 3
    assert validation["report"]["valid"] is True
    assert "validated version 3: valid" in told.status(file)
