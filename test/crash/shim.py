"""The preloaded shim of fault_shim.c: what it is told, and what it tells."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("fault_shim.c")

# That change what is on a disk, and that only read it.
CHANGES = ("create", "write", "pwrite", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate",
           "copy_file_range", "rename", "link", "unlink", "mkdir", "rmdir")
READS = ("open", "read", "pread", "preadv", "flock", "ioctl")


@dataclass(frozen=True)
class Fault:
    """What happens at the `nth` of the `calls` whose path matches; fault_shim.c has the acts."""

    calls: str
    act: str
    nth: int = 1
    path: str = "*"

    def __str__(self) -> str:
        return f"{self.act} at {self.calls} {self.nth} of {self.path}"


@dataclass(frozen=True)
class Shim:
    library: Path

    def environment(self, fault: Fault | None = None, mount: Path | None = None,
                    log: Path | None = None, log_calls: tuple[str, ...] = ()) -> dict[str, str]:
        """Counting begins with the first file that the program opens: before that it is the
        loader's."""
        variables = {"LD_PRELOAD": self.library, "FAULT_ARM": "*", "FAULT_MOUNT": mount,
                     "FAULT_LOG": log, "FAULT_LOG_CALLS": ",".join(log_calls)}
        if fault is not None:
            variables |= {"FAULT_CALLS": fault.calls, "FAULT_PATH": fault.path,
                          "FAULT_NTH": fault.nth, "FAULT_ACT": fault.act}
        return {name: str(value) for name, value in variables.items() if value is not None}


@dataclass(frozen=True)
class Point:
    """A place in a run where a fault can strike: a call on one kind of file."""

    call: str
    path: str  # as the shim's pattern

    def __str__(self) -> str:
        return f"{self.call} {self.path}"


def kind_of(path: str) -> str:
    """The pattern of the files that differ from `path` by numbers and random names."""
    for random_part in (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-c\d+", r"tmp-\d+-[0-9a-f]+",
                        r"spillway-spill-[^/]+", r"\d{20}(?=\.(json|checkpoint))", r"#\d+"):
        path = re.sub(random_part, "*", path)
    return path


def points_in(log: Path, folders: list[Path]) -> Counter[Point]:
    """How often a recorded run passed each point in or below the folders."""
    calls = (line.split(" ", 2) for line in log.read_text().splitlines())
    return Counter(Point(call, kind_of(path)) for call, _, path in calls
                   if any(Path(path).is_relative_to(folder) for folder in folders))
