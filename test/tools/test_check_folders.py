"""tools/check_folders.py finds each kind of fault in a small tree, and nothing in a sound one."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "tools" / "check_folders.py"
CMAKE = """
spillway_library(base DEPS)
spillway_library(delta DEPS base LIBS spillway_bridge)  # the bridge is here
spillway_library(join
                 DEPS base)
"""
UNFINISHED = "TO" + "DO"


def source(folder: str, *includes: str) -> str:
    namespace = "spillway" if folder == "base" else f"spillway::{folder}"
    lines = [f'#include "{name}"' for name in includes]
    return "\n".join([*lines, f"namespace {namespace} {{}}", ""])


def header(folder: str, *includes: str) -> str:
    return "// What it is.\n#pragma once\n" + source(folder, *includes)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path, "CMakeLists.txt", CMAKE)
    write(tmp_path, "src/base/error.h", header("base"))
    write(tmp_path, "src/base/error.cc", source("base", "base/error.h"))
    write(tmp_path, "src/delta/log.cc", source("delta", "base/error.h", "rust/cxx.h"))
    write(tmp_path, "src/join/probe.cc", source("join", "base/error.h"))
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def faults(root: Path) -> list[str]:
    run = subprocess.run(
        [sys.executable, PROGRAM, root], capture_output=True, text=True, check=False
    )
    assert run.returncode == (1 if run.stdout else 0), run.stderr
    return run.stdout.splitlines()


def test_a_sound_tree_has_no_fault(tree: Path) -> None:
    assert faults(tree) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("src/join/a.cc", source("join", "delta/log.h"), "src/join/a.cc:1: join may not include"),
        ("src/base/a.cc", source("base", "join/probe.h"), "src/base/a.cc:1: base may not include"),
        ("src/join/a.cc", source("join", "probe.h"), "is not a path from src/"),
        ("src/join/a.cc", source("join", "rust/cxx.h"), "does not link spillway_bridge"),
        ("src/join/a.cc", source("delta"), "nothing is in namespace spillway::join"),
        ("src/join/a.h", "#pragma once\n" + source("join"), "a header opens with a comment"),
        ("src/join/a.h", "// A.\n" + source("join"), "no #pragma once"),
        ("src/join/string_util.cc", source("join"), "does not say what is inside"),
        ("src/join/a.cc", source("join") + f"// {UNFINISHED}: later\n", "a.cc:2: work left"),
        ("src/join/a.cc", source("join") + "\n" * 500, "501 lines"),
        ("test/join/test_a.py", "\n" * 801, "801 lines"),
        ("src/spill/a.cc", source("spill"), "has no spillway_library(spill ..)"),
        ("src/loose.cc", source("base"), "stands in a folder of src/"),
    ],
)
def test_each_fault_is_found(tree: Path, name: str, text: str, fault: str) -> None:
    write(tree, name, text)
    found = faults(tree)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("cmake", "fault"),
    [
        ("spillway_library(delta DEPS base LIBS spillway_bridge)\n" + CMAKE, "no earlier folder"),
        (CMAKE + "spillway_library(join DEPS base)\n", "join stands here twice"),
        (CMAKE + "spillway_library(spill DEPS base)\n", "src/spill has no source"),
        (CMAKE + "spillway_library(base DEPS join)\n", "base stands here twice"),
    ],
)
def test_each_fault_of_the_list_is_found(tree: Path, cmake: str, fault: str) -> None:
    write(tree, "CMakeLists.txt", cmake)
    assert any(fault in line for line in faults(tree))
