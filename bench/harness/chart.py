"""The results as an SVG chart: who needs how long, in how little memory, and for how many rows.

Colours are Okabe and Ito's, which people with any colour vision tell apart; every line and bar is
labelled where it stands. A style sheet inside the picture follows the reader's dark or light mode.
"""

import math
from html import escape

from harness.report import mebibytes, time_per_million_rows
from harness.results import Results, Summary

WIDTH = 960
LEFT, RIGHT = 130, 180  # room for labels beside a plot
PLOT = WIDTH - LEFT - RIGHT
BAR, GAP = 22, 10
LINE_PLOT_HEIGHT = 240
MAIN = "38m-2GiB"
LIMITS = ("38m-2GiB", "38m-1GiB", "38m-512MiB", "38m-256MiB", "38m-128MiB")
SIZES = ("1m-512MiB", "10m-512MiB", "38m-512MiB", "100m-512MiB")
NAMES = {"cp": "cp -r", "spillway": "Spillway", "duckdb": "DuckDB", "polars": "Polars",
         "deltalake": "delta-rs", "daft": "Daft", "spark": "Spark"}

# Of each engine, on light and on dark paper.
COLOURS = {
    "cp": ("#59636e", "#9198a1"),
    "spillway": ("#0072b2", "#56b4e9"),
    "duckdb": ("#b26b00", "#e69f00"),
    "polars": ("#00805d", "#2fc79b"),
    "deltalake": ("#c44f00", "#f08a4b"),
    "daft": ("#a8517f", "#dd93bb"),
    "spark": ("#6f5fc2", "#a99df0"),
}
PAPER = {".paper": ("#ffffff", "#0d1117"), "text": ("#1f2328", "#e6edf3"),
         ".quiet": ("#59636e", "#9198a1"), ".bar": ("#8c959f", "#6e7681")}
GRID = ("#d9dee3", "#2b323b")


def _colours(mode: int) -> str:
    rules = [f"{selector} {{ fill: {colours[mode]}; }}" for selector, colours in PAPER.items()]
    rules += [f".grid {{ stroke: {GRID[mode]}; }}", f".failed {{ stroke: {PAPER['.bar'][mode]}; }}"]
    for engine, colours in COLOURS.items():
        rules += [f".line.{engine} {{ stroke: {colours[mode]}; }}",
                  f".fill.{engine} {{ fill: {colours[mode]}; }}"]
    return "\n  ".join(rules)


STYLE = f"""
  svg {{ font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }}
  .title {{ font-size: 17px; font-weight: 600; }}
  .quiet {{ font-size: 12.5px; }}
  .strong {{ font-weight: 600; }}
  .failed {{ fill: none; stroke-width: 1.5; stroke-dasharray: 4 3; }}
  .line {{ fill: none; stroke-width: 2.5; stroke-linejoin: round; }}
  {_colours(0)}
  @media (prefers-color-scheme: dark) {{
  {_colours(1)}
  }}
"""


def svg(results: Results) -> str:
    """The chart of what was measured; panels without data are left out."""
    panels = (_bars, _limits, _sizes)
    height, parts = 16, []
    for panel in panels:
        drawn, panel_height = panel(results)
        if panel_height:
            parts.append(f'<g transform="translate(0 {height})">\n{drawn}\n</g>')
            height += panel_height + 30
    parts.append(_text(LEFT, height, _footer(results), "quiet"))
    height += 20
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="benchmark results">\n'
            f"<style>{STYLE}</style>\n"
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>\n{body}\n</svg>\n')


def _footer(results: Results) -> str:
    facts = [results.machine.get(name, "") for name in ("CPU", "Memory", "File system")]
    return " · ".join([*filter(None, facts), results.date, results.commit[:12]])


def _text(x: float, y: float, words: str, classes: str = "", anchor: str = "start") -> str:
    of_class = f' class="{classes}"' if classes else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{of_class} text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return f'<line class="{classes}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _steps(largest: float, count: int = 5) -> list[float]:
    """Round numbers from 0 up to the first that is not below `largest`."""
    rough = largest / count
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)
    return [step * i for i in range(math.ceil(largest / step) + 1)]


def _bars(results: Results) -> tuple[str, int]:
    """One bar for each engine: wall time of one job."""
    job = MAIN if MAIN in results.jobs else next(iter(results.jobs), None)
    summaries = {engine: summary for engine in NAMES
                 if job and (summary := results.summary(job, engine))}
    if not summaries:
        return "", 0
    ordered = sorted(summaries.items(), key=lambda item: (item[1].failure is not None,
                                                          item[1].wall_seconds))
    steps = _steps(max(summary.wall_seconds for summary in summaries.values()))
    scale = PLOT / steps[-1]
    top = 58
    bottom = top + len(ordered) * (BAR + GAP)
    parts = [_text(LEFT, 16, results.jobs[job]["what"], "title"),
             _text(LEFT, 36, "seconds until the silver table is on the disk (less is better), and "
                             "the peak of unreclaimable memory", "quiet")]
    for step in steps:
        x = LEFT + step * scale
        parts += [_line(x, top - 8, x, bottom, "grid"),
                  _text(x, bottom + 16, f"{step:g}", "quiet", "middle")]
    for place, (engine, summary) in enumerate(ordered):
        parts.append(_bar(engine, summary, top + place * (BAR + GAP), scale))
    return "\n".join(parts), bottom + 20


