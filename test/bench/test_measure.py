"""What is measured of a command: time, CPU of all its processes, memory, and how it ended."""

import signal
import subprocess
import sys

import pytest
from harness.measure import measure, why_no_cgroup

MIB = 1 << 20
BURN = "import time\nwhile time.process_time() < 0.5: pass"


def python(code: str, **options):
    return measure([sys.executable, "-c", code], **options)


def in_cgroup():
    reason = why_no_cgroup()
    if reason:
        pytest.skip(reason)


def test_output_and_exit_code():
    ended = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ended.stdout, ended.stderr, ended.exit_code) == ("out\n", "err\n", 3)
    assert not ended.finished and ended.failure() == "exit code 3: err"


def test_an_exception_is_the_reason():
    code = "import sys; print('MemoryError: no room', file=sys.stderr); print('x', file=sys.stderr)"
    assert python(f"{code}; sys.exit(1)").failure() == "exit code 1: MemoryError: no room"


def test_the_cpu_of_children_counts():
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"
    assert 0.5 <= python(code).cpu_seconds < 5


def test_the_cpu_of_orphans_counts():
    """A JVM lives on for a moment when the process that started it is gone."""
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BURN!r}])"
    assert 0.5 <= python(code).cpu_seconds < 5


def test_the_peak_is_of_all_processes_together():
    hold = "import sys; block = bytearray(64 << 20); print(len(block), flush=True); input()"
    code = (f"import subprocess, sys, time\nblock = bytearray(64 << 20)\n"
            f"child = subprocess.Popen([sys.executable, '-c', {hold!r}], stdin=subprocess.PIPE,"
            f" stdout=subprocess.PIPE)\nchild.stdout.readline()\ntime.sleep(0.5)\n"
            f"child.communicate(b'end')")
    assert 128 * MIB <= python(code).peak_anon_bytes < 256 * MIB


def test_one_that_takes_too_long_is_ended():
    ended = python("import time; time.sleep(60)", timeout_seconds=0.3)
    assert ended.timed_out and not ended.finished and ended.wall_seconds < 30
    assert ended.failure().startswith("stopped after")


def test_other_children_of_the_process_are_left_alone():
    """The other tests' Spark, say, which is neither waited for nor ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        ended = python("import time; time.sleep(60)", timeout_seconds=0.3)
        assert ended.timed_out and ended.wall_seconds < 10
        assert other.poll() is None
        other.communicate(b"end\n")
    assert other.returncode == 0


def test_the_limit_and_what_the_group_used():
    in_cgroup()
    ended = python("block = bytearray(32 << 20)", memory_bytes=64 * MIB)
    assert ended.finished and ended.oom_kills == 0
    assert ended.cgroup_peak_bytes is None or 32 * MIB <= ended.cgroup_peak_bytes <= 64 * MIB


def test_a_kill_for_want_of_memory_is_told():
    in_cgroup()
    ended = python("block = bytearray(128 << 20)", memory_bytes=64 * MIB)
    assert (ended.exit_code, ended.oom_kills) == (128 + signal.SIGKILL, 1)
    assert ended.failure() == "killed, out of memory (exit code 137)"


def test_no_process_is_left_when_one_is_ended_in_its_group():
    in_cgroup()
    mark = "spillway-bench-test-of-time"
    child = f"[sys.executable, '-c', 'import time; time.sleep(60)', '{mark}']"
    ended = python(f"import subprocess, sys; subprocess.run({child})", memory_bytes=64 * MIB,
                   timeout_seconds=1)
    assert ended.timed_out
    assert subprocess.run(["pgrep", "-f", mark], check=False).returncode == 1
