"""The example pipeline in the forms that take different ways through the program, run under faults;
and what has to hold behind each of them."""

import json
import os
import random
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from crash.shim import CHANGES, READS, Fault, Point, Shim, points_in
from deltalake import DeltaTable
from pipelines.delta_log import actions, live_files
from pipelines.job import read_table, write_table
from silver.guide_pipeline import (
    EXAMPLE,
    assert_silver_is_part,
    assert_silver_is_right,
)

MIB = 1 << 20
CHUNKS = 5
LONGEST_RUN_SECONDS = 120
SHORT_ROWS = 8_000
LONG_ROWS = int(os.environ.get("SPILLWAY_TORTURE_ROWS", "2000000"))

# How a form differs from the plain job: whether its row groups are as they are copied, whether it
# has only as much memory as it needs, and flags.
FORMS = {
    "spliced": (True, False, ()),
    "decoded": (False, False, ()),
    "at_end": (True, False, ("--set=target.publish=at_end",)),
    "spilling": (True, True, ()),
    "key_order": (False, True, ("--set=processing.chunk_order=key",)),
}


def seeded(name: str) -> random.Random:
    seed = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
    print(f"{name}: seed {seed}")
    return random.Random(f"{name} {seed}")


class Lakes:
    """Generated tables of so many rows, made once."""

    def __init__(self, spillway: Any, folder: Path):
        self.spillway, self.folder = spillway, folder

    def __call__(self, rows: int, spliced: bool) -> Path:
        lake = self.folder / f"{'groups' if spliced else 'whole'}-{rows}"
        if lake.exists():
            return lake
        if not spliced:
            self.spillway("generate", "--rows", str(rows), "--content-bytes", "20", "--out", lake)
            return lake
        made = self(rows, spliced=False)
        for name in ("bronze_accident", "predictions"):
            write_table(lake / name, read_table(made / name), files=4,
                        rows_per_group=max(1, rows // CHUNKS // 4))
        return lake


@dataclass
class Ended:
    """A run that is over."""

    code: int
    out: str
    error: str

    @property
    def was_killed(self) -> bool:
        return self.code == -9

    def codes(self) -> list[str]:
        """Those of failed attempts, which are text, and the last one's, which is JSON."""
        return re.findall(r'^(?:error\[|\{"code":")(SPW-\d+)', self.error, re.MULTILINE)


class FaultyJob:
    """One form of the job over a lake, and a target in `folder`. Its log gets a checkpoint with
    every second commit."""

    def __init__(self, spillway: Any, shim: Shim, lakes: Lakes, form: str, folder: Path,
                 rows: int = 20_000, spill: Path | None = None):
        spliced, is_tight, flags = FORMS[form]
        self.spillway, self.shim, self.rows = spillway, shim, rows
        self.lake, self.folder, self.silver = lakes(rows, spliced), folder, folder / "silver"
        folder.mkdir(exist_ok=True)  # or the first run would pass other points than those behind it
        self.pipeline = folder.parent / f"{folder.name}.yaml"
        text = EXAMPLE.read_text().replace("  overwrite_schema: true", "  overwrite_schema: true\n"
                                           "  properties: {delta.checkpointInterval: '2'}")
        self.pipeline.write_text(text)
        self.flags = [str(self.pipeline), "--mode=chunked", f"--set=variables.lake={self.lake}",
                      f"--set=target.table={self.silver}", "--set=resources.lanes=2",
                      f"--set=processing.chunk_size={rows // CHUNKS}",
                      f"--set=processing.checkpoint_interval={rows // CHUNKS // 4}", *flags]
        self.spill = spill
        if spill is not None:
            self.flags.append(f"--set=resources.spill_directory={spill}")
        budget = self.plan()["memory"]["smallest_budget_bytes"] + MIB if is_tight else 1024 * MIB
        self.flags.append(f"--memory={budget}")

    def plan(self) -> dict[str, Any]:
        return json.loads(self.spillway("plan", *self.flags, "--json").stdout)

    def start(self, *flags: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
        inherited = {name: value for name, value in os.environ.items() if "SPILLWAY" not in name}
        inherited["RUST_BACKTRACE"] = "0"
        return subprocess.Popen([self.spillway.program, "run", *self.flags, *flags], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env={**inherited, **(environment or {})})

    def run(self, fault: Fault | None = None, mount: Path | None = None, log: Path | None = None,
            log_calls: tuple[str, ...] = ()) -> Ended:
        environment = {}
        if fault is not None or log is not None:
            environment = self.shim.environment(fault, mount, log, log_calls)
        with self.start("--json", environment=environment) as process:
            try:
                out, error = process.communicate(timeout=LONGEST_RUN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"the run hangs: {fault}") from None
        return Ended(process.returncode, out, error)

    def record(self, *folders: Path) -> Counter[Point]:
        """The points below the folders that a run without faults passes, each so many times."""
        log = self.pipeline.with_suffix(".calls")
        log.unlink(missing_ok=True)
        ended = self.run(log=log, log_calls=CHANGES + READS)
        assert ended.code == 0, ended.error
        return points_in(log, list(folders))

    def committed_rows(self) -> int:
        """How far the log has come, after a look at all that it says: each chunk is in it once, and
        each of its files is there, and whole."""
        if not list((self.silver / "_delta_log").glob("*[0-9].json")):
            return 0
        done = [txn["version"] for txn in actions(self.silver, "txn")]
        assert done == sorted(set(done)), "a chunk is committed twice"
        rows = 0
        for path, add in live_files(self.silver).items():
            assert path.stat().st_size == add["size"], f"{path} is not whole"
            rows += pq.read_metadata(path).num_rows
        assert rows == (done[-1] if done else 0)
        return rows

    def check_part(self, duckdb_delta: Any) -> int:
        """The table has the rows of some chunks, or is not there: others can read it, too."""
        rows = self.committed_rows()
        if rows > 0:
            assert assert_silver_is_part(duckdb_delta, self.lake, self.silver) == rows
            assert DeltaTable(self.silver.as_uri()).version() == len(
                list((self.silver / "_delta_log").glob("*[0-9].json"))) - 1
        return rows

    def finish(self, duckdb_delta: Any) -> None:
        """A run without faults ends with DuckDB's rows, and leaves nothing besides them."""
        ended = self.run()
        assert ended.code == 0, ended.error
        assert self.committed_rows() == self.rows
        assert_silver_is_right(duckdb_delta, self.lake, self.silver)
        live = {path.name for path in live_files(self.silver)}
        assert {path.name for path in self.silver.glob("*.parquet")} == live
        assert not (self.silver / "_spillway").exists()
