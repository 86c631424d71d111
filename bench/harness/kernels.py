"""Runs the Google Benchmark programs of bench/*_benchmark.cc."""

import json
import subprocess
from pathlib import Path


def run(program: Path) -> list[dict]:
    """The entries of the program's JSON, with its name before theirs. Fails with OSError."""
    ended = subprocess.run([program, "--benchmark_format=json"], capture_output=True, text=True,
                           check=False)
    if ended.returncode != 0:
        raise OSError(f"exit code {ended.returncode}: {ended.stderr.strip()[-200:]}")
    return [{**entry, "name": f"{program.name}/{entry['name']}"}
            for entry in json.loads(ended.stdout)["benchmarks"]
            if entry.get("run_type") != "aggregate"]
