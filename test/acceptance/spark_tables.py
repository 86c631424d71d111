"""What make_tables.py and compare.py have Spark do; runs inside spark_worker.py."""

from pyspark.sql import functions as F


def write(spark, parquet, table, partition_by=(), properties=None, files=3, mode="append",
          row_group_bytes=None, merge_schema=False, codec="snappy"):
    """Writes the rows of a Parquet file into the Delta table `table`, in so many files."""
    frame = spark.read.parquet(parquet).repartition(files)
    writer = (frame.write.format("delta").mode(mode).option("compression", codec)
              .option("mergeSchema", str(merge_schema).lower()))
    for name, value in (properties or {}).items():
        writer = writer.option(name, value)
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    small = {"parquet.block.size": row_group_bytes, "parquet.page.size": row_group_bytes,
             "parquet.page.size.row.check.min": 5, "parquet.page.size.row.check.max": 5,
             "parquet.block.size.row.check.min": 5, "parquet.block.size.row.check.max": 5}
    if row_group_bytes is not None:
        for name, value in small.items():
            hadoop.set(name, str(value))
    try:
        (writer.partitionBy(*partition_by) if partition_by else writer).save(table)
    finally:
        for name in small:
            hadoop.unset(name)


def copy(spark, source, target, mode="append", overwrite_schema=False):
    """Has Spark make, or write, the Delta table `target` from the rows of `source`."""
    (spark.read.format("delta").load(source).write.format("delta").mode(mode)
     .option("overwriteSchema", str(overwrite_schema).lower()).save(target))


def sql(spark, *, statement):
    spark.sql(statement).collect()


def select(spark, *, statement):
    """The rows of a query over one table that needs no shuffle, and what its scan counted:
    numFiles, numOutputRows .."""
    frame = spark.sql(statement)
    rows = [list(row) for row in frame.collect()]
    scan = frame._jdf.queryExecution().executedPlan().collectLeaves().head()
    counts = {}
    for name in ("numFiles", "numOutputRows"):
        counts[name] = scan.metrics().apply(name).value()
    return {"rows": rows, "scan": counts}


def checkpoint(spark, table):
    """Writes a checkpoint of the newest version."""
    delta_log = spark._jvm.org.apache.spark.sql.delta.DeltaLog
    delta_log.forTable(spark._jsparkSession, table).checkpoint()


def read(spark, table, parquet):
    """Writes the rows of a Delta table as Spark reads them into the folder `parquet`, plainly."""
    frame = spark.read.format("delta").load(table)
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    try:
        frame.select([F.col(f"`{name}`") for name in frame.columns]).coalesce(1).write.mode(
            "overwrite").parquet(parquet)
    finally:
        spark.conf.unset("spark.sql.parquet.outputTimestampType")


def rows(spark, *, statement):
    """The rows of a query, whose values JSON has."""
    return [list(row) for row in spark.sql(statement).collect()]
