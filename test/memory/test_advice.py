"""What a plan says that more memory would change."""

import re

import pytest

INDEX = "every lookup that is out of core for lack of memory would be joined in memory"


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    """A lookup whose index takes more than half of a small budget, in files for several lanes."""
    folder = tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", "1500000", "--content-bytes", "1", "--out", folder)
    return folder


@pytest.fixture
def main_job(job, lake):
    job.write(source={"table": str(lake / "bronze_accident")},
              lookups=[{"name": "predictions", "table": str(lake / "predictions"),
                        "key": ["image_name"]}])
    return job


def advised(plan, pattern):
    found = [re.search(rf"with about --memory (\d+)MiB, {pattern}", line)
             for line in plan["advice"]]
    return next((int(match.group(1)) for match in found if match), None)


def is_out_of_core(plan):
    return plan["lookups"][0]["join"]["out_of_core"]


def test_an_index_in_memory(main_job):
    smallest = main_job.plan()["memory"]["smallest_budget_bytes"] >> 20
    plan = main_job.plan(f"--memory={smallest + 8}MiB")
    assert is_out_of_core(plan) and plan["memory"]["fits"]
    enough = advised(plan, INDEX)
    assert enough > smallest + 8
    # The pieces of work grow with the budget, so it is not exact.
    more = main_job.plan(f"--memory={enough * 1.1:.0f}MiB")
    assert not is_out_of_core(more)
    assert is_out_of_core(main_job.plan(f"--memory={enough * 0.7:.0f}MiB"))
    assert advised(more, INDEX) is None
    assert main_job.plan("--memory=2GiB")["advice"] == []


def test_more_lanes(main_job):
    smallest = main_job.plan()["memory"]["smallest_budget_bytes"] >> 20
    flags = ("--set", "resources.lanes=2")
    plan = main_job.plan(f"--memory={smallest + 1}MiB", *flags)
    assert plan["lanes"] == 1
    enough = advised(plan, "2 lanes could work instead of 1")
    assert enough > smallest
    assert main_job.plan(f"--memory={enough * 1.1:.0f}MiB", *flags)["lanes"] == 2
