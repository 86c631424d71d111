"""Every `do:` is followed, and helps; every code has a case, or a reason why it has none."""

import re

import pytest
from advice import command_cases, expression_cases, pipeline_file_cases, run_cases, table_cases
from advice.advice import CASES, EXPLAINED, PRINTED, advice_of, explained_advice

MODULES = (command_cases, expression_cases, pipeline_file_cases, run_cases, table_cases)

# Codes whose advice cannot be followed here, and why; where a test of their own provokes them.
NO_CASE = {
    1205: "a table with names that differ in case alone is refused as it is opened, at every "
          "depth: src/expression/expression_test.cc",
    4002: "a commit that loses every race takes another writer for each attempt: "
          "crash/test_many_writers.py",
    5002: "the plan leaves no run short of memory: that would be a bug; memory/test_bound.py and "
          "crash/test_memory_ladder.py hold it to that",
    5003: "neighbours that take the machine's memory want a cgroup: memory/test_neighbours.py",
    6005: "a spill file that comes back otherwise wants a faulty disk: src/spill/*_test.cc",
    9001: "a bug of Spillway's; it says to report it",
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_advice(case, job):
    steps = case.steps(job)
    run = next(steps)
    assert f"error[SPW-{case.code}]" in run.stderr, run.stdout + run.stderr
    if case.origin == PRINTED:
        advice = advice_of(run)
    else:
        advice = explained_advice(job.spillway, case.code)
    assert re.fullmatch(case.says, advice), f"follow this instead: {advice}"
    with pytest.raises(StopIteration):
        steps.send(advice)


def test_every_code_has_a_case(spillway):
    codes = {int(code) for code in re.findall(r"^SPW-(\d+)", spillway("explain").stdout, re.M)}
    for origin in (PRINTED, EXPLAINED):
        followed = {case.code for case in CASES if case.origin == origin}
        followed |= {case.code for case in CASES if case.origin == EXPLAINED}
        assert codes - followed == set(NO_CASE) - followed, origin
    assert set(NO_CASE) <= codes and not set(NO_CASE) & {case.code for case in CASES}
