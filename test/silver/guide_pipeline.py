"""The example pipeline, and the same job as DuckDB does it."""

from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "silver_accident.yaml"
CLOCK_COLUMNS = ("processed_timestamp", "partition_date")

_JOB = """
    SELECT b.*, p.* EXCLUDE (image_name),
           CASE WHEN severity >= 0.8 THEN 'High'
                WHEN severity >= 0.6 THEN 'Medium-High'
                WHEN severity >= 0.4 THEN 'Medium'
                WHEN severity >= 0.2 THEN 'Low-Medium'
                ELSE 'Low' END AS severity_category,
           severity IS NOT NULL AND severity >= 0.5 AS high_severity_flag,
           CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0::DOUBLE
                WHEN content IS NOT NULL THEN 0.7::DOUBLE
                WHEN severity IS NOT NULL THEN 0.3::DOUBLE
                ELSE 0.0::DOUBLE END AS data_quality_score
    FROM delta_scan('{lake}/bronze_accident') b
    LEFT JOIN delta_scan('{lake}/predictions') p USING (image_name)
"""


def assert_silver_is_right(duckdb_delta, lake: Path, silver: Path) -> None:
    """All rows of `silver`, as DuckDB reads them, are those that DuckDB makes of the lake."""
    duckdb_delta.execute(f"CREATE OR REPLACE TEMP TABLE expected AS {_JOB.format(lake=lake)}")
    duckdb_delta.execute(f"""
        CREATE OR REPLACE TEMP TABLE silver AS
        SELECT * EXCLUDE ({", ".join(CLOCK_COLUMNS)}) FROM delta_scan('{silver}')""")
    columns = "SELECT column_name, column_type FROM (DESCRIBE {})"
    described = [duckdb_delta.sql(columns.format(table)).fetchall()
                 for table in ("expected", "silver")]
    assert described[0] == described[1]
    for one, other in (("expected", "silver"), ("silver", "expected")):
        difference = duckdb_delta.sql(f"FROM {one} EXCEPT ALL FROM {other}")
        assert difference.limit(3).fetchall() == [], f"rows of {one} that {other} lacks"
