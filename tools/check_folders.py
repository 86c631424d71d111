#!/usr/bin/env python3
"""Proves the order of the program's folders, and the house rules that a machine can check cheaply.

    tools/check_folders.py [ROOT]

The order is the list of spillway_library(FOLDER DEPS ..) in CMakeLists.txt: a folder may name only
earlier ones, so the list has no cycle, and its files may include only what it names. Prints one
line per fault, `file:line: what`, and ends with 1 if there is any.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAXIMUM_LINES = 500
MAXIMUM_TEST_LINES = 800

# Names that say nothing about what is inside.
EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc)(_|$)")
# Spelled so that this file does not find itself.
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|H[A]CK)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
LIBRARY = re.compile(r"^\s*spillway_library\(([^)]*)\)", re.MULTILINE)
# Headers that cxx makes; only a folder that links the bridge may include them.
BRIDGE_HEADERS = ("spillway_bridge/", "rust/cxx.h")
BRIDGE_LIBRARY = "spillway_bridge"

SOURCE_ENDINGS = {".h", ".cc"}
TEXT_ENDINGS = SOURCE_ENDINGS | {".py", ".rs", ".sh", ".cmake", ".txt", ".js", ".css", ".html"}
CHECKED_TREES = ("src", "rust", "test", "tools", "bench", "fuzz", "cmake", "web")
# Lists that a tool or a reference engine made are as long as they are.
MADE_BY_TOOLS = re.compile(r"requirements[-\w]*\.txt$|/cases/|Cargo\.lock$|/target/|__pycache__")


@dataclass
class Library:
    folder: str
    line: int
    dependencies: list[str]
    links: list[str]


def read_libraries(cmake: str) -> list[Library]:
    """The spillway_library() calls of a CMakeLists.txt, in order."""
    libraries = []
    for call in LIBRARY.finditer(cmake):
        words = re.sub(r"#.*", "", call[1]).split()
        lists: dict[str, list[str]] = {"DEPS": [], "LIBS": []}
        current: list[str] = []
        for word in words[1:]:
            if word in lists:
                current = lists[word]
            else:
                current.append(word)
        line = cmake.count("\n", 0, call.start(1)) + 1
        libraries.append(Library(words[0], line, lists["DEPS"], lists["LIBS"]))
    return libraries


def check_order(root: Path, libraries: list[Library]) -> Iterator[str]:
    """The list against itself and against the folders that exist."""
    earlier: set[str] = set()
    for library in libraries:
        where = f"CMakeLists.txt:{library.line}"
        if library.folder in earlier:
            yield f"{where}: {library.folder} stands here twice"
        for dependency in library.dependencies:
            if dependency not in earlier:
                yield f"{where}: {library.folder} names {dependency}, no earlier folder"
        if not any((root / "src" / library.folder).rglob("*.cc")):
            yield f"{where}: src/{library.folder} has no source"
        earlier.add(library.folder)
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        if folder.name not in earlier:
            yield f"src/{folder.name}: CMakeLists.txt has no spillway_library({folder.name} ..)"


def include_fault(library: Library, included: str, folders: set[str]) -> str | None:
    if included.startswith(BRIDGE_HEADERS):
        if BRIDGE_LIBRARY in library.links:
            return None
        return f"includes {included}, but does not link {BRIDGE_LIBRARY}"
    folder = included.split("/")[0]
    if folder not in folders:
        return f'"{included}" is not a path from src/; foreign headers are included with <>'
    if folder != library.folder and folder not in library.dependencies:
        return f"{library.folder} may not include {folder}: its DEPS do not name it"
    return None


def check_source(path: Path, name: str, library: Library, folders: set[str]) -> Iterator[str]:
    """One file of a folder: its includes, its namespace, its head."""
    text = path.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        included = INCLUDE.match(line)
        fault = include_fault(library, included[1], folders) if included else None
        if fault:
            yield f"{name}:{number}: {fault}"
    namespace = "spillway" if library.folder == "base" else f"spillway::{library.folder}"
    if path.name != "main.cc" and not re.search(rf"^namespace {namespace}\b", text, re.MULTILINE):
        yield f"{name}:1: nothing is in namespace {namespace}"
    if path.suffix == ".h" and "#pragma once" not in text:
        yield f"{name}:1: no #pragma once"
    if path.suffix == ".h" and not text.startswith("//"):
        yield f"{name}:1: a header opens with a comment: the concept and the thread rule"


def check_text(path: Path, name: str) -> Iterator[str]:
    """Length, name and leftovers of any text of ours."""
    if EMPTY_NAMES.search(path.stem):
        yield f"{name}:1: the name does not say what is inside"
    lines = path.read_text().splitlines()
    is_test = path.stem.endswith("_test") or name.startswith("test/")
    maximum = MAXIMUM_TEST_LINES if is_test else MAXIMUM_LINES
    if len(lines) > maximum:
        yield f"{name}:1: {len(lines)} lines; a file is one idea in at most {maximum}"
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: work left undone, by its own words"


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    for tree in CHECKED_TREES:
        for path in sorted((root / tree).rglob("*")):
            name = str(path.relative_to(root))
            if path.suffix in TEXT_ENDINGS and path.is_file() and not MADE_BY_TOOLS.search(name):
                yield path, name


def faults(root: Path) -> Iterator[str]:
    libraries = read_libraries((root / "CMakeLists.txt").read_text())
    yield from check_order(root, libraries)
    by_folder = {library.folder: library for library in libraries}
    for path, name in texts(root):
        yield from check_text(path, name)
        parts = name.split("/")
        if parts[0] != "src" or path.suffix not in SOURCE_ENDINGS:
            continue
        if len(parts) < 3:
            yield f"{name}:1: a source file stands in a folder of src/"
        elif parts[1] in by_folder:
            yield from check_source(path, name, by_folder[parts[1]], set(by_folder))


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = list(faults(root))
    for fault in found:
        print(fault)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
