"""The data files of a target: how many rows and bytes they have, and how they are compressed."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import WriterProperties, write_deltalake
from pipelines.delta_log import live_files
from pipelines.job import assert_same_rows

ROWS = 5000


@pytest.fixture
def job_with_rows(job):
    chosen = random.Random(4)
    rows = pa.table({"id": range(ROWS), "noise": [chosen.randbytes(200) for _ in range(ROWS)],
                     "word": [chosen.choice(["one", "two", None]) for _ in range(ROWS)]})
    write_deltalake(str(job.folder / "bronze"), rows,
                    writer_properties=WriterProperties(compression="ZSTD"))
    return job


def written(job):
    return [pq.ParquetFile(path).metadata for path in sorted(live_files(job.folder / "silver"))]


def codecs(job):
    """The codecs of each column over all files."""
    found = {}
    for metadata in written(job):
        for group in range(metadata.num_row_groups):
            for leaf in range(metadata.num_columns):
                column = metadata.row_group(group).column(leaf)
                found.setdefault(column.path_in_schema, set()).add(column.compression)
    return found


def test_max_records_per_file(job_with_rows):
    job_with_rows.run(target={"table": "silver", "max_records_per_file": 1200})
    assert sorted(file.num_rows for file in written(job_with_rows)) == [200, 1200, 1200, 1200, 1200]
    assert_same_rows(job_with_rows.rows("bronze"), job_with_rows.rows())


def test_target_file_size(job_with_rows):
    """A file ends with the batch in which it reaches its size; little memory, small batches."""
    job_with_rows.write(target={"table": "silver", "target_file_size": "100kB"})
    smallest = job_with_rows.plan()["memory"]["smallest_budget_bytes"]
    job_with_rows.run(f"--memory={smallest}")
    sizes = [path.stat().st_size for path in live_files(job_with_rows.folder / "silver")]
    assert len(sizes) > 1
    assert max(sizes) < 700_000
    assert_same_rows(job_with_rows.rows("bronze"), job_with_rows.rows())


@pytest.mark.parametrize(("compression", "codec"), [
    ("snappy", "SNAPPY"), ("zstd", "ZSTD"), ("zstd(9)", "ZSTD"), ("lz4", "LZ4"),
    ("none", "UNCOMPRESSED"), ("keep", "ZSTD")])
def test_new_columns_are_compressed_as_asked_for(job_with_rows, compression, codec):
    """Columns that the job leaves alone keep the source's codec."""
    job_with_rows.run(columns={"twice": "id * 2", "loud": "upper(word)"},
                      target={"table": "silver", "compression": compression})
    assert codecs(job_with_rows) == {"id": {"ZSTD"}, "noise": {"ZSTD"}, "word": {"ZSTD"},
                                     "twice": {codec}, "loud": {codec}}


def test_lookup_columns_are_new(job_with_rows):
    write_deltalake(str(job_with_rows.folder / "known"), pa.table({"id": [1], "name": ["x"]}),
                    writer_properties=WriterProperties(compression="SNAPPY"))
    job_with_rows.run(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
                      target={"table": "silver", "compression": "none"})
    assert codecs(job_with_rows)["name"] == {"UNCOMPRESSED"}


def test_a_higher_level_makes_smaller_files(job):
    chosen = random.Random(5)
    words = [f"w{number:x}" for number in range(3000)]
    job.table("bronze", pa.table({"text": [" ".join(chosen.choices(words, k=30))
                                           for _ in range(ROWS)]}))
    sizes = []
    for level in (1, 19):
        job.run(columns={"text": "upper(text)"}, pipeline=f"level{level}",
                target={"table": f"level{level}", "compression": f"zstd({level})"})
        sizes.append(sum(path.stat().st_size for path in live_files(job.folder / f"level{level}")))
    assert sizes[1] < 0.95 * sizes[0]
