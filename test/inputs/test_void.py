"""Columns of the type VOID: Parquet files do not have them, and a table that we write neither."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_input.refusal import assert_refused
from pipelines.job import assert_same_rows
from trust.crafted import LONG_ID, added, definition, write_log

ROWS = pa.table({"id": pa.array(range(20), pa.int64()),
                 "s": pa.array([{"a": row} for row in range(20)], pa.struct([("a", pa.int64())]))})


def field(name, type_):
    return {"name": name, "type": type_, "nullable": True, "metadata": {}}


@pytest.fixture
def void(job):
    """id, v (VOID), s (a struct with a VOID field)."""
    table = job.folder / "bronze"
    table.mkdir()
    pq.write_table(ROWS, table / "a.parquet")
    inside = {"type": "struct", "fields": [field("a", "long"), field("v", "void")]}
    fields = [*LONG_ID, field("v", "void"), field("s", inside)]
    size = (table / "a.parquet").stat().st_size
    write_log(table, [*definition(fields), added("a.parquet", size)])
    return job


@pytest.mark.parametrize(("keys", "column"), [({}, "v"), ({"drop": ["v"]}, "s")])
def test_it_is_not_written(void, keys, column):
    void.write(**keys)
    error = assert_refused(void, 3008, f'"{column}"', "VOID")
    assert f"drop: [{column}]" in error


def test_what_the_error_says_works(void):
    void.run(drop=["v", "s"])
    assert_same_rows(ROWS.select(["id"]), void.rows())
    assert void.validate()["valid"]
    void.run(columns={"v": "CAST(NULL AS STRING)"}, drop=["s"], target={"table": "other"})
    expected = ROWS.select(["id"]).append_column("v", pa.nulls(20, pa.string()))
    assert_same_rows(expected, void.rows("other"))
    assert void.validate()["valid"]


def test_the_fields_beside_it(void):
    void.run(columns={"v": "coalesce(v, id)", "a": "s.a"}, drop=["s"])
    expected = pa.table({"id": ROWS["id"], "v": ROWS["id"], "a": ROWS["id"]})
    assert_same_rows(expected, void.rows())


@pytest.mark.parametrize(("columns", "drop"), [("*", ["v", "s"]), ({"a": "s.a"}, []),
                                                 ({"id2": "id"}, [])])
def test_of_a_lookup(void, columns, drop):
    """Its columns are dropped, or those without VOID are listed."""
    void.table("plain", ROWS.select(["id"]))
    void.run(source={"table": "plain"}, drop=drop,
             lookups=[{"name": "l", "table": "bronze", "key": ["id"], "columns": columns}])
    assert void.rows()["id"].to_pylist() == ROWS["id"].to_pylist()


def test_it_is_no_target(void):
    void.table("plain", ROWS.select(["id"]))
    void.write(source={"table": "plain"}, target={"table": "bronze", "mode": "append"})
    assert_refused(void, 3101, "v", target=void.folder / "bronze")
