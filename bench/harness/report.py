"""The results as a Markdown page."""

import statistics

from harness.results import Results, Summary
from harness.targets import Target, evaluate

VERDICTS = {True: "met", False: "**missed**", None: "–"}


def markdown(results: Results, chart: str) -> str:
    """The page; `chart` is the name of the SVG file beside it."""
    parts = [
        f"# Benchmark of {results.date}",
        f"![wall time of each engine]({chart})",
        _conditions(results),
        "## Targets",
        _targets(evaluate(results)),
        "## Jobs",
        "Medians; wall time until what was written is on the disk. *CPU* is user + system of all "
        "processes. *Peak* is the most of RssAnon + RssShmem that was sampled; *cgroup* what the "
        "kernel counted, page cache included. Every table was compared with the rows that DuckDB "
        "computes from the inputs.",
        *(_job(results, job) for job in results.jobs if _engines(results, job)),
        _skipped(results),
        "## Settings",
        "\n".join(f"- **{engine}**: {text}" for engine, text in results.settings.items()),
        _kernels(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; a heading that ends in `:` is of a column of numbers."""
    lines = ["| " + " | ".join(heading.removesuffix(":") for heading in headings) + " |",
             "|" + "|".join("--:" if name.endswith(":") else "---" for name in headings) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def mebibytes(count: float | None) -> str:
    return "–" if count is None else f"{count / (1 << 20):,.0f} MiB"


def _conditions(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    facts = {**results.machine, "Versions": versions, "Commit": results.commit,
             "Command": f"`{results.command}`"}
    return table(["", ""], [[name, value] for name, value in facts.items()])


def _targets(targets: list[Target]) -> str:
    return table(["job", "target", "measured", ""],
                 [[target.job, target.target, target.measured, VERDICTS[target.met]]
                  for target in targets])


def _engines(results: Results, job: str) -> list[str]:
    return list(dict.fromkeys(run.engine for run in results.runs if run.job == job))


def _job(results: Results, job: str) -> str:
    rows = []
    summaries = {engine: results.summary(job, engine) for engine in _engines(results, job)}
    for engine, summary in sorted(summaries.items(), key=_rank):
        rows.append([
            engine,
            f"{summary.wall_seconds:.1f} s",
            _spread(summary),
            f"{summary.user_seconds:.1f} + {summary.system_seconds:.1f} s",
            mebibytes(summary.peak_anon_bytes),
            mebibytes(summary.cgroup_peak_bytes),
            mebibytes(summary.bytes_written) if not summary.failure else "–",
            summary.failure or ("copied" if engine == "cp" else "right rows"),
        ])
    facts = results.jobs[job]
    text = f"### {job}\n\n{facts['what']}; {facts['rows']:,} rows, {facts['data']}."
    text += _plan(results.plans.get(job, {}))
    if "spillway" in summaries:
        text += _copied(summaries["spillway"].runs[0].report)
    headings = ["engine", "wall:", "of:", "CPU:", "peak:", "cgroup:", "written:", "result"]
    return f"{text}\n\n{table(headings, rows)}"


def _plan(plan: dict) -> str:
    """What `spillway plan` says: the bound, and how much of the source is copied."""
    text = ""
    if bound := plan.get("memory", {}).get("bound_bytes"):
        text += f" `spillway plan` bounds it by {mebibytes(bound)}"
        splice = plan.get("splice", {})
        if "spliced" in splice:
            text += f" and splices {splice['spliced']} of {splice['row_groups']} row groups"
        text += "."
    return text


def _copied(report: dict) -> str:
    """What our run says of the bytes it copied, and of those that it shares with the source."""
    if not report.get("copied_bytes"):
        return ""
    return (f" It copied {mebibytes(report['copied_bytes'])}, of which the file system shares "
            f"{mebibytes(report['shared_bytes'])}.")


def _rank(item: tuple[str, Summary]) -> tuple:
    """The yardstick first, then those that finished by their time, then the others."""
    engine, summary = item
    return engine != "cp", summary.failure is not None, summary.wall_seconds


def _spread(summary: Summary) -> str:
    walls = [run.wall_seconds for run in summary.runs if not run.failure]
    if not walls:
        return "–"
    return f"{len(walls)}: {min(walls):.1f}–{max(walls):.1f}" if len(walls) > 1 else "1"


def _skipped(results: Results) -> str:
    return "\n".join(f"- {what}: skipped, {why}" for what, why in results.skipped.items())


def _kernels(results: Results) -> str:
    if not results.kernels:
        return ""
    rows = []
    for entry in results.kernels:
        speed = entry.get("bytes_per_second")
        items = entry.get("items_per_second")
        rows.append([
            entry["name"],
            f"{entry['real_time']:,.0f} {entry['time_unit']}",
            f"{speed / 1e9:.2f} GB/s" if speed else "–",
            f"{items / 1e6:,.1f} M/s" if items else "–",
        ])
    return "## Kernels\n\n" + table(["benchmark", "time:", "bytes:", "items:"], rows)


def time_per_million_rows(results: Results, job: str, engine: str) -> float | None:
    """Seconds; None where the engine has not finished the job."""
    runs = results.of(job, engine)
    if not runs or any(run.failure for run in runs):
        return None
    wall = statistics.median(run.wall_seconds for run in runs)
    return wall * 1_000_000 / results.jobs[job]["rows"]
