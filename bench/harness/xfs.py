"""An XFS file system in a file, on a loop device, for as long as a job needs it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def why_not() -> str | None:
    """Why there can be no XFS here; None where it can be tried."""
    if os.geteuid() != 0:
        return "XFS on a loop device wants root"
    if shutil.which("mkfs.xfs") is None:
        return "mkfs.xfs is missing: apt-get install xfsprogs"
    return None


@contextmanager
def mounted(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A new file system that can share blocks, mounted below `folder`. Fails with OSError, in the
    words of mkfs or mount, where the machine refuses."""
    image, mount_point = folder / "xfs.image", folder / "xfs"
    mount_point.mkdir(parents=True, exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(size_bytes)
    try:
        _run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", str(image))
        _run("mount", "-o", "loop", str(image), str(mount_point))
        try:
            yield mount_point
        finally:
            _run("umount", str(mount_point))
    finally:
        image.unlink()
        mount_point.rmdir()


def _run(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise OSError(f"{command[0]}: {run.stderr.strip()}")
