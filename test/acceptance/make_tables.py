#!/usr/bin/env python3
"""Makes the bronze and predictions tables of the acceptance tests, each set as its own folder with
bronze/ and predictions/ in it, written by Spark or by delta-rs.

  make_tables.py FOLDER [SET ..]        all sets by default; runs under the tests' Python
"""

import argparse
import glob
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import table_rows
from deltalake import DeltaTable, WriterProperties, write_deltalake

HERE = pathlib.Path(__file__).resolve().parent
MAPPED = {"delta.columnMapping.mode": "name"}
WITH_VECTORS = {"delta.enableDeletionVectors": "true"}
# Spark keeps its file in one row group below this many bytes; small enough to make several.
ROW_GROUP_BYTES = 4000


class Writers:
    """Writes tables below one folder: with Spark through a SparkWorker, or with delta-rs."""

    def __init__(self, folder, spark):
        self.folder = pathlib.Path(folder)
        self._spark = spark
        self._rows = 0

    def path(self, name):
        return str(self.folder / name)

    def spark(self, rows, name, **options):
        """Has Spark write `rows` to the table `name`; options as spark_tables.write's."""
        self._rows += 1
        parquet = self.folder / f"rows-{self._rows}.parquet"
        parquet.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, parquet)
        self._spark.call("spark_tables", "write", parquet=str(parquet), table=self.path(name),
                         **options)
        parquet.unlink()

    def sql(self, statement, name):
        """Runs a statement in which {table} is the table `name`."""
        table = f"delta.`{self.path(name)}`"
        self._spark.call("spark_tables", "sql", statement=statement.format(table=table))

    def checkpoint(self, name):
        self._spark.call("spark_tables", "checkpoint", table=self.path(name))

    def deltalake(self, rows, name, files=3, **options):
        """Has delta-rs write `rows` to the table `name`, a file for each part of them."""
        properties = WriterProperties(compression="ZSTD", max_row_group_size=25,
                                      data_page_row_count_limit=10, write_batch_size=10)
        step = max(1, -(-rows.num_rows // files))
        for first in range(0, max(1, rows.num_rows), step):
            write_deltalake(self.path(name), rows.slice(first, step), mode="append",
                            writer_properties=properties, **options)


def spark_plain(writers):
    writers.spark(table_rows.bronze(), "bronze", row_group_bytes=ROW_GROUP_BYTES)
    writers.spark(table_rows.predictions(), "predictions", row_group_bytes=ROW_GROUP_BYTES)
    several = [pq.ParquetFile(path).num_row_groups > 1
               for path in glob.glob(writers.path("bronze/*.parquet"))]
    assert len(several) == 3 and any(several)


def deltalake_plain(writers):
    writers.deltalake(table_rows.bronze(), "bronze")
    writers.deltalake(table_rows.predictions(), "predictions", files=2)


def spark_partitioned(writers):
    writers.spark(table_rows.bronze(), "bronze", partition_by=["source"], files=2, codec="zstd")
    writers.spark(table_rows.predictions(), "predictions", partition_by=["model_version"], files=1)


def deltalake_partitioned(writers):
    """Without the empty string as a partition: delta-rs writes it as such, where the protocol says
    that an empty value is NULL. Spark and delta-rs then read the string, the kernel reads NULL."""
    rows = table_rows.bronze()
    rows = rows.filter(pc.fill_null(pc.not_equal(rows["source"], ""), True))
    writers.deltalake(rows, "bronze", files=1, partition_by=["source"])
    writers.deltalake(table_rows.predictions(), "predictions")


def spark_deletion_vectors(writers):
    writers.spark(table_rows.bronze(), "bronze", properties=WITH_VECTORS, files=2,
                  row_group_bytes=ROW_GROUP_BYTES)
    writers.spark(table_rows.predictions(), "predictions", properties=WITH_VECTORS, files=2)
    writers.sql("DELETE FROM {table} WHERE length % 3 = 0 OR image_name = 'a'", "bronze")
    writers.sql("DELETE FROM {table} WHERE length % 7 = 1", "bronze")
    writers.sql("DELETE FROM {table} WHERE severity > 0.7 AND model_version = 'v1'", "predictions")
    for name in ("bronze", "predictions"):
        assert any(action["add"].get("deletionVector") for action in log_actions(writers, name)
                   if "add" in action)


def spark_column_mapping(writers):
    """Names in the files are not those of the table; one column is gone and one came late."""
    rows = table_rows.bronze()
    old = rows.rename_columns(["img", *rows.column_names[1:]]).append_column(
        "obsolete", pa.array(range(rows.num_rows)))
    writers.spark(old, "bronze", properties=MAPPED, files=2)
    writers.sql("ALTER TABLE {table} RENAME COLUMN img TO image_name", "bronze")
    writers.sql("ALTER TABLE {table} DROP COLUMN obsolete", "bronze")
    writers.sql("ALTER TABLE {table} ADD COLUMN camera STRING", "bronze")
    late = table_rows.bronze(rows=20, seed=3)
    writers.spark(late.append_column("camera", pa.array(["é"] * late.num_rows)), "bronze", files=1)
    rows = table_rows.predictions()
    writers.spark(rows.rename_columns(["image_name", "score", *rows.column_names[2:]]),
                  "predictions", properties=MAPPED, files=2)
    writers.sql("ALTER TABLE {table} RENAME COLUMN score TO severity", "predictions")


def spark_everything(writers):
    """Partitions, deletion vectors and column mapping together, read through a checkpoint."""
    both = {**MAPPED, **WITH_VECTORS}
    writers.spark(table_rows.bronze(), "bronze", properties=both, partition_by=["source"], files=2)
    writers.sql("ALTER TABLE {table} RENAME COLUMN source TO camera", "bronze")
    writers.sql("DELETE FROM {table} WHERE length % 2 = 0", "bronze")
    writers.spark(table_rows.predictions(), "predictions", properties=both, files=2)
    writers.sql("DELETE FROM {table} WHERE severity = 0.4 OR image_name IS NULL", "predictions")
    for name in ("bronze", "predictions"):
        writers.checkpoint(name)
        drop_commits(writers, name)


def spark_checkpoint(writers):
    """Several versions of which only the checkpoint and one later commit are left, and a column
    that the older files lack; predictions with a checkpoint of the second kind."""
    rows = table_rows.bronze()
    for first in range(0, rows.num_rows, 80):
        writers.spark(rows.slice(first, 80), "bronze", files=1)
    writers.sql("DELETE FROM {table} WHERE length = 13", "bronze")
    writers.checkpoint("bronze")
    drop_commits(writers, "bronze")
    late = table_rows.bronze(rows=20, seed=3)
    writers.spark(late.append_column("camera", pa.array(["b"] * late.num_rows)), "bronze", files=1,
                  merge_schema=True)
    rows = table_rows.predictions()
    writers.spark(rows.slice(0, 100), "predictions", properties={"delta.checkpointPolicy": "v2"})
    writers.spark(rows.slice(100), "predictions", files=1)
    writers.checkpoint("predictions")
    drop_commits(writers, "predictions")


def deltalake_checkpoint(writers):
    writers.deltalake(table_rows.bronze(), "bronze", files=5)
    writers.deltalake(table_rows.predictions(), "predictions")
    for name in ("bronze", "predictions"):
        DeltaTable(writers.path(name)).create_checkpoint()
        drop_commits(writers, name)


def empty_bronze(writers):
    writers.deltalake(table_rows.bronze().slice(0, 0), "bronze")
    writers.deltalake(table_rows.predictions(), "predictions")


def empty_predictions(writers):
    writers.spark(table_rows.bronze(), "bronze", files=1)
    writers.spark(table_rows.predictions(), "predictions", files=1)
    writers.sql("DELETE FROM {table}", "predictions")


def both_empty(writers):
    writers.spark(table_rows.bronze().slice(0, 0), "bronze", files=1)
    writers.deltalake(table_rows.predictions().slice(0, 0), "predictions")


SETS = {function.__name__: function for function in (
    spark_plain, deltalake_plain, spark_partitioned, deltalake_partitioned, spark_deletion_vectors,
    spark_column_mapping, spark_everything, spark_checkpoint, deltalake_checkpoint, empty_bronze,
    empty_predictions, both_empty)}


def log_actions(writers, name):
    """The actions of all commits of the table `name` that are still there."""
    for commit in sorted(glob.glob(writers.path(f"{name}/_delta_log/*.json"))):
        yield from (json.loads(line) for line in pathlib.Path(commit).read_text().splitlines())


def drop_commits(writers, name):
    """Removes the commits before the newest checkpoint, as a clean-up of the log does."""
    log = pathlib.Path(writers.path(name)) / "_delta_log"
    newest = max(path.name[:20] for path in log.glob("*.checkpoint.*"))
    dropped = [path for path in log.glob("*.json")
               if path.stem.isdigit() and path.stem < newest]
    assert dropped
    for path in dropped:
        path.unlink()
        (log / f".{path.name}.crc").unlink(missing_ok=True)


def main():
    sys.path.insert(1, str(HERE.parent / "spark"))
    from spark_client import SparkWorker
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", metavar="SET", help="one of " + " ".join(SETS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with SparkWorker.start([HERE], arguments.folder / "spark.log") as spark:
        for name in arguments.sets or SETS:
            SETS[name](Writers(arguments.folder.resolve() / name, spark))
            print(arguments.folder / name)


if __name__ == "__main__":
    main()
