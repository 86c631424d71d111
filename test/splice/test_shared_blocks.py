"""On a file system with reflinks the copied bytes are the source's own blocks."""

import json
import os
import subprocess

import pytest
from pipelines.job import Job
from splice.spliced_job import make_job, run_and_compare


@pytest.fixture
def xfs(tmp_path):
    """A small XFS on a loop device."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system wants root")
    image, folder = tmp_path / "xfs.img", tmp_path / "xfs"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(512 << 20)
    steps = [["mkfs.xfs", "-q", "-m", "reflink=1", image], ["mount", "-o", "loop", image, folder]]
    for step in steps:
        try:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{step[0]} is missing: apt-get install xfsprogs")
        if done.returncode != 0:
            pytest.skip(f"{step[0]} does not work here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def used_bytes(folder):
    os.sync()
    stat = os.statvfs(folder)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize


def test_copied_columns_take_no_room(spillway, xfs):
    job: Job = make_job(spillway, xfs)
    run_and_compare(job)
    before = used_bytes(xfs)
    report = job.report("--set=target.table=again")
    assert report["shared_bytes"] > 0.9 * report["copied_bytes"]
    inspected = json.loads(spillway("inspect", xfs / "again", "--json").stdout)
    assert inspected["shared_bytes"] == report["shared_bytes"]
    assert inspected["spliceable_row_groups"] == inspected["row_groups"]
    assert used_bytes(xfs) - before < report["bytes_written"] - 0.8 * report["shared_bytes"]


def test_elsewhere_they_are_copied(job: Job):
    make_job(job.spillway, job.folder)
    report = run_and_compare(job)
    assert report["copied_bytes"] > 0
    assert report["shared_bytes"] == 0
