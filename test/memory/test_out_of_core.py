"""Joins of lookups that are larger than the budget, as they are run: through spill files, or by
ranges of keys; and what a killed run leaves of them."""

import json
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from pipelines.delta_log import actions, listing
from pipelines.job import Job, read_table, write_table
from silver.guide_pipeline import EXAMPLE, assert_silver_is_right

ROWS = 400_000
MIB = 1 << 20


class ExampleJob:
    """The example pipeline over one lake and one target."""

    def __init__(self, spillway, lake, silver):
        self.spillway, self.lake, self.silver = spillway, lake, silver
        self.flags = [f"--set=variables.lake={lake}", f"--set=target.table={silver}"]

    def ask(self, verb, *flags):
        return json.loads(self.spillway(verb, EXAMPLE, "--json", *self.flags, *flags).stdout)

    def smallest_budget(self, *flags):
        return self.ask("plan", *flags)["memory"]["smallest_budget_bytes"]


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    """The generated tables, in files for several lanes."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", str(ROWS), "--content-bytes", "1", "--out", made)
    for name in ("bronze_accident", "predictions"):
        write_table(folder / name, read_table(made / name), files=4)
    return folder


@pytest.fixture
def example(spillway, lake, tmp_path):
    return ExampleJob(spillway, lake, tmp_path / "silver")


def check_memory(report, budget):
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= budget == report["budget_bytes"]


@pytest.mark.parametrize(("more", "lanes", "mode"), [
    (0, 1, "standard"), (8 * MIB, 1, "chunked"), (40 * MIB, 2, "standard"),
    (40 * MIB, 2, "chunked")])
def test_rows_are_those_of_duckdb(example, duckdb_delta, more, lanes, mode):
    flags = (f"--set=resources.lanes={lanes}", f"--mode={mode}",
             "--set=processing.chunk_size=150_000")
    budget = example.smallest_budget(*flags) + more
    flags += (f"--memory={budget}",)
    plan = example.ask("plan", *flags)
    join = plan["lookups"][0]["join"]
    assert plan["memory"]["fits"] and plan["lanes"] == lanes
    assert join["out_of_core"] and join["partitions"] > 1
    report = example.ask("run", *flags)
    assert 5_000_000 < report["spilled_bytes"] <= join["most_spilled_bytes"]
    assert report["source_rows"] == ROWS
    assert report["chunks_committed"] == (1 if mode == "standard" else 2)  # they end with files
    check_memory(report, budget)
    assert_silver_is_right(duckdb_delta, example.lake, example.silver)
    assert not (example.silver / "_spillway").exists()


def test_ranges_of_keys(job: Job, duckdb_delta):
    """Both tables are clustered by key: an index of some of the keys at a time, nothing spilled."""
    rows = 400_000
    job.table("bronze", pa.table({"id": range(rows), "row": [row % 1000 for row in range(rows)]}),
              files=4, rows_per_group=20_000)
    found = [row for row in range(rows) if row % 5]
    job.table("known", pa.table({"id": found, "text": [f"text {row:040}" for row in found]}),
              files=2, rows_per_group=10_000)
    job.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
              resources={"lanes": 1}, target={"table": "silver", "target_file_size": "100kB"})
    budget = job.plan()["memory"]["smallest_budget_bytes"] + 12 * MIB
    plan = job.plan(f"--memory={budget}")
    join = plan["lookups"][0]["join"]
    assert plan["memory"]["fits"] and not join["out_of_core"]
    assert join["key_ranges"] > 1 and len(found) <= join["lookup_rows_read"] < 1.5 * len(found)
    report = job.report(f"--memory={budget}")
    assert report["spilled_bytes"] == 0 and report["rows_written"] == rows
    check_memory(report, budget)
    expected = (f"SELECT b.*, text FROM delta_scan('{job.folder / 'bronze'}') b "
                f"LEFT JOIN delta_scan('{job.folder / 'known'}') USING (id)")
    silver = f"SELECT * FROM delta_scan('{job.folder / 'silver'}')"
    for one, other in ((expected, silver), (silver, expected)):
        assert duckdb_delta.sql(f"{one} EXCEPT ALL {other}").limit(3).fetchall() == []


class Spiller:
    """Starts runs of the example that spill below `base`, and kills them."""

    def __init__(self, example, base, *flags):
        self.example, self.base = example, base
        self.command = [example.spillway.program, "run", EXAMPLE, *example.flags, *flags]
        self.command.append(f"--memory={example.smallest_budget(*flags) + 8 * MIB}")

    def folders(self):
        return sorted(self.base.glob("spillway-spill-*"))

    def spilled(self):
        return {name: size for name, size in listing(self.base).items()
                if size and name.startswith("spillway-spill-") and not name.endswith("lock")}

    def commits(self):
        return len(list((self.example.silver / "_delta_log").glob("*.json")))

    def kill_when(self, is_time):
        process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and not is_time():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        _, error = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL, error.decode()

    def kill_while_spilling(self):
        """Once something new is in spill files, and before a chunk is committed."""
        dead, commits = set(self.spilled()), self.commits()
        self.kill_when(lambda: self.spilled_sizes_but(dead) > MIB)
        assert self.commits() == commits, "the lookups were joined before the kill"
        assert self.spilled_sizes_but(dead) > MIB
        # What the run before had left is gone.
        assert not dead & set(self.spilled()) and len(self.folders()) == 1

    def spilled_sizes_but(self, dead):
        try:
            return sum(size for name, size in self.spilled().items() if name not in dead)
        except FileNotFoundError:  # a file that went while it was looked at
            return 0


@pytest.mark.parametrize("place", ["of the target", "given"])
def test_runs_that_are_killed_while_they_spill(example, duckdb_delta, tmp_path, place):
    base = example.silver / "_spillway" if place == "of the target" else tmp_path / "spill"
    flags = ["--mode=chunked", "--set=processing.chunk_size=20_000"]
    if place == "given":
        flags.append(f"--set=resources.spill_directory={base}")
    spiller = Spiller(example, base, *flags)
    spiller.kill_while_spilling()
    assert not (example.silver / "_delta_log").exists()
    # A second one is killed among the chunks; a third one, which cannot take over what that one
    # has joined, while it spills again.
    spiller.kill_when(lambda: spiller.commits() > 3)
    done = actions(example.silver, "txn")[-1]["version"]
    assert 0 < done < ROWS
    for manifest in base.glob("spillway-spill-*/manifest"):
        manifest.unlink()
    spiller.kill_while_spilling()

    report = json.loads(example.spillway(*spiller.command[1:], "--json").stdout)
    assert report["spilled_bytes"] > 0
    # What the second one had written and not committed is kept.
    assert report["source_rows"] + report["kept_rows"] == ROWS - done
    assert_silver_is_right(duckdb_delta, example.lake, example.silver)
    assert listing(base) == {} and base.exists() == (place == "given")
