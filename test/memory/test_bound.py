"""The memory of a run: never above its bound, which is never above the budget, from the smallest
budget that a plan names to plenty."""

import json
import random
import subprocess

import pyarrow as pa
import pyarrow.compute
import pytest
from deltalake import ColumnProperties, DeltaTable, WriterProperties, write_deltalake

MIB = 1 << 20


def check(report, budget):
    assert report["budget_bytes"] == budget
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= budget, report
    # The uses that are told apart are all there, and together no more than the bound.
    uses = {use["what"]: use["peak_bytes"] for use in report["memory_by_use"]}
    assert len(uses) >= 4 and all(held >= 0 for held in uses.values())


@pytest.fixture(scope="module")
def lake(spillway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    spillway("generate", "--rows", "150000", "--out", folder)
    return folder


@pytest.mark.parametrize("mode", ["standard", "chunked"])
@pytest.mark.parametrize("budget", ["smallest", 192 * MIB, 512 * MIB, 2048 * MIB])
def test_the_main_job(job, lake, mode, budget):
    job.write(source={"table": str(lake / "bronze_accident")}, mode=mode,
              processing={"chunk_size": 40_000},
              lookups=[{"name": "predictions", "table": str(lake / "predictions"),
                        "key": ["image_name"]}],
              columns={"loud": "upper(concat(path, source))"})
    if budget == "smallest":
        budget = job.plan()["memory"]["smallest_budget_bytes"]
    report = job.report(f"--memory={budget}")
    assert report["rows_written"] == 150_000
    check(report, budget)


@pytest.mark.parametrize("action", ["warn", "drop"])
@pytest.mark.parametrize("order", ["source", "key"])
@pytest.mark.parametrize("wide", [False, True])
def test_expectations(job, spillway, in_cgroup, lake, action, order, wide):
    """Their intermediate results, and the copy of the rows that stay, in the smallest budget."""
    if wide:
        lake = job.folder
        spillway("generate", "--rows", "6000", "--content-bytes", "20000", "--out", lake)
    texts = "upper(concat(path, source, image_name, path))"
    job.write(source={"table": str(lake / "bronze_accident")}, where="length(source) > 0",
              lookups=[{"name": "predictions", "table": str(lake / "predictions"),
                        "key": ["image_name"]}],
              processing={"chunk_order": order},
              expectations=[
                  {"name": "text", "expect": f"{texts} LIKE '%CAM%'", "action": action},
                  {"name": "half", "expect": "length(image_name) + severity * 0 > 0"},
                  {"name": "few", "expect": "substr(image_name, 12, 1) <> '0'", "action": action}])
    # A cgroup's limit is a number of pages.
    budget = -(-job.plan()["memory"]["smallest_budget_bytes"] // MIB) * MIB
    path = job.folder / "pipeline.yaml"
    run = subprocess.run([in_cgroup, str(budget), spillway.program, "run", path,
                          f"--memory={budget}", "--json"],
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    check(report, budget)
    assert 0 < report["expectations"][2]["not_met_rows"] < report["expectations"][2]["rows"]
    validated = json.loads(job.spillway("validate", path, "--json", f"--memory={budget}").stdout)
    assert validated["valid"] and validated["peak_memory_bytes"] <= budget
    assert validated["expectations"][2]["not_met_rows"] > 0


@pytest.mark.parametrize("budget", [128 * MIB, 256 * MIB])
def test_wide_rows(job, spillway, budget):
    """20 kB of content in each row, in files of one row group."""
    spillway("generate", "--rows", "6000", "--content-bytes", "20000", "--out", job.folder)
    job.write(source={"table": "bronze_accident"},
              lookups=[{"name": "predictions", "table": "predictions", "key": ["image_name"]}],
              columns={"size": "length(content)"})
    report = job.report(f"--memory={budget}")
    assert report["rows_written"] == 6000 and report["bytes_written"] > 100_000_000
    check(report, budget)


def test_one_big_row_group(job):
    """80 MB in one row group, of which a page and a batch are in memory at a time."""
    chosen = random.Random(8)
    pieces = [chosen.randbytes(4000) for _ in range(500)]
    rows = pa.table({"id": range(20_000), "noise": [pieces[row % 500][row % 97:]
                                                    for row in range(20_000)]})
    write_deltalake(str(job.folder / "bronze"), rows, writer_properties=WriterProperties(
        max_row_group_size=1_000_000, compression="UNCOMPRESSED", dictionary_page_size_limit=1))
    job.write(columns={"size": "length(noise)"})
    report = job.report(f"--memory={128 * MIB}")
    assert report["rows_written"] == 20_000
    check(report, 128 * MIB)


@pytest.mark.parametrize("budget", [192 * MIB, 4096 * MIB])
@pytest.mark.parametrize("has_lookup", [True, False])
def test_row_groups_that_are_cut_by_chunks(job, has_lookup, budget):
    """They are decoded, although each could be copied as a whole: it has more than three chunks."""
    chosen = random.Random(11)
    rows = pa.table({"id": range(50_000),
                     "noise": [chosen.randbytes(6000) for _ in range(50_000)]})
    write_deltalake(str(job.folder / "bronze"), rows, target_file_size=1 << 30,
                    writer_properties=WriterProperties(
                        max_row_group_size=1_000_000, compression="UNCOMPRESSED",
                        default_column_properties=ColumnProperties(dictionary_enabled=False)))
    job.table("known", pa.table({"id": range(0, 50_000, 3), "label": range(0, 50_000, 3)}))
    lookup = {"name": "known", "table": "known", "key": ["id"], "duplicates": "first"}
    job.write(columns={"has_noise": "noise IS NOT NULL"}, mode="chunked",
              processing={"chunk_size": 10_000}, resources={"lanes": 2},
              lookups=[lookup] if has_lookup else [])
    splice = job.plan(f"--memory={budget}")["splice"]
    assert splice["spliced"] == 0
    assert splice["not_spliced"] == {"a chunk ends inside the row group": 1}
    report = job.report(f"--memory={budget}")
    assert report["rows_written"] == 50_000
    check(report, budget)


def test_a_lookup_of_long_texts(job):
    """The index holds the whole lookup, and the plan says so before it is read."""
    rows = pa.table({"id": range(20_000), "text": [f"{row:02000}" for row in range(20_000)]})
    job.table("bronze", pa.table({"id": range(0, 40_000, 2)}))
    job.table("known", rows)
    job.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}])
    plan = job.plan()["memory"]
    assert plan["smallest_budget_bytes"] > 40_000_000
    report = job.report(f"--memory={plan['smallest_budget_bytes']}")
    check(report, plan["smallest_budget_bytes"])
    assert report["rows_written"] == 20_000


