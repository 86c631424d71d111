"""The process dies at a named point: before or behind the Nth call of one kind on one kind of file,
or in the middle of a write. Which points there are is read off a run: every call that changes a
file or reads an input, so that a new step of the program is a new point by itself.

SPILLWAY_TORTURE_POINTS makes it longer: so many kills at each point, of 2,000,000 rows.
"""

import os
import shutil
import signal
import time
from collections import Counter

import pytest
from crash.faulty_job import LONG_ROWS, LONGEST_RUN_SECONDS, SHORT_ROWS, FaultyJob, seeded
from crash.shim import Fault

KILLS = int(os.environ.get("SPILLWAY_TORTURE_POINTS", "0"))
ROWS = LONG_ROWS if KILLS else SHORT_ROWS
SHORT_KILLS = 4  # of each form
WRITES = ("write", "pwrite", "pwritev")


class Killer:
    """Kills runs of a job, several in a row, until each point has its kills or the time is up."""

    def __init__(self, job, points, chosen, duckdb_delta):
        self.job, self.points, self.chosen, self.duckdb_delta = job, points, chosen, duckdb_delta
        self.kills = Counter()
        self.longest_row = 0

    def fault_at(self, point, most):
        acts = ["kill", "kill_after"] + ["tear"] * (point.call in WRITES)
        return Fault(point.call, self.chosen.choice(acts), self.chosen.randint(1, most), point.path)

    def kill(self, point, most):
        fault = self.fault_at(point, most)
        ended = self.job.run(fault)
        assert ended.code in (0, -9), f"{fault}: {ended.code} {ended.error}"
        self.kills[point] += ended.was_killed
        self.job.committed_rows()
        return ended.was_killed

    def press_ctrl_c(self):
        """At a moment of a run; twice, which means at once, as often as not."""
        with self.job.start() as process:
            for _ in range(self.chosen.randint(1, 2)):
                time.sleep(self.chosen.uniform(0, 0.4))
                process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=LONGEST_RUN_SECONDS)
        # Before the handler is there it dies of the signal.
        assert process.returncode in (0, 130, -signal.SIGINT), error
        self.job.committed_rows()

    def kill_in_a_row(self, point):
        """Kills a new run at `point`, and those that take up its work at others, or stops them by
        Ctrl-C; then lets one end, and looks at the rows."""
        for folder in filter(None, (self.job.silver, self.job.spill)):
            shutil.rmtree(folder, ignore_errors=True)
        killed = self.kill(point, self.points[point])
        row = int(killed)
        while killed and self.chosen.random() < 0.7:
            killed = self.kill(self.chosen.choice(list(self.points)), 3)
            row += killed
            if self.chosen.random() < 0.3:
                self.press_ctrl_c()
        self.longest_row = max(self.longest_row, row)
        self.job.finish(self.duckdb_delta)


@pytest.mark.timeout(36_000 if KILLS else 600)
def test_kills_at_points(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", ROWS, spill=tmp_path / "spill")
    points = job.record(tmp_path, job.lake)
    assert {point.call for point in points} >= {"create", "write", "pwrite", "fsync", "rename",
                                                "link", "unlink", "mkdir", "pread"}
    killer = Killer(job, points, seeded(f"kill points, {form}"), duckdb_delta)
    if KILLS:
        for point in points:
            tries = 0
            while killer.kills[point] < KILLS and tries < 4 * KILLS:
                killer.kill_in_a_row(point)
                tries += 1
            print(f"{point}: {killer.kills[point]} kills", flush=True)
        assert all(killer.kills[point] >= KILLS for point in points)
    else:
        while killer.kills.total() < SHORT_KILLS:
            killer.kill_in_a_row(killer.chosen.choice(list(points)))
    print(killer.kills.total(), "kills,", killer.longest_row, "in a row")
