"""On a file system with reflinks the copied bytes are the source's own blocks."""

import json
import os
import subprocess

import pytest
from pipelines.job import Job
from pipelines.mounts import mounted
from splice.spliced_job import make_job, run_and_compare

# How to make each, and the package that has it.
MAKERS = {"xfs": (["mkfs.xfs", "-q", "-m", "reflink=1"], "xfsprogs"),
          "btrfs": (["mkfs.btrfs", "-q"], "btrfs-progs")}


@pytest.fixture(params=MAKERS)
def reflinks(request, tmp_path):
    """A small file system with reflinks on a loop device."""
    make, package = MAKERS[request.param]
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(512 << 20)
    try:
        done = subprocess.run([*make, image], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"{make[0]} is missing: apt-get install {package}")
    if done.returncode != 0:
        pytest.skip(f"{make[0]} does not work here: {done.stderr.strip()}")
    with mounted(tmp_path / "mounted", request.param, "loop", image) as folder:
        yield folder


def used_bytes(folder):
    os.sync()
    stat = os.statvfs(folder)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize


def test_copied_columns_take_no_room(spillway, reflinks):
    job: Job = make_job(spillway, reflinks)
    run_and_compare(job)
    before = used_bytes(reflinks)
    report = job.report("--set=target.table=again")
    assert report["shared_bytes"] > 0.9 * report["copied_bytes"]
    inspected = json.loads(spillway("inspect", reflinks / "again", "--json").stdout)
    assert inspected["shared_bytes"] == report["shared_bytes"]
    assert inspected["spliceable_row_groups"] == inspected["row_groups"]
    assert used_bytes(reflinks) - before < report["bytes_written"] - 0.8 * report["shared_bytes"]


def test_elsewhere_they_are_copied(job: Job):
    make_job(job.spillway, job.folder)
    report = run_and_compare(job)
    assert report["copied_bytes"] > 0
    assert report["shared_bytes"] == 0
