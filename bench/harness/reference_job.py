"""The guide's job as DuckDB says it: what every engine, ours too, is compared with."""

# What depends on when a job ran is not compared.
CLOCK_COLUMNS = ("processed_timestamp", "partition_date")

# The columns of silver but for those, of bronze rows `b` and their predictions `p`.
SILVER_COLUMNS = """
    b.*, p.* EXCLUDE (image_name),
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
"""
