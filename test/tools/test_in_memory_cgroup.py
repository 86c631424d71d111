"""tools/in_memory_cgroup.sh: a hard limit, the command's exit code, and nothing left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "tools" / "in_memory_cgroup.sh"
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(autouse=True)
def _possible_here() -> None:
    check = subprocess.run([PROGRAM, "--check"], capture_output=True, text=True, check=False)
    if check.returncode == 3:
        pytest.skip(check.stderr.strip())
    assert check.returncode == 0, check.stderr


def allocate(mebibytes: int, limit: str, *options: str) -> int:
    """The exit code of a process that writes to so much memory."""
    code = f"import sys; sys.exit(7 if bytearray({mebibytes} << 20) else 8)"
    return subprocess.run(
        [PROGRAM, *options, limit, sys.executable, "-c", code], capture_output=True, check=False
    ).returncode


def test_the_exit_code_is_that_of_the_command() -> None:
    assert allocate(16, "64MiB") == 7


@pytest.mark.parametrize("limit", ["64MiB", str(64 << 20)])
def test_the_limit_is_hard(limit: str) -> None:
    assert allocate(32, limit) == 7
    assert allocate(128, limit) == 128 + 9


@pytest.mark.parametrize("mebibytes, kills", [(32, 0), (128, 1)])
def test_the_report_has_the_peak_and_the_kills(mebibytes: int, kills: int, tmp_path: Path) -> None:
    report = tmp_path / "report"
    allocate(mebibytes, "64MiB", "--report", str(report))
    counted = {name: int(count) for name, count in map(str.split, report.open())}
    assert counted["oom_kills"] == kills
    assert 32 << 20 <= counted.get("peak_bytes", 32 << 20) <= 64 << 20


def test_nothing_is_left() -> None:
    run = subprocess.Popen([PROGRAM, "64MiB", "true"])
    assert run.wait() == 0
    name = f"spillway-{run.pid}"
    assert not (CGROUPS / name).exists()
    assert not (CGROUPS / "memory" / name).exists()
