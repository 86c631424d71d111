"""The job on deltalake alone (delta-rs, DataFusion inside):
deltalake_job.py BRONZE PREDICTIONS SILVER MEMORY_BYTES [WHERE]

DataFusion's hash join cannot spill; its sorts can, so that a merge join of sorted inputs is the one
that works in little memory. With less set aside for the sorts' merging it stood still.
"""

import os
import sys

from deltalake import DeltaTable, QueryBuilder, write_deltalake

bronze, predictions, silver, memory_bytes = sys.argv[1:5]
where = sys.argv[5] if len(sys.argv) > 5 else "true"

query = QueryBuilder({"datafusion.optimizer.prefer_hash_join": "false",
                      "datafusion.execution.sort_spill_reservation_bytes":
                          str(int(memory_bytes) // 32)})
os.makedirs(f"{silver}.spill")
for setting in (f"memory_limit = '{int(memory_bytes) // 2 >> 20}M'",
                f"temp_directory = '{silver}.spill'"):
    list(query.execute(f"SET datafusion.runtime.{setting}"))
query.register("bronze", DeltaTable(bronze))
query.register("predictions", DeltaTable(predictions))
rows = query.execute(
    f"""
    SELECT b.*, p.severity, p.model_version, p.predicted_at,
           now() AS processed_timestamp,
           CASE WHEN severity >= 0.8 THEN 'High'
                WHEN severity >= 0.6 THEN 'Medium-High'
                WHEN severity >= 0.4 THEN 'Medium'
                WHEN severity >= 0.2 THEN 'Low-Medium'
                ELSE 'Low' END AS severity_category,
           coalesce(severity >= 0.5, false) AS high_severity_flag,
           CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN CAST(1.0 AS DOUBLE)
                WHEN content IS NOT NULL THEN CAST(0.7 AS DOUBLE)
                WHEN severity IS NOT NULL THEN CAST(0.3 AS DOUBLE)
                ELSE CAST(0.0 AS DOUBLE) END AS data_quality_score,
           to_char(now(), '%Y-%m-%d') AS partition_date
    FROM (SELECT * FROM bronze WHERE {where}) b
    LEFT JOIN predictions p ON b.image_name = p.image_name
    """
)
write_deltalake(silver, rows, mode="error")
