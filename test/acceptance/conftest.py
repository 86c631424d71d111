"""One Spark for all acceptance tests, the tables they read, and what the guide's job makes of
them."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "spark")]

import compare  # noqa: E402
import make_tables  # noqa: E402
from spark_client import SparkWorker  # noqa: E402


@pytest.fixture(scope="session")
def spark(spark_install, tmp_path_factory):
    """Calls functions of spark_tables.py and guide_job.py on a real Spark."""
    log = tmp_path_factory.mktemp("spark") / "spark.log"
    with SparkWorker.start([HERE], log) as worker:
        yield worker


class GuideTables:
    """Makes each set of tables once, and runs the guide's job once on each in each way."""

    def __init__(self, folder, spark):
        self._folder = folder
        self._spark = spark
        self._silver = {}

    def folder(self, name):
        """The folder with bronze/ and predictions/ of the set `name`."""
        folder = self._folder / name
        if not folder.exists():
            make_tables.SETS[name](make_tables.Writers(folder, self._spark))
        return folder

    def silver(self, name, mode, chunk_size=0):
        """The rows that the guide's job makes of the set `name`, as Spark reads them."""
        if (name, mode) not in self._silver:
            folder = self.folder(name)
            output = str(folder / f"silver-{mode}-by-spark")
            self._spark.call("guide_job", "run", bronze=str(folder / "bronze"), output=output,
                             predictions=str(folder / "predictions"), mode=mode,
                             chunk_size=chunk_size)
            self._silver[name, mode] = compare.read(output, "spark", self._spark)
        return self._silver[name, mode]


@pytest.fixture(scope="session")
def guide(spark, tmp_path_factory):
    return GuideTables(tmp_path_factory.mktemp("guide"), spark)
