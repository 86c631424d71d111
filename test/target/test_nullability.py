"""What may be NULL in the target where the source says NOT NULL: as Spark's Delta writer has it."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pipelines.cells import plain_rows
from pipelines.delta_log import actions


def rows(nullable):
    """Two rows of nested columns, inside which everything is nullable or nothing."""
    pair = pa.struct([pa.field("a", pa.int32(), nullable), pa.field("b", pa.string(), nullable)])
    schema = pa.schema([
        pa.field("id", pa.int64()), pa.field("s", pair),
        pa.field("l", pa.list_(pa.field("element", pair, nullable))),
        pa.field("m", pa.map_(pa.string(), pa.field("value", pa.list_(
            pa.field("element", pa.int64(), nullable)), nullable)))])
    both = {"a": 1, "b": "x"}
    pairs = [("k", [1, 2]), ("l", [])]
    return pa.table([[1, 2], [both, None], [[both, both], None], [pairs, None]], schema=schema)


def schema_of(table):
    return json.loads(actions(table, "metaData")[-1]["schemaString"])


@pytest.fixture
def strict(job):
    """A job whose source says NOT NULL, at the top and inside."""
    table = rows(nullable=False)
    table = table.cast(table.schema.set(0, pa.field("id", pa.int64(), False)))
    job.table("bronze", table)
    assert "false" in json.dumps(schema_of(job.folder / "bronze"))
    return job


def check_rows(job):
    expected = rows(nullable=True)
    assert plain_rows(job.rows(), expected.schema) == plain_rows(expected, expected.schema)


def test_a_new_table_is_nullable_as_spark_makes_it(strict, spark):
    strict.run()
    check_rows(strict)
    spark.call("spark_tables", "copy", source=str(strict.folder / "bronze"),
               target=str(strict.folder / "by spark"))
    assert schema_of(strict.folder / "silver") == schema_of(strict.folder / "by spark")
    assert "false" not in json.dumps(schema_of(strict.folder / "silver"))


def test_a_new_schema_is_nullable_as_spark_makes_it(strict, spark):
    for name in ("silver", "by spark"):
        write_deltalake(str(strict.folder / name), pa.table({"other": [1]}))
    strict.run(target={"table": "silver", "mode": "overwrite", "overwrite_schema": True})
    check_rows(strict)
    spark.call("spark_tables", "copy", source=str(strict.folder / "bronze"), mode="overwrite",
               target=str(strict.folder / "by spark"), overwrite_schema=True)
    assert schema_of(strict.folder / "silver") == schema_of(strict.folder / "by spark")


@pytest.mark.parametrize("nullable", [True, False])
def test_an_existing_table_keeps_its_word(strict, nullable):
    """One that allows NULLs that the source does not have, and one that allows no more than it."""
    folder = strict.folder / "silver"
    write_deltalake(str(folder), rows(nullable).slice(0, 0))
    before = schema_of(folder)
    strict.run(target={"table": "silver", "mode": "append"})
    check_rows(strict)
    assert schema_of(folder) == before
    assert DeltaTable(folder).to_pyarrow_table().num_rows == 2


def test_a_table_that_allows_fewer_nulls_is_refused(job):
    job.table("bronze", rows(nullable=True))
    write_deltalake(str(job.folder / "silver"), rows(nullable=False).slice(0, 0))
    run = job.run(exit_code=3, target={"table": "silver", "mode": "append"})
    assert "SPW-3101" in run.stderr and "a: int32 not null" in run.stderr
