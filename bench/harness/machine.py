"""What a reader has to know of the machine and of the program that was measured."""

import os
import platform
import re
import subprocess
from pathlib import Path

from harness.measure import ROOT, why_no_cgroup


def describe(folder: Path) -> dict[str, str]:
    """Facts for the results; `folder` is where the tables are."""
    facts = {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "Memory": _memory(),
        "System": f"{_system()}, Linux {platform.release()}",
        "File system": _file_system(folder),
        "Load at the start": f"{os.getloadavg()[0]:.2f}",
        "Page cache": "warm: the inputs are read before each run, as far as they fit",
    }
    reason = why_no_cgroup()
    facts["Limit"] = reason or "a memory cgroup of the job's size for each process tree, no swap"
    return facts


def name() -> str:
    """For the results' file name."""
    words = f"{_cpu_model()} {os.cpu_count()} cores".lower()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")


def commit() -> str:
    """The commit of the tree, with a word if the tree has changes beyond it."""
    def git(*arguments: str) -> str:
        run = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True,
                             check=False)
        return run.stdout.strip()

    return git("rev-parse", "HEAD") + (", changed" if git("status", "--porcelain") else "")


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    kibibytes = re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]
    return f"{int(kibibytes) / (1 << 20):.0f} GiB"


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _file_system(folder: Path) -> str:
    run = subprocess.run(["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder],
                         capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"
