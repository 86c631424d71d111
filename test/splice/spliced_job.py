"""Jobs whose row groups are large enough to splice, and the same rows by decoding everything."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
from pipelines.cells import plain_rows
from pipelines.job import Job, read_table
from readers.all_types import rows_of_all_types

SEED = 20261124
ROWS = 2000
LOOKUP = {"lookups": [{"name": "labels", "table": "labels", "key": ["number"]}],
          "columns": {"twice": "number * 2", "has_label": "label IS NOT NULL",
                      "has_noise": "noise IS NOT NULL", "at": "current_timestamp()"}}
DECODED = "where=true"  # drops no row, but who knows that before


def noisy_rows(rows: int = ROWS, seed: int = SEED, **options) -> pa.Table:
    """Rows of every type, and some bytes that make a few hundred rows a row group to keep."""
    chosen = random.Random(seed)
    noise = [None if chosen.random() < 0.1 else chosen.randbytes(1500) for _ in range(rows)]
    return rows_of_all_types(rows, seed, **options).append_column("noise", pa.array(noise))


def labels(rows: int = ROWS) -> pa.Table:
    """A row for two numbers in three."""
    numbers = [number for number in range(rows) if number % 3 != 1]
    return pa.table({"number": pa.array(numbers, pa.int32()),
                     "label": pa.array([f"label {number % 7}" for number in numbers])})


def make_job(spillway, folder, **options) -> Job:
    job = Job(spillway, folder)
    job.table("bronze", noisy_rows(), files=2, **options)
    job.table("labels", labels())
    return job


def decoded_rows(job: Job, *flags: str, **keys) -> pa.Table:
    """What the job gives where no row group splices."""
    report = job.report(*flags, f"--set={DECODED}", "--set=target.table=decoded", **keys)
    assert report["spliced_row_groups"] == 0
    return read_table(job.folder / "decoded")


def assert_same(expected: pa.Table, actual: pa.Table) -> None:
    """As multisets, column by column beside `number`, but for the time of the run."""
    assert set(actual.column_names) == set(expected.column_names)
    for field in expected.schema:
        if field.name in ("at", "number"):
            continue
        columns = pa.schema([expected.schema.field("number"), field])
        assert plain_rows(actual, columns) == plain_rows(expected, columns), field.name


def run_and_compare(job: Job, *flags: str, **keys) -> dict:
    """Runs the job and compares its rows with the decoded ones. Returns its report."""
    keys = keys or LOOKUP
    expected = decoded_rows(job, *flags, **keys)
    report = job.report(*flags, **keys)
    assert_same(expected, job.rows())
    return report



def copied_columns(source, silver) -> set[str]:
    """The leaves whose chunks in the file `silver` are bytes of the file `source`."""
    source_bytes, silver_bytes = source.read_bytes(), silver.read_bytes()
    copied, encoded = set(), set()
    metadata = pq.read_metadata(silver)
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            first = chunk.dictionary_page_offset if chunk.has_dictionary_page else (
                chunk.data_page_offset)
            pages = silver_bytes[first:first + chunk.total_compressed_size]
            (copied if pages in source_bytes else encoded).add(chunk.path_in_schema)
    return copied - encoded
