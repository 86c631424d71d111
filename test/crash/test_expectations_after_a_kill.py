"""What a killed run leaves was judged by its expectations: it is of use to a run with the same."""

import json

import pyarrow as pa
import pytest
from crash.shim import Fault
from pipelines.job import Job

ROWS = 8000
CHUNK = 2000
ODD = 1  # the first row is in the first piece, and is the one that does not meet it


@pytest.fixture
def killed(job: Job, shim):
    """Kills a run with these flags at its first commit, behind whole pieces on record."""
    job.table("bronze", pa.table({"number": range(ROWS), "hidden": range(ROWS),
                                  "name": [f"n{(row * 7919) % ROWS:05}" for row in range(ROWS)]}))
    job.table("known", pa.table({"name": [f"n{row:05}" for row in range(ROWS)],
                                 "score": [row / ROWS for row in range(ROWS)]}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["name"]}], drop=["hidden"],
              mode="chunked", processing={"chunk_size": CHUNK, "checkpoint_interval": 1})

    def kill(*flags):
        job.run(*flags, exit_code=-9,
                environment=shim.environment(Fault("link", "kill", 1, "*.json")))
        assert list((job.folder / "silver").glob("part-*.parquet"))
        return job
    return kill


def setting(action, condition="hidden <> 0"):
    return "--set=expectations=" + json.dumps(
        [{"name": "it", "expect": condition, "action": action}])


@pytest.fixture(params=["source", "key"])
def order(request):
    return f"--set=processing.chunk_order={request.param}"


def test_kept_rows_stay_judged(killed, order):
    job = killed(order, setting("warn"))
    report = job.report(order, setting("warn"))
    assert report["kept_rows"] >= CHUNK
    assert report["expectations"] == [
        {"name": "it", "action": "warn", "rows": ROWS, "not_met_rows": ODD}]
    assert sorted(job.rows()["number"].to_pylist()) == list(range(ROWS))


def test_what_others_judged_is_judged_again(killed, order):
    """The column that the new one reads was not even read before."""
    job = killed(order)
    run = job.run(order, setting("fail"), exit_code=1)
    assert "SPW-7002" in run.stderr and "hidden = 0" in run.stderr
    report = job.report(order, setting("warn", "hidden % 2 = 0"))
    assert report["expectations"][0]["not_met_rows"] == ROWS // 2
    assert sorted(job.rows()["number"].to_pylist()) == list(range(ROWS))
