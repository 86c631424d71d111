"""Logs in states that crashes, copies and clean-ups leave. What Spark reads past is read, with its
rows; what Spark refuses is refused by name."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pipelines.job import write_table
from spark.spark_client import SparkError

LAST = 11


def log(table, version, kind="json"):
    return table / "_delta_log" / f"{version:020}.{kind}"


def checkpoint(table, version):
    return log(table, version, "checkpoint.parquet")


def hint(table, text):
    (table / "_delta_log" / "_last_checkpoint").write_text(text)


def clean_up(table, end):
    for version in range(end):
        log(table, version).unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def flip(path):
    data = bytearray(path.read_bytes())
    data[4:len(data) // 2] = bytes(255 - byte for byte in data[4:len(data) // 2])
    path.write_bytes(data)


def in_parts(table):
    whole = checkpoint(table, 10)
    actions = pq.read_table(whole)
    whole.unlink()
    for part, rows in ((1, actions.slice(0, 4)), (2, actions.slice(4))):
        pq.write_table(rows, log(table, 10, f"checkpoint.{part:010}.{2:010}.parquet"))


def pretty(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps(line, indent=2) for line in lines))


def in_turn(*steps):
    def do(table):
        for step in steps:
            step(table)
    return do


# What is done to a log of 12 commits with checkpoints of versions 5 and 10.
READ = {
    "an empty checkpoint": lambda table: checkpoint(table, 10).write_bytes(b""),
    "a cut checkpoint": lambda table: cut(checkpoint(table, 10)),
    "a flipped checkpoint": lambda table: flip(checkpoint(table, 10)),
    "a checkpoint of garbage": lambda table: checkpoint(table, 10).write_text("hello"),
    "both checkpoints empty": in_turn(lambda table: checkpoint(table, 10).write_bytes(b""),
                                      lambda table: checkpoint(table, 5).write_bytes(b"")),
    "a hint beyond": lambda table: hint(table, '{"version": 50, "size": 7}'),
    "a hint at an older one": lambda table: hint(table, '{"version": 5, "size": 7}'),
    "a hint between": lambda table: hint(table, '{"version": 7, "size": 7}'),
    "a hint at parts": lambda table: hint(table, '{"version": 10, "size": 7, "parts": 3}'),
    "a hint of garbage": lambda table: hint(table, "garbage{"),
    "an empty hint": lambda table: hint(table, ""),
    "the hinted one deleted": lambda table: checkpoint(table, 10).unlink(),
    "the hinted one deleted, old commits too": in_turn(
        lambda table: checkpoint(table, 10).unlink(), lambda table: clean_up(table, 5)),
    "an empty one, old commits deleted": in_turn(
        lambda table: checkpoint(table, 10).write_bytes(b""), lambda table: clean_up(table, 5)),
    "half of a checkpoint in parts": lambda table: shutil.copy(
        checkpoint(table, 10), log(table, 11, f"checkpoint.{1:010}.{2:010}.parquet")),
    "a checkpoint in parts": in_parts,
    "a checkpoint in parts, all before deleted": in_turn(
        in_parts, lambda table: checkpoint(table, 5).unlink(), lambda table: clean_up(table, 10)),
    "a folder named like a checkpoint": lambda table: checkpoint(table, 11).mkdir(),
}
REFUSED = {
    "all before is gone": (in_turn(lambda table: checkpoint(table, 10).unlink(),
                                   lambda table: clean_up(table, 8)), f"{6:020}.json"),
    "an empty one, and all before gone": (
        in_turn(lambda table: checkpoint(table, 10).write_bytes(b""),
                lambda table: checkpoint(table, 5).unlink(), lambda table: clean_up(table, 10)),
        f"{10:020}.checkpoint.parquet"),
    "a pretty commit": (lambda table: pretty(log(table, 11)), f"{11:020}.json"),
    "a gap": (lambda table: log(table, 11).rename(log(table, 12)), f"{11:020}.json"),
}


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """Rows 0 to 11, each in a commit of its own."""
    table = tmp_path_factory.mktemp("log_states") / "twelve"
    for number in range(LAST + 1):
        write_table(table, pa.table({"i": pa.array([number], pa.int64())}))
        if number in (5, 10):
            DeltaTable(table).create_checkpoint()
    return table


def copy(twelve, folder, do):
    shutil.copytree(twelve, folder)
    do(folder)
    return folder


@pytest.mark.parametrize("state", READ)
def test_what_is_read_past(job, twelve, state):
    copy(twelve, job.folder / "bronze", READ[state])
    job.run()
    assert sorted(job.rows()["i"].to_pylist()) == list(range(LAST + 1))
    assert job.validate()["valid"]


@pytest.mark.parametrize("state", REFUSED)
@pytest.mark.parametrize("role", ["source", "target"])
def test_what_is_refused(job, twelve, state, role):
    do, told = REFUSED[state]
    copy(twelve, job.folder / ("bronze" if role == "source" else "silver"), do)
    if role == "target":
        job.table("bronze", pa.table({"i": pa.array([1], pa.int64())}))
    job.write(target={"table": "silver", "mode": "append"})
    error = job.run(exit_code=3).stderr
    assert "SPW-3003" in error and told in error


def test_a_target_is_written_past_it(job, twelve):
    """Without the hint, so that deltalake reads the outcome."""
    table = copy(twelve, job.folder / "silver", READ["an empty checkpoint"])
    (table / "_delta_log" / "_last_checkpoint").unlink()
    job.table("bronze", pa.table({"i": pa.array([12], pa.int64())}))
    job.run(target={"table": "silver", "mode": "append"})
    assert sorted(job.rows()["i"].to_pylist()) == list(range(LAST + 2))


def test_spark_agrees(spark, twelve, tmp_path):
    refused = {state: do for state, (do, _) in REFUSED.items()}
    for number, (state, do) in enumerate({**READ, **refused}.items()):
        table = copy(twelve, tmp_path / f"t{number}", do)
        folder = tmp_path / f"read{number}"
        try:
            spark.call("spark_tables", "read", table=str(table), parquet=str(folder))
        except SparkError:
            assert state in REFUSED, state
        else:
            assert state in READ, state
            assert sorted(pq.read_table(folder)["i"].to_pylist()) == list(range(LAST + 1)), state
