"""Is the silver table right? Row count and hash sums of every column that does not depend on the
time, computed by DuckDB over the engine's table and over its own join of the inputs."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
from harness.data import files_of
from harness.engines import Place
from harness.jobs import Job
from harness.reference_job import CLOCK_COLUMNS, SILVER_COLUMNS

# Instants as microseconds: engines differ in the types that they write them with.
COLUMNS = {
    "image_name": "image_name",
    "path": "path",
    "modificationTime": "epoch_us(modificationTime)",
    "length": "length",
    "content": "content",
    "source": "source",
    "severity": "severity",
    "model_version": "model_version",
    "predicted_at": "epoch_us(predicted_at)",
    "severity_category": "severity_category",
    "high_severity_flag": "high_severity_flag",
    "data_quality_score": "data_quality_score",
}

_JOB = f"""
    SELECT {SILVER_COLUMNS}
    FROM (FROM read_parquet({{bronze}}) WHERE {{where}}) b
    LEFT JOIN ({{lookup}} read_parquet({{predictions}})) p USING (image_name)
"""


@dataclass(frozen=True)
class Sums:
    """A table as a multiset of rows: how many, and the sums of their hashes."""

    rows: int
    by_column: dict[str, int]
    whole_rows: int

    def difference(self, other: "Sums") -> str | None:
        """What is wrong with `self` if `other` is right; None where they are equal."""
        if self.rows != other.rows:
            return f"{self.rows:,} rows, not {other.rows:,}"
        wrong = [name for name in other.by_column if self.by_column[name] != other.by_column[name]]
        if wrong:
            return f"wrong values in {', '.join(wrong)}"
        return None if self.whole_rows == other.whole_rows else "values in wrong rows"


class Checker:
    def __init__(self, cache: Path, memory_bytes: int) -> None:
        self._cache = cache
        self._connection = duckdb.connect()
        self._connection.execute(f"SET memory_limit = '{memory_bytes >> 20}MiB'")
        self._connection.execute(f"SET temp_directory = '{cache / 'check.spill'}'")
        self._connection.execute("SET preserve_insertion_order = false")

    def reference(self, job: Job, place: Place) -> Sums:
        """The sums of the rows that DuckDB makes. They are kept beside the data."""
        query = _sums_of(_JOB.format(
            bronze=files_of(place.bronze),
            predictions=files_of(place.predictions),
            where=job.where or "true",
            # The benchmark's duplicates are equal in all columns.
            lookup="SELECT DISTINCT * FROM" if job.duplicates == "first" else "FROM",
        ))
        key = hashlib.sha256(f"{duckdb.__version__} {query}".encode()).hexdigest()[:16]
        kept = self._cache / job.data.name / f"reference-{key}.json"
        if kept.exists():
            return Sums(**json.loads(kept.read_text()))
        sums = self._sums(query)
        kept.write_text(json.dumps(sums.__dict__))
        return sums

    def fault(self, job: Job, place: Place) -> str | None:
        """What is wrong with the silver table; None for nothing."""
        try:
            files = files_of(place.silver)
            silver = self._sums(_sums_of(f"FROM read_parquet({files})"))
            empty_clocks = self._connection.execute(
                f"SELECT count(*) FROM read_parquet({files}) WHERE "
                + " OR ".join(f"{column} IS NULL" for column in CLOCK_COLUMNS)).fetchone()[0]
        except Exception as error:  # of deltalake or of DuckDB: the table cannot be read
            return f"unreadable: {str(error).splitlines()[0]}"
        if empty_clocks:
            return f"{empty_clocks:,} rows without {' or '.join(CLOCK_COLUMNS)}"
        return silver.difference(self.reference(job, place))

    def _sums(self, query: str) -> Sums:
        rows, whole_rows, *columns = self._connection.execute(query).fetchone()
        return Sums(rows, dict(zip(COLUMNS, map(int, columns))), int(whole_rows))


def _sums_of(query: str) -> str:
    hashes = [f"coalesce(sum(hash({value})), 0)" for value in COLUMNS.values()]
    return (f"SELECT count(*), coalesce(sum(hash({', '.join(COLUMNS.values())})), 0), "
            f"{', '.join(hashes)} FROM ({query})")
