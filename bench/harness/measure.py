"""Runs one command and measures it: time, CPU, memory, how it ended."""

import ctypes
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IN_CGROUP = ROOT / "tools" / "in_memory_cgroup.sh"
SAMPLE_SECONDS = 0.1
# What is left of a command's processes when it has ended gets this long to end too.
LINGER_SECONDS = 20
PR_SET_CHILD_SUBREAPER = 36


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
    folder: Path | None = None,
) -> Measurement:
    """Runs `command` to its end, in a memory cgroup of `memory_bytes` if given.

    One measurement at a time in a process, which must have no other children.
    """
    # Processes whose parent is gone (a JVM, say) become children of ours, so that their CPU counts.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.sync()
    with (
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
        tempfile.NamedTemporaryFile("r") as report,
    ):
        limited = [IN_CGROUP, "--report", report.name, str(memory_bytes)] if memory_bytes else []
        start = time.monotonic()
        child = subprocess.Popen(
            [*map(str, limited), *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        with _Watch(child.pid, start + timeout_seconds) as watch:
            exit_code, user, system = _reap(child.pid)
            ended = time.monotonic()
        child.returncode = exit_code  # it is waited for already
        os.sync()
        synced = time.monotonic()
        left_user, left_system = _reap_rest()
        events = dict(line.split() for line in report)
        stdout.seek(0)
        stderr.seek(0)
        return Measurement(
            wall_seconds=synced - start,
            sync_seconds=synced - ended,
            user_seconds=user + left_user,
            system_seconds=system + left_system,
            exit_code=exit_code,
            timed_out=watch.timed_out,
            peak_anon_bytes=watch.peak_bytes,
            cgroup_peak_bytes=int(events["peak_bytes"]) if "peak_bytes" in events else None,
            oom_kills=int(events.get("oom_kills", 0)),
            stdout=stdout.read(),
            stderr=stderr.read(),
        )


def _reap(pid: int) -> tuple[int, float, float]:
    """Waits for `pid`: its exit code, and the CPU of all that is waited for until then."""
    user = system = 0.0
    while True:
        ended, status, usage = os.wait4(-1, 0)
        user += usage.ru_utime
        system += usage.ru_stime
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return (code if code >= 0 else 128 - code), user, system


def _reap_rest() -> tuple[float, float]:
    """Waits for the processes that a command left behind, and ends them where that takes long."""
    user = system = 0.0
    deadline = time.monotonic() + LINGER_SECONDS
    while True:
        try:
            ended, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return user, system
        user += usage.ru_utime
        system += usage.ru_stime
        if ended == 0:
            if time.monotonic() > deadline:
                for pid in list(_tree(os.getpid()))[1:]:
                    _signal(pid, signal.SIGKILL)
            time.sleep(0.05)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _tree(pid: int) -> Iterator[int]:
    """`pid` and all processes below it."""
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _tree(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended


def _anon_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    kibibytes = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE)
    return sum(map(int, kibibytes)) << 10


class _Watch:
    """Samples the memory of a process and those below it; ends them at the deadline."""

    def __init__(self, pid: int, deadline: float) -> None:
        self.peak_bytes = 0
        self.timed_out = False
        self._pid = pid
        self._deadline = deadline
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            tree = list(_tree(self._pid))
            self.peak_bytes = max(self.peak_bytes, sum(map(_anon_bytes, tree)))
            if time.monotonic() > self._deadline:
                self.timed_out = True
                # From below, so that in_memory_cgroup.sh lives to remove its cgroup.
                for pid in reversed(tree[1:]):
                    _signal(pid, signal.SIGKILL)
                self._deadline += LINGER_SECONDS
                if len(tree) == 1:
                    _signal(self._pid, signal.SIGKILL)
