"""What a benchmark run found out, as it is kept in the JSON file, and its medians."""

import dataclasses
import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """One engine's work at one job, once."""

    job: str
    engine: str
    wall_seconds: float
    sync_seconds: float
    user_seconds: float
    system_seconds: float
    exit_code: int
    failure: str | None  # one line; None for a run that ended with the right rows
    peak_anon_bytes: int
    cgroup_peak_bytes: int | None
    bytes_written: int  # of the silver table's files
    disk_bytes: int  # by which the file system grew
    report: dict = field(default_factory=dict)  # what `spillway run --json` said

    @property
    def cpu_seconds(self) -> float:
        return self.user_seconds + self.system_seconds


@dataclass(frozen=True)
class Results:
    date: str
    machine: dict[str, str]
    versions: dict[str, str]
    commit: str
    command: str
    jobs: dict[str, dict]  # name -> what, rows, memory_bytes, ..
    settings: dict[str, str]  # of each engine, in words
    runs: list[Run] = field(default_factory=list)
    plans: dict[str, dict] = field(default_factory=dict)  # job -> `spillway plan --json`
    skipped: dict[str, str] = field(default_factory=dict)  # job or engine -> why
    kernels: list[dict] = field(default_factory=list)  # Google Benchmark's entries

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        fields = json.loads(path.read_text())
        return cls(**{**fields, "runs": [Run(**run) for run in fields["runs"]]})

    def of(self, job: str, engine: str) -> list[Run]:
        return [run for run in self.runs if (run.job, run.engine) == (job, engine)]

    def summary(self, job: str, engine: str) -> "Summary | None":
        runs = self.of(job, engine)
        return Summary(runs) if runs else None

    def fastest_peer(self, job: str) -> "tuple[str, Summary] | None":
        """Of the peers that finished with the right rows; None where none did."""
        engines = {run.engine for run in self.runs} - {"cp", "spillway"}
        summaries = [(engine, self.summary(job, engine)) for engine in sorted(engines)]
        finished = [(engine, summary) for engine, summary in summaries
                    if summary and not summary.failure]
        return min(finished, key=lambda peer: peer[1].wall_seconds, default=None)


class Summary:
    """The medians of one engine's runs of one job. It failed if one of them failed."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.failure = next((run.failure for run in runs if run.failure), None)
        good = [run for run in runs if run.failure is None] or runs
        self.wall_seconds = statistics.median(run.wall_seconds for run in good)
        self.cpu_seconds = statistics.median(run.cpu_seconds for run in good)
        self.user_seconds = statistics.median(run.user_seconds for run in good)
        self.system_seconds = statistics.median(run.system_seconds for run in good)
        self.bytes_written = statistics.median(run.bytes_written for run in good)
        self.disk_bytes = statistics.median(run.disk_bytes for run in good)
        self.peak_anon_bytes = max(run.peak_anon_bytes for run in runs)
        self.cgroup_peak_bytes = max(run.cgroup_peak_bytes or 0 for run in runs) or None

    def bound_shares(self) -> list[float]:
        """The peak over the plan's bound, for each run of ours that tells both."""
        return [run.report["peak_memory_bytes"] / run.report["bound_bytes"]
                for run in self.runs if run.report.get("bound_bytes")]
