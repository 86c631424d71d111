"""Measurements that nobody made, for the code that writes results."""

from harness.jobs import JOBS
from harness.results import Results, Run

MIB = 1 << 20


def run(job: str, engine: str, wall: float, failure: str | None = None, **fields) -> Run:
    return Run(**{
        "job": job, "engine": engine, "wall_seconds": wall, "sync_seconds": 0.5,
        "user_seconds": wall * 0.75, "system_seconds": wall * 0.25,
        "exit_code": 137 if failure else 0, "failure": failure, "peak_anon_bytes": 400 * MIB,
        "cgroup_peak_bytes": 2048 * MIB, "bytes_written": 5000 * MIB, "disk_bytes": 5000 * MIB,
        **fields})


def results(*runs: Run, **fields) -> Results:
    jobs = {job.name: {"what": job.what, "rows": job.data.rows, "memory_bytes": job.memory_bytes,
                       "data": "4.80 GB of bronze and 0.90 GB of predictions"}
            for job in JOBS if job.name in {run.job for run in runs}}
    return Results(**{
        "date": "2026-01-31", "machine": {"CPU": "a CPU, 2 cores", "Memory": "24 GiB"},
        "versions": {"duckdb": "2.0.1"}, "commit": "c0ffee" * 6, "command": "bench/run_bench.py",
        "jobs": jobs, "settings": {"cp": "cp -r"}, "runs": list(runs), **fields})


def everything() -> Results:
    """Each job of the targets, with a peer that finishes, one that is killed, and the yardstick."""
    killed = "killed, out of memory (exit code 137)"
    runs = []
    for job in JOBS:
        report = {"peak_memory_bytes": 300 * MIB, "bound_bytes": 400 * MIB,
                  "bytes_written": 5000 * MIB, "copied_bytes": 4600 * MIB, "shared_bytes": 0}
        walls = {"cp": 6.0, "spillway": 14.0, "duckdb": 140.0}
        for engine, wall in walls.items():
            for number in range(3):
                scale = job.data.rows / 38_000_000 * (1 + number / 100)
                runs.append(run(job.name, engine, wall * scale,
                                report=report if engine == "spillway" else {}))
        runs.append(run(job.name, "polars", 20.0, killed))
    return results(
        *runs, plans={"38m-2GiB": {"memory": {"bound_bytes": 400 * MIB},
                                   "splice": {"spliced": 37, "row_groups": 38}}},
        skipped={"spark": "needs Java 17"},
        kernels=[{"name": "join_benchmark/Probe/1", "real_time": 12.5, "time_unit": "ms",
                  "bytes_per_second": 2.5e9, "items_per_second": 8e6}])
