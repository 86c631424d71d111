#!/usr/bin/env python3
"""Runs clang-tidy on the program's sources, but only on what changed since it last found nothing.

    tools/tidy.py --clang-tidy PROGRAM --build FOLDER --stamps FOLDER [--jobs N] [FILE..]

A file that passes leaves an empty stamp, named by the hash of all that its result depends on: its
text and that of every header of ours that it reaches, how it is compiled, .clang-tidy, and
clang-tidy's version. FOLDER has the compile_commands.json; without FILE.. all of src/ is checked.
"""

import argparse
import functools
import hashlib
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
FINDING = re.compile(r"^(?=\S+:\d+:\d+: (?:warning|error): )", re.MULTILINE)
# Warnings are gcc's to give, in the build; clang's own, of other meanings, are turned off.
EXTRA_ARGUMENTS = ["--extra-arg=-w"]


@dataclass(frozen=True)
class Unit:
    path: Path
    command: str


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text()


def reached(path: Path, include_folders: tuple[Path, ...]) -> list[Path]:
    """`path` and the headers of ours that it includes, directly or not, sorted."""
    seen = {path}
    waiting = [path]
    while waiting:
        for name in INCLUDE.findall(text_of(waiting.pop())):
            found = next((f / name for f in include_folders if (f / name).is_file()), None)
            if found and found not in seen:
                seen.add(found)
                waiting.append(found)
    return sorted(seen)


def key_of(unit: Unit, common_text: str, include_folders: tuple[Path, ...]) -> str:
    digest = hashlib.sha256(common_text.encode())
    # Where the clone stands does not matter to the result.
    digest.update(unit.command.replace(str(ROOT), "").encode())
    for path in reached(unit.path, include_folders):
        digest.update(f"\0{path.name}\0{text_of(path)}".encode())
    return digest.hexdigest()


def read_units(build: Path, wanted: list[Path]) -> list[Unit]:
    database = build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"tidy: {database} is missing: make build writes it")
    units = []
    for entry in json.loads(database.read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(SOURCES) and path.exists() and (not wanted or path in wanted):
            # The object's name differs from build folder to build folder.
            units.append(Unit(path, re.sub(r" -o \S+", "", entry["command"])))
    return sorted(units, key=lambda unit: unit.path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clang-tidy", required=True)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--stamps", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("files", nargs="*", type=lambda name: Path(name).resolve())
    arguments = parser.parse_args()

    version = subprocess.run(
        [arguments.clang_tidy, "--version"], capture_output=True, text=True, check=True
    ).stdout
    common_text = version + (ROOT / ".clang-tidy").read_text() + " ".join(EXTRA_ARGUMENTS)
    include_folders = (SOURCES, (arguments.build / "bridge" / "include").resolve())
    arguments.stamps.mkdir(parents=True, exist_ok=True)

    units = read_units(arguments.build, arguments.files)
    stamps = {
        unit: arguments.stamps / key_of(unit, common_text, include_folders) for unit in units
    }
    waiting = [unit for unit in units if not stamps[unit].exists()]

    def check(unit: Unit) -> str:
        command = [arguments.clang_tidy, "--quiet", "-p", str(arguments.build), *EXTRA_ARGUMENTS]
        run = subprocess.run(
            [*command, str(unit.path)], capture_output=True, text=True, check=False
        )
        if run.returncode == 0:
            stamps[unit].touch()
            return ""
        return run.stdout or run.stderr

    with ThreadPoolExecutor(arguments.jobs) as pool:
        reports = [report for report in pool.map(check, waiting) if report]
    # A finding in a header comes back from every file that includes it.
    findings = dict.fromkeys(part for report in reports for part in FINDING.split(report) if part)
    for finding in findings:
        print(finding.rstrip("\n"))
    print(
        f"clang-tidy: {len(units)} files, {len(waiting)} of them new or changed, "
        f"{len(reports)} with findings"
    )
    sys.exit(1 if reports else 0)


if __name__ == "__main__":
    main()
