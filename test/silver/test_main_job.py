"""The example pipeline over generated tables: every row is the one that DuckDB computes."""

import datetime
import json

import pytest
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

ROWS = 50_000
ONE_COMMIT = ["--mode", "standard"]


def chunks_of(rows):
    return ["--mode", "chunked", "--set", f"processing.chunk_size={rows}"]


def run_example(spillway, lake, silver, *flags):
    report = spillway("run", EXAMPLE, "--json", "--set", f"variables.lake={lake}",
                      "--set", f"target.table={silver}", *flags)
    return json.loads(report.stdout)


@pytest.mark.parametrize("match_rate", [0, 0.9, 1])
@pytest.mark.parametrize(("flags", "commits"), [
    (ONE_COMMIT, 1), (chunks_of(7_777), 7), (chunks_of(50_000), 1), (chunks_of(1_000_000), 1)],
    ids=["standard", "chunks-of-7777", "one-whole-chunk", "chunk-above-table"])
def test_all_rows_are_those_of_duckdb(spillway, generated, duckdb_delta, tmp_path, match_rate,
                                      flags, commits):
    lake = generated(rows=ROWS, match_rate=match_rate)
    report = run_example(spillway, lake, tmp_path / "silver", *flags, "--memory", "512MiB")
    assert report["rows_written"] == ROWS
    assert report["chunks_committed"] == commits
    assert_silver_is_right(duckdb_delta, lake, tmp_path / "silver")


def test_a_larger_table_in_little_memory(spillway, generated, duckdb_delta, tmp_path):
    lake = generated(rows=200_000, seed=7)
    report = run_example(spillway, lake, tmp_path / "silver", *chunks_of(60_000), "--memory",
                         "256MiB")
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= 256 << 20
    assert_silver_is_right(duckdb_delta, lake, tmp_path / "silver")


def test_validate_finds_the_rows_equal(spillway, generated, tmp_path):
    flags = ["--set", f"variables.lake={generated(rows=ROWS, match_rate=0.9)}",
             "--set", f"target.table={tmp_path / 'silver'}"]
    spillway("run", EXAMPLE, *flags, *chunks_of(20_000))
    report = json.loads(spillway("validate", EXAMPLE, "--json", *flags).stdout)
    assert report["valid"] and report["rows_equal"]
    assert report["expected_rows"] == report["stored_rows"] == ROWS
    assert [column["name"] for column in report["columns"] if column["depends_on_time"]] == [
        "processed_timestamp", "partition_date"]


def test_the_clock_stands_still_within_a_chunk(spillway, generated, duckdb_delta, tmp_path):
    silver = tmp_path / "silver"
    run_example(spillway, generated(rows=ROWS, match_rate=0.9), silver, *chunks_of(10_000))
    chunks = duckdb_delta.execute(
        "SELECT epoch_us(processed_timestamp), count(*), list(DISTINCT partition_date) "
        "FROM delta_scan(?) GROUP BY 1 ORDER BY 1", [str(silver)]).fetchall()
    assert [rows for _, rows, _ in chunks] == [10_000] * 5
    for moment, _, dates in chunks:
        day = datetime.datetime.fromtimestamp(moment / 1e6, datetime.UTC).date()
        assert dates == [day.isoformat()]


def test_the_mode_follows_the_thresholds(spillway, generated, tmp_path):
    lake = generated(rows=ROWS, match_rate=0.9)

    def mode(*settings):
        flags = [flag for setting in settings for flag in ("--set", setting)]
        plan = spillway("plan", EXAMPLE, "--json", "--set", f"variables.lake={lake}",
                        "--set", f"target.table={tmp_path / 'silver'}", *flags)
        return json.loads(plan.stdout)["mode"]

    in_memory, max_safe = "processing.in_memory_threshold", "processing.max_safe_size"
    assert mode(f"{in_memory}={ROWS}") == "standard"
    assert mode(f"{in_memory}={ROWS - 1}", f"{max_safe}={ROWS - 1}") == "chunked"
    # Between the thresholds the files' size decides.
    assert mode(f"{in_memory}={ROWS - 1}", f"{max_safe}={ROWS}") == "standard"
