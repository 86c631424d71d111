"""kill -9 at random moments, and run again: every row once, whatever the run was doing.

SPILLWAY_TORTURE_KILLS makes it longer: so many kills of each kind of run, of 2,000,000 rows.
"""

import os
import random
import shutil

import pytest
from crash.killed_runs import MIB, KilledRuns, time_of
from pipelines.job import read_table, write_table
from silver.guide_pipeline import assert_silver_is_right

KILLS = int(os.environ.get("SPILLWAY_TORTURE_KILLS", "0"))
ROWS = 2_000_000 if KILLS else 400_000
CHUNK_ROWS = ROWS // 10


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    """The generated tables, in row groups of which a chunk has several."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", str(ROWS), "--content-bytes", "20", "--out", made)
    for name in ("bronze_accident", "predictions"):
        write_table(folder / name, read_table(made / name), files=4, rows_per_group=CHUNK_ROWS // 4)
    return folder


@pytest.mark.timeout(7200 if KILLS else 600)
@pytest.mark.parametrize("publish", ["per_chunk", "at_end"])
@pytest.mark.parametrize("join", ["in_memory", "spilling"])
def test_kills(spillway, lake, tmp_path, duckdb_delta, publish, join):
    seed = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    flags = ["--mode=chunked", f"--set=processing.chunk_size={CHUNK_ROWS}",
             f"--set=target.publish={publish}", "--set=resources.lanes=2",
             f"--set=processing.checkpoint_interval={CHUNK_ROWS // 8}",
             "--set=target.target_file_size=100kB", "--memory=1GiB"]
    runs = KilledRuns(spillway, lake, tmp_path / "silver", flags, random.Random(seed))
    if join == "spilling":
        smallest = runs.report("plan")["memory"]["smallest_budget_bytes"]
        flags[-1] = f"--memory={smallest + 8 * MIB}"
    assert runs.report("plan")["lookups"][0]["join"]["out_of_core"] == (join == "spilling")
    whole_run = time_of(lambda: runs.report("run"))
    most_kills = KILLS or 6
    while runs.kills < most_kills:
        shutil.rmtree(runs.silver)
        report = runs.run_killed_often(1.2 * whole_run, min(8, most_kills - runs.kills))
        assert not report["stopped"]
        runs.check_nothing_is_left()
        assert_silver_is_right(duckdb_delta, lake, runs.silver)
        assert runs.report("run")["already_finished"]
    print(runs.kills, "kills; rows to write again:", runs.wasted_rows)
    assert max(runs.wasted_rows, default=0) <= CHUNK_ROWS
