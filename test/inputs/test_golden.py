"""Tables that other engines wrote, with what deltalake does not write: deletion vectors, column
mapping, checkpoints of the second kind, odd paths. Each comes with its rows as Spark read them."""

import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_input.refusal import assert_refused
from pipelines.cells import plain_rows
from pipelines.job import Job

TABLES = [
    "124-decimal-decode-bug", "basic-decimal-table-legacy", "basic-with-inserts-deletes-checkpoint",
    "basic-with-inserts-overwrite-restore", "basic-with-vacuum-protocol-check-feature",
    "corrupted-last-checkpoint-kernel", "data-reader-array-complex-objects",
    "data-reader-date-types-America", "data-reader-date-types-Etc", "data-reader-date-types-Jst",
    "data-reader-date-types-utc", "data-reader-map",
    "data-reader-nullable-field-invalid-schema-key", "data-reader-primitives",
    "data-reader-timestamp_ntz-name-mode", "data-skipping-basic-stats-all-types-checkpoint",
    "data-skipping-basic-stats-all-types-columnmapping-name",
    "data-skipping-change-stats-collected-across-versions", "decimal-various-scale-precision",
    "dv-with-columnmapping", "kernel-timestamp-int96", "kernel-timestamp-timestamp_micros",
    "log-replay-dv-key-cases", "log-replay-special-characters", "log-replay-special-characters-a",
    "parquet-all-types-legacy-format", "parquet-decimal-dictionaries", "snapshot-data0",
    "snapshot-data2-deleted", "snapshot-data3", "snapshot-vacuumed",
    "table-with-columnmapping-mode-name", "time-travel-partition-changes-b",
    "time-travel-schema-changes-b", "time-travel-start-start20", "v2-checkpoint-parquet",
]

# Every file of theirs was removed again, some under another spelling of its path (as Spark reads
# them; deltalake and the kernel alone do not know the spelling).
EMPTY = ["canonicalized-paths-normal-b", "canonicalized-paths-special-b"]
# The code, and the fault's name.
REFUSED = {
    "deltalog-commit-info": (3003, "schemaString"),
    "deltalog-invalid-protocol-version": (3003, "Reader features"),
    "deltalog-state-reconstruction-from-checkpoint-missing-protocol": (3003, "schemaString"),
    "deltalog-state-reconstruction-without-protocol": (3003, "No protocol"),
    "no-delta-log-folder": (3002, "not a Delta table"),
    "update-deleted-directory": (3003, "schemaString"),
}


@pytest.fixture(scope="session")
def golden(corpora, tmp_path_factory):
    """golden(name): a folder with delta/, the table, and expected/, its rows as Parquet."""
    folder = tmp_path_factory.mktemp("golden")

    def unpacked(name):
        if not (folder / name).exists():
            archive = corpora / "delta-golden" / f"{name}.tar.zst"
            subprocess.run(["tar", "-C", folder, "-xf", archive], check=True)
        return folder / name

    return unpacked


@pytest.mark.parametrize("name", TABLES)
def test_all_rows_come_through(spillway, golden, tmp_path, name):
    job = Job(spillway, tmp_path)
    expected = pq.read_table(golden(name) / "expected")
    size = max(5, expected.num_rows // 3)
    job.run("--mode=chunked", f"--set=processing.chunk_size={size}",
            source={"table": str(golden(name) / "delta")})
    found = job.rows()
    assert set(found.column_names) == set(expected.column_names)
    assert plain_rows(found, expected.schema) == plain_rows(expected, expected.schema)


def test_rows_that_a_deletion_vector_deletes_are_no_match(spillway, golden, tmp_path):
    """A lookup with deletion vectors and column mapping, joined to keys that were there once."""
    alive = pq.read_table(golden("dv-with-columnmapping") / "expected")
    assert 0 < alive.num_rows < 50
    job = Job(spillway, tmp_path)
    job.table("bronze", pa.table({"col1": pa.array(range(50), alive.schema.field("col1").type)}))
    job.run(lookups=[{"name": "mapped", "table": str(golden("dv-with-columnmapping") / "delta"),
                      "key": ["col1"], "type": "inner"}])
    assert plain_rows(job.rows(), alive.schema) == plain_rows(alive, alive.schema)


@pytest.mark.parametrize("name", EMPTY)
def test_all_rows_are_gone(spillway, golden, tmp_path, name):
    run = spillway("inspect", golden(name) / "delta", "--json")
    assert (json.loads(run.stdout)["files"], json.loads(run.stdout)["rows"]) == (0, 0)


@pytest.mark.parametrize("name", REFUSED)
def test_the_fault_is_named(spillway, golden, tmp_path, name):
    job = Job(spillway, tmp_path)
    job.write(source={"table": str(golden(name) / "delta")})
    code, fault = REFUSED[name]
    assert_refused(job, code, fault, str(golden(name) / "delta"))


def test_no_table_is_left_out(corpora):
    suffix = ".tar.zst"
    there = {path.name.removesuffix(suffix) for path in (corpora / "delta-golden").iterdir()}
    assert there == {*TABLES, *EMPTY, *REFUSED}
