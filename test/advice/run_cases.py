"""Runs: commits, memory, disks, and the checks that a user asks for."""

import dataclasses
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import pyarrow as pa
import pytest
from advice.advice import explained, printed
from advice.command_cases import make_bronze
from advice.pipeline_file_cases import HEAD, run_text
from deltalake import DeltaTable, write_deltalake
from pipelines.mounts import mounted

APPEND = HEAD.replace("silver", "silver, mode: append")


def interrupted(job, text):
    """A run of 200 rows in chunks of 50 that a failing row ends after two commits."""
    job.table("bronze", pa.table({"id": range(200)}))
    chunks = "mode: chunked\nprocessing: {chunk_size: 50, max_attempts: 1}\n"
    text += chunks + "columns: {c: CAST(id AS STRING)}\n"
    failing = "expectations: [{name: low, expect: id < 120, action: fail}]\n"
    run_text(job, text + failing, exit_code=1)
    assert job.rows().num_rows == 100
    return text


@explained(1111, "Follow the advice of the error: undo the change to finish the earlier run, or "
                 "run with --fresh to rewrite the target, or with --fresh --append-again to append "
                 "all rows once more.")
@printed(1111, r"run with --fresh to rewrite the target; or undo the change \(source\.version pins "
               r"an input\) to finish that run")
def changed_pipeline(job):
    overwrite = HEAD.replace("silver", "silver, mode: overwrite")
    text = interrupted(job, overwrite)
    changed = text.replace("CAST(id AS STRING)", "\"concat('x', id)\"")
    yield run_text(job, changed, exit_code=2)
    run_text(job, text)
    assert job.rows().num_rows == 200
    shutil.rmtree(job.folder / "silver")
    shutil.rmtree(job.folder / "bronze")
    text = interrupted(job, overwrite)
    run_text(job, changed, "--fresh")
    assert job.rows()["c"].to_pylist()[0].startswith("x") and job.rows().num_rows == 200