def _bar(engine: str, summary: Summary, y: float, scale: float) -> str:
    middle = y + BAR / 2 + 5
    width = max(2.0, summary.wall_seconds * scale)
    kind = "failed" if summary.failure else "fill spillway" if engine == "spillway" else "bar"
    strong = "strong" if engine == "spillway" else ""
    words = (f"{summary.wall_seconds:.0f} s: {_short(summary.failure)}" if summary.failure else
             f"{summary.wall_seconds:.1f} s, {mebibytes(summary.peak_anon_bytes)}")
    return "\n".join([
        _text(LEFT - 10, middle, NAMES[engine], strong, "end"),
        f'<rect class="{kind}" x="{LEFT}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2"/>',
        _text(LEFT + width + 8, middle, words, strong or "quiet"),
    ])


def _short(failure: str) -> str:
    """The part of a failure that fits beside a bar."""
    return failure.split(" (")[0].split(":")[0] if len(failure) > 28 else failure


def _limits(results: Results) -> tuple[str, int]:
    """The same job in ever less memory."""
    jobs = [job for job in LIMITS if job in results.jobs]
    series = {}
    for engine in NAMES:
        walls = {job: summary.wall_seconds for job in jobs
                 if (summary := results.summary(job, engine)) and not summary.failure}
        if walls and engine != "cp":
            series[engine] = walls
    if len(jobs) < 2 or not series:
        return "", 0
    labels = [mebibytes(results.jobs[job]["memory_bytes"]) for job in jobs]
    return _lines(jobs, labels, series, title="The same job in less memory",
                  subtitle="seconds by memory limit; a line ends where its engine no longer "
                           "finishes")


def _sizes(results: Results) -> tuple[str, int]:
    """Time per row as the table grows."""
    jobs = [job for job in SIZES if job in results.jobs]
    series = {}
    for engine in ("spillway", "cp"):
        times = {job: time for job in jobs
                 if (time := time_per_million_rows(results, job, engine)) is not None}
        if times:
            series[engine] = times
    if len(jobs) < 2 or not series:
        return "", 0
    labels = [f"{results.jobs[job]['rows'] // 1_000_000} M rows" for job in jobs]
    return _lines(jobs, labels, series, title="More rows in 512 MiB",
                  subtitle="seconds per million rows")


def _lines(jobs: list[str], labels: list[str], series: dict[str, dict[str, float]], title: str,
           subtitle: str) -> tuple[str, int]:
    steps = _steps(max(max(values.values()) for values in series.values()), 4)
    bottom = 58 + LINE_PLOT_HEIGHT

    def x_of(job: str) -> float:
        return LEFT + PLOT * (jobs.index(job) + 0.5) / len(jobs)

    def y_of(value: float) -> float:
        return bottom - value / steps[-1] * LINE_PLOT_HEIGHT

    parts = [_text(LEFT, 16, title, "title"), _text(LEFT, 36, subtitle, "quiet")]
    for step in steps:
        y = y_of(step)
        parts += [_line(LEFT, y, LEFT + PLOT, y, "grid"),
                  _text(LEFT - 10, y + 4, f"{step:g}", "quiet", "end")]
    parts += [_text(x_of(job), bottom + 20, label, "quiet", "middle")
              for job, label in zip(jobs, labels)]
    ends = []
    for engine, values in series.items():
        points = [(x_of(job), y_of(values[job])) for job in jobs if job in values]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line {engine}" points="{path}"/>')
        parts += [f'<circle class="fill {engine}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
                  for x, y in points]
        last = [job for job in jobs if job in values][-1]
        ends.append((points[-1][0], points[-1][1], engine, values[last]))
    parts += _end_labels(ends)
    return "\n".join(parts), bottom + 24


def _end_labels(ends: list[tuple[float, float, str, float]]) -> list[str]:
    """A label at the end of each line; those that would overlap move down."""
    parts = []
    placed: list[tuple[float, float]] = []
    for x, end, engine, value in sorted(ends, key=lambda end: end[1]):
        y = end
        while any(abs(x - other_x) < 130 and abs(y - other_y) < 17 for other_x, other_y in placed):
            y += 1
        placed.append((x, y))
        strong = "fill strong" if engine == "spillway" else "fill"
        parts.append(_text(x + 10, y + 5, f"{NAMES[engine]} {value:.3g} s", f"{strong} {engine}"))
    return parts
