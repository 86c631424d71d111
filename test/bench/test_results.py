"""What the benchmark makes of its measurements: medians, targets, the page and the chart."""

import itertools
import re
from xml.etree import ElementTree

import pytest
from harness import chart, kernels, report
from harness.jobs import JOBS, PEERS, QUICK
from harness.results import Results
from harness.targets import evaluate

from bench import canned

SVG = "{http://www.w3.org/2000/svg}"


def verdict(results, job, target):
    """The one target whose words begin so."""
    [found] = [one for one in evaluate(results)
               if one.job == job and one.target.startswith(target)]
    return found


def test_the_json_file_keeps_everything(tmp_path):
    results = canned.everything()
    results.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == results


def test_medians_are_of_the_runs_that_ended_well():
    runs = [canned.run("38m-2GiB", "duckdb", wall) for wall in (10.0, 30.0, 20.0)]
    summary = canned.results(*runs).summary("38m-2GiB", "duckdb")
    assert (summary.wall_seconds, summary.cpu_seconds, summary.failure) == (20, 20, None)
    runs.append(canned.run("38m-2GiB", "duckdb", 1.0, "wrong result: 3 rows, not 4"))
    summary = canned.results(*runs).summary("38m-2GiB", "duckdb")
    assert (summary.wall_seconds, summary.failure) == (20, "wrong result: 3 rows, not 4")


def test_the_fastest_peer_is_one_that_finished():
    results = canned.results(canned.run("38m-2GiB", "cp", 1), canned.run("38m-2GiB", "spillway", 2),
                             canned.run("38m-2GiB", "polars", 3, "killed"),
                             canned.run("38m-2GiB", "spark", 9), canned.run("38m-2GiB", "daft", 8),
                             canned.run("38m-1GiB", "duckdb", 1))
    name, summary = results.fastest_peer("38m-2GiB")
    assert (name, summary.wall_seconds) == ("daft", 8)
    assert results.fastest_peer("38m-512MiB") is None


@pytest.mark.parametrize("wall, met", [(17.0, True), (18.1, False)])
def test_a_ratio_target(wall, met):
    results = canned.results(canned.run("38m-2GiB", "cp", 6.0),
                             canned.run("38m-2GiB", "spillway", wall))
    target = verdict(results, "38 M rows, 2 GiB", "wall <= 3 x")
    assert target.met is met and target.measured.startswith(f"{wall / 6:.2f} x")


@pytest.mark.parametrize("peak, met", [(380, True), (401, False)])
def test_the_bound_target(peak, met):
    told = {"peak_memory_bytes": peak, "bound_bytes": 400}
    results = canned.results(canned.run("38m-2GiB", "spillway", 9.0, report=told))
    assert verdict(results, "every run", "peak").met is met


@pytest.mark.parametrize("large, peak, met", [(110, 400, True), (116, 400, False),
                                              (110, 441, False)])
def test_the_cost_of_a_row_stays_flat(large, peak, met):
    results = canned.results(
        canned.run("10m-512MiB", "spillway", 10.0, peak_anon_bytes=400),
        canned.run("100m-512MiB", "spillway", float(large), peak_anon_bytes=peak))
    assert verdict(results, "100 M rows, 512 MiB", "time per row").met is met


@pytest.mark.parametrize("grown, met", [(407, True), (409, False), (5000, False)])
def test_the_disk_that_a_shared_table_takes(grown, met):
    report = {"bytes_written": 5000, "copied_bytes": 4600}
    results = canned.results(canned.run("38m-xfs-2GiB", "spillway", 9.0, report=report,
                                        bytes_written=5000, disk_bytes=grown))
    assert verdict(results, "38 M rows, 2 GiB, XFS", "disk").met is met


def test_a_refusal_with_its_number_is_an_answer():
    refused = canned.run("hot-key", "spillway", 0.1, "exit code 5: ..", exit_code=5)
    plans = {"hot-key": {"memory": {"smallest_budget_bytes": 600 << 20}}}
    target = verdict(canned.results(refused, plans=plans), "one hot key of 50 %", "finishes")
    assert (target.met, target.measured) == (True, "refused: needs 600 MiB")
    killed = canned.run("hot-key", "spillway", 9.0, "killed, out of memory (exit code 137)")
    assert verdict(canned.results(killed), "one hot key of 50 %", "finishes").met is False


def test_what_was_not_measured_has_no_verdict():
    assert {target.met for target in evaluate(canned.results())} == {None}
    only_ours = canned.results(canned.run("38m-2GiB", "spillway", 9.0))
    assert verdict(only_ours, "38 M rows, 2 GiB", ">= 8 x").met is None


