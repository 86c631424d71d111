"""How each engine is called for a job, and what the results say about its settings."""

import importlib.metadata
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness.jobs import Job
from harness.measure import ROOT, Measurement

PIPELINE = ROOT / "examples" / "silver_accident.yaml"
PEERS = ROOT / "bench" / "peers"
CACHE = Path(os.environ.get("SPILLWAY_CACHE") or Path.home() / ".cache" / "spillway")

SETTINGS = {
    "cp": "cp -r of the bronze folder, then sync.",
    "spillway": "examples/silver_accident.yaml with --memory at the limit; all else by default.",
    "duckdb": "read_parquet over the files that the Delta log names; memory_limit at 75 % of the "
    "limit, threads at the cores, preserve_insertion_order off, per_thread_output on, a spill "
    "folder on the same disk; convert_to_deltalake writes the log.",
    "polars": "scan_delta, streaming engine, sink_delta; POLARS_OOC_MEMORY_BUDGET_MB at half of "
    "the limit, a spill folder on the same disk.",
    "deltalake": "QueryBuilder (DataFusion) streamed into write_deltalake; prefer_hash_join off, "
    "runtime.memory_limit at half of the limit, sort_spill_reservation_bytes at a thirty-second of "
    "it, a spill folder on the same disk.",
    "daft": "read_deltalake, native runner, write_deltalake.",
    "spark": "local mode on all cores, adaptive execution with the guide's sizes, Kryo; the heap "
    "is the limit less a quarter, at least 512 MiB less, two malloc arenas; the serial collector; "
    "row groups of a sixteenth of the heap.",
}


@dataclass(frozen=True)
class Place:
    """Where one run finds its tables and puts its own."""

    bronze: Path
    predictions: Path
    silver: Path


@dataclass(frozen=True)
class Command:
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Engines:
    """The programs that are measured. `spark` is None where Java or Maven is missing."""

    spillway: Path
    python: Path
    spark: Path | None
    why_no_spark: str = ""

    @classmethod
    def find(cls, spillway: Path, python: Path, with_spark: bool) -> "Engines":
        """`python` has the packages of requirements-bench.txt. Spark is set up if it is wanted."""
        if not with_spark:
            return cls(spillway, python, None)
        setup = subprocess.run([ROOT / "tools" / "spark_setup.sh"], capture_output=True, text=True,
                               check=False)
        if setup.returncode == 0:
            return cls(spillway, python, CACHE / "spark-4.2.0" / "bin" / "python")
        return cls(spillway, python, None, setup.stderr.strip().splitlines()[-1])

    def command(self, engine: str, job: Job, place: Place) -> Command:
        tables = [str(place.bronze), str(place.predictions), str(place.silver)]
        if engine == "cp":
            return Command(["cp", "-r", tables[0], tables[2]])
        if engine == "spillway":
            return Command([*self._ours("run", job, place), "--json"])
        where = [job.where] if job.where else []
        program = [str(PEERS / f"{engine}_job.py"), *tables, str(job.memory_bytes), *where]
        if engine != "spark":
            return Command([str(self.python), *program])
        jars = sorted((CACHE / "delta-jars-4.4.0").glob("*.jar"))
        environment = {"BENCH_DELTA_JARS": ",".join(map(str, jars)), "SPARK_LOCAL_IP": "127.0.0.1",
                       "MALLOC_ARENA_MAX": "2"}
        return Command([str(self.spark), *program], environment)

    def plan(self, job: Job, place: Place) -> dict:
        """What `spillway plan` says of the job; {} where it says that the job cannot be done."""
        command = [*self._ours("plan", job, place), "--json"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(run.stdout) if run.stdout.startswith("{") else {}

    def versions(self) -> dict[str, str]:
        peers = ("duckdb", "polars", "deltalake", "daft", "pyarrow")
        versions = {peer: importlib.metadata.version(peer) for peer in peers}
        ours = subprocess.run([self.spillway, "version"], stdout=subprocess.PIPE, text=True,
                              check=True)
        versions["spillway"] = ours.stdout.split("\n")[0].removeprefix("spillway ")
        if self.spark:
            versions["spark"] = "4.2.0, Delta 4.4.0"
        return versions

    def _ours(self, verb: str, job: Job, place: Place) -> list[str]:
        settings = {
            "source.table": place.bronze,
            "lookups.predictions.table": place.predictions,
            "lookups.predictions.duplicates": job.duplicates,
            "target.table": place.silver,
        }
        if job.where:
            settings["where"] = job.where
        flags = [f"--set={key}={value}" for key, value in settings.items()]
        return [str(self.spillway), verb, str(PIPELINE), f"--memory={job.memory_bytes}", *flags]


def report_of(engine: str, measured: Measurement) -> dict:
    """What the run says of itself; {} for all engines but ours."""
    ours = engine == "spillway" and measured.stdout.startswith("{")
    return json.loads(measured.stdout) if ours else {}
