"""What a commit stands on is on the disk before the commit is: read off the system calls that
strace sees. A sync that the shim leaves out, each in its turn, has to be missed."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from urllib.parse import unquote

import pytest
from crash.faulty_job import SHORT_ROWS, FaultyJob
from crash.shim import Fault

CALLS = "open,openat,mkdir,write,pwrite64,pwritev,fsync,fdatasync,rename,link,linkat"


@dataclass
class Call:
    name: str
    paths: list[str]
    begin: int  # lines of the trace: whatever ends before another one begins came before it
    end: int


def read_trace(text):
    """The calls that succeeded, with the paths of their files."""
    calls, unfinished = [], {}
    for number, line in enumerate(text.splitlines()):
        process, _, rest = line.partition(" ")
        rest = rest.strip()
        begin = number
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            begin, start = unfinished.pop(process)
            rest = start + resumed[1]
        elif rest.endswith("<unfinished ...>"):
            unfinished[process] = (number, rest.removesuffix("<unfinished ...>"))
            continue
        done = re.match(r"(\w+)\((.*)\)\s+= (\d+)(<.*>)?$", rest)
        if done:
            names = re.findall(r'"((?:[^"\\]|\\.)*)"', done[2])
            paths = names if "open" in done[1] or done[1] in ("mkdir", "rename", "link", "linkat") \
                else re.findall(r"^\d+<([^>]*)>", done[2])
            calls.append(Call(done[1], paths, begin, number))
    return calls


class Trace:
    def __init__(self, calls):
        self.calls = calls

    def of(self, names, path, before=None):
        return [call for call in self.calls if call.name in names and call.paths[-1:] == [str(path)]
                and (before is None or call.end < before)]

    def synced(self, path, behind, before):
        """The end of a sync of `path` that begins behind one line and ends before another."""
        ends = [call.end for call in self.of(("fsync", "fdatasync"), path, before)
                if call.begin > behind]
        assert ends, f"{path} is not synced between the lines {behind} and {before}"
        return ends[0]

    def written(self, path, before):
        """The end of what was last written to a file."""
        writes = self.of(("write", "pwrite64", "pwritev"), path, before)
        assert writes, f"{path} is not written before line {before}"
        return max(call.end for call in writes)


def check_order(trace, silver, fewest_commits=2):
    """For each commit: its data files, their folder, the log's file, and then the log's folder."""
    log = silver / "_delta_log"
    commits = [call for call in trace.calls if call.name in ("link", "linkat")
               and call.paths[-1].endswith(".json")]
    assert len(commits) >= fewest_commits
    for folder in (silver, log):
        made = trace.of(("mkdir",), folder)[0]
        trace.synced(folder.parent, made.end, commits[0].begin)
    data_files = 0
    ends = [commit.begin for commit in commits[1:]] + [float("inf")]
    for commit, next_begin in zip(commits, ends, strict=True):
        staged, final = commit.paths
        for line in open(final, encoding="utf-8"):
            if add := json.loads(line).get("add"):
                path = silver / unquote(add["path"])
                done = trace.synced(path, trace.written(path, commit.begin), commit.begin)
                trace.synced(silver, done, commit.begin)
                data_files += 1
        trace.synced(staged, trace.written(staged, commit.begin), commit.begin)
        trace.synced(log, commit.end, next_begin)
    assert data_files > 0


@pytest.fixture
def traced(spillway, shim, lakes, tmp_path):
    """Runs a form of the job, and gives its trace and its target."""
    def run(form, fault=None):
        strace = shutil.which("strace")
        if strace is None:
            pytest.skip("no strace: apt-get install strace")
        job = FaultyJob(spillway, shim, lakes, form, tmp_path / "job", SHORT_ROWS)
        output = tmp_path / "trace"
        preload = [f"-E{name}={value}" for name, value in
                   (shim.environment(fault) if fault else {}).items()]
        done = subprocess.run([strace, "-f", "-y", "-qq", "-s0", f"-etrace={CALLS}", "-o", output,
                               *preload, spillway.program, "run", *job.flags],
                              capture_output=True, text=True, check=False, timeout=120)
        if "ptrace" in done.stderr and "not permitted" in done.stderr:
            pytest.skip(f"no ptrace here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        return Trace(read_trace(output.read_text())), job.silver
    return run


def test_the_order_of_syncs(traced, form):
    trace, silver = traced(form)
    check_order(trace, silver, fewest_commits=1 if form == "at_end" else 2)


@pytest.mark.parametrize("left_out", ["*.parquet", "*/silver", "*.json#*", "*/_delta_log"])
def test_a_sync_that_is_left_out_is_missed(traced, left_out):
    trace, silver = traced("spliced", Fault("fsync", "skip", path=left_out))
    with pytest.raises(AssertionError, match="is not synced"):
        check_order(trace, silver)
