"""A table that Spillway wrote, of every type and with nulls, for everybody to read."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pipelines.job import Job
from readers.all_types import rows_of_all_types

SEED = 20260131


@dataclass(frozen=True)
class Copied:
    expected: pa.Table  # what was put in
    table: Path  # what Spillway made of it: chunks of files


def copy(spillway, folder, rows):
    job = Job(spillway, folder)
    job.table("bronze", rows, files=2)
    job.run("--mode=chunked", "--set=processing.chunk_size=80",
            "--set=target.max_records_per_file=60", "--set=target.mode=error_if_exists")
    return Copied(rows, folder / "silver")


@pytest.fixture(scope="session")
def copied(spillway, tmp_path_factory):
    print("seed", SEED)
    return copy(spillway, tmp_path_factory.mktemp("types"), rows_of_all_types(500, SEED))


@pytest.fixture(scope="session")
def copied_with_ntz(spillway, tmp_path_factory):
    print("seed", SEED)
    rows = rows_of_all_types(500, SEED, with_ntz=True)
    return copy(spillway, tmp_path_factory.mktemp("ntz"), rows)
