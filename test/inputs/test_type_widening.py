"""Tables whose columns got wider types: older files have the narrower ones."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipelines.delta_log import live_files
from pipelines.job import assert_same_rows
from trust.crafted import added, definition, write_log

COLUMNS = "b BYTE, i INT, f FLOAT, d DECIMAL(5,2), dt DATE, s STRUCT<x: SHORT>, a ARRAY<INT>, " \
          "k INT, p INT"
NARROW = "1, 2, 3.5, 4.25, date'2024-01-02', named_struct('x', 5S), array(6), 7, 8"
WIDER = {"b": "INT", "i": "BIGINT", "f": "DOUBLE", "d": "DECIMAL(10,4)", "dt": "TIMESTAMP_NTZ",
         "s.x": "INT", "a.element": "BIGINT", "k": "DECIMAL(12,2)", "p": "BIGINT"}
WIDE = "1000, 20000000000, 3.25, 400.1234, timestamp_ntz'2024-01-02 03:04:05', " \
       "named_struct('x', 500000), array(60000000000), 7.25, 80000000000"


def read(spark, table, folder):
    spark.call("spark_tables", "read", table=str(table), parquet=str(folder))
    return pq.read_table(folder)


def test_every_widening(job, spark, tmp_path):
    table = f"delta.`{job.folder / 'bronze'}`"
    spark.call("spark_tables", "sql", statement=f"CREATE TABLE {table} ({COLUMNS}) USING delta "
               "PARTITIONED BY (p) TBLPROPERTIES ('delta.enableTypeWidening' = 'true', "
               "'delta.feature.timestampNtz' = 'supported')")
    spark.call("spark_tables", "sql", statement=f"INSERT INTO {table} VALUES ({NARROW})")
    for column, wider in WIDER.items():
        spark.call("spark_tables", "sql",
                   statement=f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {wider}")
    spark.call("spark_tables", "sql", statement=f"INSERT INTO {table} VALUES ({WIDE})")
    # A column that is read on its way, one that is joined by, and the others as they are.
    job.run(columns={"more": "b + 1"},
            lookups=[{"name": "self", "table": "bronze", "key": ["i"], "columns": {"b2": "b"}}])
    expected = read(spark, job.folder / "bronze", tmp_path / "bronze rows")
    actual = read(spark, job.folder / "silver", tmp_path / "silver rows")
    assert actual["more"].to_pylist() == [b + 1 for b in actual["b"].to_pylist()]
    assert actual["b2"].to_pylist() == actual["b"].to_pylist()
    assert_same_rows(expected, actual.drop_columns(["more", "b2"]))
    assert job.validate()["valid"]


@pytest.mark.parametrize("feature", ["typeWidening", "typeWidening-preview"])
def test_the_feature_alone(job, feature):
    table = job.table("bronze", pa.table({"id": pa.array([1, 2], pa.int64())}))
    path = next(iter(live_files(table)))
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                             "readerFeatures": [feature], "writerFeatures": [feature]}}
    write_log(table, [protocol, definition()[1], added(path.name, path.stat().st_size)])
    job.run()
    assert sorted(job.rows()["id"].to_pylist()) == [1, 2]
    path.parent.rename(job.folder / "wide")
    job.table("bronze", pa.table({"id": pa.array([1, 2], pa.int64())}))
    error = job.run(target={"table": "wide", "mode": "append"}, exit_code=3).stderr
    assert "SPW-3006" in error and feature in error
