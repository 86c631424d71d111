"""Fixtures of the end-to-end tests: the program, the engines it is compared with, test data."""

import importlib.resources
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from pipelines.job import Job
from spark.spark_client import SparkWorker

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("SPILLWAY_CACHE") or Path.home() / ".cache" / "spillway")


@dataclass(frozen=True)
class Spillway:
    """The program under test. Its environment has no SPILLWAY_* but those that a test sets."""

    program: Path

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        exit_code: int | None = 0,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end and checks the exit code (None: any)."""
        inherited = {name: value for name, value in os.environ.items() if "SPILLWAY" not in name}
        run = subprocess.run(
            [self.program, *arguments],
            cwd=cwd,
            env={**inherited, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert exit_code in (None, run.returncode), (
            f"exit code {run.returncode}, not {exit_code}, of {[str(a) for a in arguments]}\n"
            f"stdout: {run.stdout}\nstderr: {run.stderr}"
        )
        return run


@pytest.fixture(scope="session")
def spillway(tmp_path_factory: pytest.TempPathFactory) -> Spillway:
    """build/spillway, or the one that SPILLWAY_PROGRAM names (a sanitizer build, say). The ledger
    of its runs is the tests' own."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    program = Path(os.environ.get("SPILLWAY_PROGRAM") or ROOT / "build" / "spillway")
    assert program.exists(), f"{program} is missing: make build"
    return Spillway(program.resolve())


@pytest.fixture(scope="session")
def in_cgroup() -> Path:
    """The script that runs a command in a memory cgroup of its own: LIMIT COMMAND... Skips where
    none can be made."""
    script = ROOT / "tools" / "in_memory_cgroup.sh"
    check = subprocess.run([script, "--check"], capture_output=True, text=True, check=False)
    if check.returncode == 3:
        pytest.skip(check.stderr.strip())
    assert check.returncode == 0, check.stderr
    return script


@pytest.fixture
def job(spillway: Spillway, tmp_path: Path) -> Job:
    """An empty folder for tables and a pipeline file, and the ways to run it."""
    return Job(spillway, tmp_path)


@pytest.fixture
def duckdb_delta() -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with its own Delta reader: SELECT .. FROM delta_scan('folder')."""
    extensions = importlib.resources.files("duckdb_extension_delta") / "extensions"
    connection = duckdb.connect()
    connection.load_extension(str(extensions / f"v{duckdb.__version__}/delta.duckdb_extension"))
    yield connection
    connection.close()


@dataclass(frozen=True)
class Spark:
    """Where tools/spark_setup.sh put Spark."""

    python: Path
    jars: list[Path]


@pytest.fixture(scope="session")
def spark_install() -> Spark:
    """Spark and its Delta jars; the test skips, with the way to get them, where Java is missing."""
    setup = subprocess.run(
        [ROOT / "tools" / "spark_setup.sh"], capture_output=True, text=True, check=False
    )
    if setup.returncode == 3:
        pytest.skip(setup.stderr.strip())
    assert setup.returncode == 0, setup.stderr
    jars = sorted((CACHE / "delta-jars-4.4.0").glob("*.jar"))
    return Spark(CACHE / "spark-4.2.0" / "bin" / "python", jars)


@pytest.fixture(scope="session")
def spark(spark_install: Spark, tmp_path_factory: pytest.TempPathFactory) -> SparkWorker:
    """One Spark for the whole session; it calls functions of acceptance/spark_tables.py."""
    log = tmp_path_factory.mktemp("spark") / "spark.log"
    with SparkWorker.start([ROOT / "test" / "acceptance"], log) as worker:
        yield worker


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Foreign tables and damaged files that are not part of the project, read in place."""
    folder = Path(os.environ.get("SPILLWAY_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip(f"no corpora in {folder} (SPILLWAY_CORPORA names another folder)")
    return folder
