"""Small files that ask for much: each ends with a coded error, in a memory cgroup as large as the
budget, and nobody is killed."""

import gzip
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trust.conftest import assert_error
from trust.crafted import (
    DATA_PAGE,
    DICTIONARY_PAGE,
    ID_SCHEMA,
    VECTOR_FILE,
    added,
    definition,
    element,
    full_bitmap,
    inline_vector,
    log_file,
    nested_schema,
    page,
    row_group,
    vector_file,
    write_log,
    write_parquet,
    write_table,
)

CORRUPT_LOG, CORRUPT_FILE, TOO_SMALL, EXCEEDED = 3003, 3004, 5001, 5002
MIB = 1 << 20


def sparse(path, size):
    """A file of that size that takes no room on the disk."""
    path.touch()
    os.truncate(path, size)


def test_a_commit_as_large_as_a_disk(contained, table):
    sparse(log_file(table, 1), 1 << 40)
    for verb in ("run", "inspect"):
        assert_error(contained(table, verb=verb), EXCEEDED, "log")


def test_a_hint_as_large_as_a_disk(contained, table, job):
    """It is only a hint: the log is read without it."""
    sparse(log_file(table, "_last_checkpoint"), 1 << 40)
    for verb in ("run", "inspect"):
        assert contained(table, verb=verb) == (0, "")
    assert job.rows().num_rows == 100


def test_a_checkpoint_that_inflates(contained, table):
    """A few KB of ZSTD, 200 MiB of statistics."""
    size = (table / "a.parquet").stat().st_size
    kind = pa.struct([("path", pa.string()), ("partitionValues", pa.map_(pa.string(), pa.string())),
                      ("size", pa.int64()), ("modificationTime", pa.int64()),
                      ("dataChange", pa.bool_()), ("stats", pa.string())])
    add = {**added("a.parquet", size)["add"], "partitionValues": [], "stats": "x" * (200 * MIB)}
    path = log_file(table, f"{0:020}.checkpoint.parquet")
    pq.write_table(pa.table({"add": pa.array([add], kind)}), path, compression="zstd",
                   use_dictionary=False, write_statistics=False)
    assert path.stat().st_size < 100_000
    assert_error(contained(table), EXCEEDED, "log")


@pytest.mark.parametrize("depth", [101, 60_000])
def test_a_checkpoint_that_nests(contained, table, job, depth):
    """Its reader calls itself for every level, on a stack of a megabyte or two. Where the commits
    are there still, it is passed over."""
    write_parquet(log_file(table, f"{0:020}.checkpoint.parquet"), nested_schema(depth))
    assert contained(table) == (0, "")
    assert job.rows().num_rows == 100
    log_file(table, f"{0:020}.json").unlink()
    log_file(table, f"{1:020}.json").write_text('{"commitInfo":{}}\n')
    shutil.rmtree(job.folder / "silver")
    assert_error(contained(table), CORRUPT_LOG, "checkpoint.parquet", "nests")


@pytest.mark.parametrize("depth", [31, 63, 100, 5000])
def test_a_schema_that_nests(contained, table, depth):
    kind = '"long"'
    for _ in range(depth):
        kind = f'{{"type":"array","elementType":{kind},"containsNull":true}}'
    field = f'{{"name":"id","type":{kind},"nullable":true,"metadata":{{}}}}'
    write_log(table, definition(schema=f'{{"type":"struct","fields":[{field}]}}'))
    exit_code, error = contained(table)
    assert exit_code == 3 and "nest" in error, error


def test_statistics_that_nest(contained, table):
    stats = '{"numRecords":100,"minValues":' + '{"a":' * 100_000 + "1" + "}" * 100_001
    size = (table / "a.parquet").stat().st_size
    write_log(table, [*definition(), added("a.parquet", size, stats=stats)])
    assert contained(table) == (0, "")


def test_statistics_that_lie(contained, table, job):
    """They are hints: the rows that are there come through."""
    size = (table / "a.parquet").stat().st_size
    stats = json.dumps({"numRecords": 2**63 - 1, "minValues": {"id": 900}, "nullCount": {"id": -1}})
    write_log(table, [*definition(), added("a.parquet", size, stats=stats)])
    assert contained(table, "--set=where=id < 50") == (0, "")
    assert sorted(job.rows()["id"].to_pylist()) == list(range(50))


def with_vector(table, vector):
    size = (table / "a.parquet").stat().st_size
    write_log(table, [*definition(), added("a.parquet", size, deletionVector=vector)])


@pytest.mark.parametrize(("cardinality", "told"), [
    (10_000 * 65_536, "of a file with 100 rows"), (3, "where the log says 3")])