def start_and_stop(job, text):
    """A run that stands still, with its lock held, until it is told to go on."""
    rows = pa.table({"id": range(3_000_000)})
    job.table("bronze", rows)
    process = subprocess.Popen([job.spillway.program, "run", job.write_text(text)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(job.folder.glob("silver/*.parquet")) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    assert process.poll() is None
    return process


@explained(4003, "Wait for it to finish, or stop it and run again.")
@printed(4003, r"wait for it to finish, or (.*) and run again")
def another_run(job):
    text = HEAD + "columns: {c: CAST(id AS STRING)}\n"
    process = start_and_stop(job, text)
    do = yield run_text(job, text, exit_code=4)
    process.send_signal(signal.SIGCONT)
    command = re.search(r"kill (\d+)", do)
    if command:
        assert int(command.group(1)) == process.pid
        subprocess.run(["kill", str(process.pid)], check=True)
    process.wait(timeout=120)
    run_text(job, text)
    assert job.rows().num_rows == 3_000_000


@explained(4001, "Run again. What was committed before is kept.")
def rows_were_removed(job):
    """Another writer deletes rows of an unfinished append; RESTORE brings them back."""
    text = interrupted(job, APPEND)
    table = DeltaTable(job.folder / "silver")
    version = table.version()
    table.delete("id < 10")
    run = run_text(job, text, exit_code=4)
    assert f"RESTORE the table to version {version}" in run.stderr
    yield run
    DeltaTable(job.folder / "silver").restore(version)
    run_text(job, text)
    assert sorted(job.rows()["id"].to_pylist()) == list(range(200))


@printed(4001, r"RESTORE the table to version (\d+) and run again to resume; or, if none of the "
               r"run's rows are left, run with --fresh")
def rows_were_removed_printed(job):
    text = interrupted(job, APPEND)
    DeltaTable(job.folder / "silver").delete("id < 10")
    do = yield run_text(job, text, exit_code=4)
    DeltaTable(job.folder / "silver").restore(int(re.search(r"version (\d+)", do).group(1)))
    run_text(job, text)
    assert sorted(job.rows()["id"].to_pylist()) == list(range(200))


@printed(4001, r"run again with --fresh, which overwrites the table")
def rows_were_removed_of_an_overwrite(job):
    text = interrupted(job, HEAD.replace("silver", "silver, mode: overwrite"))
    DeltaTable(job.folder / "silver").delete("id < 10")
    yield run_text(job, text, exit_code=4)
    run_text(job, text, "--fresh")
    assert sorted(job.rows()["id"].to_pylist()) == list(range(200))


@explained(5001, "Raise --memory to the size that the error names, or follow its advice.")
@printed(5001, r"use (--memory \S+) or more.*")
def small_budget(job):
    make_bronze(job)
    run = run_text(job, HEAD, "--memory", "8MiB", exit_code=5)
    flags = re.search(r"use (--memory \S+) or more", run.stderr).group(1).split()
    yield run
    run_text(job, HEAD, *flags)
    assert job.rows().num_rows == 3


@explained(6001, "Check the path, its permissions and the disk.")
@printed(6001, r"redirect the output to another place")
def output_that_is_full(job):
    make_bronze(job)
    with open("/dev/full", "w") as full:
        run = subprocess.run([job.spillway.program, "version"], stdout=full, text=True,
                             stderr=subprocess.PIPE, check=False)
    assert run.returncode == 6
    run.stdout = ""
    yield run
    with open(job.folder / "out", "w") as out:
        subprocess.run([job.spillway.program, "version"], stdout=out, check=True)
    assert (job.folder / "out").read_text().startswith("spillway ")


@explained(6002, "Change the permissions, or choose another target.")
def read_only_folder(job):
    make_bronze(job)
    with mounted(job.folder / "shelf", "tmpfs", "size=1m") as shelf:
        subprocess.run(["mount", "-o", "remount,ro", shelf], check=True)
        text = HEAD.replace("silver", "shelf/silver")
        yield run_text(job, text, exit_code=6)
        run_text(job, HEAD)
        subprocess.run(["mount", "-o", "remount,rw", shelf], check=True)
        run_text(job, text)


@explained(6003, "Free some space and run again. Nothing that was committed is lost.")
def full_disk(job):
    with mounted(job.folder / "small", "tmpfs", "size=2m") as small:
        (small / "ballast").write_bytes(bytes(2_000_000))
        noise = pa.table({"id": range(20_000), "t": [f"{i * 7919 % 100_003:032x}" for i in
                                                     range(20_000)]})
        job.table("bronze", noise)
        text = HEAD.replace("silver", "small/silver") + "processing: {max_attempts: 1}\n"
        yield run_text(job, text, exit_code=6)
        (small / "ballast").unlink()
        run_text(job, text)


@explained(6004, "Use a path or a file:// URL.")
@printed(6004, r"use a path or a file:// URL on a local disk")
def address_of_a_store(job):
    make_bronze(job)
    yield run_text(job, HEAD.replace("table: bronze", "table: s3://lake/bronze"), exit_code=6)
    run_text(job, HEAD)
    url = (job.folder / "bronze").as_uri()
    run_text(job, HEAD.replace("table: bronze", f"table: '{url}'").replace("silver", "other"))


@explained(6006, "Free some disk space, delete the file, or set SPILLWAY_STATE_DIRECTORY to "
           "another folder.")
def damaged_ledger(job):
    state = job.folder / "state"
    state.mkdir()
    here = {"SPILLWAY_STATE_DIRECTORY": str(state)}
    (state / "ledger.sqlite").write_bytes(b"this is no SQLite file" * 1000)
    [file] = state.iterdir()
    yield job.spillway("status", environment=here, exit_code=6)
    job.spillway("status", environment={"SPILLWAY_STATE_DIRECTORY": str(job.folder / "other")})
    file.unlink()
    job.spillway("status", environment=here)


@printed(6006, r"use the newer version, or set SPILLWAY_STATE_DIRECTORY to another folder")
def newer_ledger(job):
    state = job.folder / "state"
    here = {"SPILLWAY_STATE_DIRECTORY": str(state)}
    make_bronze(job)
    job.spillway("run", job.write_text(HEAD), environment=here)
    [file] = state.glob("*")
    with sqlite3.connect(file) as ledger:
        ledger.execute("PRAGMA user_version = 999")
    yield job.spillway("status", environment=here, exit_code=6)
    job.spillway("status", environment={"SPILLWAY_STATE_DIRECTORY": str(job.folder / "other")})


@explained(7001, "Look at the first difference in the report. In mode overwrite, `spillway run "
                 "--fresh` writes the table again; RESTORE brings back a version from before the "
                 "change.")
def changed_target(job):
    """What validate finds in an unfinished run has the code; a finished one has a report."""
    make_bronze(job)
    text = HEAD.replace("silver", "silver, mode: overwrite")
    run_text(job, text)
    yield validate_of_an_unfinished_run(job)
    write_deltalake(job.folder / "silver", pa.table({"id": [9], "score": [1.0]}), mode="append")
    report = json.loads(job.spillway("validate", job.write_text(text), "--json",
                                     exit_code=1).stdout)
    assert report["differences"]["examples"][0]["row"] == {"id": "9"}
    DeltaTable(job.folder / "silver").restore(0)
    job.spillway("validate", job.folder / "pipeline.yaml")
    write_deltalake(job.folder / "silver", pa.table({"id": [9], "score": [1.0]}), mode="append")
    run_text(job, text, "--fresh")
    job.spillway("validate", job.folder / "pipeline.yaml")


def validate_of_an_unfinished_run(job):
    """In a folder of its own."""
    other = dataclasses.replace(job, folder=job.folder / "other")
    other.folder.mkdir()
    text = interrupted(other, APPEND)
    return job.spillway("validate", other.write_text(text), exit_code=1)


@printed(7001, r"run the pipeline, or pin the inputs to the versions that it ran with")
def unfinished_run(job):
    text = interrupted(job, HEAD.replace("silver", "silver, mode: overwrite"))
    yield job.spillway("validate", job.write_text(text), exit_code=1)
    run_text(job, text)
    job.spillway("validate", job.write_text(text))


@explained(7002, "Correct the rows, or use action: warn to count them, or action: drop to leave "
           "them out.")
@printed(7002, r"correct the rows, or set action to warn or drop")
def expectation_not_met(job):
    make_bronze(job)
    text = HEAD + "expectations: [{name: scored, expect: score IS NOT NULL, action: fail}]\n"
    yield run_text(job, text, exit_code=1)
    for number, (action, rows) in enumerate({"warn": 3, "drop": 2}.items()):
        run_text(job, text.replace("silver", f"t{number}").replace("fail", action))
        assert job.rows(f"t{number}").num_rows == rows
    write_deltalake(job.folder / "bronze", pa.table({"id": [1], "score": [0.5]}), mode="overwrite")
    run_text(job, text)


@printed(6001, r"mount /proc: (mount -t proc proc /proc)")
def no_proc(job):
    """In a mount namespace of its own."""
    if os.geteuid() != 0:
        pytest.skip("unmounting /proc wants root")
    make_bronze(job)
    path = job.write_text(HEAD)

    def in_namespace(script):
        return subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh",
                               job.spillway.program, path], capture_output=True, text=True,
                              check=False)

    if in_namespace("umount -l /proc").returncode != 0:
        pytest.skip("/proc cannot be unmounted here")
    run = in_namespace('umount -l /proc && exec "$1" run "$2"')
    assert run.returncode == 6
    do = yield run
    command = do.removeprefix("mount /proc: ")
    run = in_namespace(f'umount -l /proc && {command} && exec "$1" run "$2"')
    assert run.returncode == 0, run.stderr
