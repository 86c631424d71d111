"""The Spark of the end-to-end tests: pyspark with Delta, two threads, a small JVM. Runs under the
Python that tools/spark_setup.sh made."""

import atexit
import logging
import os
import pathlib
import shutil
import tempfile

from pyspark.sql import SparkSession


def cache_folder():
    return pathlib.Path(os.environ.get("SPILLWAY_CACHE") or
                        pathlib.Path.home() / ".cache" / "spillway")


def open_session():
    """A session with the Delta catalog: ANSI on, session time zone UTC."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    logging.getLogger("SQLQueryContextLogger").disabled = True
    jars = sorted(str(jar) for jar in (cache_folder() / "delta-jars-4.4.0").glob("*.jar"))
    scratch = tempfile.mkdtemp(prefix="spillway-spark-")
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    settings = {
        "spark.driver.memory": "1g",
        "spark.driver.extraClassPath": ":".join(jars),
        "spark.driver.extraJavaOptions":
            "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC -Dfile.encoding=UTF-8",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.writeChecksum.enabled": "false",
        "spark.sql.warehouse.dir": scratch,
        "spark.local.dir": scratch,
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master("local[2]").appName("spillway tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
