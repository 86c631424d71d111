"""`make bench ONLY=--quick`: the whole harness over one small job."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("SPILLWAY_CACHE") or Path.home() / ".cache" / "spillway")
PYTHON = CACHE / "venv-bench" / "bin" / "python"


def test_the_quick_form(spillway, tmp_path):
    if not PYTHON.exists():
        pytest.skip("the measured engines are not installed: tools/setup.sh bench")
    subprocess.run(
        [PYTHON, ROOT / "bench" / "run_bench.py", "--quick", "--program", spillway.program,
         "--out", tmp_path / "results"],
        env={**os.environ, "SPILLWAY_BENCH_DATA": str(tmp_path / "data")}, check=True, timeout=300)
    [page] = (tmp_path / "results").glob("*-quick.md")
    results = json.loads(page.with_suffix(".json").read_text())
    runs = {run["engine"]: run for run in results["runs"]}
    assert set(runs) == {"cp", "spillway", "duckdb"}
    assert all(run["failure"] is None and run["bytes_written"] > 0 for run in runs.values())
    assert runs["spillway"]["report"]["rows_written"] == 1_000_000
    assert page.with_suffix(".svg").read_text().startswith("<svg")
    # What was written is gone, the data stay.
    assert [folder.name for folder in (tmp_path / "data").iterdir()] == ["1m"]
