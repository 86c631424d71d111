"""Budgets that are too small to splice all row groups: those whose new columns do not fit are
decoded, down to the smallest budget that a plan names."""

import random

import pyarrow as pa
import pytest
from pipelines.job import Job

LARGE, SMALL = 300_000, 20_000  # rows of the two row groups
ROWS = LARGE + SMALL
REASON = "the new columns do not fit in the budget"
# The pages of decimals wait in memory until the row group ends.
DERIVED = [f"CAST(id % {1000 + i} AS DECIMAL(20,2))" for i in range(16)]
MIB = 1 << 20


@pytest.fixture(scope="module")
def two_sizes(spillway, tmp_path_factory) -> Job:
    """A source with a row group of many short rows and one of few long ones."""
    job = Job(spillway, tmp_path_factory.mktemp("sizes"))
    chosen = random.Random(20261125)
    job.table("bronze", pa.table({"id": pa.array(range(LARGE)),
                                  "noise": [b"%d" % (row * 7919) for row in range(LARGE)]}),
              rows_per_group=LARGE)
    job.table("bronze", pa.table({"id": pa.array(range(LARGE, ROWS)),
                                  "noise": [chosen.randbytes(100) for _ in range(SMALL)]}),
              rows_per_group=SMALL)
    job.table("labels", pa.table({"id": range(0, ROWS, 30),
                                  "label": [f"label {row % 999}" for row in range(0, ROWS, 30)]}))
    job.write(lookups=[{"name": "labels", "table": "labels", "key": ["id"]}],
              columns={f"derived_{i}": text for i, text in enumerate(DERIVED)},
              resources={"lanes": 1})
    return job


def check_rows(duckdb_delta, job, silver):
    derived = ", ".join(f"{text} AS derived_{i}" for i, text in enumerate(DERIVED))
    duckdb_delta.execute(f"""CREATE OR REPLACE TEMP TABLE expected AS
        SELECT b.*, label, {derived} FROM delta_scan('{job.folder / "bronze"}') b
        LEFT JOIN delta_scan('{job.folder / "labels"}') USING (id)""")
    found = f"SELECT * FROM delta_scan('{silver}')"
    for one, other in (("FROM expected", found), (found, "FROM expected")):
        assert duckdb_delta.sql(f"{one} EXCEPT ALL {other}").limit(3).fetchall() == []


def budget_with(job, spliced: int) -> int:
    """The first of the budgets from the smallest on with which so many row groups splice."""
    smallest = job.plan()["memory"]["smallest_budget_bytes"]
    for budget in range(smallest, smallest + 200 * MIB, 2 * MIB):
        if job.plan(f"--memory={budget}")["splice"]["spliced"] == spliced:
            return budget
    raise AssertionError(f"no budget splices {spliced} row groups")


@pytest.mark.parametrize("spliced", [0, 1, 2])
def test_row_groups_that_do_not_fit_are_decoded(two_sizes, duckdb_delta, spliced):
    budget = budget_with(two_sizes, spliced)
    plan = two_sizes.plan(f"--memory={budget}")
    assert plan["memory"]["fits"]
    assert plan["splice"] == {"row_groups": 2, "spliced": spliced,
                              "not_spliced": {REASON: 2 - spliced} if spliced < 2 else {}}
    silver = two_sizes.folder / f"silver_{spliced}"
    report = two_sizes.report(f"--memory={budget}", f"--set=target.table={silver}")
    assert report["spliced_row_groups"] == spliced
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= budget
    assert (report["source_rows"], report["rows_written"]) == (ROWS, ROWS)
    check_rows(duckdb_delta, two_sizes, silver)
