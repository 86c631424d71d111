"""The job on Daft's native runner: daft_job.py BRONZE PREDICTIONS SILVER MEMORY_BYTES [WHERE]"""

import sys
from datetime import UTC, datetime

import daft
from daft import DataType, col, lit

bronze, predictions, silver, _ = sys.argv[1:5]

source = daft.read_deltalake(bronze)
if len(sys.argv) > 5:
    source = source.where(sys.argv[5])
severity, content = col("severity"), col("content")
now = datetime.now(UTC)
# Daft's CASE is null where a condition is, other than in SQL.
category = daft.sql_expr(
    "CASE WHEN severity IS NULL THEN 'Low' WHEN severity >= 0.8 THEN 'High'"
    " WHEN severity >= 0.6 THEN 'Medium-High' WHEN severity >= 0.4 THEN 'Medium'"
    " WHEN severity >= 0.2 THEN 'Low-Medium' ELSE 'Low' END"
)
score = daft.sql_expr(
    "CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0"
    " WHEN content IS NOT NULL THEN 0.7 WHEN severity IS NOT NULL THEN 0.3 ELSE 0.0 END"
)
(
    source.join(daft.read_deltalake(predictions), on="image_name", how="left")
    .with_columns(
        {
            "processed_timestamp": lit(now).cast(DataType.timestamp("us", "UTC")),
            "severity_category": category,
            "high_severity_flag": (severity >= 0.5).fill_null(False),
            "data_quality_score": score,
            "partition_date": lit(now.strftime("%Y-%m-%d")),
        }
    )
    .write_deltalake(silver, mode="error")
)
