"""The job on Polars, streaming: polars_job.py BRONZE PREDICTIONS SILVER MEMORY_BYTES [WHERE]

With its spilling, which is new and unstable, turned on at half of the limit.
"""

import os
import sys
from datetime import UTC, datetime

bronze, predictions, silver, memory_bytes = sys.argv[1:5]
os.environ["POLARS_OOC_MEMORY_BUDGET_MB"] = str(int(memory_bytes) // 2_000_000)
os.environ["POLARS_OOC_SPILL_DIR"] = f"{silver}.spill"
os.makedirs(f"{silver}.spill")

# It reads its environment when it is imported.
import polars as pl  # noqa: E402

source = pl.scan_delta(bronze)
if len(sys.argv) > 5:
    source = source.filter(pl.sql_expr(sys.argv[5]))
severity, content = pl.col("severity"), pl.col("content")
now = datetime.now(UTC)
(
    source.join(pl.scan_delta(predictions), on="image_name", how="left")
    .with_columns(
        processed_timestamp=pl.lit(now),
        severity_category=pl.when(severity >= 0.8).then(pl.lit("High"))
        .when(severity >= 0.6).then(pl.lit("Medium-High"))
        .when(severity >= 0.4).then(pl.lit("Medium"))
        .when(severity >= 0.2).then(pl.lit("Low-Medium"))
        .otherwise(pl.lit("Low")),
        high_severity_flag=(severity >= 0.5).fill_null(False),
        data_quality_score=pl.when(content.is_not_null() & severity.is_not_null()).then(1.0)
        .when(content.is_not_null()).then(0.7)
        .when(severity.is_not_null()).then(0.3)
        .otherwise(0.0),
        partition_date=pl.lit(now.strftime("%Y-%m-%d")),
    )
    .sink_delta(silver, engine="streaming")
)
