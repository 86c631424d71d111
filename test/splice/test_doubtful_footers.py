"""Footers that say of the values what is not so: a count of NULLs that the writer got wrong, bounds
in an order that is not the type's. What is copied into the target is true or left out."""

import json
import random
import struct
from decimal import Decimal
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_input.refusal import EXIT_CODES
from pipelines.delta_log import live_files
from pipelines.foreign_table import field, write_table
from pipelines.parquet_footer import (
    BINARY,
    CREATED_BY,
    edit_footer,
    forget_column_orders,
    set_statistics,
)
from splice.spliced_job import copied_columns

SEED = 20261201
ROWS = 3000
OLD_ARROW = b"parquet-cpp-arrow version 4.0.1"
NEW_ARROW = b"parquet-cpp-arrow version 26.0.1"
COLUMNS = [field("id", "long"), field("v", "long"), field("s", "string"),
           field("price", "decimal(20,2)"), field("noise", "binary")]


def rows():
    chosen = random.Random(SEED)
    prices = [Decimal(chosen.randrange(-10**8, 10**8)) / 100 for _ in range(ROWS)]
    return pa.table({
        "id": pa.array(range(ROWS), pa.int64()),
        "v": pa.array([None if n % 7 == 0 else n for n in range(ROWS)], pa.int64()),
        "s": pa.array([None if n % 9 == 0 else chosen.choice("aäÿ") * 3 for n in range(ROWS)]),
        "price": pa.array(prices, pa.decimal128(20, 2)),
        "noise": [chosen.randbytes(600) for _ in range(ROWS)]})


def make_bronze(job, edit, **options):
    """Bronze, whose footer `edit` leaves so. Returns its file."""
    return write_table(job.folder / "bronze", rows(), COLUMNS,
                       lambda path: edit_footer(path, edit), **options)


def claim_nulls(count, writer, footer):
    """That the columns v and s have so many."""
    footer[CREATED_BY] = (BINARY, writer)
    for column in (1, 2):
        set_statistics(footer, column, null_count=count)


def stats_of(silver):
    (add,) = live_files(silver).values()
    return json.loads(add["stats"])


@pytest.mark.parametrize("writer", [OLD_ARROW, NEW_ARROW], ids=["old", "new"])
@pytest.mark.parametrize("count", [0, ROWS])
@pytest.mark.parametrize("options", [{}, {"data_page_version": "2.0"}, {"use_dictionary": False}],
                         ids=["", "second pages", "plain"])
def test_nulls_are_those_of_the_pages(job, duckdb_delta, writer, count, options):
    file = make_bronze(job, partial(claim_nulls, count, writer), **options)
    report = job.report(columns={"no_v": "v IS NULL", "no_s": "s IS NULL"})
    assert report["spliced_row_groups"] == 1
    silver = job.folder / "silver"
    assert {"v", "s"} <= copied_columns(file, next(iter(live_files(silver))))
    expected = [-(-ROWS // 7), -(-ROWS // 9)]
    found = job.rows()
    assert [sum(found[name].to_pylist()) for name in ("no_v", "no_s")] == expected
    assert [stats_of(silver)["nullCount"][name] for name in ("v", "s")] == expected
    assert duckdb_delta.sql(f"SELECT count(*) FILTER (v IS NULL), count(*) FILTER (s IS NULL) "
                            f"FROM delta_scan('{silver}')").fetchone() == tuple(expected)
    for where, counted in (("v IS NULL", expected[0]), ("s IS NULL", expected[1])):
        (in_file,) = duckdb_delta.sql(f"SELECT count(*) FROM delta_scan('{silver}') WHERE {where}"
                                      ).fetchone()
        assert in_file == counted
    metadata = pq.read_metadata(next(iter(live_files(silver))))
    by_name = {metadata.row_group(0).column(i).path_in_schema:
               metadata.row_group(0).column(i).statistics for i in range(metadata.num_columns)}
    assert [by_name[name].null_count for name in ("v", "s")] == expected
    job.validate("--full")


def test_zstd_is_counted_of_writers_that_count_wrong(job):
    make_bronze(job, partial(claim_nulls, 0, OLD_ARROW), compression="zstd")
    assert job.report()["spliced_row_groups"] == 1
    assert stats_of(job.folder / "silver")["nullCount"]["v"] == -(-ROWS // 7)


@pytest.mark.parametrize("condition", ["v IS NOT NULL", "s IS NOT NULL"])
def test_an_expectation_sees_the_nulls(job, condition):
    make_bronze(job, partial(claim_nulls, 0, OLD_ARROW))
    job.write(expectations=[{"name": "whole", "expect": condition, "action": "fail"}])
    run = job.spillway("run", job.folder / "pipeline.yaml", exit_code=EXIT_CODES[7])
    assert "SPW-7" in run.stderr


def test_where_sees_the_nulls(job):
    make_bronze(job, partial(claim_nulls, 0, OLD_ARROW))
    job.run(where="v IS NULL")
    assert job.rows().num_rows == -(-ROWS // 7)


def unsigned_bounds(footer):
    """As parquet-mr before 1.10 wrote them: the least and the greatest as unsigned bytes."""
    forget_column_orders(footer)
    footer[CREATED_BY] = (BINARY, b"parquet-mr version 1.8.1 (build 4aba4dae7bb0d4edbcf7923ae13)")
    table = rows()
    stored = [int(price * 100).to_bytes(9, "big", signed=True)
              for price in table["price"].to_pylist()]
    set_statistics(footer, 3, old_minimum=min(stored), old_maximum=max(stored), null_count=0)
    texts = [text.encode() for text in table["s"].to_pylist() if text is not None]
    signed = sorted(texts, key=lambda text: [byte - 256 if byte > 127 else byte for byte in text])
    set_statistics(footer, 2, old_minimum=signed[0], old_maximum=signed[-1],
                   null_count=-(-ROWS // 9))
    set_statistics(footer, 0, old_minimum=struct.pack("<q", 0),
                   old_maximum=struct.pack("<q", ROWS - 1), null_count=0)


def test_bounds_of_old_writers_count_for_numbers_alone(job, duckdb_delta):
    file = make_bronze(job, unsigned_bounds, store_decimal_as_integer=False)
    assert pq.read_metadata(file).schema.column(3).physical_type == "FIXED_LEN_BYTE_ARRAY"
    assert job.report()["spliced_row_groups"] == 1
    silver = job.folder / "silver"
    assert "price" in copied_columns(file, next(iter(live_files(silver))))
    stats = stats_of(silver)
    assert "price" not in stats["minValues"] and "s" not in stats["minValues"]
    assert (stats["minValues"]["id"], stats["maxValues"]["id"]) == (0, ROWS - 1)
    metadata = pq.read_metadata(next(iter(live_files(silver))))
    for column in (2, 3):
        assert not metadata.row_group(0).column(column).statistics.has_min_max
    expected = rows()
    for where in ("price > 950000", "price < -950000", "s > 'b'"):
        (wanted,) = duckdb.sql(f"SELECT count(*) FROM expected WHERE {where}").fetchone()
        (found,) = duckdb_delta.sql(f"SELECT count(*) FROM delta_scan('{silver}') WHERE {where}"
                                    ).fetchone()
        assert found == wanted > 0
    assert expected.num_rows == ROWS
