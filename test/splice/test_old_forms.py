"""Files as older Sparks write them: a column of an old form is encoded anew, those beside it are
copied, and Spark reads the same rows before and after; days that mean others are refused."""

import contextlib
import datetime
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acceptance.compare import read_duckdb, read_spark
from pipelines.delta_log import live_files
from splice.spliced_job import assert_same, copied_columns, run_and_compare

ROWS = 2500
SEED = 20261126
REBASE_DATES = "spark.sql.parquet.datetimeRebaseModeInWrite"
REBASE_INT96 = "spark.sql.parquet.int96RebaseModeInWrite"
TIMESTAMP_TYPE = "spark.sql.parquet.outputTimestampType"
LEGACY_FORMAT = "spark.sql.parquet.writeLegacyFormat"
# The old calendar's days are other ones before the 15th of October 1582.
OLD_DAYS = [datetime.date(1000, 2, 28), datetime.date(1500, 3, 1), datetime.date(1582, 10, 4)]
NEW_DAYS = [datetime.date(1582, 10, 15), datetime.date(1969, 12, 31), datetime.date(2026, 3, 29)]
COLUMNS = {"twice": "number * 2", "has_noise": "noise IS NOT NULL"}


def rows_with(days) -> pa.Table:
    chosen = random.Random(SEED)
    picked = [chosen.choice([None, *days]) for _ in range(ROWS)]
    instants = [None if day is None else
                datetime.datetime(day.year, day.month, day.day, 12, 30, 0, 123456, datetime.UTC)
                for day in picked]
    return pa.table({"number": pa.array(range(ROWS), pa.int32()),
                     "day": pa.array(picked[::-1], pa.date32()),
                     "instant": pa.array(instants, pa.timestamp("us", tz="UTC")),
                     "noise": [chosen.randbytes(600) for _ in range(ROWS)]})


@contextlib.contextmanager
def setting(spark, **values):
    for name, value in values.items():
        spark.call("spark_tables", "sql", statement=f"SET {name}={value}")
    try:
        yield
    finally:
        for name in values:
            spark.call("spark_tables", "sql", statement=f"RESET {name}")


def write_by_spark(job, spark, rows, query="*", **settings):
    """Bronze, one file by Spark with these settings. Returns that file."""
    bronze, parquet = job.folder / "bronze", job.folder / "rows.parquet"
    pq.write_table(rows, parquet)
    with setting(spark, **settings):
        spark.call("spark_tables", "sql", statement=f"CREATE TABLE delta.`{bronze}` USING delta AS "
                   f"SELECT /*+ COALESCE(1) */ {query} FROM parquet.`{parquet}`")
    (file,) = live_files(bronze)
    return file


def not_copied(job) -> dict[str, int]:
    return json.loads(job.spillway("inspect", job.folder / "bronze", "--json").stdout)["not_copied"]


def run_and_check(job, spark, file) -> set[str]:
    """Runs the job and compares the rows with those of decoding everything, and with those that
    Spark reads in bronze. Returns the columns that were copied."""
    report = run_and_compare(job, columns=COLUMNS)
    assert report["spliced_row_groups"] == 1
    before = read_spark(job.folder / "bronze", spark)
    assert before.num_rows == ROWS
    assert_same(before, read_spark(job.folder / "silver", spark).select(before.column_names))
    (silver,) = live_files(job.folder / "silver")
    return copied_columns(file, silver)


FORMS = {
    "microseconds": ({REBASE_DATES: "LEGACY", TIMESTAMP_TYPE: "TIMESTAMP_MICROS"},
                     "dates in the old (Julian) calendar"),
    "INT96": ({REBASE_DATES: "LEGACY", REBASE_INT96: "LEGACY", TIMESTAMP_TYPE: "INT96"},
              "INT96 timestamps"),
}


def check_refusal(job, spark, column) -> None:
    """Spark counts them anew as it reads; they must not get through as other days."""
    error = job.run(columns=COLUMNS, exit_code=3).stderr
    assert "SPW-3006" in error
    assert f"column {column} has dates in the old (Julian) calendar" in error
    assert "RebaseModeInWrite" in error
    # A pipeline that has no use for the column runs.
    job.report(columns=COLUMNS, drop=[column], target={"table": "without"})
    bronze = read_spark(job.folder / "bronze", spark)
    assert_same(bronze.drop_columns([column]),
                job.rows("without").drop_columns(list(COLUMNS)))


