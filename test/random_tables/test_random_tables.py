"""Random tables by several writers: what Spark reads in the source is what it reads in the silver
table. SPILLWAY_TEST_SEED repeats one table; SPILLWAY_TORTURE_TABLES makes so many."""

import os
import random

import pyarrow.parquet as pq
import pytest
from pipelines.cells import plain_rows
from pipelines.job import Job
from random_tables.table_maker import TableMaker

TABLES = int(os.environ.get("SPILLWAY_TORTURE_TABLES", "0")) or 2
FIRST_SEED = int(os.environ.get("SPILLWAY_TEST_SEED", "0")) or random.randrange(2**31)


def read_by_spark(spark, table, folder):
    spark.call("spark_tables", "read", table=str(table), parquet=str(folder))
    return pq.read_table(folder)


@pytest.mark.parametrize("index", range(TABLES))
def test_silver_has_the_rows_that_spark_reads(spillway, spark, tmp_path, index):
    seed = FIRST_SEED + index
    print(f"SPILLWAY_TEST_SEED={seed}")
    maker = TableMaker(tmp_path / "bronze", seed, spark)
    maker.make(steps=8)
    expected = read_by_spark(spark, tmp_path / "bronze", tmp_path / "expected")

    job = Job(spillway, tmp_path)
    size = max(1, expected.num_rows // 3)
    report = job.report("--mode=chunked", f"--set=processing.chunk_size={size}",
                        columns={"twice": "CAST(number AS BIGINT) * 2",
                                 "has_first": f"{maker.columns[0]} IS NOT NULL"})
    job.validate("--full")
    silver = read_by_spark(spark, tmp_path / "silver", tmp_path / "found")

    told = f"seed {seed}: {maker.steps}, {report['spliced_row_groups']} row groups spliced"
    assert plain_rows(silver, expected.schema) == plain_rows(expected, expected.schema), told
    assert silver["twice"].to_pylist() == [
        None if n is None else 2 * n for n in silver["number"].to_pylist()], told
    assert silver["has_first"].to_pylist() == [
        value is not None for value in silver[maker.columns[0]].to_pylist()], told
