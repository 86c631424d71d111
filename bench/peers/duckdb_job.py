"""The job on DuckDB: duckdb_job.py BRONZE PREDICTIONS SILVER MEMORY_BYTES [WHERE]

DuckDB reads the tables' Parquet files, whose names the Delta log gives, and writes Parquet files,
which deltalake then puts into a new Delta log: faster than a stream of rows into a Delta writer.
"""

import os
import sys

import duckdb
from deltalake import DeltaTable, convert_to_deltalake

bronze, predictions, silver, memory_bytes = sys.argv[1:5]
where = sys.argv[5] if len(sys.argv) > 5 else "true"


def files(table: str) -> list[str]:
    return [uri.removeprefix("file://") for uri in DeltaTable(table).file_uris()]


connection = duckdb.connect()
for setting in (
    f"memory_limit = '{int(memory_bytes) * 3 // 4 >> 10}KiB'",
    f"temp_directory = '{silver}.spill'",
    f"threads = {os.cpu_count()}",
    "preserve_insertion_order = false",
    "TimeZone = 'UTC'",
):
    connection.execute(f"SET {setting}")
os.makedirs(silver)
connection.execute(
    f"""
    COPY (
      SELECT b.*, p.* EXCLUDE (image_name),
             now() AS processed_timestamp,
             CASE WHEN severity >= 0.8 THEN 'High'
                  WHEN severity >= 0.6 THEN 'Medium-High'
                  WHEN severity >= 0.4 THEN 'Medium'
                  WHEN severity >= 0.2 THEN 'Low-Medium'
                  ELSE 'Low' END AS severity_category,
             coalesce(severity >= 0.5, false) AS high_severity_flag,
             CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0::DOUBLE
                  WHEN content IS NOT NULL THEN 0.7::DOUBLE
                  WHEN severity IS NOT NULL THEN 0.3::DOUBLE
                  ELSE 0.0::DOUBLE END AS data_quality_score,
             strftime(now(), '%Y-%m-%d') AS partition_date
      FROM read_parquet({files(bronze)}) b
      LEFT JOIN read_parquet({files(predictions)}) p USING (image_name)
      WHERE {where}
    ) TO '{silver}' (FORMAT parquet, COMPRESSION snappy, PER_THREAD_OUTPUT true, OVERWRITE true)
    """
)
convert_to_deltalake(silver)
