"""A system call or an allocation fails: the Nth of its kind, or that and all behind it. The program
succeeds, because it tries again, or ends with one coded error; the table has the rows of whole
chunks; and a run without faults ends with DuckDB's rows.

SPILLWAY_TORTURE_FAILURES makes it longer: so many of each kind in each form, of 2,000,000 rows.
"""

import errno
import os
import shutil
import signal

import pytest
from crash.faulty_job import LONG_ROWS, SHORT_ROWS, FaultyJob, seeded
from crash.shim import Fault

FAILURES = int(os.environ.get("SPILLWAY_TORTURE_FAILURES", "0"))
ROWS = LONG_ROWS if FAILURES else SHORT_ROWS

# The calls that may fail, with what the system may say.
CALLS = {
    "write": (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR),
    "pwrite": (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EINTR),
    "pwritev": (errno.EIO, errno.ENOSPC, errno.EINTR),
    "fsync": (errno.EIO, errno.ENOSPC, errno.EDQUOT),
    "fdatasync": (errno.EIO,),
    "create": (errno.EMFILE, errno.ENOSPC, errno.EROFS, errno.EACCES),
    "open": (errno.EMFILE, errno.ENFILE, errno.EIO),
    "rename": (errno.EIO, errno.ENOSPC),
    "link": (errno.EIO, errno.ENOSPC, errno.EMLINK),
    "unlink": (errno.EIO, errno.EROFS),
    "mkdir": (errno.ENOSPC, errno.EACCES),
    "ftruncate": (errno.EIO, errno.ENOSPC),
    "fallocate": (errno.ENOSPC, errno.EINTR),
    "copy_file_range": (errno.EIO, errno.EXDEV),
    "flock": (errno.ENOLCK,),
    "ioctl": (errno.EOPNOTSUPP, errno.EIO),
    "read": (errno.EIO,),
    "pread": (errno.EIO, errno.EINTR),
    "preadv": (errno.EIO, errno.EINTR),
    "mmap": (errno.ENOMEM,),
    "malloc": (errno.ENOMEM,),
}
MEMORY = ("mmap", "malloc")
# glibc's own end where a thread has no memory for what is to be destroyed with it: no handler of
# ours is asked. The process dies as of a kill.
GLIBC_ENDS = "Fatal glibc error: failed to register TLS destructor: out of memory"


def counts_of(job, folders):
    """How often a run makes each of the calls, on files of the test."""
    counts = dict.fromkeys(CALLS, 0)
    for point, count in job.record(*folders).items():
        if point.call in counts:
            counts[point.call] += count
    for call in MEMORY:
        shutil.rmtree(job.silver)
        log = job.pipeline.with_suffix(f".{call}")
        assert job.run(log=log, log_calls=(call,)).code == 0
        counts[call] = len(log.read_text().splitlines())
    return counts


def check_ended(fault, ended):
    """Well, or with one error that is no fault of ours; failed attempts have theirs."""
    text = f"{fault}: {ended.code}\n{ended.error}"
    if fault.calls == "malloc" and ended.code == -signal.SIGABRT:
        assert ended.error.strip() == GLIBC_ENDS, text
        return
    attempts = ended.error.count("\nAttempt ") + ended.error.startswith("Attempt ")
    assert "SPW-9001" not in ended.codes(), text
    assert ended.code in (0, 2, 3, 4, 5, 6), text
    assert len(ended.codes()) == attempts + (ended.code != 0), text


def fail(job, fault, duckdb_delta):
    shutil.rmtree(job.silver, ignore_errors=True)
    ended = job.run(fault)
    check_ended(fault, ended)
    rows = job.check_part(duckdb_delta)
    assert ended.code != 0 or rows == job.rows, f"{fault} is not noticed"
    job.finish(duckdb_delta)
    return ended.code


@pytest.mark.timeout(36_000 if FAILURES else 600)
def test_calls_that_fail(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", ROWS, spill=tmp_path / "spill")
    counts = counts_of(job, [tmp_path, job.lake])
    chosen = seeded(f"failing calls, {form}")
    calls = [call for call, count in counts.items() if count > 0]
    assert {"write", "pwrite", "fsync", "create", "open", "rename", "link", "mkdir", "ftruncate",
            "mmap", "malloc"} <= set(calls)
    codes = []
    for call in calls * FAILURES if FAILURES else chosen.sample(calls, 2):
        number = chosen.choice(CALLS[call])
        act = "error" if number == errno.EINTR else chosen.choice(["error", "forever"])
        fault = Fault(call, f"{act}:{number}", chosen.randint(1, counts[call]),
                      "*" if call in MEMORY else f"{tmp_path.parent.parent}/*")
        codes.append(fail(job, fault, duckdb_delta))
        if FAILURES:
            print(f"{fault}: exit code {codes[-1]}", flush=True)
    print(form, "exit codes", {code: codes.count(code) for code in set(codes)})
    print("not made by this form:", [call for call in counts if counts[call] == 0])


def test_short_writes(spillway, shim, lakes, tmp_path, duckdb_delta, form):
    """A write may take only a part of the bytes, as it does on a disk that is nearly full."""
    job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", SHORT_ROWS,
                    spill=tmp_path / "spill")
    ended = job.run(Fault("write,pwrite,pwritev", "short", seeded("short writes").randint(1, 60),
                          f"{tmp_path}/*"))
    assert ended.code == 0, ended.error
    job.finish(duckdb_delta)


@pytest.mark.parametrize("call", ["malloc", "pthread_create"])
def test_nothing_is_left_to_be_had(spillway, shim, lakes, tmp_path, call):
    """From its first allocation, or thread, on."""
    job = FaultyJob(spillway, shim, lakes, "decoded", tmp_path / "job", SHORT_ROWS)
    number = errno.ENOMEM if call == "malloc" else errno.EAGAIN
    ended = job.run(Fault(call, f"forever:{number}"))
    assert (ended.code, ended.codes()) == ((5, ["SPW-5002"]) if call == "malloc" else
                                           (6, ["SPW-6001"])), ended.error
    assert not job.silver.exists()
