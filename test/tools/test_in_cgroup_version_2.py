"""tools/in_memory_cgroup.sh on version 2, whatever this machine has: a folder stands for the cgroup
file system, and a mkdir of the test's puts files into a new group as the kernel does."""

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "tools" / "in_memory_cgroup.sh"
GROUP_FILES = {"cgroup.procs": "", "memory.max": "max", "memory.swap.max": "max",
               "memory.peak": "1000", "memory.events": "low 0\nhigh 0\noom 3\noom_kill 2"}


class Machine:
    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.seen = folder, folder / "cgroup", folder / "seen"
        (folder / "bin").mkdir()
        self.root.mkdir()
        self.root.joinpath("cgroup.controllers").write_text("cpu memory\n")
        self.put_into_groups(GROUP_FILES)
        self._program("rmdir", 'exec /bin/rm -r "$1"')

    def put_into_groups(self, files: dict[str, str]) -> None:
        lines = ['/bin/mkdir "$1" || exit', 'cd "$1"']
        lines += [f"echo '{text}' > {name}" for name, text in files.items()]
        self._program("mkdir", "\n".join(lines))

    def _program(self, name: str, body: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": path, "CGROUP_ROOT": str(self.root)})

    def groups(self) -> list[Path]:
        return list(self.root.glob("**/spillway-*"))

    def seen_from_inside(self, *options: str | Path) -> tuple[Path, Path]:
        """The root and the group as a command in the group found them."""
        run = self.run(*options, "64MiB", "cp", "-r", self.root, self.seen)
        assert run.returncode == 0, run.stderr
        (group,) = self.seen.glob("**/spillway-*")
        return self.seen, group


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if os.geteuid() != 0:
        pytest.skip("the script wants root before it looks at cgroups")
    return Machine(tmp_path)


def test_the_command_runs_in_a_limited_group(machine: Machine) -> None:
    root, group = machine.seen_from_inside()
    assert (root / "cgroup.subtree_control").read_text() == "+memory\n"
    assert group.parent == root
    assert (group / "memory.max").read_text() == f"{64 << 20}\n"
    assert (group / "memory.swap.max").read_text() == "0\n"
    assert int((group / "cgroup.procs").read_text()) > 0
    assert machine.groups() == []


def test_the_report_comes_from_peak_and_events(machine: Machine) -> None:
    machine.seen_from_inside("--report", machine.folder / "report")
    assert (machine.folder / "report").read_text() == "peak_bytes 1000\noom_kills 2\n"


def test_a_kernel_without_peak_and_swap(machine: Machine) -> None:
    absent = {"memory.peak", "memory.swap.max"}
    machine.put_into_groups({name: GROUP_FILES[name] for name in GROUP_FILES.keys() - absent})
    _, group = machine.seen_from_inside("--report", machine.folder / "report")
    assert not absent & {file.name for file in group.iterdir()}
    assert (machine.folder / "report").read_text() == "oom_kills 2\n"


def test_the_exit_code_is_that_of_the_command(machine: Machine) -> None:
    assert machine.run("64MiB", "bash", "-c", "exit 7").returncode == 7
    assert machine.run("--check").returncode == 0
    assert machine.groups() == []


def test_a_controller_that_is_not_handed_down(machine: Machine) -> None:
    machine.put_into_groups({"cgroup.procs": ""})
    run = machine.run("--check")
    assert run.returncode == 3
    assert "has no memory.max to write" in run.stderr
    assert machine.groups() == []


def test_version_1_goes_first_where_it_has_the_memory(machine: Machine) -> None:
    (machine.root / "memory").mkdir()
    (machine.root / "memory" / "memory.limit_in_bytes").write_text("1\n")
    machine.put_into_groups({"memory.limit_in_bytes": "1", "memory.memsw.limit_in_bytes": "1"})
    root, group = machine.seen_from_inside()
    assert group.parent == root / "memory"
    for file in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        assert (group / file).read_text() == f"{64 << 20}\n"


def test_neither_version(machine: Machine) -> None:
    (machine.root / "cgroup.controllers").unlink()
    run = machine.run("64MiB", "true")
    assert run.returncode == 3
    assert "neither version 1 nor version 2" in run.stderr
