"""The targets, each with what was measured beside it."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from harness.results import Results, Summary


@dataclass(frozen=True)
class Target:
    job: str  # in words
    target: str
    measured: str = "not measured"
    met: bool | None = None  # None where it was not measured


def evaluate(results: Results) -> list[Target]:
    return [Target(job, target, *(measure(results) or ())) for job, target, measure in _TARGETS]


Measured = tuple[str, bool] | None


def _ours(results: Results, job: str) -> Summary | None:
    """Our medians of a job that every run ended well; None where there are none."""
    summary = results.summary(job, "spillway")
    return summary if summary and not summary.failure else None


def _finishes(job: str) -> Callable[[Results], Measured]:
    def measure(results: Results) -> Measured:
        summary = results.summary(job, "spillway")
        if summary is None:
            return None
        if summary.failure:
            return summary.failure, False
        return f"{summary.wall_seconds:.1f} s", True

    return measure


def _finishes_or_says(job: str) -> Callable[[Results], Measured]:
    """A refusal by the plan (exit code 5), before anything is written, is an answer too."""

    def measure(results: Results) -> Measured:
        summary = results.summary(job, "spillway")
        if summary and summary.failure and all(run.exit_code == 5 for run in summary.runs):
            needed = results.plans.get(job, {}).get("memory", {}).get("smallest_budget_bytes")
            return (f"refused: needs {needed >> 20} MiB", True) if needed else ("refused", False)
        return _finishes(job)(results)

    return measure


def _ratio(job: str, other_job: str, other_engine: str, limit: float) -> Callable:
    """Our wall time as a multiple of that of another job or engine."""

    def measure(results: Results) -> Measured:
        ours = _ours(results, job)
        other = results.summary(other_job, other_engine)
        if ours is None or other is None or other.failure:
            return _failure(results, job)
        ratio = ours.wall_seconds / other.wall_seconds
        return (f"{ratio:.2f} x ({ours.wall_seconds:.1f} s, {other.wall_seconds:.1f} s)",
                ratio <= limit)

    return measure


def _failure(results: Results, job: str) -> Measured:
    summary = results.summary(job, "spillway")
    return (summary.failure, False) if summary and summary.failure else None


def _faster_than_peers(job: str, factor: float) -> Callable[[Results], Measured]:
    def measure(results: Results) -> Measured:
        ours = _ours(results, job)
        if ours is None:
            return _failure(results, job)
        if not {run.engine for run in results.runs if run.job == job} - {"cp", "spillway"}:
            return None
        peer = results.fastest_peer(job)
        if peer is None:
            return f"{ours.wall_seconds:.1f} s; no peer finished", True
        name, summary = peer
        ratio = summary.wall_seconds / ours.wall_seconds
        return (f"{ratio:.1f} x ({ours.wall_seconds:.1f} s; {name} {summary.wall_seconds:.1f} s)",
                ratio >= factor)

    return measure


def _cpu(job: str, limit_seconds: float) -> Callable[[Results], Measured]:
    def measure(results: Results) -> Measured:
        ours = _ours(results, job)
        if ours is None:
            return _failure(results, job)
        return (f"{ours.cpu_seconds:.1f} s (user {ours.user_seconds:.1f}, system "
                f"{ours.system_seconds:.1f})", ours.cpu_seconds <= limit_seconds)

    return measure


def _new_bytes_only(job: str) -> Callable[[Results], Measured]:
    """The disk that the silver table takes beyond what it shares with bronze."""

    def measure(results: Results) -> Measured:
        ours = _ours(results, job)
        if ours is None:
            return _failure(results, job)
        report = ours.runs[0].report
        new_bytes = report["bytes_written"] - report["copied_bytes"]
        return (f"{ours.disk_bytes / 1e9:.2f} GB of disk for {new_bytes / 1e9:.2f} GB of new "
                f"columns; {ours.bytes_written / 1e9:.2f} GB in the table",
                ours.disk_bytes <= 1.02 * new_bytes)

    return measure


def _flat(job: str, base: str) -> Callable[[Results], Measured]:
    """Time per row and peak, against those of a smaller job."""

    def measure(results: Results) -> Measured:
        large, small = _ours(results, job), _ours(results, base)
        if large is None or small is None:
            return _failure(results, job)
        rows = {name: results.jobs[name]["rows"] for name in (job, base)}
        time = large.wall_seconds / rows[job] * rows[base] / small.wall_seconds
        peak = large.peak_anon_bytes / small.peak_anon_bytes
        return (f"time per row {time:.2f} x, peak {peak:.2f} x",
                time <= 1.15 and 0.9 <= peak <= 1.1)

    return measure


def _bound(results: Results) -> Measured:
    shares = [share for job in results.jobs
              if (summary := results.summary(job, "spillway")) is not None
              for share in summary.bound_shares()]
    if not shares:
        return None
    median = statistics.median(shares)
    return (f"highest {max(shares):.2f}, median {median:.2f} of {len(shares)} runs",
            max(shares) <= 1.0 and median >= 0.6)


_MAIN = "38m-2GiB"
_TARGETS: list[tuple[str, str, Callable[[Results], Measured]]] = [
    ("38 M rows, 2 GiB", "user + system <= 20 CPU-seconds", _cpu(_MAIN, 20)),
    ("38 M rows, 2 GiB", ">= 8 x faster than the fastest peer", _faster_than_peers(_MAIN, 8)),
    ("38 M rows, 2 GiB", "wall <= 3 x cp -r + sync", _ratio(_MAIN, _MAIN, "cp", 3)),
    ("38 M rows, 2 GiB, XFS", "disk <= new columns + 2 %", _new_bytes_only("38m-xfs-2GiB")),
    ("38 M rows, 2 GiB, XFS", "wall <= 0.8 x ours on ext4",
     _ratio("38m-xfs-2GiB", _MAIN, "spillway", 0.8)),
    ("38 M rows, 256 MiB", "wall <= 2 x ours at 2 GiB",
     _ratio("38m-256MiB", _MAIN, "spillway", 2)),
    ("38 M rows, 128 MiB", "finishes", _finishes("38m-128MiB")),
    ("100 M rows, 512 MiB", "time per row <= 1.15 x and peak within 10 % of 10 M rows",
     _flat("100m-512MiB", "10m-512MiB")),
    ("1 M rows of 20 kB, 256 MiB", "wall <= 1.3 x cp -r + sync",
     _ratio("20kB-256MiB", "20kB-256MiB", "cp", 1.3)),
    *((what, "finishes at 512 MiB, or says what it needs", _finishes_or_says(job))
      for what, job in (("a row group of 3 GiB", "row-group-3GiB"),
                        ("a row group of 3 GiB, decoded", "row-group-3GiB-filtered"),
                        ("pages of 100 MB", "page-100MB"),
                        ("pages of 100 MB, decoded", "page-100MB-filtered"),
                        ("all keys equal", "keys-equal"),
                        ("one hot key of 50 %", "hot-key"))),
    ("every run", "peak / plan's bound <= 1.0, median >= 0.6", _bound),
    ("38 M rows, 1 GiB, nothing spliced", "faster than the fastest peer",
     _faster_than_peers("38m-filtered-1GiB", 1)),
]
