"""A budget that is too small: exit code 5 with the number that would do, and that number does."""

import json
import re

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused


@pytest.fixture
def job_with_rows(job):
    job.table("bronze", pa.table({"id": range(5000), "text": ["x" * 50] * 5000}))
    job.table("known", pa.table({"id": range(3000), "name": ["y" * 30] * 3000}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
              columns={"loud": "upper(name)"})
    return job


@pytest.mark.parametrize("budget", ["1MiB", "1", "20MiB"])
def test_the_number_that_would_do_does(job_with_rows, budget):
    error = assert_refused(job_with_rows, 5001, "--memory", flags=(f"--memory={budget}",))
    enough = re.search(r"use --memory (\d+MiB) or more", error)[1]
    report = job_with_rows.report(f"--memory={enough}")
    assert report["rows_written"] == 5000
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= report["budget_bytes"]


def test_a_mebibyte_less_does_not(job_with_rows):
    smallest = job_with_rows.plan()["memory"]["smallest_budget_bytes"]
    assert_refused(job_with_rows, 5001, flags=(f"--memory={smallest - (1 << 20)}",))
    job_with_rows.run(f"--memory={smallest}")


def test_plan_shows_the_lines_and_refuses_too(job_with_rows):
    plan = job_with_rows.plan("--memory=1MiB", exit_code=5)["memory"]
    assert not plan["fits"]
    assert plan["budget_bytes"] == 1 << 20 and plan["budget_origin"] == "--memory"
    assert sum(line["bytes"] for line in plan["lines"]) == plan["bound_bytes"]
    assert plan["smallest_budget_bytes"] == plan["bound_bytes"]


def test_the_file_is_named_where_it_gives_the_budget(job_with_rows):
    job_with_rows.write(resources={"memory": "1MiB"})
    assert_refused(job_with_rows, 5001, "pipeline.yaml:")
    run = job_with_rows.spillway("plan", job_with_rows.folder / "pipeline.yaml", "--json",
                                 "--memory=1GiB")
    assert json.loads(run.stdout)["memory"]["fits"]
