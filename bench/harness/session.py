"""Runs jobs: data, each engine in turn, the check of what it wrote, and the clean-up behind it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import data, xfs
from harness.checks import Checker
from harness.engines import SETTINGS, Engines, Place, report_of
from harness.jobs import GIB, PEERS, Job
from harness.measure import measure, why_no_cgroup
from harness.results import Results, Run

SPARE_BYTES = 10 * GIB
CHECK_MEMORY_BYTES = 8 * GIB


def say(words: str) -> None:
    print(f"bench: {words}", file=sys.stderr, flush=True)


@dataclass
class Session:
    engines: Engines
    cache: Path
    results: Results
    repeat: int
    timeout_seconds: float
    keep_data: bool
    chosen: tuple[str, ...] | None = None  # engines; None for each job's own
    after_run: Callable[[], None] = lambda: None

    def run(self, jobs: list[Job]) -> None:
        self._checker = Checker(self.cache, CHECK_MEMORY_BYTES)
        self._limited = why_no_cgroup() is None
        for place, job in enumerate(jobs):
            reason = self._why_not(job)
            if reason:
                self.skip(job.name, reason)
                continue
            self._run_job(job)
            if not self.keep_data and all(later.data != job.data for later in jobs[place + 1:]):
                shutil.rmtree(self.cache / job.data.name)

    def _why_not(self, job: Job) -> str | None:
        if job.file_system == "xfs" and (reason := xfs.why_not()):
            return reason
        there = (self.cache / job.data.name).is_dir()
        # The data, what is written, and a peer's spill or the copy on the loop device.
        shares = (0 if there else 1) + 1.2 + (1 if job.file_system == "xfs" else 0.5)
        needed = int(job.data.about_bytes * shares) + SPARE_BYTES
        free = shutil.disk_usage(self.cache).free
        if free < needed:
            return f"{needed / GIB:.0f} GiB of disk are needed, {free / GIB:.0f} GiB are free"
        return None

    def skip(self, what: str, reason: str) -> None:
        say(f"{what}: skipped, {reason}")
        self.results.skipped[what] = reason

    def _run_job(self, job: Job) -> None:
        say(f"{job.name}: {job.what}")
        lake = data.ensure(job.data, self.cache, self.engines.spillway)
        try:
            with self._lake_of(job, lake) as where:
                place = Place(where / "bronze_accident", where / "predictions",
                              where.parent / f"{job.name}.silver")
                self._describe(job, place)
                for engine, number in self._turns(job):
                    self._run_once(job, engine, number, place)
                    self.after_run()
        except OSError as error:  # mkfs or mount
            if job.file_system != "xfs":
                raise
            self.skip(job.name, str(error))

    @contextmanager
    def _lake_of(self, job: Job, lake: Path) -> Iterator[Path]:
        """Where the job's tables are: in the cache, or copied into a file system of its own."""
        if job.file_system != "xfs":
            yield lake
            return
        with xfs.mounted(self.cache, 3 * data.bytes_of(lake) + GIB) as folder:
            shutil.copytree(lake, folder / lake.name)
            yield folder / lake.name

    def _describe(self, job: Job, place: Place) -> None:
        sizes = " and ".join(
            f"{data.bytes_of(table) / 1e9:.2f} GB of {word}"
            for table, word in ((place.bronze, "bronze"), (place.predictions, "predictions")))
        speed = data.generated_rows_per_second(self.cache / job.data.name)
        sizes += f", generated at {speed:,.0f} rows/s"
        self.results.jobs[job.name] = {"what": job.what, "rows": job.data.rows, "data": sizes,
                                       "memory_bytes": job.memory_bytes}
        self.results.plans[job.name] = self.engines.plan(job, place)

    def _turns(self, job: Job) -> Iterator[tuple[str, int]]:
        """Each engine in turn, `repeat` times; one that failed has no further turn."""
        for number in range(self.repeat):
            for engine in self.chosen or job.engines:
                if engine in PEERS and job.duplicates != "expand":
                    continue  # the peers' jobs join as SQL does
                if engine == "spark" and self.engines.spark is None:
                    self.results.skipped["spark"] = self.engines.why_no_spark
                    continue
                if not any(run.failure for run in self.results.of(job.name, engine)):
                    yield engine, number

    def _run_once(self, job: Job, engine: str, number: int, place: Place) -> None:
        self.results.settings[engine] = SETTINGS[engine]
        spill = place.silver.with_name(place.silver.name + ".spill")
        _remove(place.silver, spill)
        for table in (place.bronze, place.predictions):
            data.warm(table)
        command = self.engines.command(engine, job, place)
        os.sync()
        used_before = _used_bytes(place.silver.parent)
        measured = measure(command.arguments, job.memory_bytes if self._limited else None,
                           self.timeout_seconds, command.environment)
        used_after = _used_bytes(place.silver.parent)
        failure = measured.failure() if not measured.finished else None
        if failure is None and engine != "cp":
            fault = self._checker.fault(job, place)
            failure = f"wrong result: {fault}" if fault else None
        written = data.bytes_of(place.silver) if place.silver.exists() else 0
        self.results.runs.append(Run(
            job=job.name, engine=engine,
            wall_seconds=measured.wall_seconds, sync_seconds=measured.sync_seconds,
            user_seconds=measured.user_seconds, system_seconds=measured.system_seconds,
            exit_code=measured.exit_code, failure=failure,
            peak_anon_bytes=measured.peak_anon_bytes,
            cgroup_peak_bytes=measured.cgroup_peak_bytes,
            bytes_written=written, disk_bytes=used_after - used_before,
            report=report_of(engine, measured),
        ))
        say(f"  {engine} {number + 1}: {measured.wall_seconds:.1f} s, CPU "
            f"{measured.cpu_seconds:.1f} s, peak {measured.peak_anon_bytes >> 20} MiB"
            + (f": {failure}" if failure else ""))
        _remove(place.silver, spill)


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _used_bytes(folder: Path) -> int:
    usage = os.statvfs(folder)
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize
