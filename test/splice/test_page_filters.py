"""Filters on copied columns of many pages. Engines skip the other pages by the column index, and
find the rows of the same numbers in the other columns, whose pages end elsewhere, by the offset
indexes: an offset or a row number that is wrong loses rows or gives those of others."""

import hashlib
import random
import re

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder, convert_to_deltalake
from pipelines.delta_log import live_files
from pipelines.job import Job

ROWS = 12_000  # in two files
GROUP = 3050  # rows; the last row group of a file has 2950
PAGE = 100  # rows of a page of `number`; the last one of a row group has 50
SEED = 20261127
NAMES = "number, text, maybe, noise, marks, twice, label"
SELECTED = NAMES.replace("noise", "md5(noise) AS noise")
COPIED = {"number", "text", "maybe", "noise", "marks.list.element"}

# `number` is twice the row; `text` is the same for three rows, a whole page of `maybe` is NULL.
PREDICATES = {
    "a page in the middle": "number = 3100",
    "the first row": "number = 0",
    "the first page": "number < 150",
    "the last row": "number = 23998",
    "the last page": "number > 23950",
    "the last row of a row group": "number = 6098",
    "the first row of a row group": "number = 6100",
    "the last, short page of a row group": "number BETWEEN 6020 AND 6060",
    "the last row of a page": "number = 1398",
    "the first row of a page": "number = 1400",
    "both sides of a page's border": "number IN (3398, 3400)",
    "both sides of a row group's border": "number BETWEEN 6090 AND 6110",
    "both sides of a file's border": "number BETWEEN 11990 AND 12010",
    "several pages": "number BETWEEN 2050 AND 2750",
    "two pages far apart": "number = 250 OR number = 5500",
    "between the values of a page": "number = 3101",
    "a column with a dictionary": "text = 'text 001234'",
    "columns whose pages differ": "text >= 'text 003900' AND number < 23500",
    "a page of nulls": "maybe IS NULL AND number > 2300 AND number < 2700",
    "behind a page of nulls": "maybe = 1300",
    "a column that was encoded": "twice = 6200",
}
# Those that one page or two can answer.
FEW = [name for name, predicate in PREDICATES.items()
       if ("=" in predicate or "IN (" in predicate) and not re.search("[<>]|twice", predicate)]


def bronze_rows() -> pa.Table:
    chosen = random.Random(SEED)
    return pa.table({
        "number": pa.array(range(0, 2 * ROWS, 2), pa.int64()),
        "text": [f"text {row // 3:06}" for row in range(ROWS)],
        "maybe": pa.array([None if 1200 <= row < 1300 or chosen.random() < 0.2 else row
                           for row in range(ROWS)], pa.int32()),
        "noise": [chosen.randbytes(chosen.randrange(300, 700)) for _ in range(ROWS)],
        "marks": pa.array([None if chosen.random() < 0.1 else
                           [chosen.randrange(1000) for _ in range(chosen.randrange(9))]
                           for _ in range(ROWS)], pa.list_(pa.int32())),
    })