def test_a_failure_of_ours_misses_its_targets():
    failed = canned.results(canned.run("38m-2GiB", "spillway", 9.0, "wrong result: x"),
                            canned.run("38m-2GiB", "cp", 6.0),
                            canned.run("38m-2GiB", "duckdb", 99.0))
    for target in ("user + system", ">= 8 x", "wall <= 3 x"):
        found = verdict(failed, "38 M rows, 2 GiB", target)
        assert (found.met, found.measured) == (False, "wrong result: x")


def test_every_target_has_its_job():
    assert None not in {target.met for target in evaluate(canned.everything())}


def test_jobs_have_names_of_their_own():
    names = [job.name for job in (*JOBS, QUICK)]
    assert len(set(names)) == len(names)
    assert all(set(job.engines) <= {"cp", "spillway", *PEERS} for job in (*JOBS, QUICK))


def test_the_page_has_every_run_and_whole_tables():
    page = report.markdown(canned.everything(), "chart.svg")
    lines = itertools.groupby(page.splitlines(), lambda line: line.startswith("|"))
    blocks = [list(block) for is_table, block in lines if is_table]
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block}) == 1, block
    assert len(blocks) == 2 + len(JOBS) + 1  # conditions, targets, jobs, kernels
    assert "| polars | 20.0 s | – |" in page and "killed, out of memory (exit code 137)" in page
    assert "bounds it by 400 MiB and splices 37 of 38 row groups. It copied 4,600 MiB, of" in page
    assert "- spark: skipped, needs Java 17" in page
    assert "| join_benchmark/Probe/1 | 12 ms | 2.50 GB/s | 8.0 M/s |" in page


def test_a_bar_in_a_cell_does_not_end_it():
    assert report.table(["a", "b:"], [["x|y", "1"]]).splitlines() == [
        "| a | b |", "|---|--:|", "| x\\|y | 1 |"]


def texts(picture: str) -> list[tuple[float, float, str]]:
    """The texts of a picture with their places, those of the groups around them added."""
    found = []
    for group in ElementTree.fromstring(picture).iter(f"{SVG}g"):
        shift = float(re.fullmatch(r"translate\(0 ([\d.]+)\)", group.get("transform"))[1])
        found += [(float(text.get("x")), float(text.get("y")) + shift, text.text)
                  for text in group.iter(f"{SVG}text")]
    return found


def test_the_chart_names_every_engine_once_in_each_panel():
    words = [text for _, _, text in texts(chart.svg(canned.everything()))]
    assert sum(text.startswith("Spillway") for text in words) == 3
    assert sum(text.startswith("DuckDB") for text in words) == 2
    assert words.count("Polars") == 1  # it finished nothing: a bar, and no line
    assert "20 s: killed, out of memory" in words


def test_the_chart_stays_inside_its_frame():
    root = ElementTree.fromstring(chart.svg(canned.everything()))
    width, height = float(root.get("width")), float(root.get("height"))
    for bar in root.iter(f"{SVG}rect"):
        assert float(bar.get("x", 0)) + float(bar.get("width")) <= width
    for points in root.iter(f"{SVG}polyline"):
        for x, y in (map(float, point.split(",")) for point in points.get("points").split()):
            assert 0 <= x <= width and 0 <= y <= height
    # 7.5 is the width of a letter, generously.
    for x, y, text in texts(chart.svg(canned.everything())):
        assert y <= height and (x > width / 2) <= (x + 7.5 * len(text) <= width), text


def test_labels_at_the_ends_of_close_lines_do_not_overlap():
    jobs = ("38m-2GiB", "38m-1GiB")
    close = [canned.run(job, engine, 100 + place) for job in jobs
             for place, engine in enumerate(("spillway", "duckdb", "spark", "daft"))]
    labels = [(x, y) for x, y, text in texts(chart.svg(canned.results(*close)))
              if re.fullmatch(r"\w+ 10\d s", text)]
    assert len(labels) == 4
    for (_, one), (_, other) in itertools.combinations(labels, 2):
        assert abs(one - other) >= 16


def test_a_chart_of_nothing_is_a_picture_still():
    root = ElementTree.fromstring(chart.svg(canned.results()))
    assert not list(root.iter(f"{SVG}polyline"))


def test_the_entries_of_a_kernel_benchmark(tmp_path):
    program = tmp_path / "copy_benchmark"
    program.write_text("""#!/bin/sh
[ "$1" = --benchmark_format=json ] || exit 2
echo '{"benchmarks": [{"name": "Copy/8", "run_type": "iteration", "real_time": 2},
                      {"name": "Copy/8_mean", "run_type": "aggregate", "real_time": 2}]}'
""")
    program.chmod(0o755)
    assert [entry["name"] for entry in kernels.run(program)] == ["copy_benchmark/Copy/8"]
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    with pytest.raises(OSError, match="exit code 1: no memory"):
        kernels.run(program)
