"""Targets that map their columns: any name is allowed, and every reader finds the values."""

import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake.exceptions import DeltaProtocolError
from pipelines.delta_log import actions, live_files

ROWS = 60_000
PAIR = pa.struct([("first part", pa.int64()), ("b", pa.list_(pa.struct([("x = y", pa.string())])))])


def bronze(first=0, end=ROWS):
    rows = range(first, end)
    return pa.table({
        "Employee ID": pa.array(rows, pa.int64()),
        "Größe": pa.array([row / 2 if row % 7 else None for row in rows], pa.float64()),
        "select": pa.array([f"name {row}" for row in rows], pa.string()),
        "noise; more": pa.array([row * 7919 % 1000003 for row in rows], pa.int64()),
        "a pair": pa.array([{"first part": row, "b": [{"x = y": str(row)}]} for row in rows],
                           PAIR)})


@pytest.fixture
def odd(job, spark):
    """A source with odd names, which Spark makes: deltalake writes no column mapping."""
    pq.write_table(bronze(), job.folder / "rows.parquet")
    spark.call("spark_tables", "write", parquet=str(job.folder / "rows.parquet"), files=2,
               table=str(job.folder / "bronze"), properties={"delta.columnMapping.mode": "name"})
    job.table("known", pa.table({"id": range(0, ROWS, 3),
                                 "title": [f"known {row}" for row in range(0, ROWS, 3)]}))
    return job


def write(job, **target):
    job.write(lookups=[{"name": "known", "table": "known",
                        "key": [{"source": "Employee ID", "lookup": "id"}],
                        "columns": {"the title": "title"}}],
              columns={"twice (at least)": "`Employee ID` * 2"},
              target={"table": "silver", "column_mapping": "name", **target})


def expected(rows=ROWS):
    table = bronze(0, rows)
    table = table.append_column("the title", pa.array(
        [f"known {row}" if row % 3 == 0 else None for row in range(rows)], pa.string()))
    return table.append_column("twice (at least)", pa.array(range(0, 2 * rows, 2), pa.int64()))


def fields_of(folder):
    return json.loads(actions(folder, "metaData")[-1]["schemaString"])["fields"]


@pytest.mark.parametrize("flags", [[], ["--mode=chunked", "--set=processing.chunk_size=17000"],
                                   ["--set=processing.chunk_order=key"]])
def test_every_reader_finds_the_values(odd, spark, duckdb_delta, flags):
    write(odd)
    odd.run(*flags)
    silver = odd.folder / "silver"
    fields = fields_of(silver)
    assert all(field["metadata"]["delta.columnMapping.physicalName"].startswith("col-")
               for field in fields)
    assert [field["name"] for field in fields] == expected(1).column_names
    for file in live_files(silver):
        names = pq.read_schema(file).names
        assert names == [field["metadata"]["delta.columnMapping.physicalName"] for field in fields]
    statement = (f"SELECT count(*), sum(`Employee ID`), sum(`Größe`), count(`the title`), "
                 f"sum(`twice (at least)`), sum(`a pair`.`first part`), "
                 f"sum(cast(`a pair`.b[0].`x = y` AS BIGINT)), sum(`noise; more`) "
                 f"FROM delta.`{silver}`")
    total = ROWS * (ROWS - 1) // 2
    halves = sum(row / 2 for row in range(ROWS) if row % 7)
    noise = sum(row * 7919 % 1000003 for row in range(ROWS))
    sums = [ROWS, total, halves, -(-ROWS // 3), 2 * total, total, total, noise]
    assert spark.call("spark_tables", "rows", statement=statement) == [sums]
    counts = duckdb_delta.execute(
        f'SELECT count(*), sum("Employee ID"), sum("Größe"), count("the title"), '
        f'sum("twice (at least)"), sum("a pair"."first part"), sum("noise; more") '
        f"FROM delta_scan('{silver}')").fetchone()
    assert list(counts) == [*sums[:6], noise]
    with pytest.raises(DeltaProtocolError, match="columnMapping"):  # Polars refuses it by name
        pl.scan_delta(str(silver)).collect()
    assert odd.validate(*flags, "--full")["valid"]
    # By the statistics, too.
    found = spark.call("spark_tables", "rows", statement=f"SELECT select FROM delta.`{silver}` "
                       "WHERE `twice (at least)` = 118004")
    assert found == [["name 59002"]]


def test_rows_are_appended_under_the_table_s_names(odd, spark):
    """By another run, and to a table that Spark made, with names of its own."""
    write(odd, mode="append")
    odd.run()
    odd.run("--fresh", "--append-again")
    silver = odd.folder / "silver"
    assert len(actions(silver, "metaData")) == 1
    statement = f"SELECT count(*), sum(`Employee ID`), count(`the title`) FROM delta.`{silver}`"
    assert spark.call("spark_tables", "rows", statement=statement) == [
        [2 * ROWS, ROWS * (ROWS - 1), 2 * ROWS // 3]]
    write(odd, mode="append", table="theirs")
    spark.call("spark_tables", "sql", statement=(
        f"CREATE TABLE delta.`{odd.folder}/theirs` USING delta TBLPROPERTIES "
        f"('delta.columnMapping.mode' = 'name') AS SELECT * FROM delta.`{silver}` WHERE false"))
    odd.run()
    statement = statement.replace(str(silver), f"{odd.folder}/theirs")
    assert spark.call("spark_tables", "rows", statement=statement) == [
        [ROWS, ROWS * (ROWS - 1) // 2, ROWS // 3]]
    assert odd.validate()["valid"]


def test_new_columns_of_a_mapped_table(odd, spark):
    """overwrite_schema: new ids and names behind those that the table has given."""
    write(odd, mode="overwrite", overwrite_schema=True)
    odd.run()
    before = fields_of(odd.folder / "silver")
    odd.run("--set=columns.and one more=1")
    after = fields_of(odd.folder / "silver")
    ids = [field["metadata"]["delta.columnMapping.id"] for field in after]
    assert min(ids) > max(field["metadata"]["delta.columnMapping.id"] for field in before)
    statement = f"SELECT count(*), sum(`and one more`) FROM delta.`{odd.folder}/silver`"
    assert spark.call("spark_tables", "rows", statement=statement) == [[ROWS, ROWS]]


def test_the_property_is_not_set_by_hand(job):
    job.table("bronze", pa.table({"id": [1]}))
    job.write(target={"table": "silver", "properties": {"delta.columnMapping.mode": "name"}})
    error = job.run(exit_code=2).stderr
    assert "SPW-1108" in error and "column_mapping: name" in error
