"""Runs that are killed, over a source of which `where` leaves files and row groups out: the next
one goes on behind the last commit, also where it leaves out others than the first one did."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crash.shim import Fault
from deltalake import ColumnProperties, WriterProperties, write_deltalake
from pipelines.delta_log import actions, live_files

ROWS = 8000
WHERE = "number BETWEEN 700 AND 1300 OR number BETWEEN 3100 AND 3200 OR number >= 6200"
KEPT = [*range(700, 1301), *range(3100, 3201), *range(6200, ROWS)]


def numbers(first, end):
    return pa.table({"number": pa.array(range(first, end), pa.int64()),
                     "name": [f"n{number % 97}" for number in range(first, end)]})


def write_pipeline(job, **more):
    job.table("known", pa.table({"name": [f"n{number}" for number in range(0, 97, 2)],
                                 "score": range(0, 97, 2)}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["name"]}], where=WHERE,
              mode="chunked", resources={"lanes": 2}, **more)


def check(job):
    """Each row is there once, with its match."""
    rows = job.rows().sort_by("number")
    assert rows["number"].to_pylist() == KEPT
    assert rows["score"].to_pylist() == [
        number % 97 if number % 97 % 2 == 0 else None for number in KEPT]
    done = [txn["version"] for txn in actions(job.folder / "silver", "txn")]
    assert done == sorted(set(done)) and done[-1] == ROWS
    assert job.validate("--full")["valid"]


def kill_at(job, shim, commit):
    job.run(exit_code=-9, environment=shim.environment(Fault("link", "kill", commit, "*.json")))


@pytest.mark.parametrize("order", ["source", "key"])
def test_it_goes_on(job, shim, order):
    for first in range(0, ROWS, 2000):
        job.table("bronze", numbers(first, first + 2000), rows_per_group=500)
    write_pipeline(job, processing={"chunk_size": 300, "checkpoint_interval": 100,
                                    "chunk_order": order})
    left_out = job.plan()["source"]["left_out"]
    assert left_out["row_groups"] > 0 and left_out["rows"] == ROWS - 1000 - 500 - 2000
    for commit in (2, 1, 3):
        kill_at(job, shim, commit)
    assert job.plan()["committed_rows"] > 0
    job.run()
    check(job)


def test_it_goes_on_with_statistics_that_were_not_there_before(job, shim):
    """Ordinals count all rows, so that it does not matter which ones were left out."""
    bare = WriterProperties(default_column_properties=ColumnProperties(statistics_enabled="NONE"))
    for first in range(0, ROWS, 500):
        write_deltalake(str(job.folder / "bronze"), numbers(first, first + 500), mode="append",
                        writer_properties=bare)
    set_statistics(job.folder / "bronze", lambda path: None)
    write_pipeline(job, processing={"chunk_size": 500})
    assert job.plan()["source"]["left_out"]["rows"] == 0
    kill_at(job, shim, 5)
    committed = job.plan()["committed_rows"]
    assert 0 < committed < ROWS

    def bounds(path):
        found = pq.read_table(path)["number"].to_pylist()
        return {"numRecords": len(found), "minValues": {"number": min(found)},
                "maxValues": {"number": max(found)}, "nullCount": {"number": 0}}

    set_statistics(job.folder / "bronze", bounds)
    plan = job.plan()
    assert plan["source"]["left_out"] == {"files": 9, "row_groups": 0, "rows": 4500}
    assert plan["committed_rows"] == committed
    job.run()
    check(job)


def set_statistics(table, statistics):
    """Gives each file of the log those of `statistics(path)`; none where that is none."""
    files = {add["path"]: path for path, add in live_files(table).items()}
    for commit in (table / "_delta_log").glob("*.json"):
        lines = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in lines:
            if "add" not in action:
                continue
            found = statistics(files[action["add"]["path"]])
            action["add"].pop("stats", None)
            if found is not None:
                action["add"]["stats"] = json.dumps(found)
        commit.write_text("\n".join(json.dumps(action) for action in lines) + "\n")
