"""A disk that is too small for what a run spills: the error names the place, what was committed
before stays, and a run with enough room goes on behind it."""

import json
import random
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from crash.power import Disk
from pipelines.delta_log import actions, commits
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for a megabyte; in a file, because nothing is spilled to memory."""
    disk = Disk(tmp_path / "small.image", tmp_path / "small", "ext4")
    disk.make(megabytes=2)
    with disk.mounted() as folder:
        (folder / "lost+found").rmdir()
        yield folder


class SpillingJob:
    """The example pipeline in chunks, with a budget in which it spills."""

    def __init__(self, spillway, lake, silver, chunk_size, more_flags):
        self.spillway, self.lake, self.silver = spillway, lake, silver
        self.flags = [EXAMPLE, f"--set=variables.lake={lake}", f"--set=target.table={silver}",
                      "--mode=chunked", f"--set=processing.chunk_size={chunk_size}", *more_flags]
        smallest = self.plan()["memory"]["smallest_budget_bytes"]
        self.flags.append(f"--memory={smallest + 2 * MIB}")

    def plan(self):
        return json.loads(self.spillway("plan", *self.flags, "--json").stdout)

    def run(self, spill_directory, exit_code=0):
        return self.spillway("run", *self.flags,
                             f"--set=resources.spill_directory={spill_directory}",
                             exit_code=exit_code)

    def stop_after_commits(self, count, spill_directory):
        """Runs until there are some, as Ctrl-C does."""
        process = subprocess.Popen(
            [self.spillway.program, "run", *self.flags,
             f"--set=resources.spill_directory={spill_directory}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = self.silver / "_delta_log"
        while len(list(log.glob("*.json"))) < count and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


@pytest.fixture(params=["join", "sort"])
def spilling(request, spillway, tmp_path):
    """A lookup that is joined through spill files, or rows that are sorted through them."""
    rows, size = (200_000, 1) if request.param == "join" else (4000, 20_000)
    lake = tmp_path / "lake"
    spillway("generate", "--rows", str(rows), "--content-bytes", str(size), "--out", lake)
    job = SpillingJob(spillway, lake, tmp_path / "silver", rows // 20,
                      ["--set=processing.chunk_order=key"] if request.param == "sort" else [])
    plan = job.plan()
    assert plan["memory"]["fits"] and plan["chunks"] >= 20
    assert plan["lookups"][0]["join"]["out_of_core"] == (request.param == "join")
    assert (plan["order"].get("expected_spilled_bytes", 0) > 10 * MIB) == (request.param == "sort")
    return job


def assert_disk_is_full(run, small_disk):
    error = run.stderr
    assert run.stdout == "" and "error[SPW-6003]" in error
    assert str(small_disk) in error.partition("where:")[2].partition("do:")[0]
    assert "resources.spill_directory" in error.partition("do:")[2]
    assert list(small_disk.iterdir()) == []


def test_nothing_is_written_where_nothing_was_before(spilling, small_disk):
    assert_disk_is_full(spilling.run(small_disk, exit_code=6), small_disk)
    assert not spilling.silver.exists() or list(spilling.silver.glob("*.parquet")) == []
    assert not (spilling.silver / "_delta_log").exists()


def test_what_was_committed_before_stays(spilling, small_disk, tmp_path, duckdb_delta):
    enough = tmp_path / "enough"
    spilling.stop_after_commits(4, enough)
    before = commits(spilling.silver)
    done = actions(spilling.silver, "txn")[-1]["version"]
    assert 0 < done < spilling.plan()["source"]["rows"]
    run = spilling.run(small_disk, exit_code=6)
    assert_disk_is_full(run, small_disk)
    assert "Nothing was lost: " in run.stderr
    assert commits(spilling.silver) == before
    spilling.run(enough)
    assert commits(spilling.silver)[:len(before)] == before
    assert_silver_is_right(duckdb_delta, spilling.lake, spilling.silver)
    assert list(enough.iterdir()) == list(small_disk.iterdir()) == []


def test_new_columns_that_wait_for_the_copied_ones(job, small_disk, duckdb_delta):
    """The new columns of one row group are too large for the disk, those before it are not."""
    rows, groups, wide = 60_000, 6, 4
    chosen = random.Random(20261123)
    texts = [f"{chosen.getrandbits(128):032x}" if row // rows == wide else "short"
             for row in range(groups * rows)]
    job.table("bronze", pa.table({"id": range(groups * rows), "text": texts,
                                  "noise": [chosen.randbytes(20) for _ in texts]}),
              rows_per_group=rows)
    derived = {f"text_{i}": f"concat(text, '{i}')" for i in range(24)}
    job.write(columns=derived, mode="chunked", processing={"chunk_size": rows},
              resources={"lanes": 1})
    plan = job.plan()
    assert plan["splice"]["spliced"] == plan["chunks"] == groups
    budget = f"--memory={plan['memory']['smallest_budget_bytes']}"
    run = job.run(budget, f"--set=resources.spill_directory={small_disk}", exit_code=6)
    assert_disk_is_full(run, small_disk)
    assert "Nothing was lost: " in run.stderr
    done = actions(job.folder / "silver", "txn")[-1]["version"]
    assert 0 < done <= wide * rows
    assert job.rows().num_rows == done
    report = job.report(budget)
    assert report["source_rows"] == groups * rows - done
    expected = (f"SELECT *, {', '.join(f'{text} AS {name}' for name, text in derived.items())} "
                f"FROM delta_scan('{job.folder / 'bronze'}')")
    silver = f"SELECT * FROM delta_scan('{job.folder / 'silver'}')"
    for one, other in ((expected, silver), (silver, expected)):
        assert duckdb_delta.sql(f"{one} EXCEPT ALL {other}").limit(3).fetchall() == []
