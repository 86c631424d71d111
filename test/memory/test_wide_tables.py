"""Tables of many files, columns or row groups, in a memory cgroup as large as the smallest budget
that the plan names: what the plan itself takes is in its bound, and every row arrives."""

import json
import os
import subprocess

import pyarrow as pa
import pyarrow.parquet
import pytest
from deltalake import write_deltalake

MIB = 1 << 20


def many_files(job):
    """2,000 files of one row each, which are one file on the disk."""
    rows = pa.table({"id": pa.array([7], pa.int64()), "x": [1.5], "y": [2.5]})
    write_deltalake(job.folder / "bronze", rows)
    log = job.folder / "bronze/_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    add = next(action["add"] for action in actions if "add" in action)
    for i in range(1, 2000):
        name = f"part-{i:05d}.parquet"
        os.link(job.folder / "bronze" / add["path"], job.folder / "bronze" / name)
        actions.append({"add": {**add, "path": name}})
    log.write_text("".join(json.dumps(action) + "\n" for action in actions))
    return pa.concat_tables([rows] * 2000)


def many_columns(job):
    rows = pa.table({f"c{i}": pa.array([i, None], pa.int64()) for i in range(10_000)})
    write_deltalake(job.folder / "bronze", rows)
    return rows


def many_texts(job):
    """Few rows of them; one is as long as a page."""
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "long": ["x" * 70_000, None],
                     **{f"c{i}": [f"text {i}" * 5, None] for i in range(2000)}})
    write_deltalake(job.folder / "bronze", rows)
    return rows


def many_row_groups(job):
    """A footer of about 2 MiB."""
    rows = pa.table({"id": range(2000), **{f"f{i}": [i / 3] * 2000 for i in range(100)}})
    job.table("bronze", rows, rows_per_group=10)
    return rows


def long_keys(job):
    """Each row group's statistics have two texts of 4,000 characters."""
    rows = pa.table({"id": [f"{row:08d}".ljust(4000, "x") for row in range(1500)]})
    write_deltalake(job.folder / "bronze", rows.slice(0, 0))
    path = job.folder / "bronze/keys.parquet"
    pyarrow.parquet.write_table(rows, path, row_group_size=1, compression="zstd")
    add = {"path": "keys.parquet", "partitionValues": {}, "size": path.stat().st_size,
           "modificationTime": 0, "dataChange": True}
    (job.folder / "bronze/_delta_log/00000000000000000001.json").write_text(
        json.dumps({"add": add}) + "\n")
    return rows


@pytest.mark.parametrize("make", [many_files, many_columns, many_texts, many_row_groups, long_keys])
@pytest.mark.parametrize("has_lookup", [False, True])
def test_the_smallest_budget_is_enough_for_the_plan_too(job, spillway, in_cgroup, make, has_lookup):
    rows = make(job)
    key = rows.column_names[0]
    lookups = []
    if has_lookup:
        known = pa.table({key: rows[key].slice(0, 1), "label": ["first"]})
        write_deltalake(job.folder / "known", known)
        lookups = [{"name": "known", "table": "known", "key": [key]}]
    path = job.write(lookups=lookups, target={"table": "silver", "mode": "overwrite"})
    budget = -(-job.plan()["memory"]["smallest_budget_bytes"] // MIB) * MIB
    reports = {}
    for verb in ("plan", "run", "validate"):
        done = subprocess.run([in_cgroup, str(budget), spillway.program, verb, path, "--json",
                               f"--memory={budget}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{verb} in {budget / MIB} MiB: {done.stderr}"
        reports[verb] = json.loads(done.stdout)
    assert reports["run"]["rows_written"] == rows.num_rows
    assert reports["run"]["peak_memory_bytes"] <= reports["run"]["bound_bytes"] <= budget
    assert reports["validate"]["valid"]
    order = [(key, "ascending")]
    stored = job.rows().select(rows.column_names).cast(rows.schema)
    assert stored.sort_by(order).equals(rows.sort_by(order))


def test_the_bound_of_a_few_rows_is_not_that_of_many(job):
    """5,000 rows of 300 columns hold 12 MB, and all of them are copied."""
    job.table("bronze", pa.table({f"f{i}": [row / (i + 1) for row in range(5000)]
                                  for i in range(300)}))
    job.write()
    assert job.plan()["memory"]["bound_bytes"] <= 128 * MIB


def test_the_bound_of_a_few_texts(job):
    """2,000 columns of texts, of two rows: none of them fills a page."""
    many_texts(job)
    job.write()
    assert job.plan()["memory"]["bound_bytes"] <= 192 * MIB
