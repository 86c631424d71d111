"""Eight writers append to one table at once: pipelines of ours, each with a kill in its life, and
deltalake. Each row is there once, and each commit has its version to itself."""

import random
import threading

import pyarrow as pa
import pytest
from crash.faulty_job import seeded
from crash.shim import Fault
from deltalake import write_deltalake
from deltalake.exceptions import CommitFailedError
from pipelines.delta_log import actions, commits
from pipelines.job import Job, read_table

OURS, THEIRS = 4, 4
ROWS = 4_000  # of each writer, in 8 commits


@pytest.mark.timeout(300)
def test_eight_writers(spillway, shim, tmp_path):
    chosen = seeded("eight writers")
    silver = tmp_path / "silver"
    write_deltalake(silver.as_uri(), pa.table({"id": pa.array([-1], pa.int64())}))
    errors = []

    def ours(number, seed):
        job = Job(spillway, tmp_path / f"ours-{number}")
        job.folder.mkdir()
        job.table("bronze", pa.table({"id": range(number * ROWS, (number + 1) * ROWS)}))
        job.write(pipeline=f"ours_{number}", mode="chunked",
                  processing={"chunk_size": ROWS // 8, "max_attempts": 20},
                  target={"table": str(silver), "mode": "append"})
        fault = Fault("link", "kill_after", random.Random(seed).randint(1, 8), "*.json")
        for exit_code, environment in ((-9, shim.environment(fault)), (0, {})):
            run = spillway("run", job.folder / "pipeline.yaml", exit_code=None,
                           environment=environment)
            if run.returncode != exit_code:
                errors.append(f"ours {number}: {run.returncode} {run.stderr}")

    def theirs(number):
        first = number * ROWS
        for step in range(8):
            rows = pa.table({"id": range(first + step * ROWS // 8, first + (step + 1) * ROWS // 8)})
            for _ in range(100):
                try:
                    write_deltalake(silver.as_uri(), rows, mode="append")
                    break
                except CommitFailedError:
                    continue
            else:
                errors.append(f"theirs {number}: never committed")

    writers = [threading.Thread(target=ours, args=(number, chosen.randrange(1 << 32)))
               for number in range(OURS)]
    writers += [threading.Thread(target=theirs, args=(number,))
                for number in range(OURS, OURS + THEIRS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    ids = read_table(silver)["id"].to_pylist()
    assert sorted(ids) == list(range(-1, (OURS + THEIRS) * ROWS))
    assert len(commits(silver)) == 1 + 8 * (OURS + THEIRS)  # and no version is missing
    done = [(txn["appId"], txn["version"]) for txn in actions(silver, "txn")]
    assert len(set(done)) == len(done) == 8 * OURS