@pytest.fixture(scope="module")
def paged(spillway, tmp_path_factory) -> Job:
    """A job that has run: all row groups are spliced."""
    job = Job(spillway, tmp_path_factory.mktemp("paged"))
    bronze = job.folder / "bronze"
    bronze.mkdir()
    for part in range(2):
        pq.write_table(bronze_rows().slice(part * ROWS // 2, ROWS // 2),
                       bronze / f"part-{part}.parquet", row_group_size=GROUP,
                       max_rows_per_page=PAGE, data_page_size=10_000, write_batch_size=10,
                       write_page_index=True, use_dictionary=["text"])
    convert_to_deltalake(bronze.as_uri())
    job.table("labels", pa.table({"number": pa.array(range(0, 2 * ROWS, 6), pa.int64()),
                                  "label": [f"label {row}" for row in range(ROWS // 3)]}))
    report = job.report(lookups=[{"name": "labels", "table": "labels", "key": ["number"]}],
                        columns={"twice": "number * 2"}, resources={"lanes": 1})
    assert report["spliced_row_groups"] == 4
    assert report["copied_bytes"] > 4_000_000
    return job


def chunks(table):
    """Every column chunk of every row group of the live files."""
    for path in live_files(table):
        metadata = pq.read_metadata(path)
        for group in range(metadata.num_row_groups):
            for column in range(metadata.num_columns):
                yield metadata.row_group(group).column(column)


def test_copied_columns_have_page_indexes(paged):
    found = {}
    for chunk in chunks(paged.folder / "silver"):
        assert chunk.has_offset_index and chunk.has_column_index, chunk.path_in_schema
        found.setdefault(chunk.path_in_schema, []).append(chunk)
    assert set(found) == COPIED | {"label", "twice"}
    # The same bytes of pages as in the source, which lie elsewhere now.
    for column in COPIED:
        before = [chunk for chunk in chunks(paged.folder / "bronze")
                  if chunk.path_in_schema == column]
        assert (sorted(chunk.total_compressed_size for chunk in before) ==
                sorted(chunk.total_compressed_size for chunk in found[column]))
        assert ({chunk.data_page_offset for chunk in before} !=
                {chunk.data_page_offset for chunk in found[column]})


@pytest.fixture(scope="module")
def expected_rows(paged):
    """expected_rows(predicate): the rows of the source's files, as pyarrow reads them, for which it
    is true."""
    rows = pa.concat_tables(pq.read_table(path) for path in live_files(paged.folder / "bronze"))
    numbers = rows["number"].to_pylist()
    rows = rows.append_column("twice", pa.array([number * 2 for number in numbers], pa.int64()))
    rows = rows.append_column("label", pa.array(
        [f"label {number // 6}" if number % 6 == 0 else None for number in numbers]))
    noise = [hashlib.md5(cell).hexdigest() for cell in rows["noise"].to_pylist()]
    rows = rows.drop_columns("noise").append_column("noise", pa.array(noise))
    connection = duckdb.connect()
    connection.register("bronze", rows)

    def select(predicate):
        found = connection.sql(f"SELECT {NAMES} FROM bronze WHERE {predicate} ORDER BY number")
        return found.fetchall()
    return select


def as_tuples(rows: pa.Table) -> list[tuple]:
    return [tuple(row[name] for name in NAMES.split(", ")) for row in rows.to_pylist()]


@pytest.mark.parametrize("vectorized", ["true", "false"])
def test_spark(paged, expected_rows, spark, vectorized):
    setting = "spark.sql.parquet.enableVectorizedReader"
    spark.call("spark_tables", "sql", statement=f"SET {setting}={vectorized}")
    try:
        for name, predicate in PREDICATES.items():
            answer = spark.call(
                "spark_tables", "select", statement=f"SELECT {SELECTED} FROM "
                f"delta.`{paged.folder / 'silver'}` WHERE {predicate}")
            found = sorted((tuple(row) for row in answer["rows"]), key=lambda row: row[0])
            assert found == expected_rows(predicate), name
            if name in FEW:  # pages are skipped, or this would be no test
                assert answer["scan"]["numOutputRows"] <= 4 * PAGE, (name, answer["scan"])
    finally:
        spark.call("spark_tables", "sql", statement=f"SET {setting}=true")


def ask_datafusion(table, statement):
    return pa.table(QueryBuilder().register("t", DeltaTable(table)).execute(statement).read_all())


@pytest.mark.parametrize("name", PREDICATES)
def test_datafusion(paged, expected_rows, name):
    silver = paged.folder / "silver"
    statement = f"SELECT {SELECTED} FROM t WHERE {PREDICATES[name]} ORDER BY number"
    assert as_tuples(ask_datafusion(silver, statement)) == expected_rows(PREDICATES[name])
    if name in FEW:
        (plan,) = ask_datafusion(silver, f"EXPLAIN ANALYZE {statement}")["plan"].to_pylist()
        pages = re.search(r"page_index_pages_pruned=(\d+) total \S+ (\d+) matched", plan)
        assert int(pages[1]) >= 15 and int(pages[2]) <= 2 * len(COPIED), plan


@pytest.mark.parametrize("name", PREDICATES)
def test_duckdb_and_polars(paged, duckdb_delta, expected_rows, name):
    silver, predicate = paged.folder / "silver", PREDICATES[name]
    found = duckdb_delta.sql(f"SELECT {SELECTED} FROM delta_scan('{silver}') WHERE {predicate} "
                             "ORDER BY number").fetchall()
    assert found == expected_rows(predicate)
    frame = pl.scan_delta(silver).filter(pl.sql_expr(predicate)).collect().sort("number")
    assert frame["number"].to_list() == [row[0] for row in found]
    assert frame["marks"].to_list() == [row[4] for row in found]
    assert [hashlib.md5(cell).hexdigest() for cell in frame["noise"]] == [row[3] for row in found]


@pytest.mark.parametrize("number", [0, 1398, 1400, 3100, 6098, 6100, 23_998])
def test_pyarrow(paged, expected_rows, number):
    found = ds.dataset([str(path) for path in live_files(paged.folder / "silver")]).to_table(
        filter=ds.field("number") == number)
    (row,) = expected_rows(f"number = {number}")
    (noise,) = found["noise"].to_pylist()
    assert (found["text"][0].as_py(), hashlib.md5(noise).hexdigest()) == (row[1], row[3])