@pytest.mark.parametrize("column", ["day", "instant"])
@pytest.mark.parametrize("form", FORMS)
def test_days_of_the_old_calendar(job, spark, form, column):
    rows = rows_with(NEW_DAYS)
    old = rows_with(OLD_DAYS + NEW_DAYS)
    rows = rows.set_column(rows.schema.get_field_index(column), column, old[column])
    write_by_spark(job, spark, rows, **FORMS[form][0])
    check_refusal(job, spark, column)
    # The statistics tell before anything is written, and INT96 has none.
    assert not (job.folder / "silver").exists()


@pytest.mark.parametrize("form", FORMS)
def test_days_of_both_calendars(job, spark, form):
    settings, reason = FORMS[form]
    rows = rows_with(NEW_DAYS)
    file = write_by_spark(job, spark, rows, **settings)
    assert b"org.apache.spark.legacyDateTime" in pq.read_metadata(file).metadata
    assert_same(rows, read_spark(job.folder / "bronze", spark))
    assert run_and_check(job, spark, file) == {"number", "noise"}
    assert not_copied(job) == {"day: dates in the old (Julian) calendar": 1,
                               f"instant: {reason}": 1}


@pytest.mark.parametrize("rebase", ["LEGACY", "CORRECTED"])
def test_int96_timestamps(job, spark, rebase):
    """Those of the old calendar have a mark of their own in the file."""
    rows = rows_with(OLD_DAYS + NEW_DAYS)
    file = write_by_spark(job, spark, rows, **{
        REBASE_DATES: "CORRECTED", REBASE_INT96: rebase, TIMESTAMP_TYPE: "INT96"})
    marks = pq.read_metadata(file).metadata
    assert b"org.apache.spark.legacyDateTime" not in marks
    assert (b"org.apache.spark.legacyINT96" in marks) == (rebase == "LEGACY")
    assert "INT96" in str(pq.read_metadata(file).row_group(0).column(2).physical_type)
    if rebase == "LEGACY":
        check_refusal(job, spark, "instant")
        return
    assert run_and_check(job, spark, file) == {"number", "day", "noise"}
    assert not_copied(job) == {"instant: INT96 timestamps": 1}
    (silver,) = live_files(job.folder / "silver")
    assert pq.read_schema(silver).field("instant").type == pa.timestamp("us", tz="UTC")


# Spark's lists of elements that may be NULL have three levels with other names than today's; where
# elements are never NULL there are but two. The elements of a table's own lists may always be NULL,
# so that these are inside others.
LISTS = """number, noise,
    CASE WHEN number % 5 <> 0 THEN filter(array(number, NULL, 2, 3), x -> x IS NULL OR
         x % 2 = number % 2) END AS marks,
    array(array(coalesce(number, 0), 7), NULL, array(), array(3)) AS deep,
    array(array(named_struct('a', number, 'b', 'x'), named_struct('a', 1, 'b', NULL))) AS rows,
    map('one', coalesce(number, 0), 'two', 2) AS pairs, map('one', number % 7) AS more"""


def write_old_lists(job, spark):
    file = write_by_spark(job, spark, rows_with(NEW_DAYS), LISTS, **{LEGACY_FORMAT: "true"})
    forms = [line.strip() for line in str(pq.read_metadata(file).schema).splitlines()]
    assert "repeated group field_id=-1 bag {" in forms
    assert "repeated int32 field_id=-1 array;" in forms
    assert "repeated group field_id=-1 array {" in forms
    return file


def test_lists_of_the_old_forms(job, spark):
    file = write_old_lists(job, spark)
    copied = run_and_check(job, spark, file)
    assert {"number", "noise"} <= copied
    assert not any(column.startswith(("deep", "rows", "pairs")) for column in copied)
    assert not_copied(job).items() >= {"deep: a list in an old layout": 1,
                                       "rows: a list in an old layout": 1,
                                       "pairs: stored as another type": 1}.items()
    (silver,) = live_files(job.folder / "silver")
    bronze = read_spark(job.folder / "bronze", spark)
    assert_same(bronze, pq.read_table(silver, columns=bronze.column_names))


def test_duckdb_reads_lists_of_other_names(job, spark):
    write_old_lists(job, spark)
    job.run(columns=COLUMNS)
    bronze = read_spark(job.folder / "bronze", spark)
    silver = read_duckdb(str(job.folder / "silver")).select(bronze.column_names)
    assert_same(bronze, silver)
