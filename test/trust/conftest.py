"""What a table of others makes of a run: in a memory cgroup, with its code, and no signal."""

import re
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trust.crafted import added, definition, write_log

LIMIT = "192MiB"


@pytest.fixture
def contained(in_cgroup, spillway, job):
    """contained(table): runs a job over it in a cgroup as large as its budget. Returns the exit
    code and what standard error had, once it is sure that nobody was killed."""

    def run(table, *flags, verb="run"):
        arguments = [table]
        if verb != "inspect":
            arguments = [job.write(source={"table": str(table)}), f"--memory={LIMIT}", *flags]
        report = job.folder / "cgroup"
        done = subprocess.run([in_cgroup, "--report", report, LIMIT, spillway.program, verb,
                               *arguments],
                              capture_output=True, text=True, check=False, timeout=120,
                              stdin=subprocess.DEVNULL)
        assert "oom_kills 0" in report.read_text(), done.stderr
        assert 0 <= done.returncode < 70, f"{done.returncode}\n{done.stderr}"
        return done.returncode, done.stderr

    return run


@pytest.fixture
def table(job):
    """A table with 100 rows in a.parquet. Its log is there to be added to."""
    folder = job.folder / "bronze"
    folder.mkdir()
    pq.write_table(pa.table({"id": pa.array(range(100), pa.int64())}), folder / "a.parquet")
    write_log(folder, [*definition(), added("a.parquet", (folder / "a.parquet").stat().st_size)])
    return folder


def assert_error(result, code, *told):
    """The exit code and the coded error, which has what is `told`."""
    exit_code, error = result
    assert exit_code == code // 1000, error
    assert re.search(rf"^error\[SPW-{code}\]: .+", error, re.MULTILINE), error
    for words in told:
        assert words in error, error
