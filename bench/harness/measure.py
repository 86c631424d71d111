"""Runs one command and measures it: time, CPU, memory, how it ended."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_CGROUP = ROOT / "tools" / "in_memory_cgroup.sh"
SUPERVISE = ROOT / "bench" / "harness" / "supervise.py"


@dataclass(frozen=True)
class Measurement:
    wall_seconds: float  # until the command ended and what it wrote was on the disk
    sync_seconds: float  # the part of it that a `sync` took after the command ended
    user_seconds: float
    system_seconds: float
    exit_code: int  # 128 + the signal's number for a process that a signal ended
    timed_out: bool
    peak_anon_bytes: int  # RssAnon + RssShmem of all its processes together, sampled
    cgroup_peak_bytes: int | None  # page cache included; None without a cgroup
    oom_kills: int
    stdout: str
    stderr: str

    @property
    def cpu_seconds(self) -> float:
        return self.user_seconds + self.system_seconds

    @property
    def finished(self) -> bool:
        return self.exit_code == 0 and not self.timed_out

    def failure(self) -> str:
        """Why it did not finish, in one line."""
        if self.timed_out:
            return f"stopped after {self.wall_seconds:.0f} s"
        if self.oom_kills > 0 or self.exit_code == 128 + signal.SIGKILL:
            return f"killed, out of memory (exit code {self.exit_code})"
        lines = [line.strip() for line in self.stderr.splitlines()]
        reasons = [line for line in lines if re.match(r"[\w.]*(error|exception)\b", line, re.I)]
        last = (reasons or lines or ["no word"])[-1]
        return f"exit code {self.exit_code}: {last[:200]}"


def why_no_cgroup() -> str | None:
    """Why commands cannot be put into a memory cgroup here; None where they can."""
    check = subprocess.run([IN_CGROUP, "--check"], capture_output=True, text=True, check=False)
    return None if check.returncode == 0 else check.stderr.strip()


def measure(
    command: list[str],
    memory_bytes: int | None = None,
    timeout_seconds: float = 3600,
    environment: dict[str, str] | None = None,
) -> Measurement:
    """Runs `command` to its end, in a memory cgroup of `memory_bytes` if given."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open(Path(folder) / "stdout", "w+") as stdout,
        open(Path(folder) / "stderr", "w+") as stderr,
    ):
        report, measured = Path(folder) / "cgroup", Path(folder) / "measured"
        limited = [IN_CGROUP, "--report", report, memory_bytes] if memory_bytes else []
        subprocess.run(
            [sys.executable, SUPERVISE, measured, str(timeout_seconds), *map(str, limited),
             *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            check=True,
        )
        events = dict(line.split() for line in report.open()) if report.exists() else {}
        stdout.seek(0)
        stderr.seek(0)
        return Measurement(
            **json.loads(measured.read_text()),
            cgroup_peak_bytes=int(events["peak_bytes"]) if "peak_bytes" in events else None,
            oom_kills=int(events.get("oom_kills", 0)),
            stdout=stdout.read(),
            stderr=stderr.read(),
        )
