"""A run that is killed behind a join or a sort that spilled: the next one does not do it again."""

import json
import subprocess
import time

import pytest
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

ROWS = 2_000_000


def kill_behind_the_spilling(spillway, silver, flags, pieces):
    """Kills the run when so many pieces are written and on record."""
    def is_behind():
        records = list(silver.glob("_spillway/*.checkpoint"))
        return bool(records) and records[0].read_bytes().count(b"\n") > pieces

    with subprocess.Popen([spillway.program, "run", EXAMPLE, *flags], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not is_behind():
            time.sleep(0.001)
        run.kill()
    assert list(silver.glob("_spillway/spillway-spill-*/manifest"))


@pytest.fixture
def lake(spillway, tmp_path):
    spillway("generate", "--rows", str(ROWS), "--content-bytes", "8", "--out", tmp_path)
    return tmp_path


@pytest.fixture(params=["per_chunk", "at_end"])
def publish(request):
    return request.param


@pytest.fixture
def report_after_a_kill(spillway, duckdb_delta, lake, publish):
    """Kills a run, lets the next one end, looks at what it made, and gives its report."""
    def run(*flags):
        silver = lake / "silver_accident"
        flags = ["--memory=112MiB", "--mode=chunked", f"--set=target.publish={publish}",
                 f"--set=variables.lake={lake}", *flags]
        kill_behind_the_spilling(spillway, silver, flags, pieces=3)
        report = json.loads(spillway("run", EXAMPLE, "--json", *flags).stdout)
        assert report["kept_rows"] + report["source_rows"] <= ROWS
        assert report["failed_attempts"] == []
        assert report["peak_memory_bytes"] <= report["bound_bytes"] <= 112 << 20
        assert_silver_is_right(duckdb_delta, lake, silver)
        assert not (silver / "_spillway").exists()
        assert json.loads(spillway("validate", EXAMPLE, "--json", *flags).stdout)["valid"]
        return report
    return run


def test_joins_of_a_killed_run(report_after_a_kill):
    report = report_after_a_kill("--set=processing.chunk_size=50_000",
                                 "--set=processing.checkpoint_interval=1")
    assert report["joins_taken_over"]


@pytest.mark.parametrize("flags", [
    ["--set=processing.chunk_size=50_000", "--set=processing.checkpoint_interval=1"],
    ["--set=processing.chunk_size=100_000", "--set=processing.chunk_order=key"]],
    ids=["joined", "sorted"])
def test_rows_without_a_column_that_is_wanted_now(spillway, lake, flags):
    """An expectation, which changes no row, reads columns that the killed run did not."""
    flags = ["--memory=112MiB", "--mode=chunked", f"--set=variables.lake={lake}",
             "--set=drop=[path, model_version]", *flags]
    kill_behind_the_spilling(spillway, lake / "silver_accident", flags, pieces=3)
    flags.append("--set=expectations=[{name: it, expect: model_version IS NULL OR path IS NULL}]")
    report = json.loads(spillway("run", EXAMPLE, "--json", *flags).stdout)
    assert not report["joins_taken_over"] and not report["sort_taken_over"]
    assert report["spilled_bytes"] > 0
    [judged] = report["expectations"]
    assert 0 < judged["not_met_rows"] < judged["rows"]
    assert json.loads(spillway("validate", EXAMPLE, "--json", *flags).stdout)["valid"]


def test_the_sort_of_a_killed_run(report_after_a_kill, publish):
    """The runs that were sorted, and the chunks that were written of them."""
    report = report_after_a_kill("--set=processing.chunk_size=100_000",
                                 "--set=processing.chunk_order=key")
    assert report["sort_taken_over"] and not report["joins_taken_over"]
    if publish == "at_end":
        assert report["kept_rows"] >= 300_000
    assert report["spilled_bytes"] == 0
