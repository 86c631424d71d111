"""The example pipeline, and the same job as DuckDB does it."""

from pathlib import Path

from harness.reference_job import CLOCK_COLUMNS, SILVER_COLUMNS

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "silver_accident.yaml"

_JOB = f"""
    SELECT {SILVER_COLUMNS}
    FROM delta_scan('{{lake}}/bronze_accident') b
    LEFT JOIN delta_scan('{{lake}}/predictions') p USING (image_name)
"""


def _compute_expected(duckdb_delta, lake: Path) -> None:
    """Makes the table `expected`, if it is not the one of this lake as it is."""
    tables = [lake / name for name in ("bronze_accident", "predictions")]
    state = " ".join(str(path) for table in tables
                     for path in sorted((table / "_delta_log").glob("*.json")))
    made = duckdb_delta.sql(
        "SELECT comment FROM duckdb_tables() WHERE table_name = 'expected'").fetchone()
    if made != (state,):
        duckdb_delta.execute(f"CREATE OR REPLACE TEMP TABLE expected AS {_JOB.format(lake=lake)}")
        duckdb_delta.execute(f"COMMENT ON TABLE expected IS '{state}'")


def _compute(duckdb_delta, lake: Path, silver: Path) -> None:
    """Makes the tables `expected`, of the lake, and `silver`, both as DuckDB reads them."""
    _compute_expected(duckdb_delta, lake)
    duckdb_delta.execute(f"""
        CREATE OR REPLACE TEMP TABLE silver AS
        SELECT * EXCLUDE ({", ".join(CLOCK_COLUMNS)}) FROM delta_scan('{silver}')""")
    columns = "SELECT column_name, column_type FROM (DESCRIBE {})"
    described = [duckdb_delta.sql(columns.format(table)).fetchall()
                 for table in ("expected", "silver")]
    assert described[0] == described[1]


def _count(duckdb_delta, table: str) -> int:
    return duckdb_delta.sql(f"SELECT count(*) FROM {table}").fetchone()[0]


def assert_silver_is_right(duckdb_delta, lake: Path, silver: Path) -> None:
    """All rows of `silver`, as DuckDB reads them, are those that DuckDB makes of the lake."""
    rows = assert_silver_is_part(duckdb_delta, lake, silver)
    assert rows == _count(duckdb_delta, "expected")


def assert_silver_is_part(duckdb_delta, lake: Path, silver: Path) -> int:
    """Each row of `silver` is one that DuckDB makes of the lake, none too often. Their number."""
    _compute(duckdb_delta, lake, silver)
    difference = duckdb_delta.sql("FROM silver EXCEPT ALL FROM expected")
    assert difference.limit(3).fetchall() == [], "rows of silver that the lake does not give"
    return _count(duckdb_delta, "silver")
