"""The example pipeline, and the same job as DuckDB does it."""

from pathlib import Path

from harness.reference_job import CLOCK_COLUMNS, SILVER_COLUMNS

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "silver_accident.yaml"

_JOB = f"""
    SELECT {SILVER_COLUMNS}
    FROM delta_scan('{{lake}}/bronze_accident') b
    LEFT JOIN delta_scan('{{lake}}/predictions') p USING (image_name)
"""


def _compute(duckdb_delta, lake: Path, silver: Path) -> None:
    """Makes the tables `expected`, of the lake, and `silver`, both as DuckDB reads them."""
    duckdb_delta.execute(f"CREATE OR REPLACE TEMP TABLE expected AS {_JOB.format(lake=lake)}")
    duckdb_delta.execute(f"""
        CREATE OR REPLACE TEMP TABLE silver AS
        SELECT * EXCLUDE ({", ".join(CLOCK_COLUMNS)}) FROM delta_scan('{silver}')""")
    columns = "SELECT column_name, column_type FROM (DESCRIBE {})"
    described = [duckdb_delta.sql(columns.format(table)).fetchall()
                 for table in ("expected", "silver")]
    assert described[0] == described[1]


def _assert_all_in(duckdb_delta, one: str, other: str) -> None:
    difference = duckdb_delta.sql(f"FROM {one} EXCEPT ALL FROM {other}")
    assert difference.limit(3).fetchall() == [], f"rows of {one} that {other} lacks"


def assert_silver_is_right(duckdb_delta, lake: Path, silver: Path) -> None:
    """All rows of `silver`, as DuckDB reads them, are those that DuckDB makes of the lake."""
    _compute(duckdb_delta, lake, silver)
    _assert_all_in(duckdb_delta, "expected", "silver")
    _assert_all_in(duckdb_delta, "silver", "expected")


def assert_silver_is_part(duckdb_delta, lake: Path, silver: Path) -> int:
    """Each row of `silver` is one that DuckDB makes of the lake, none too often. Their number."""
    _compute(duckdb_delta, lake, silver)
    _assert_all_in(duckdb_delta, "silver", "expected")
    return duckdb_delta.sql("SELECT count(*) FROM silver").fetchone()[0]
