"""File systems in a file, whose power can be cut: what was not synced is lost, as xfstests' godown
does it."""

import contextlib
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pipelines.mounts import mounted

SHUT_DOWN = 0x8004587D  # _IOR('X', 125, __u32): EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
DROP_WHAT_IS_NOT_SYNCED = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH, XFS_FSOP_GOING_FLAGS_NOLOGFLUSH

# Name: how it is made, and how it is mounted.
KINDS = {
    "ext4": (["mkfs.ext4", "-q", "-F"], "ext4", "loop"),
    "ext4_writeback": (["mkfs.ext4", "-q", "-F"], "ext4", "loop,data=writeback"),
    "xfs": (["mkfs.xfs", "-q", "-f"], "xfs", "loop"),
    "btrfs": (["mkfs.btrfs", "-q"], "btrfs", "loop"),  # with quotas; its power cannot be cut
}


@dataclass
class Disk:
    """A file system in a file. It is mounted, used and cut off in turns."""

    image: Path
    folder: Path
    kind: str

    def make(self, megabytes: int = 400) -> None:
        with self.image.open("wb") as image:
            image.truncate(megabytes << 20)
        try:
            subprocess.run([*KINDS[self.kind][0], self.image], check=True, capture_output=True)
        except FileNotFoundError as missing:
            pytest.skip(f"no {missing.filename}")

    @contextlib.contextmanager
    def mounted(self) -> Iterator[Path]:
        _, system, own = KINDS[self.kind]
        with mounted(self.folder, system, own, self.image) as folder:
            yield folder

    def cut_power(self) -> None:
        root = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(root, SHUT_DOWN, struct.pack("I", DROP_WHAT_IS_NOT_SYNCED))
        finally:
            os.close(root)
