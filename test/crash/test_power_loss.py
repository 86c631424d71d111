"""The machine loses its power: a real ext4 and XFS forget what was not synced, at a chosen point or
at a random moment. Mounted again, the table has every commit that had been reported, each of them
whole, and a run without faults ends with DuckDB's rows.

SPILLWAY_TORTURE_POWER makes it longer: so many losses of each kind, with 2,000,000 rows.
"""

import os
import shutil
import time

import pytest
from crash.faulty_job import FORMS, LONG_ROWS, SHORT_ROWS, FaultyJob, seeded
from crash.power import Disk
from crash.shim import CHANGES, Fault

LOSSES = int(os.environ.get("SPILLWAY_TORTURE_POWER", "0"))
ROWS = LONG_ROWS if LOSSES else SHORT_ROWS
SHORT_LOSSES = 1


@pytest.fixture(params=["ext4", "ext4_writeback", "xfs"])
def disk(request, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a file system wants root")
    disk = Disk(tmp_path / "disk.image", tmp_path / "disk", request.param)
    disk.make(1500 if LOSSES else 400)
    return disk


def reported_commits(log):
    """How many commits a recorded run was told are on the disk: those behind whose link the log's
    folder was synced."""
    linked = reported = 0
    for line in log.read_text().splitlines():
        call, result, path = line.split(" ", 2)
        if call == "link" and result == "0" and path.endswith(".json"):
            linked += 1
        if call == "fsync" and result == "0" and path.endswith("/_delta_log"):
            reported = linked
    return reported


def log_size(silver):
    return len(list((silver / "_delta_log").glob("*[0-9].json")))


def lose_power_at(job, disk, fault, log):
    """Runs until the power goes at a point. How many commits the table must have."""
    log.unlink(missing_ok=True)
    with disk.mounted():
        before = log_size(job.silver)
        ended = job.run(fault, mount=disk.folder, log=log, log_calls=("link", "fsync"))
        assert ended.code in (0, -9), f"{fault}: {ended.code} {ended.error}"
    return before + reported_commits(log)


def lose_power_after(job, disk, seconds, log):
    """Runs until the power goes at a moment; the program then meets a disk that fails."""
    log.unlink(missing_ok=True)
    with disk.mounted():
        before = log_size(job.silver)
        environment = job.shim.environment(log=log, log_calls=("link", "fsync"))
        with job.start("--json", environment=environment) as process:
            time.sleep(seconds)
            disk.cut_power()
            _, error = process.communicate(timeout=60)
        assert process.returncode in (0, 3, 6), f"{process.returncode} {error}"
    return before + reported_commits(log)


def check_after(job, disk, reported, duckdb_delta):
    with disk.mounted():
        assert log_size(job.silver) >= reported, "a commit that was reported is gone"
        job.check_part(duckdb_delta)


def finish(job, disk, duckdb_delta):
    with disk.mounted():
        job.finish(duckdb_delta)
        shutil.rmtree(job.silver)


@pytest.mark.timeout(36_000 if LOSSES else 600)
def test_power_loss(spillway, shim, lakes, tmp_path, duckdb_delta, disk):
    chosen = seeded(f"power loss, {disk.kind}")
    losses = 0
    while losses < (LOSSES or SHORT_LOSSES):
        form = chosen.choice(list(FORMS))
        job = FaultyJob(spillway, shim, lakes, form, disk.folder, ROWS,
                        spill=tmp_path / "spill")
        log = tmp_path / "calls"
        with disk.mounted() as folder:
            start = time.monotonic()
            points = job.record(folder)
            whole_run = time.monotonic() - start
            shutil.rmtree(job.silver)
        for _ in range(chosen.randint(1, 3) if LOSSES else 1):
            if chosen.random() < 0.3:
                reported = lose_power_after(job, disk, chosen.uniform(0, whole_run), log)
            else:
                point = chosen.choice([point for point in points if point.call in CHANGES])
                act = chosen.choice(["power_off", "power_off_after"])
                nth = chosen.randint(1, points[point])
                fault = Fault(point.call, act, nth, point.path)
                reported = lose_power_at(job, disk, fault, log)
            losses += 1
            check_after(job, disk, reported, duckdb_delta)
        finish(job, disk, duckdb_delta)
    print(losses, "losses of power")
