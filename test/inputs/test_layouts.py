"""How a table may lie on the disk: odd paths, many files, several row groups, files that lack a
column or have another order of them, checkpoints, and no rows at all."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, WriterProperties, write_deltalake
from pipelines.delta_log import listing, live_files
from pipelines.job import assert_same_rows


def numbers(first, end):
    return pa.table({"id": pa.array(range(first, end), pa.int64()),
                     "text": [f"t{number}" if number % 5 else None
                              for number in range(first, end)]})


def known(rows):
    return [{"name": "known", "table": rows, "key": ["id"]}]


@pytest.mark.parametrize("name", ["with space", "50%", "%20", "日本語 😀", "a'b\"c", "plus+hash#",
                                  "deep/er/still"])
def test_paths(job, name):
    """The tables are made and read elsewhere: other programs have trouble with such paths."""
    job.table("plain/bronze", numbers(0, 20), files=2)
    job.table("plain/known", numbers(10, 30).rename_columns(["id", "also"]))
    odd = job.folder / name
    odd.parent.mkdir(parents=True, exist_ok=True)
    (job.folder / "plain").rename(odd)
    job.run(source={"table": f"{name}/bronze"}, lookups=known(f"{name}/known"),
            target={"table": f"{name}/silver"})
    assert {path.split("/")[0] for path in listing(job.folder)} == {name.split("/")[0],
                                                                    "pipeline.yaml"}
    odd.rename(job.folder / "plain")
    expected = numbers(0, 20).append_column(
        "also", pa.array([f"t{n}" if n >= 10 and n % 5 else None for n in range(20)]))
    assert_same_rows(expected, job.rows("plain/silver"))


def test_absolute_paths_and_urls(job, tmp_path):
    job.table("bronze", numbers(0, 20))
    job.table("known", numbers(0, 20).rename_columns(["id", "also"]))
    job.run(source={"table": f"file://{tmp_path}/bronze"},
            target={"table": str(tmp_path / "silver")})
    assert_same_rows(numbers(0, 20), job.rows())
    # One slash, as Spark writes it.
    job.run(source={"table": f"file:{tmp_path}/bronze"}, lookups=known(f"file:{tmp_path}/known"),
            target={"table": f"file:{tmp_path}/other"})
    expected = numbers(0, 20).append_column("also", numbers(0, 20)["text"])
    assert_same_rows(expected, job.rows("other"))
    assert not (tmp_path / "file:").exists()
    assert job.spillway("inspect", f"file:{tmp_path}/other").stdout
    job.write(source={"table": "bronze"}, target={"table": "dbfs:/silver"})
    assert "SPW-6004" in job.run(exit_code=6).stderr


def test_relative_paths_start_at_the_pipeline_file(spillway, job, tmp_path):
    job.table("bronze", numbers(0, 20))
    job.write()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    spillway("run", "../pipeline.yaml", cwd=elsewhere)
    assert_same_rows(numbers(0, 20), job.rows())
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("flags", [[], ["--mode=chunked", "--set=processing.chunk_size=37"]],
                         ids=["standard", "chunked"])
def test_many_small_files(job, flags):
    job.table("bronze", numbers(0, 300), files=60)
    job.table("known", numbers(100, 200).rename_columns(["id", "also"]), files=25)
    job.run(*flags, lookups=known("known"))
    expected = numbers(0, 300).append_column("also", pa.array(
        [f"t{n}" if 100 <= n < 200 and n % 5 else None for n in range(300)]))
    assert_same_rows(expected, job.rows())


@pytest.mark.parametrize("chunk_size", [1, 64, 100, 299, 10_000])
def test_chunks_across_row_groups(job, chunk_size):
    rows = 60 if chunk_size == 1 else 1000
    job.table("bronze", numbers(0, rows), files=2, rows_per_group=100)
    report = job.report("--mode=chunked", f"--set=processing.chunk_size={chunk_size}")
    assert report["source_rows"] == rows and report["chunks_left"] == 0
    assert_same_rows(numbers(0, rows), job.rows())


def test_a_chunk_ends_with_a_row_group_near_its_end(job):
    """Then no row group is decoded for two chunks."""
    job.table("bronze", numbers(0, 1000), rows_per_group=100)
    path = next(iter(live_files(job.folder / "bronze")))
    assert pq.ParquetFile(path).num_row_groups == 10
    job.run("--mode=chunked", "--set=processing.chunk_size=190")
    files = live_files(job.folder / "silver")
    assert sorted(pq.ParquetFile(path).metadata.num_rows for path in files) == [200] * 5


def test_files_with_another_order_of_columns_and_without_a_column(job):
    first = pa.table({"id": [1, 2], "text": ["a", "b"]})
    second = pa.table({"number": [1.5, None], "text": ["c", "d"], "id": [3, 4]})
    third = pa.table({"text": ["e"], "number": [2.5]})
    table = job.table("bronze", first)
    for rows in (second, third):
        write_deltalake(str(table), rows, mode="append", schema_mode="merge")
    orders = {tuple(pq.ParquetFile(path).schema_arrow.names) for path in live_files(table)}
    assert len(orders) > 1
    job.run("--mode=chunked", "--set=processing.chunk_size=2", columns={"twice": "number * 2"})
    expected = pa.table({"id": [1, 2, 3, 4, None], "text": ["a", "b", "c", "d", "e"],
                         "number": [None, None, 1.5, None, 2.5],
                         "twice": [None, None, 3.0, None, 5.0]})
    assert_same_rows(expected, job.rows())


def test_a_lookup_whose_old_files_lack_a_column(job):
    job.table("bronze", pa.table({"id": [1, 2, 3]}))
    table = job.table("known", pa.table({"id": [1, 2]}))
    write_deltalake(str(table), pa.table({"id": [3], "late": ["x"]}), mode="append",
                    schema_mode="merge")
    job.run(lookups=known("known"))
    assert_same_rows(pa.table({"id": [1, 2, 3], "late": [None, None, "x"]}), job.rows())


@pytest.mark.parametrize("codec", ["UNCOMPRESSED", "SNAPPY", "ZSTD", "GZIP", "BROTLI", "LZ4_RAW"])
def test_codecs(job, codec):
    write_deltalake(str(job.folder / "bronze"), numbers(0, 3000),
                    writer_properties=WriterProperties(compression=codec))
    job.run(columns={"twice": "id * 2"})
    assert_same_rows(numbers(0, 3000).append_column("twice", pa.array(range(0, 6000, 2))),
                     job.rows())


def test_a_checkpoint_without_the_commits_before_it(job):
    table = job.table("bronze", numbers(0, 40), files=5)
    DeltaTable(table).delete("id % 4 = 0")
    DeltaTable(table).create_checkpoint()
    job.table("bronze", numbers(40, 50))
    dropped = [commit for commit in (table / "_delta_log").glob("*.json") if int(commit.stem) < 5]
    assert len(dropped) == 5
    for commit in dropped:
        commit.unlink()
    job.run()
    expected = numbers(0, 50).filter(pa.array([n % 4 != 0 or n >= 40 for n in range(50)]))
    assert_same_rows(expected, job.rows())


@pytest.mark.parametrize("mode", ["standard", "chunked"])
@pytest.mark.parametrize("empty", ["bronze", "known", "bronze known"])
def test_empty_tables(job, empty, mode):
    """The second run knows that the first one is done, although there was nothing to do."""
    for name, rows in (("bronze", numbers(0, 3)),
                       ("known", numbers(1, 3).rename_columns(["id", "also"]))):
        job.table(name, rows.slice(0, 0) if name in empty else rows)
    job.run(f"--mode={mode}", lookups=known("known"))
    expected = numbers(0, 3).append_column("also", pa.array(
        [None, "t1", "t2"] if "known" not in empty else [None] * 3, pa.string()))
    assert_same_rows(expected.slice(0, 0) if "bronze" in empty else expected, job.rows())
    assert "Nothing to do" in job.run(f"--mode={mode}").stdout
    job.spillway("validate", job.folder / "pipeline.yaml")


def test_a_table_with_nothing_but_a_schema(job):
    DeltaTable.create(str(job.folder / "bronze"), schema=numbers(0, 5).schema)
    job.run()
    assert job.rows().num_rows == 0 and job.rows().column_names == ["id", "text"]
