"""Values on which an expression fails, in ANSI mode: the error names the expression, and what was
committed before stays."""

import pyarrow as pa
import pytest
from pipelines.delta_log import live_files

# Expressions that fail where `number` is 0, and what the error says of it.
FAILURES = {
    "division": ("100 / number", "division by zero"),
    "remainder": ("100 % number", "zero"),
    "overflow": ("CAST(number + 1 AS INT) + 2147483647", "2147483647"),
    "cast": ("CAST(CASE WHEN number = 0 THEN 'many' END AS INT)", "many"),
    "date": ("to_date(CASE WHEN number = 0 THEN 'someday' END)", "someday"),
}


@pytest.fixture
def job_with_rows(job):
    """20 rows in two row groups, of which the 15th is the one with a 0."""
    job.table("bronze", pa.table({"row": range(20), "number": [-1] * 14 + [0] + [-1] * 5}),
              rows_per_group=10)
    return job


@pytest.mark.parametrize("name", FAILURES)
def test_a_chunk_fails_and_the_chunks_before_stay(job_with_rows, name):
    expression, told = FAILURES[name]
    run = job_with_rows.run("--mode=chunked", "--set=processing.chunk_size=10", exit_code=3,
                            columns={"broken": expression})
    assert "error[SPW-3201]" in run.stderr and told in run.stderr
    # The place of the expression in the file, and its text.
    lines = (job_with_rows.folder / "pipeline.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "broken" in text)
    assert f"pipeline.yaml:{line}:" in run.stderr and expression[:30] in run.stderr
    assert "Nothing was lost: chunk 1 of 2 is committed" in run.stderr
    assert sorted(job_with_rows.rows()["row"].to_pylist()) == list(range(10))
    files = {path.name for path in (job_with_rows.folder / "silver").glob("*.parquet")}
    assert files == {path.name for path in live_files(job_with_rows.folder / "silver")}


@pytest.mark.parametrize("name", FAILURES)
def test_in_one_commit_no_row_is_written(job_with_rows, name):
    run = job_with_rows.run("--mode=standard", exit_code=3, columns={"broken": FAILURES[name][0]})
    assert "error[SPW-3201]" in run.stderr and "Nothing was lost" not in run.stderr
    assert not (job_with_rows.folder / "silver").exists()


def test_in_where_and_in_a_lookup(job_with_rows):
    run = job_with_rows.run(where="100 / number > 1", exit_code=3)
    assert "error[SPW-3201]" in run.stderr and "pipeline.yaml:" in run.stderr
    job_with_rows.table("known", pa.table({"row": [1, 2], "zero": [1, 0]}))
    run = job_with_rows.run(exit_code=3, pipeline="other", target={"table": "other"}, lookups=[
        {"name": "known", "table": "known", "key": ["row"], "columns": {"share": "1 / zero"}}])
    assert "error[SPW-3201]" in run.stderr and "pipeline.yaml:" in run.stderr
    assert not (job_with_rows.folder / "other").exists()


def test_a_guarded_expression_is_fine(job_with_rows):
    job_with_rows.run(columns={"share": "CASE WHEN number <> 0 THEN 100 / number END"})
    assert job_with_rows.rows()["share"].to_pylist().count(None) == 1


def test_a_duplicate_key_is_told(job_with_rows):
    job_with_rows.table("known", pa.table({"row": [7, 8, 7], "mark": [1, 2, 3]}))
    run = job_with_rows.run(exit_code=3, lookups=[{
        "name": "known", "table": "known", "key": ["row"], "duplicates": "error"}])
    assert "error[SPW-3103]" in run.stderr and "known" in run.stderr and "7" in run.stderr
    assert "do:" in run.stderr
    assert not (job_with_rows.folder / "silver").exists()
