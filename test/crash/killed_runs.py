"""Runs of the example pipeline that are killed at random moments, again and again, until they end;
and what has to hold after every kill and at the end."""

import json
import random
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
from pipelines.delta_log import actions, live_files
from silver.guide_pipeline import EXAMPLE

MIB = 1 << 20


@dataclass
class KilledRuns:
    """Starts runs over one lake and one target. `flags` are those of every run."""

    spillway: Any
    lake: Path
    silver: Path
    flags: list[str]
    chosen: random.Random
    kills: int = 0
    wasted_rows: list[int] = field(default_factory=list)  # of the target, by kill

    def command(self, verb: str, *flags: str) -> list[str]:
        return [str(self.spillway.program), verb, str(EXAMPLE),
                f"--set=variables.lake={self.lake}", f"--set=target.table={self.silver}",
                *self.flags, *flags]

    def report(self, verb: str, *flags: str) -> dict[str, Any]:
        done = subprocess.run(self.command(verb, "--json", *flags), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def kill_one(self, longest: float) -> bool:
        """Starts a run and kills it within `longest` seconds; False: it had ended before."""
        with subprocess.Popen(self.command("run"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                process.wait(timeout=self.chosen.uniform(0, longest))
            except subprocess.TimeoutExpired:
                process.kill()
            error = process.stderr.read()
        assert process.returncode in (0, -signal.SIGKILL), error
        if process.returncode == 0:
            return False
        self.kills += 1
        self.wasted_rows.append(self.rows_to_write_again())
        return True

    def run_killed_often(self, longest: float, most_kills: int) -> dict[str, Any]:
        """Kills runs until so many are killed or one ends; then lets one end. Its report."""
        for _ in range(most_kills):
            if not self.kill_one(longest):
                break
        return self.report("run")

    def committed_files(self) -> set[str]:
        if not (self.silver / "_delta_log").exists():
            return set()
        return {unquote(action["path"]) for kind in ("add", "remove")
                for action in actions(self.silver, kind)}

    def kept_files(self) -> set[str]:
        """Those on record for the next run: JSON behind each line's hash, up to a damaged one."""
        files: set[str] = set()
        for checkpoint in self.silver.glob("_spillway/*.checkpoint"):
            for line in checkpoint.read_text().split("\n")[1:-1]:
                files |= {file["path"] for file in json.loads(line[17:])["files"]}
        return files

    def rows_to_write_again(self) -> int:
        """The rows of whole files that neither a commit nor the next run has."""
        lost = 0
        known = self.committed_files() | self.kept_files()
        for path in self.silver.glob("*.parquet"):
            if path.name in known:
                continue
            try:
                lost += pq.read_metadata(path).num_rows
            except (OSError, ValueError):  # not whole
                continue
        return lost

    def check_nothing_is_left(self) -> None:
        stray = {path.name for path in self.silver.glob("*.parquet")} - self.committed_files()
        assert stray == set()
        assert [path for path in live_files(self.silver) if not path.exists()] == []
        assert not (self.silver / "_spillway").exists()


def time_of(action: Any) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start
