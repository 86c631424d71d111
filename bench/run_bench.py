#!/usr/bin/env python3
"""Measures Spillway beside other engines at the same job, under the same memory limit.

    bench/run_bench.py [JOB..]      jobs by name, or by pattern ('38m-*'); all without
    bench/run_bench.py --quick      one small job, once: is the harness itself in order?

`make bench` sets up what it needs and calls it. docs/benchmarks.md says what is measured and how.
Data go to ${SPILLWAY_BENCH_DATA:-~/.cache/spillway/bench}, results to bench/results/.
"""

import argparse
import fnmatch
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from harness import chart, kernels, machine, report
from harness.engines import CACHE, Engines
from harness.jobs import JOBS, PEERS, QUICK, Job
from harness.measure import ROOT
from harness.results import Results
from harness.session import Session, say


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", nargs="*", metavar="JOB", help="a job's name or a pattern")
    parser.add_argument("--list", action="store_true", help="print the jobs and end")
    parser.add_argument("--quick", action="store_true", help="one small job, once")
    parser.add_argument("--engines", type=lambda names: tuple(names.split(",")),
                        help="of " + ",".join(("cp", "spillway", *PEERS)))
    parser.add_argument("--repeat", type=int, default=3, help="runs of each engine (default 3)")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for one run")
    parser.add_argument("--drop-data", action="store_true",
                        help="remove each data set behind its last job")
    parser.add_argument("--no-kernels", action="store_true", help="leave out bench/*_benchmark.cc")
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "spillway")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results")
    arguments = parser.parse_args()
    unknown = set(arguments.engines or ()) - {"cp", "spillway", *PEERS}
    if unknown:
        parser.error(f"unknown engines: {', '.join(sorted(unknown))}")
    return arguments


def chosen_jobs(patterns: list[str]) -> list[Job]:
    for pattern in patterns:
        if not fnmatch.filter([job.name for job in JOBS], pattern):
            sys.exit(f"run_bench: no job is named {pattern}; --list prints their names")
    return [job for job in JOBS
            if not patterns or any(fnmatch.fnmatch(job.name, pattern) for pattern in patterns)]


def write(results: Results, folder: Path, stem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    results.save(folder / f"{stem}.json")
    (folder / f"{stem}.svg").write_text(chart.svg(results))
    (folder / f"{stem}.md").write_text(report.markdown(results, f"{stem}.svg"))


def main() -> None:
    arguments = parse_arguments()
    jobs = [QUICK] if arguments.quick else chosen_jobs(arguments.jobs)
    if arguments.list:
        print("\n".join(f"{job.name:22}{job.what}" for job in jobs))
        return
    cache = Path(os.environ.get("SPILLWAY_BENCH_DATA") or CACHE / "bench")
    cache.mkdir(parents=True, exist_ok=True)
    wanted = arguments.engines or {engine for job in jobs for engine in job.engines}
    engines = Engines.find(arguments.program.resolve(), Path(sys.executable), "spark" in wanted)
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    results = Results(today, machine.describe(cache), engines.versions(), machine.commit(),
                      shlex.join(["bench/run_bench.py", *sys.argv[1:]]), jobs={}, settings={})
    stem = f"{today}-{machine.name()}" + ("-quick" if arguments.quick else "")

    session = Session(
        engines, cache, results,
        repeat=1 if arguments.quick else arguments.repeat,
        timeout_seconds=arguments.timeout,
        keep_data=not arguments.drop_data,
        chosen=arguments.engines,
        after_run=lambda: write(results, arguments.out, stem),
    )
    session.run(jobs)
    if not (arguments.quick or arguments.no_kernels):
        for source in sorted((ROOT / "bench").glob("*_benchmark.cc")):
            say(source.stem)
            try:
                results.kernels.extend(kernels.run(arguments.program.parent / source.stem))
            except OSError as error:
                session.skip(source.stem, str(error))
    write(results, arguments.out, stem)
    say(f"{arguments.out / stem}.md")


if __name__ == "__main__":
    main()
