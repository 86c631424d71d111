"""A million rows in a memory cgroup that is as large as the budget: the kernel has no reason to
step in."""

import json
import subprocess

from deltalake import DeltaTable
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right


def run_in(in_cgroup, spillway, limit, *flags, verb="run", exit_code=0):
    run = subprocess.run([in_cgroup, limit, spillway.program, verb, EXAMPLE, "--json", *flags],
                         capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == exit_code, f"{run.returncode}\n{run.stderr}"
    return json.loads(run.stdout)


def test_a_million_rows_in_512_mebibytes(in_cgroup, spillway, duckdb_delta, tmp_path):
    spillway("generate", "--rows", "1000000", "--out", tmp_path)
    report = run_in(in_cgroup, spillway, "512MiB", "--memory=512MiB", "--mode=chunked",
                           "--set=processing.chunk_size=250_000",
                           f"--set=variables.lake={tmp_path}")
    assert report["rows_written"] == 1_000_000
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= 512 << 20
    assert_silver_is_right(duckdb_delta, tmp_path, tmp_path / "silver_accident")


def test_the_limit_of_the_cgroup_is_found(in_cgroup, spillway, tmp_path):
    """Without a budget of its own the run takes 80 % of the cgroup's limit."""
    spillway("generate", "--rows", "20000", "--out", tmp_path)
    report = run_in(in_cgroup, spillway, "400MiB", f"--set=variables.lake={tmp_path}")
    assert report["budget_bytes"] == int(0.8 * (400 << 20))


def test_a_validation_fits_too_and_so_does_its_second_look(in_cgroup, spillway, tmp_path):
    """Joined out of core, and once more for the rows that differ."""
    spillway("generate", "--rows", "300000", "--out", tmp_path)
    flags = ["--memory=128MiB", f"--set=variables.lake={tmp_path}"]
    run_in(in_cgroup, spillway, "128MiB", *flags)
    report = run_in(in_cgroup, spillway, "128MiB", *flags, verb="validate")
    assert report["valid"] and report["peak_memory_bytes"] <= 128 << 20
    DeltaTable(tmp_path / "silver_accident").delete("image_name LIKE 'acc_0000004%'")
    report = run_in(in_cgroup, spillway, "128MiB", *flags, "--full", verb="validate", exit_code=1)
    assert report["differences"]["missing_rows"] == 10
    assert report["peak_memory_bytes"] <= 128 << 20
