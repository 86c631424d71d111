#!/usr/bin/env python3
"""Builds the Rust bridge crate and copies its static library and C++ glue into a build folder.

    tools/build_bridge.py --cargo CARGO --crate rust --cargo-target FOLDER --out FOLDER

Cargo's target folder is shared by all clones and build folders on the machine, because the kernel's
crates take a quarter of an hour of CPU time to compile. Cargo knows our crate there by its name and
its files' times, not by its path, and would hand one clone's bridge to another. So the folder keeps
a record of which sources its bridge was made of: for others the bridge alone is made anew. Each
build folder gets copies; one that has not changed keeps its time, and nothing is linked again.
"""

import argparse
import fcntl
import filecmp
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

CRATE = "spillway_bridge"


def content_hash(crate: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in crate.rglob("*") if path.is_file()):
        if path.relative_to(crate).parts[0] != "target":
            digest.update(f"{path.relative_to(crate)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def run_cargo(cargo: str, verb: list[str], crate: Path, target: Path) -> str:
    """Runs cargo on the crate; returns its standard output, or ends with its exit code."""
    command = [cargo, *verb, "--release", "--locked"]
    command += ["--manifest-path", str(crate / "Cargo.toml")]
    if not sys.stderr.isatty():
        command.append("--quiet")
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.returncode)
    return run.stdout


def build(cargo: str, crate: Path, target: Path) -> tuple[Path, Path]:
    """Builds the crate; returns the static library and the build script's out folder."""
    record = target / f"{CRATE}.sources"
    sources = content_hash(crate)
    if not record.exists() or record.read_text() != sources:
        record.unlink(missing_ok=True)
        run_cargo(cargo, ["clean", "--package", CRATE], crate, target)
    messages = run_cargo(
        cargo, ["build", "--message-format", "json-render-diagnostics"], crate, target
    )
    record.write_text(sources)

    archive = out_folder = None
    for line in messages.splitlines():
        message = json.loads(line)
        reason = message["reason"]
        if reason == "build-script-executed" and CRATE in message["package_id"]:
            out_folder = Path(message["out_dir"])
        elif reason == "compiler-artifact" and message["target"]["name"] == CRATE:
            archives = [name for name in message["filenames"] if name.endswith(".a")]
            archive = Path(archives[0]) if archives else archive
    if archive is None or out_folder is None:
        sys.exit(f"build_bridge: cargo's messages name no library or out folder of {CRATE}")
    return archive, out_folder


def copy_if_different(source: Path, destination: Path) -> None:
    if destination.exists() and filecmp.cmp(source, destination, shallow=False):
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(destination.name + ".part")
    shutil.copyfile(source, part)
    part.replace(destination)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cargo", required=True)
    parser.add_argument("--crate", type=Path, required=True, help="folder of Cargo.toml")
    parser.add_argument("--cargo-target", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()

    arguments.cargo_target.mkdir(parents=True, exist_ok=True)
    with open(arguments.cargo_target / "spillway_bridge.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        archive, out_folder = build(arguments.cargo, arguments.crate, arguments.cargo_target)
        copy_if_different(archive, arguments.out / archive.name)
        include = out_folder / "cxxbridge" / "include"
        for header in include.rglob("*.h"):
            copy_if_different(header, arguments.out / "include" / header.relative_to(include))


if __name__ == "__main__":
    main()
