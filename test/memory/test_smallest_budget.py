"""The smallest budget that `plan` names: a run with it succeeds in a memory cgroup of just that
size, and a budget that is a little smaller is refused."""

import json
import random
import re
import subprocess

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

KINDS = {}


def kind(make):
    """A function that writes the tables of a job and its pipeline file, by its name."""
    KINDS[make.__name__] = make
    return make


def numbered(rows, **columns):
    return pa.table({"id": range(rows), **columns})


def shuffled(rows, seed=1):
    return random.Random(seed).sample(range(rows), rows)


def texts(rows, length, seed=1):
    """Different texts that do not compress."""
    source = random.Random(seed)
    return [source.randbytes(length // 2).hex() for _ in range(rows)]


def bits(kind, count, width):
    """Random values of a type that is so many bits wide."""
    buffer = pa.py_buffer(random.Random(1).randbytes(count * width // 8))
    return pa.Array.from_buffers(kind, count, [None, buffer])


def lookup(name="known", **keys):
    return {"name": name, "table": name, "key": ["id"], **keys}


@kind
def no_lookup(job):
    job.table("bronze", numbered(100_000, text=texts(100_000, 20)))
    job.write(columns={"longer": "concat(text, text)"})


@kind
def small_lookup(job):
    job.table("bronze", numbered(100_000))
    job.table("known", pa.table({"id": shuffled(20_000), "name": texts(20_000, 20)}))
    job.write(lookups=[lookup()], columns={"loud": "upper(name)"})


@kind
def lookup_out_of_core(job):
    job.table("bronze", pa.table({"id": shuffled(300_000)}), files=3)
    job.table("known", pa.table({"id": shuffled(300_000, 2), "name": texts(300_000, 60)}), files=3)
    job.write(lookups=[lookup()])


@kind
def by_ranges(job):
    job.table("bronze", numbered(400_000), files=8)
    job.table("known", pa.table({"id": range(400_000), "name": texts(400_000, 60)}), files=8)
    job.write(lookups=[lookup()])


@kind
def several_lookups(job):
    job.table("bronze", numbered(50_000))
    for number in range(4):
        job.table(f"l{number}", pa.table({"id": shuffled(50_000, number),
                                          f"v{number}": texts(50_000, 30, number)}))
    job.write(lookups=[lookup(f"l{number}") for number in range(4)])


@kind
def duplicates_expand(job):
    job.table("bronze", numbered(5_000, text=texts(5_000, 200)))
    job.table("known", pa.table({"id": [n % 1_000 for n in range(50_000)], "v": range(50_000)}))
    job.write(lookups=[lookup(duplicates="expand")])


@kind
def inner(job):
    job.table("bronze", numbered(60_000))
    job.table("known", pa.table({"id": shuffled(200_000)[:60_000], "v": range(60_000)}))
    job.write(lookups=[lookup(type="inner")])


@kind
def where(job):
    job.table("bronze", numbered(100_000, text=texts(100_000, 40)))
    job.write(where="id % 3 = 0 AND text LIKE '%a%'")


@kind
def key_order(job):
    job.table("bronze", pa.table({"id": shuffled(150_000), "text": texts(150_000, 40)}))
    job.table("known", pa.table({"id": shuffled(50_000, 2), "v": range(50_000)}))
    job.write(lookups=[lookup()], processing={"chunk_order": "key"})


@kind
def wide(job):
    columns = {f"c{number}": range(number, number + 2_000) for number in range(300)}
    job.table("bronze", numbered(2_000, **columns))
    job.write(columns={"sum": "c1 + c2 + c3"})


@kind
def many_row_groups(job):
    job.table("bronze", numbered(40_000, text=texts(40_000, 10)), rows_per_group=40)
    job.write(columns={"longer": "concat(text, 'x')"})


@kind
def long_texts(job):
    job.table("bronze", numbered(2_000, text=texts(2_000, 20_000)))
    job.write(columns={"size": "length(text)"})


@kind
def long_texts_in_the_lookup(job):
    job.table("bronze", pa.table({"id": [n % 300 for n in range(20_000)]}))
    job.table("known", pa.table({"id": range(300), "text": texts(300, 100_000)}))
    job.write(lookups=[lookup()], columns={"size": "length(text)"})


@kind
def embeddings(job):
    values = bits(pa.int16(), 20_000 * 768, 16).cast(pa.float32())
    job.table("bronze", numbered(20_000, vector=pa.FixedSizeListArray.from_arrays(
        values, 768).cast(pa.list_(pa.float32()))))
    job.write(columns={"twice": "id * 2"})


@kind
def lists_of_booleans(job):
    values = bits(pa.bool_(), 4_000 * 2_000, 1)
    job.table("bronze", numbered(4_000, flags=pa.FixedSizeListArray.from_arrays(
        values, 2_000).cast(pa.list_(pa.bool_()))))
    job.write(columns={"twice": "id * 2"})


@kind
def nested(job):
    rows = [{"a": number, "b": {"c": f"{number}", "d": [number] * (number % 4)}}
            for number in range(30_000)]
    job.table("bronze", numbered(30_000, record=pa.array(rows)))
    job.table("known", pa.table({"id": shuffled(30_000), "other": pa.array(rows)}))
    job.write(lookups=[lookup()])


@kind
def partitioned_source(job):
    job.table("bronze", numbered(60_000, day=[f"2026-11-{1 + n % 28:02}" for n in range(60_000)]),
              partition_by=["day"])
    job.write(columns={"twice": "id * 2"})


@kind
def deleted_rows(job):
    job.table("bronze", numbered(60_000, text=texts(60_000, 20)), files=4)
    DeltaTable(job.folder / "bronze").delete("id % 7 = 0")
    job.write(columns={"twice": "id * 2"})


@kind
def mapped_target(job):
    job.table("bronze", numbered(50_000, **{"a name, with (odd) letters": texts(50_000, 20)}))
    job.write(target={"table": "silver", "column_mapping": "name"}, columns={"twice": "id * 2"})


@kind
def big_pages(job):
    properties = WriterProperties(data_page_size_limit=32 << 20, write_batch_size=1 << 20,
                                  data_page_row_count_limit=1 << 30, compression="UNCOMPRESSED",
                                  default_column_properties=ColumnProperties(
                                      dictionary_enabled=False))
    write_deltalake((job.folder / "bronze").as_uri(), numbered(200_000, text=texts(200_000, 100)),
                    writer_properties=properties)
    job.write(columns={"size": "length(text)"})


@kind
def expectations_drop(job):
    job.table("bronze", numbered(80_000, text=texts(80_000, 40)))
    job.write(expectations=[{"name": "a", "expect": "text LIKE '%a%'", "action": "drop"},
                            {"name": "b", "expect": "id % 5 <> 0", "action": "drop"}])


@kind
def append(job):
    job.table("bronze", numbered(60_000))
    job.table("silver", numbered(10, twice=range(10)))
    job.write(target={"table": "silver", "mode": "append"}, columns={"twice": "id * 2"})


@kind
def publish_at_end(job):
    job.table("bronze", numbered(60_000), files=3)
    job.write(target={"table": "silver", "publish": "at_end"}, mode="chunked",
              processing={"chunk_size": 10_000}, columns={"twice": "id * 2"})


@kind
def mostly_null(job):
    values = pa.array([number if number % 100 == 0 else None for number in range(200_000)])
    job.table("bronze", numbered(200_000, rare=values))
    job.write(columns={"known": "rare IS NOT NULL"})


@kind
def long_keys(job):
    keys = texts(3_000, 4_000)
    job.table("bronze", pa.table({"id": keys}), rows_per_group=100)
    job.table("known", pa.table({"id": keys[::2], "v": range(1_500)}), rows_per_group=100)
    job.write(lookups=[lookup()])


@kind
def texts_that_repeat(job):
    """Small as they are stored, 400 MB as values; the footer says nothing of their size."""
    job.table("bronze", numbered(200_000))
    job.table("known", numbered(1, text=["x"]))
    file = next((job.folder / "known").glob("*.parquet"))
    duckdb.sql("COPY (SELECT range::BIGINT AS id, repeat(md5((range % 20)::VARCHAR), 64) AS text "
               f"FROM range(200000)) TO '{file}' (FORMAT parquet)")
    log = job.folder / "known" / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            action["add"]["size"] = file.stat().st_size
            action["add"].pop("stats", None)
    log.write_text("\n".join(json.dumps(action) for action in actions))
    job.write(lookups=[lookup()])


VALIDATED = {"small_lookup", "lookup_out_of_core", "wide", "embeddings", "lists_of_booleans",
             "nested", "long_texts", "expectations_drop", "key_order"}
# What DuckDB is to say of the target: its rows in a form that both sides have.
EXPECTED = {
    "no_lookup": "SELECT id, text, concat(text, text) AS longer FROM bronze",
    "small_lookup": "SELECT b.id, name, upper(name) AS loud FROM bronze b LEFT JOIN known k "
                    "ON b.id = k.id",
    "lookup_out_of_core": "SELECT b.id, name FROM bronze b LEFT JOIN known k ON b.id = k.id",
    "by_ranges": "SELECT b.id, name FROM bronze b LEFT JOIN known k ON b.id = k.id",
    "duplicates_expand": "SELECT b.id, text, v FROM bronze b LEFT JOIN known k ON b.id = k.id",
    "inner": "SELECT b.id, v FROM bronze b JOIN known k ON b.id = k.id",
    "where": "SELECT id, text FROM bronze WHERE id % 3 = 0 AND text LIKE '%a%'",
    "key_order": "SELECT b.id, text, v FROM bronze b LEFT JOIN known k ON b.id = k.id",
    "long_texts_in_the_lookup": "SELECT b.id, text, length(text)::INT AS size FROM bronze b "
                                "LEFT JOIN known k ON b.id = k.id",
    "expectations_drop": "SELECT id, text FROM bronze WHERE text LIKE '%a%' AND id % 5 <> 0",
    "mostly_null": "SELECT id, rare, rare IS NOT NULL AS known FROM bronze",
    "texts_that_repeat": "SELECT b.id, text FROM bronze b LEFT JOIN known k ON b.id = k.id",
}


def assert_rows(connection, folder, query):
    """As multisets, by DuckDB: what one side has and the other has not."""
    for table in ("bronze", "known", "silver"):
        if (folder / table).exists():
            connection.sql(f"CREATE VIEW {table} AS SELECT * FROM delta_scan('{folder / table}')")
    connection.sql(f"CREATE TABLE expected AS {query}")
    assert connection.sql("FROM expected EXCEPT ALL FROM silver LIMIT 1").fetchall() == []
    counts = connection.sql("SELECT (SELECT count(*) FROM expected), (SELECT count(*) FROM silver)")
    expected, stored = counts.fetchone()
    assert expected == stored


def in_group(in_cgroup, spillway, job, verb, mebibytes):
    return subprocess.run(
        [in_cgroup, f"{mebibytes}MiB", spillway.program, verb, job.folder / "pipeline.yaml",
         f"--memory={mebibytes}MiB", "--json"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", KINDS)
def test_the_smallest_budget_runs_and_a_smaller_one_is_refused(
        job, spillway, in_cgroup, duckdb_delta, name):
    KINDS[name](job)
    pipeline = job.folder / "pipeline.yaml"
    refused = spillway("plan", pipeline, "--memory=1MiB", exit_code=5)
    smallest = int(re.search(r"use --memory (\d+)MiB or more", refused.stderr)[1])

    smaller = min(smallest - 1, smallest * 95 // 100)
    assert "SPW-5001" in spillway("plan", pipeline, f"--memory={smaller}MiB", exit_code=5).stderr

    run = in_group(in_cgroup, spillway, job, "run", smallest)
    assert run.returncode == 0, f"{smallest} MiB, {run.returncode}: {run.stderr}"
    report = json.loads(run.stdout)
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= smallest << 20
    # `pytest -s` shows them as a table.
    print(f"| {name} | {smallest} | {report['peak_memory_bytes'] / (1 << 20):.0f} |")
    assert "failed_attempts" not in report or report["failed_attempts"] == []
    if name in EXPECTED:
        assert_rows(duckdb_delta, job.folder, EXPECTED[name])
    if name in VALIDATED:
        check = in_group(in_cgroup, spillway, job, "validate", smallest)
        assert check.returncode == 0, f"{smallest} MiB, {check.returncode}: {check.stderr}"
        assert json.loads(check.stdout)["valid"]


def test_the_number_that_is_named_with_splicing(job):
    """Row groups that splice need no memory for the columns that are copied: not the number of a
    plan that decodes them all."""
    job.table("bronze", numbered(4_000, content=texts(4_000, 8_000)))
    job.write(columns={"twice": "id * 2"})
    assert pq.ParquetFile(next((job.folder / "bronze").glob("*.parquet"))).num_row_groups == 1
    plan = job.plan("--memory=1MiB", exit_code=5)
    assert plan["splice"]["spliced"] == 1
