"""A disk with too little room, a quota, a limit of the size of files, a file system that becomes
read-only: one coded error, a table with the rows of whole chunks, and after the cure a run that
ends with DuckDB's rows.

SPILLWAY_TORTURE_DISKS makes it longer: so many sizes of each disk, with 2,000,000 rows.
"""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from crash.faulty_job import LONG_ROWS, SHORT_ROWS, Ended, FaultyJob, seeded
from crash.power import Disk
from crash.shim import Fault
from pipelines.mounts import mounted

SIZES = int(os.environ.get("SPILLWAY_TORTURE_DISKS", "0"))
ROWS = LONG_ROWS if SIZES else SHORT_ROWS
PAGE = 4096

pytestmark = pytest.mark.timeout(36_000 if SIZES else 600)


def size_of(folder: Path) -> int:
    """The room that the files of a folder take, in pages."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in folder.rglob("*")
               if path.is_file())


def sizes_up_to(most: int, chosen: random.Random) -> list[int]:
    return [chosen.randint(PAGE, most) // PAGE * PAGE for _ in range(SIZES or 1)]


def check_refused(job, ended: Ended, code: str, duckdb_delta) -> None:
    assert (ended.code, ended.codes()[-1:]) == (6, [code]), f"{ended.code}\n{ended.error}"
    attempts = ended.error.count("\nAttempt ") + ended.error.startswith("Attempt ")
    assert len(ended.codes()) == attempts + 1
    assert job.check_part(duckdb_delta) < job.rows


def resize(folder: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


@pytest.mark.parametrize("form", ["spliced", "decoded", "at_end"])
def test_no_room_for_the_table(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    chosen = seeded(f"full disk, {form}")
    with mounted(tmp_path / "disk", "tmpfs", "size=4g") as disk:
        job = FaultyJob(spillway, shim, lakes, form, disk, ROWS)
        job.finish(duckdb_delta)
        for size in sizes_up_to(size_of(disk) * 9 // 10, chosen):
            shutil.rmtree(job.silver)
            resize(disk, size)
            check_refused(job, job.run(), "SPW-6003", duckdb_delta)
            resize(disk, 4 << 30)
            job.finish(duckdb_delta)


def leave_room(disk: Path, size: int) -> None:
    """Fills the disk until there is room for no more than so many bytes."""
    with (disk / "full").open("wb") as full:
        end, step = 0, 64 << 20
        while step >= PAGE:
            try:
                os.posix_fallocate(full.fileno(), end, step)
                end += step
            except OSError:
                step //= 2
        full.truncate(end - size)
    os.sync()  # or the room is not there yet


@pytest.mark.parametrize("form", ["spilling", "key_order"])
def test_no_room_for_spilled_rows(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    """On a real disk: nothing is spilled to a file system that is memory."""
    chosen = seeded(f"full spill disk, {form}")
    image = Disk(tmp_path / "disk.image", tmp_path / "disk", "ext4")
    image.make()
    with image.mounted() as disk:
        spill = disk / "spill"
        spill.mkdir()
        # Enough rows that some are spilled whatever the pieces are.
        rows = max(ROWS, 40_000)
        job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", rows, spill=spill)
        for size in sizes_up_to(64 * PAGE, chosen):
            leave_room(disk, size)
            check_refused(job, job.run(), "SPW-6003", duckdb_delta)
            (disk / "full").unlink()
            job.finish(duckdb_delta)
            assert list(spill.iterdir()) == []
            shutil.rmtree(job.silver)


def test_a_file_system_that_becomes_read_only(spillway, shim, lakes, tmp_path, duckdb_delta):
    with mounted(tmp_path / "disk", "tmpfs", "size=4g") as disk:
        job = FaultyJob(spillway, shim, lakes, "spliced", disk, ROWS)
        assert job.run(Fault("link", "kill", 4, "*.json")).was_killed
        before = job.check_part(duckdb_delta)
        assert before > 0
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        check_refused(job, job.run(), "SPW-6002", duckdb_delta)
        assert job.check_part(duckdb_delta) == before
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        job.finish(duckdb_delta)


def test_quota(spillway, shim, lakes, tmp_path, duckdb_delta):
    """A subvolume's share of a btrfs."""
    chosen = seeded("quota")
    image = Disk(tmp_path / "disk.image", tmp_path / "disk", "btrfs")
    image.make(4000 if SIZES else 1000)
    with image.mounted() as disk:
        def btrfs(*words: str | Path) -> None:
            subprocess.run(["btrfs", *words], check=True, capture_output=True)

        volume = disk / "volume"
        btrfs("quota", "enable", disk)
        btrfs("subvolume", "create", volume)
        job = FaultyJob(spillway, shim, lakes, "spliced", volume, ROWS)
        job.finish(duckdb_delta)
        for size in sizes_up_to(size_of(volume) * 9 // 10, chosen):
            shutil.rmtree(job.silver)
            btrfs("qgroup", "limit", str(size), volume)
            check_refused(job, job.run(), "SPW-6003", duckdb_delta)
            btrfs("qgroup", "limit", "none", volume)
            job.finish(duckdb_delta)


@pytest.mark.parametrize("form", ["spliced", "decoded", "spilling"])
def test_limit_of_the_size_of_files(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    chosen = seeded(f"limit of the size of files, {form}")
    job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", ROWS)
    job.finish(duckdb_delta)
    largest = max(path.stat().st_size for path in job.silver.glob("*.parquet"))
    for size in sizes_up_to(largest * 9 // 10, chosen):
        shutil.rmtree(job.silver)
        ended = subprocess.run(["prlimit", f"--fsize={size}", spillway.program, "run", *job.flags],
                               capture_output=True, text=True, check=False, timeout=300)
        check_refused(job, Ended(ended.returncode, ended.stdout, ended.stderr), "SPW-6003",
                      duckdb_delta)
        assert "ulimit -f" in ended.stderr
        job.finish(duckdb_delta)