@pytest.mark.parametrize("place", ["copied", "decoded", "lookup"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_one_long_value_among_short_ones(job, place, dictionary):
    """Batches are aimed at a few MB by what rows take on average, which a value of 30 MB upsets.
    Pages that hold such a value are large, and pages are known."""
    long_text = random.Random(5).randbytes(15_000_000).hex()
    texts = [long_text if row == 30_000 else f"text {row}" for row in range(50_000)]
    rows = pa.table({"id": range(50_000), "text": texts})
    keys = pa.table({"id": range(50_000)})
    properties = WriterProperties(compression="UNCOMPRESSED", default_column_properties=None if
                                  dictionary else ColumnProperties(dictionary_enabled=False))
    for name, table in (("bronze", keys if place == "lookup" else rows),
                        ("known", rows if place == "lookup" else keys)):
        write_deltalake(str(job.folder / name), table, writer_properties=properties)
    job.write(lookups=[{"name": "known", "table": "known", "key": ["id"]}],
              **({"where": "id >= 10"} if place == "decoded" else {}))
    budget = job.plan()["memory"]["smallest_budget_bytes"]
    report = job.report(f"--memory={budget}")
    check(report, budget)
    assert report["rows_written"] == (49_990 if place == "decoded" else 50_000)
    silver = DeltaTable(str(job.folder / "silver")).to_pyarrow_table(columns=["id", "text"])
    assert silver.filter(pa.compute.field("id") == 30_000)["text"].to_pylist() == [long_text]


def test_validate_keeps_to_the_budget_too(job, lake, spillway):
    job.write(source={"table": str(lake / "bronze_accident")}, resources={"memory": "192MiB"})
    job.run()
    report = spillway("validate", job.folder / "pipeline.yaml", "--json").stdout
    assert json.loads(report)["peak_memory_bytes"] <= 192 * MIB
