"""File systems that tests mount for themselves."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, kind: str, options: str, device: str | Path = "none") -> Iterator[Path]:
    """Mounts a file system at a new folder. Where that is not allowed the test is skipped."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system wants root")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", kind, "-o", options, device, folder],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no {kind} can be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
