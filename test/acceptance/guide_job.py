"""The bronze -> silver job of the memory guide, step by step, on real Spark: what it writes is the
definition of Spillway's result.

  spark-submit ... guide_job.py --bronze TABLE --predictions TABLE --output TABLE \
      [--mode standard|chunked] [--chunk-size N]

It differs from the guide's text in two places. Tables are named by path. And the empty table is
made by a filter that no row passes: the guide's own, `image_name IS NULL`, lets a row through when
the first row of the join has a NULL key.
"""

import argparse
import pathlib
import sys

from pyspark.sql import functions as F
from pyspark.sql.functions import col, current_timestamp, lit, row_number, when
from pyspark.sql.window import Window

KEY = "image_name"
MODES = ("standard", "chunked")


def create_empty_silver_table(bronze_df, predictions_df, output):
    """Creates the silver table with its schema and without rows."""
    temp_df = bronze_df.join(predictions_df, KEY, "left_outer").limit(1)
    schema_df = (temp_df
                 .withColumn("processed_timestamp", current_timestamp())
                 .withColumn("severity_category", lit("Low"))
                 .withColumn("high_severity_flag", lit(False))
                 .withColumn("data_quality_score", lit(1.0))
                 .withColumn("partition_date", F.date_format(current_timestamp(), "yyyy-MM-dd")))
    (schema_df.filter(lit(False)).write.format("delta").mode("overwrite")
     .option("overwriteSchema", "true").save(output))


def process_chunk(chunk_df, predictions_df):
    """The silver rows of a chunk of bronze rows."""
    return (chunk_df
            .join(predictions_df, KEY, "left_outer")
            .withColumn("processed_timestamp", current_timestamp())
            .withColumn("severity_category",
                        when(col("severity") >= 0.8, "High")
                        .when(col("severity") >= 0.6, "Medium-High")
                        .when(col("severity") >= 0.4, "Medium")
                        .when(col("severity") >= 0.2, "Low-Medium")
                        .otherwise("Low"))
            .withColumn("high_severity_flag", when(col("severity") >= 0.5, True).otherwise(False))
            .withColumn("data_quality_score",
                        when(col("content").isNotNull() & col("severity").isNotNull(), 1.0)
                        .when(col("content").isNotNull() & col("severity").isNull(), 0.7)
                        .when(col("content").isNull() & col("severity").isNotNull(), 0.3)
                        .otherwise(0.0))
            .withColumn("partition_date", F.date_format(col("processed_timestamp"), "yyyy-MM-dd")))


def process_large_dataset_in_chunks(bronze_df, predictions_df, output, chunk_size):
    """Appends the silver rows chunk by chunk, in the order of the key. Returns the chunks."""
    total_count = bronze_df.count()
    num_chunks = (total_count + chunk_size - 1) // chunk_size
    create_empty_silver_table(bronze_df, predictions_df, output)
    for chunk_num in range(num_chunks):
        start_row = chunk_num * chunk_size
        end_row = min((chunk_num + 1) * chunk_size, total_count)
        numbered = bronze_df.withColumn("row_num", row_number().over(Window.orderBy(KEY)))
        chunk_df = (numbered
                    .filter((col("row_num") > start_row) & (col("row_num") <= end_row))
                    .drop("row_num"))
        processed_chunk = process_chunk(chunk_df, predictions_df)
        processed_chunk.write.format("delta").mode("append").save(output)
    return num_chunks


def process_standard(bronze_df, predictions_df, output):
    """Writes all silver rows at once."""
    (process_chunk(bronze_df, predictions_df).write.format("delta").mode("overwrite")
     .option("overwriteSchema", "true").save(output))


def run(spark, bronze, predictions, output, mode, chunk_size=1_000_000):
    """Makes the table `output` of the tables `bronze` and `predictions`. Returns its rows."""
    bronze_df = spark.read.format("delta").load(bronze)
    predictions_df = spark.read.format("delta").load(predictions)
    if mode == "chunked":
        process_large_dataset_in_chunks(bronze_df, predictions_df, output, chunk_size)
    else:
        process_standard(bronze_df, predictions_df, output)
    return spark.read.format("delta").load(output).count()


def main():
    sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "spark"))
    from spark_session import open_session
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bronze", required=True)
    parser.add_argument("--predictions", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--mode", choices=MODES, default="standard")
    parser.add_argument("--chunk-size", type=int, default=1_000_000)
    arguments = parser.parse_args()
    session = open_session()
    try:
        print(run(session, **vars(arguments)), "rows")
    finally:
        session.stop()


if __name__ == "__main__":
    main()
