"""Runs a command and writes what it took as JSON: supervise.py FILE TIMEOUT_SECONDS COMMAND..

A process of its own, because it waits for every process below it: the command's, and those whose
parents are gone (a JVM, say), so that their CPU counts.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

SAMPLE_SECONDS = 0.1
# What is left of a command's processes when it has ended gets this long to end too.
LINGER_SECONDS = 20
PR_SET_CHILD_SUBREAPER = 36


def supervise(command: list[str], timeout_seconds: float) -> dict:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.sync()
    start = time.monotonic()
    child = subprocess.Popen(command)
    with Watch(child.pid, start + timeout_seconds) as watch:
        exit_code, user, system = reap(child.pid)
        ended = time.monotonic()
    child.returncode = exit_code  # it is waited for already
    os.sync()
    synced = time.monotonic()
    left_user, left_system = reap_rest()
    return {
        "wall_seconds": synced - start,
        "sync_seconds": synced - ended,
        "user_seconds": user + left_user,
        "system_seconds": system + left_system,
        "exit_code": exit_code,
        "timed_out": watch.timed_out,
        "peak_anon_bytes": watch.peak_bytes,
    }


def reap(pid: int) -> tuple[int, float, float]:
    """Waits for `pid`: its exit code, and the CPU of all that is waited for until then."""
    user = system = 0.0
    while True:
        ended, status, usage = os.wait4(-1, 0)
        user += usage.ru_utime
        system += usage.ru_stime
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return (code if code >= 0 else 128 - code), user, system


def reap_rest() -> tuple[float, float]:
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
                for pid in list(tree_of(os.getpid()))[1:]:
                    send(pid, signal.SIGKILL)
            time.sleep(0.05)


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def tree_of(pid: int) -> Iterator[int]:
    """`pid` and all processes below it."""
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from tree_of(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has ended


def anon_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    kibibytes = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE)
    return sum(map(int, kibibytes)) << 10


class Watch:
    """Samples the memory of a process and those below it; ends them at the deadline."""

    def __init__(self, pid: int, deadline: float) -> None:
        self.peak_bytes = 0
        self.timed_out = False
        self._pid = pid
        self._deadline = deadline
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            tree = list(tree_of(self._pid))
            self.peak_bytes = max(self.peak_bytes, sum(map(anon_bytes, tree)))
            if time.monotonic() > self._deadline:
                self.timed_out = True
                # From below, so that in_memory_cgroup.sh lives to remove its cgroup.
                for pid in reversed(tree[1:]):
                    send(pid, signal.SIGKILL)
                self._deadline += LINGER_SECONDS
                if len(tree) == 1:
                    send(self._pid, signal.SIGKILL)


if __name__ == "__main__":
    measured = supervise(sys.argv[3:], float(sys.argv[2]))
    Path(sys.argv[1]).write_text(json.dumps(measured))