def test_a_deletion_vector_of_half_a_billion_rows(contained, table, cardinality, told):
    """In 175 KB of the log; as numbers they would take 5 GB."""
    with_vector(table, inline_vector(full_bitmap(10_000), cardinality))
    assert_error(contained(table), CORRUPT_LOG, told)
    assert_error(contained(table, verb="inspect"), CORRUPT_LOG, told)


def test_a_deletion_vector_that_claims_bitmaps(contained, table):
    with_vector(table, inline_vector(full_bitmap(1), 65_536, bitmaps=2**40))
    assert_error(contained(table), CORRUPT_LOG)


def test_a_deletion_vector_as_large_as_a_disk(contained, table):
    with_vector(table, vector_file())
    sparse(table / VECTOR_FILE, 1 << 40)
    assert_error(contained(table), EXCEEDED, "deletion vector")


def test_a_schema_of_a_file_that_nests(contained, job):
    for depth in (101, 100_000):
        table = write_table(job.folder / f"t{depth}", nested_schema(depth))
        assert_error(contained(table), CORRUPT_FILE, "a.parquet", "nested")


@pytest.mark.parametrize("children", [-5, 1_000_000_000, 2**31 - 1])
def test_a_schema_that_claims_children(contained, job, children):
    table = write_table(job.folder / "t", [element("root", children), element("id")])
    assert_error(contained(table), CORRUPT_FILE, "a.parquet")


def test_a_footer_that_claims_elements(contained, job):
    table = write_table(job.folder / "t", ID_SCHEMA, claimed_elements=2**31 - 1)
    assert_error(contained(table), CORRUPT_FILE, "a.parquet")


@pytest.mark.parametrize("rows", [2**40, 2**62])
def test_a_footer_that_claims_rows(contained, job, rows):
    pages = page(DATA_PAGE, 2**31 - 1, 8, b"\0" * 8)
    table = write_table(job.folder / "t", ID_SCHEMA, rows, [row_group(rows, len(pages))], pages)
    for verb in ("run", "plan", "inspect"):
        assert_error(contained(table, verb=verb), CORRUPT_FILE, "a.parquet", "cannot hold")


def test_a_footer_of_a_million_row_groups(contained, job):
    """32 MB that take a GB once they are taken apart."""
    table = write_table(job.folder / "t", ID_SCHEMA, 0, [row_group(0, 0)] * 1_000_000)
    assert_error(contained(table), TOO_SMALL)


def test_a_footer_as_large_as_a_disk(contained, job):
    table = write_table(job.folder / "t", ID_SCHEMA)
    path = table / "a.parquet"
    with path.open("r+b") as file:
        file.truncate(1 << 40)
        file.seek(-8, os.SEEK_END)
        file.write(b"\xff\xff\xff\xffPAR1")
    exit_code, error = contained(table)
    assert exit_code == 5 and "SPW-5002" in error, error


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd"])
def test_a_page_that_claims_to_inflate(contained, job, codec):
    pages = page(DATA_PAGE, 100, 2**31 - 1, b"\1" * 60)
    group = row_group(100, len(pages), codec)
    table = write_table(job.folder / "t", ID_SCHEMA, 100, [group], pages)
    exit_code, error = contained(table, "--set=where=id > 3")
    assert exit_code == (3 if codec == "none" else 5) and "error[SPW-" in error, error


def test_a_dictionary_that_claims_values(contained, job):
    dictionary = page(DICTIONARY_PAGE, 2**31 - 1, 8, b"\0" * 8)
    pages = dictionary + page(DATA_PAGE, 100, 20, b"\0" * 20)
    group = row_group(100, len(pages), dictionary_bytes=len(dictionary))
    table = write_table(job.folder / "t", ID_SCHEMA, 100, [group], pages)
    assert_error(contained(table, "--set=where=id > 3"), EXCEEDED)


def test_pages_that_inflate(contained, job):
    """A few KB of ZSTD, two texts of 100 MiB."""
    table = job.folder / "t"
    field = {"name": "s", "type": "string", "nullable": True, "metadata": {}}
    write_log(table, definition(fields=[field]))
    texts = pa.table({"s": [letter * (100 * MIB) for letter in "xy"]})
    pq.write_table(texts, table / "a.parquet", compression="zstd", use_dictionary=False,
                   write_statistics=False)
    size = (table / "a.parquet").stat().st_size
    assert size < 100_000
    write_log(table, [added("a.parquet", size)], 1)
    assert_error(contained(table), TOO_SMALL)


def test_a_commit_that_is_packed_is_no_commit(contained, table):
    """Nobody unpacks it: 64 MiB of zeros stay 64 KB."""
    packed = gzip.compress(b"\0" * (64 * MIB))
    log_file(table, 1).write_bytes(packed)
    assert_error(contained(table), CORRUPT_LOG, log_file(table, 1).name)
