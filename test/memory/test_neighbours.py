"""A run beside a process that takes more and more of the cgroup that both are in: the run gives
way, and neither is killed."""

import json
import subprocess
import sys

import pytest
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

MIB = 1 << 20

# Starts a run; once it has committed a chunk, takes so many MiB, the last of them slowly, and keeps
# them until the run has ended. Prints what the run printed.
NEIGHBOUR = """
import subprocess, sys, time
mebibytes, log, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
run = subprocess.Popen(command)
while run.poll() is None and not __import__("os").path.exists(log):
    time.sleep(0.005)
taken = []
while len(taken) < mebibytes and run.poll() is None:
    taken += [bytes(range(256)) * 4096 for _ in range(4)]
    time.sleep(0.02 if len(taken) > mebibytes * 0.6 else 0)
sys.exit(run.wait())
"""


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", "3000000", "--out", lake)
    return lake


def run_beside(in_cgroup, spillway, lake, silver, mebibytes):
    return subprocess.run(
        [in_cgroup, "700MiB", sys.executable, "-c", NEIGHBOUR, str(mebibytes),
         str(silver / "_delta_log" / "00000000000000000002.json"), spillway.program, "run", EXAMPLE,
         "--json", "--memory=650MiB", "--mode=chunked", "--set=processing.chunk_size=200_000",
         "--set=resources.lanes=1",
         f"--set=variables.lake={lake}", f"--set=target.table={silver}"],
        capture_output=True, text=True, check=False, timeout=300)


def test_a_run_gives_way_to_its_neighbour(in_cgroup, spillway, duckdb_delta, lake, tmp_path):
    run = run_beside(in_cgroup, spillway, lake, tmp_path / "silver", 400)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert [attempt["code"] for attempt in report["failed_attempts"]] == ["SPW-5003"], run.stderr
    assert report["budget_bytes"] < 300 * MIB
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= report["budget_bytes"]
    assert_silver_is_right(duckdb_delta, lake, tmp_path / "silver")


def test_a_clean_stop_where_nearly_all_is_taken(in_cgroup, spillway, duckdb_delta, lake, tmp_path):
    run = run_beside(in_cgroup, spillway, lake, tmp_path / "silver", 640)
    assert run.returncode == 5, run.stderr
    assert "that other processes leave" in run.stderr and "Nothing was lost: chunk" in run.stderr
    report = json.loads(spillway("run", EXAMPLE, "--json", "--mode=chunked",
                                 "--set=processing.chunk_size=200_000",
                                 f"--set=variables.lake={lake}",
                                 f"--set=target.table={tmp_path / 'silver'}").stdout)
    assert report["source_rows"] + report["kept_rows"] < 3_000_000
    assert_silver_is_right(duckdb_delta, lake, tmp_path / "silver")
