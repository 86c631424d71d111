"""The job on Spark and Delta: spark_job.py BRONZE PREDICTIONS SILVER MEMORY_BYTES [WHERE]

The guide's settings; a heap that leaves a quarter of the limit, at least 512 MiB, to the rest of
the JVM and to Python; the collector that needs least beside the heap; row groups that fit the heap;
no more tasks for Delta's log than it has work. BENCH_DELTA_JARS names the jars.
"""

import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

bronze, predictions, silver, memory_bytes = sys.argv[1:5]
where = sys.argv[5] if len(sys.argv) > 5 else "true"

mebibytes = int(memory_bytes) >> 20
heap = max(64, mebibytes - max(512, mebibytes // 4))
settings = {
    "spark.jars": os.environ["BENCH_DELTA_JARS"],
    "spark.driver.memory": f"{heap}m",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    "spark.hadoop.parquet.block.size": str(min(128, max(8, heap // 16)) << 20),
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.local.dir": f"{silver}.spill",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.coalescePartitions.minPartitionSize": str(128 << 20),
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": str(256 << 20),
    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
    "spark.driver.maxResultSize": "4g",
}
builder = SparkSession.builder.master(f"local[{os.cpu_count()}]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()

source = spark.read.format("delta").load(bronze).where(where)
lookup = spark.read.format("delta").load(predictions)
severity, content = F.col("severity"), F.col("content")
(
    source.join(lookup, "image_name", "left_outer")
    .withColumn("processed_timestamp", F.current_timestamp())
    .withColumn(
        "severity_category",
        F.when(severity >= 0.8, "High")
        .when(severity >= 0.6, "Medium-High")
        .when(severity >= 0.4, "Medium")
        .when(severity >= 0.2, "Low-Medium")
        .otherwise("Low"),
    )
    .withColumn("high_severity_flag", F.when(severity >= 0.5, True).otherwise(False))
    .withColumn(
        "data_quality_score",
        F.when(content.isNotNull() & severity.isNotNull(), 1.0)
        .when(content.isNotNull(), 0.7)
        .when(severity.isNotNull(), 0.3)
        .otherwise(0.0),
    )
    .withColumn("partition_date", F.date_format("processed_timestamp", "yyyy-MM-dd"))
    .write.format("delta")
    .mode("error")
    .save(silver)
)
spark.stop()
