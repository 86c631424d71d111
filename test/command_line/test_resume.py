"""Runs that are stopped or killed, and run again: every row once, by the rows that DuckDB makes."""

import random
import signal
import subprocess
import time

import pytest
from deltalake import DeltaTable, write_deltalake
from pipelines.delta_log import actions, live_files
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

ROWS = 60_000
CHUNKS = 30  # of 2,000 rows


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", str(ROWS), "--out", folder)
    return folder


class Runs:
    """Starts the example pipeline, in chunks, over one lake and one target."""

    def __init__(self, spillway, lake, silver):
        self.lake, self.silver = lake, silver
        self.command = [spillway.program, "run", EXAMPLE, "--mode=chunked", "--set",
                        f"processing.chunk_size={ROWS // CHUNKS}", "--set",
                        f"variables.lake={lake}", "--set", f"target.table={silver}", "--memory",
                        "256MiB"]

    def start(self, *flags):
        return subprocess.Popen([*self.command, *flags], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def commits(self):
        return len(list((self.silver / "_delta_log").glob("*.json")))

    def start_and_wait_for_commits(self, count, *flags):
        """Returns the running process once its log has so many more commits."""
        wanted = self.commits() + count
        process = self.start(*flags)
        while self.commits() < wanted and process.poll() is None:
            time.sleep(0.001)
        return process

    def finish(self):
        process = self.start()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out


@pytest.fixture
def runs(spillway, lake, tmp_path):
    return Runs(spillway, lake, tmp_path / "silver")


def stop(process, *signals):
    for number in signals:
        process.send_signal(number)
        time.sleep(0.02)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


def check_no_stray_files(silver):
    assert {path for path in silver.glob("*.parquet")} == set(live_files(silver))


def test_ctrl_c_finishes_the_chunk(runs, duckdb_delta):
    code, err = stop(runs.start_and_wait_for_commits(4), signal.SIGINT)
    assert code == 130
    assert "Stopping after this chunk" in err and "Nothing was lost: " in err
    done = actions(runs.silver, "txn")[-1]["version"]
    assert 0 < done < ROWS
    check_no_stray_files(runs.silver)
    out = runs.finish()
    assert f"{ROWS - done:,} read" in out
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


def test_a_second_ctrl_c_stops_at_once(runs, duckdb_delta):
    code, err = stop(runs.start_and_wait_for_commits(3), signal.SIGINT, signal.SIGINT)
    assert code == 130
    assert "Nothing was lost: " in err
    check_no_stray_files(runs.silver)
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


def test_terminate(runs, duckdb_delta):
    code, err = stop(runs.start_and_wait_for_commits(3), signal.SIGTERM)
    assert code == 143 and "Nothing was lost: " in err
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


def test_a_stop_before_the_first_chunk(runs, duckdb_delta):
    """Signals in the time in which the tables are opened count too."""
    process = runs.start()
    time.sleep(0.01)
    code, _ = stop(process, signal.SIGINT)
    assert code in (130, -signal.SIGINT)  # the latter before the program listens
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


@pytest.mark.parametrize("flag", ["--mode=standard", "--set=target.publish=at_end"])
def test_a_stop_before_the_one_commit(runs, duckdb_delta, flag):
    """Nothing is to be seen, not even the table; what was written is there for the next run."""
    if flag.startswith("--mode"):
        runs.command.remove("--mode=chunked")
    runs.command.append(flag)
    process = runs.start()
    while not list(runs.silver.glob("*.parquet")) and process.poll() is None:
        time.sleep(0.001)
    code, err = stop(process, signal.SIGINT, signal.SIGINT)
    if code == 130:  # else it had ended before
        assert actions(runs.silver, "add") == []
    runs.finish()
    check_no_stray_files(runs.silver)
    assert not (runs.silver / "_spillway").exists()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


@pytest.mark.parametrize("mode", ["overwrite", "append", "error_if_exists"])
def test_kill(runs, duckdb_delta, mode):
    """Ten kills at random moments, with another chunk size after each."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chosen = random.Random(seed)
    flags = ["--set", f"target.mode={mode}", "--set", "target.overwrite_schema=false"]
    runs.command += flags
    killed = 0
    for _ in range(10):
        size = chosen.choice([701, 1500, 2000, 5000])
        process = runs.start("--set", f"processing.chunk_size={size}")
        try:
            process.wait(timeout=chosen.uniform(0, 0.4))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
        assert process.returncode in (0, -signal.SIGKILL)
    print(killed, "kills")
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)
    # What was done only grows, within one run of one pipeline.
    done = [txn["version"] for txn in actions(runs.silver, "txn")]
    assert done == sorted(set(done)) and done[-1] == ROWS
    assert len({txn["appId"] for txn in actions(runs.silver, "txn")}) == 1


@pytest.fixture
def paused(runs):
    """A run that stands still after some chunks, and the ways to let it go on."""
    runs.command += ["--set", "target.mode=append", "--set", "target.overwrite_schema=false"]
    process = runs.start_and_wait_for_commits(4)
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    process.communicate()


def go_on(process):
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


def foreign_row(silver):
    return DeltaTable(silver).to_pyarrow_table().slice(0, 1)


def test_rows_that_others_append_meanwhile_stay(runs, paused):
    write_deltalake(runs.silver, foreign_row(runs.silver), mode="append")
    assert go_on(paused)[0] == 0
    assert DeltaTable(runs.silver).to_pyarrow_table().num_rows == ROWS + 1


@pytest.mark.parametrize("change", ["overwrite", "delete"])
def test_rows_that_others_take_away_meanwhile_are_missed(runs, paused, duckdb_delta, change):
    row = foreign_row(runs.silver)
    if change == "overwrite":
        write_deltalake(runs.silver, row, mode="overwrite")
    else:
        DeltaTable(runs.silver).delete(f"image_name = '{row['image_name'][0]}'")
    version = DeltaTable(runs.silver).version()
    operation = {"overwrite": "WRITE", "delete": "DELETE"}[change]
    code, err = go_on(paused)
    assert code == 4
    assert "error[SPW-4001]" in err and f"version {version} ({operation})" in err
    # So it is for a second attempt, until the rows are back.
    again = runs.start()
    assert f"version {version} ({operation})" in again.communicate(timeout=60)[1]
    assert again.returncode == 4
    DeltaTable(runs.silver).restore(version - 1)
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)


def test_two_at_once_write_every_row_once(runs, duckdb_delta):
    """The one that comes second is told that the first is alive, or finds nothing left to do."""
    processes = [runs.start() for _ in range(2)]
    codes = []
    for process in processes:
        _, err = process.communicate(timeout=120)
        codes.append(process.returncode)
        assert process.returncode == 0 or "error[SPW-4003]" in err, err
    assert 0 in codes and set(codes) <= {0, 4}
    runs.finish()
    assert_silver_is_right(duckdb_delta, runs.lake, runs.silver)
