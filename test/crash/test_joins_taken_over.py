"""A run that is killed behind a join that spilled: the next one does not join again."""

import json
import subprocess
import time

import pytest
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right


@pytest.mark.parametrize("publish", ["per_chunk", "at_end"])
def test_joins_of_a_killed_run(spillway, duckdb_delta, tmp_path, publish):
    spillway("generate", "--rows", "2000000", "--content-bytes", "8", "--out", tmp_path)
    silver = tmp_path / "silver_accident"
    flags = ["--memory=112MiB", "--mode=chunked", "--set=processing.chunk_size=50_000",
             "--set=processing.checkpoint_interval=1", f"--set=target.publish={publish}",
             f"--set=variables.lake={tmp_path}"]

    def is_behind_the_join():
        """Some pieces are written and on record."""
        records = list(silver.glob("_spillway/*.checkpoint"))
        return bool(records) and records[0].read_bytes().count(b"\n") > 3

    with subprocess.Popen([spillway.program, "run", EXAMPLE, *flags], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not is_behind_the_join():
            time.sleep(0.001)
        run.kill()
    assert list(silver.glob("_spillway/spillway-spill-*/manifest"))
    report = json.loads(spillway("run", EXAMPLE, "--json", *flags).stdout)
    assert report["joins_taken_over"] and report["kept_rows"] + report["source_rows"] <= 2_000_000
    assert report["failed_attempts"] == []
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= 112 << 20
    assert_silver_is_right(duckdb_delta, tmp_path, silver)
    assert not (silver / "_spillway").exists()
