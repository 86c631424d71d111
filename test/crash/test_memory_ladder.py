"""A job in less and less memory than it would like: rows are equal, or it is refused before the
first commit. The kernel never has to end it: in a memory cgroup that is as large as the budget.

SPILLWAY_TORTURE_MEMORY=1 does it with 2,000,000 rows.
"""

import json
import os
import shutil
import subprocess
from fractions import Fraction

import pytest
from crash.faulty_job import LONG_ROWS, SHORT_ROWS, FaultyJob

IS_LONG = bool(os.environ.get("SPILLWAY_TORTURE_MEMORY"))
PAGE = 4096
PROGRAM_BYTES = 48 << 20  # of the first line of the plan's bound
ROWS = LONG_ROWS if IS_LONG else SHORT_ROWS


def run_in(in_cgroup, limit, job):
    """With that budget, in a cgroup of that size; but of no less than the program itself takes, or
    the kernel ends it before it can refuse."""
    room = max(limit, PROGRAM_BYTES)
    return subprocess.run([in_cgroup, str(room), job.spillway.program, "run", *job.flags[:-1],
                           f"--memory={limit}", "--json"],
                          capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.timeout(3600 if IS_LONG else 600)
@pytest.mark.parametrize("form", ["spliced", "decoded", "key_order"] if IS_LONG else ["spliced"])
def test_ladder(in_cgroup, spillway, shim, lakes, tmp_path, duckdb_delta, form):
    job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", ROWS)
    # The limit of a cgroup is one of whole pages.
    least = -(-job.plan()["memory"]["smallest_budget_bytes"] // PAGE) * PAGE
    plenty = run_in(in_cgroup, 1 << 30, job)
    assert plenty.returncode == 0, plenty.stderr
    report = json.loads(plenty.stdout)
    budgets = {"least": least, "too little": least - PAGE}
    for name in ("peak_memory_bytes", "bound_bytes"):
        for share in ("2", "1", "1/2", "1/3", "1/4"):
            budgets[f"{share} {name}"] = int(report[name] * Fraction(share)) // PAGE * PAGE
    codes = {}
    for name, budget in budgets.items():
        shutil.rmtree(job.silver, ignore_errors=True)
        run = run_in(in_cgroup, budget, job)
        codes[name] = run.returncode
        assert run.returncode == (0 if budget >= least else 5), f"{name}: {run.stderr}"
        if run.returncode == 5:
            assert json.loads(run.stderr.splitlines()[-1])["code"] == "SPW-5001", run.stderr
            assert not job.silver.exists()
        else:
            assert json.loads(run.stdout)["peak_memory_bytes"] <= budget
            job.finish(duckdb_delta)
    print(form, {name: (budget >> 20, codes[name]) for name, budget in budgets.items()})
    assert set(codes.values()) == {0, 5}
