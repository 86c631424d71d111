"""Columns under new names, of the source and of lookups, decoded and spliced."""

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused
from pipelines.job import assert_same_rows


@pytest.fixture
def tables(job):
    rows = 40_000
    job.table("bronze", pa.table({"id": range(rows), "Name": [f"name {i}" for i in range(rows)],
                                  "size": [i * 7919 % 1000003 for i in range(rows)]}))
    job.table("known", pa.table({"id": range(0, rows, 2), "size": range(0, rows, 2),
                                 "Name": [f"known {i}" for i in range(0, rows, 2)]}))
    return job


@pytest.mark.parametrize("where", [{}, {"where": "title <> 'name 3'"}])
def test_the_pipeline_knows_them_by_the_new_names(tables, where):
    tables.write(source={"table": "bronze", "rename": {"Name": "title"}},
                 lookups=[{"name": "known", "table": "known", "key": [{"source": "id",
                                                                       "lookup": "key"}],
                           "rename": {"ID": "key", "size": "known_size"},
                           "columns": {"known_size": "known_size", "twice": "known_size * 2",
                                       "other": "Name"}}],
                 columns={"loud": "upper(title)"}, **where)
    tables.run()
    rows = range(40_000)
    expected = pa.table({
        "id": rows, "title": [f"name {i}" for i in rows],
        "size": [i * 7919 % 1000003 for i in rows],
        "known_size": [i if i % 2 == 0 else None for i in rows],
        "twice": [2 * i if i % 2 == 0 else None for i in rows],
        "other": [f"known {i}" if i % 2 == 0 else None for i in rows],
        "loud": [f"NAME {i}" for i in rows]})
    if where:
        expected = expected.filter(pa.array([i != 3 for i in rows]))
    assert_same_rows(expected, tables.rows())
    assert tables.validate("--full")["valid"]


@pytest.mark.parametrize(("rename", "code", "told"), [
    ({"Nam": "title"}, 1202, "Name"),
    ({"Name": "SIZE"}, 1303, "SIZE"),
    ({"Name": "a", "size": "a"}, 1107, "a")])
def test_what_cannot_be_meant(tables, rename, code, told):
    tables.write(source={"table": "bronze", "rename": rename})
    assert_refused(tables, code, "pipeline.yaml:", told)


def test_a_swap(tables):
    tables.run(source={"table": "bronze", "rename": {"id": "size", "size": "id"}})
    assert sorted(tables.rows()["size"].to_pylist()) == list(range(40_000))
