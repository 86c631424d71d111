"""Folders on tmpfs are memory: nothing is spilled there, and the error names the folder."""

import random
import re

import pyarrow as pa
import pytest
from pipelines.mounts import mounted

ROWS = 400_000


@pytest.fixture
def memory_folder(tmp_path):
    with mounted(tmp_path / "shm", "tmpfs", "size=512m") as folder:
        yield folder


def make_tables(job):
    source = random.Random(1)
    job.table("bronze", pa.table({"id": source.sample(range(ROWS), ROWS)}))
    job.table("known", pa.table({"id": source.sample(range(ROWS), ROWS),
                                 "text": [f"{number:060}" for number in range(ROWS)]}))


def keys(order, folder=None):
    return {"lookups": [{"name": "known", "table": "known", "key": ["id"]}],
            "processing": {"chunk_order": order},
            "resources": {} if folder is None else {"spill_directory": str(folder)}}


@pytest.mark.parametrize("order", ["source", "key"])
def test_nothing_is_spilled_into_memory(job, spillway, memory_folder, order):
    make_tables(job)
    job.write(**keys(order))
    smallest = job.plan()["memory"]["smallest_budget_bytes"]
    assert job.plan(f"--memory={smallest}")["memory"]["fits"]

    job.write(**keys(order, memory_folder))
    refused = spillway("run", job.folder / "pipeline.yaml", f"--memory={smallest}", exit_code=5)
    assert "error[SPW-5001]" in refused.stderr
    cure = re.search(r"use --memory (\d+)MiB or more, or name a folder on a disk in "
                     r"resources.spill_directory: (\S+) is in memory", refused.stderr)
    assert cure[2] == str(memory_folder)
    assert not (job.folder / "silver").exists() and not list(memory_folder.iterdir())

    report = job.report(f"--memory={cure[1]}MiB")
    assert report["rows_written"] == ROWS and report["spilled_bytes"] == 0
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= int(cure[1]) << 20


def test_a_target_in_memory_is_told(job, spillway, memory_folder):
    job.table("bronze", pa.table({"id": range(1000)}))
    job.write(target={"table": str(memory_folder / "silver")})
    plan = spillway("plan", job.folder / "pipeline.yaml").stdout
    assert f"advice: the target {memory_folder / 'silver'} is in memory (tmpfs)" in plan
    assert job.report()["rows_written"] == 1000
