"""Runs that are killed, over inputs that get new versions meanwhile: the next run goes on by itself
with the versions that the first one pinned, and every row is there once."""

import os
import random
import shutil
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pipelines.delta_log import actions

ROWS = 40_000
CHUNK = 2_000


class GrowingJob:
    """A join of two tables that grow, and the ways to kill and to finish its runs."""

    def __init__(self, job, mode):
        self.job, self.mode = job, mode
        self.silver = job.folder / "silver"
        self.add_bronze(0, ROWS)
        self.add_known(0, ROWS, 2)
        job.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
                  columns={"twice": "coalesce(found, 0) * 2"}, mode="chunked",
                  processing={"chunk_size": CHUNK}, resources={"memory": "512MiB", "lanes": 1},
                  target={"table": "silver", "mode": mode})

    def add_bronze(self, first, end):
        self.job.table("bronze", pa.table({"id": range(first, end),
                                           "text": [f"row {i}" for i in range(first, end)]}))

    def add_known(self, first, end, step):
        ids = range(first, end, step)
        self.job.table("known", pa.table({"id": ids, "found": [i * 3 for i in ids]}))

    def commits(self):
        return len(list((self.silver / "_delta_log").glob("*.json")))

    def kill_after(self, commits):
        """Kills a run once it has made so many commits more; False: it had ended before."""
        wanted = self.commits() + commits
        command = [self.job.spillway.program, "run", self.job.folder / "pipeline.yaml"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as process:
            while self.commits() < wanted and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            error = process.stderr.read()
        assert process.returncode in (0, -signal.SIGKILL), error
        return process.returncode != 0

    def check_rows(self, duckdb_delta, rows, known_rows=None):
        """As DuckDB computes them from what the tables had."""
        known_rows = rows if known_rows is None else known_rows
        counts = duckdb_delta.execute(
            f"SELECT count(*), count(DISTINCT id), min(id), max(id), count(found), "
            f"count(*) FILTER (text <> 'row ' || id OR twice <> coalesce(found, 0) * 2 OR "
            f"found IS DISTINCT FROM CASE WHEN id % 2 = 0 AND id < {known_rows} THEN id * 3 END) "
            f"FROM delta_scan('{self.silver}')").fetchone()
        assert counts == (rows, rows, 0, rows - 1, known_rows // 2, 0)


@pytest.mark.parametrize("mode", ["append", "overwrite", "error_if_exists"])
@pytest.mark.parametrize("change", ["append", "optimize", "lookup", "both"])
def test_it_goes_on_with_what_it_had_pinned(job, duckdb_delta, mode, change):
    growing = GrowingJob(job, mode)
    assert growing.kill_after(5)
    newer = 0
    if change in ("append", "both"):
        growing.add_bronze(ROWS, ROWS + 500)
        newer += 1
    if change in ("lookup", "both"):
        growing.add_known(1, ROWS, 2)
        newer += 1
    if change == "optimize":
        growing.add_bronze(ROWS, ROWS + 10)
        DeltaTable(job.folder / "bronze").optimize.compact()
        newer += 2
    plan = job.plan()
    assert plan["committed_rows"] > 0
    assert sum(held["newer_versions"] for held in plan["held_versions"]) == newer
    run = job.run()
    assert "Resumes the run of source version 0" in run.stderr or change == "lookup"
    assert f"{newer} newer version" in run.stderr and run.stderr.count("Resumes") == 1
    growing.check_rows(duckdb_delta, ROWS)
    assert job.validate("--full")["valid"]
    told = job.spillway("validate", job.folder / "pipeline.yaml").stderr
    assert "Comparing with" in told and f"{newer} newer version" in told


def test_the_next_run_reads_the_newer_versions(job, duckdb_delta):
    growing = GrowingJob(job, "overwrite")
    assert growing.kill_after(5)
    growing.add_bronze(ROWS, ROWS + 500)
    job.run()
    growing.check_rows(duckdb_delta, ROWS)
    assert "Resumes" not in job.run().stderr
    growing.check_rows(duckdb_delta, ROWS + 500, known_rows=ROWS)
    assert job.validate()["valid"]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_killed_again_and_again_while_the_inputs_grow(job, duckdb_delta, mode):
    """Each kill at a random commit, each time with new versions of both inputs."""
    seed = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    chosen = random.Random(seed)
    growing = GrowingJob(job, mode)
    end = ROWS
    # A run that is killed behind its last commit has ended all the same.
    while growing.kill_after(chosen.randint(2, 6)) and job.rows().num_rows < ROWS:
        growing.add_bronze(end, end + 100)
        growing.add_known(end, end + 100, 2)
        end += 100
    growing.check_rows(duckdb_delta, ROWS)
    assert len({txn["appId"] for txn in actions(growing.silver, "txn")}) == 1


def test_a_version_that_cannot_be_read_any_more(job, duckdb_delta):
    """It says what is gone, and both of its cures work."""
    growing = GrowingJob(job, "overwrite")
    assert growing.kill_after(5)
    kept = job.folder / "kept"
    shutil.copytree(job.folder / "bronze", kept)
    table = DeltaTable(job.folder / "bronze")
    write_deltalake(table, pa.table({"id": range(300), "text": [f"row {i}" for i in range(300)]}),
                    mode="overwrite")
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    for verb in ("plan", "run"):
        error = job.spillway(verb, job.folder / "pipeline.yaml", exit_code=3).stderr
        assert "error[SPW-3005]" in error and "source version 0" in error
        assert "--fresh" in error and "bring the files back" in error
    for file in kept.glob("*.parquet"):
        shutil.copy(file, job.folder / "bronze" / file.name)
    job.run()
    growing.check_rows(duckdb_delta, ROWS)
    job.run("--fresh")
    growing.check_rows(duckdb_delta, 300)


@pytest.mark.parametrize("grown", [False, True])
def test_the_log_is_cleaned_up_behind_a_run_that_appends(job, duckdb_delta, grown):
    """Its commits are gone: the advice, --fresh, goes on behind the rows that are there."""
    growing = GrowingJob(job, "append")
    assert growing.kill_after(5)
    DeltaTable(growing.silver).create_checkpoint()
    log = sorted((growing.silver / "_delta_log").glob("*.json"))
    for commit in log[:-1]:
        commit.unlink()
    if grown:
        growing.add_bronze(ROWS, ROWS + 500)
    error = job.run(exit_code=3).stderr
    assert "error[SPW-3007]" in error and "run with --fresh" in error
    job.run("--fresh")
    growing.check_rows(duckdb_delta, ROWS)


@pytest.mark.parametrize("grown", [False, True])
def test_a_restore_to_the_version_before_a_run_that_appends(job, duckdb_delta, grown):
    """Its rows are gone: the advice, --fresh, appends all of them, once."""
    growing = GrowingJob(job, "append")
    write_deltalake(growing.silver, pa.table({"id": pa.array([], pa.int64()),
                                              "text": pa.array([], pa.string()),
                                              "found": pa.array([], pa.int64()),
                                              "twice": pa.array([], pa.int64())}))
    assert growing.kill_after(4)
    DeltaTable(growing.silver).restore(0)
    rows = ROWS
    if grown:
        growing.add_bronze(ROWS, ROWS + 500)
        rows += 500
    error = job.run(exit_code=4).stderr
    assert "error[SPW-4001]" in error and "RESTORE" in error and "--fresh" in error
    job.run("--fresh")
    growing.check_rows(duckdb_delta, rows, known_rows=ROWS)


def test_a_changed_row_is_no_reason_to_do_nothing(job, duckdb_delta):
    growing = GrowingJob(job, "overwrite")
    job.run()
    table = DeltaTable(growing.silver)
    table.update(predicate="id = 7", updates={"text": "'changed'"})
    assert not job.validate(exit_code=1)["valid"]
    for verb in ("plan", "run"):
        error = job.spillway(verb, job.folder / "pipeline.yaml", exit_code=4).stderr
        assert "error[SPW-4001]" in error and f"version {table.version()} (UPDATE)" in error
        assert "--fresh" in error and f"RESTORE the table to version {table.version() - 1}" in error
    job.run("--fresh")
    growing.check_rows(duckdb_delta, ROWS)
    assert "Nothing to do" in job.run().stdout


def test_rows_that_others_added_are_told(job):
    growing = GrowingJob(job, "overwrite")
    job.run()
    row = DeltaTable(growing.silver).to_pyarrow_table().slice(0, 1)
    write_deltalake(growing.silver, row, mode="append")
    assert "and 1 row that others have added" in job.run().stdout
