"""The benchmark's check of a silver table: a wrong value, a lost row or a mixed-up one is found."""

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from harness.checks import Checker
from harness.engines import Engines, Place
from harness.jobs import DataSet, Job

GIB = 1 << 30
ROWS = 3000
JOB = Job("job", "a job", DataSet("small", ROWS), GIB)
FILTERED = Job("filtered", "a job", JOB.data, GIB, where="source <> 'cam-7'")


@pytest.fixture(scope="module")
def cache(spillway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    spillway("generate", "--rows", str(ROWS), "--out", folder / JOB.data.name)
    return folder


def place_of(cache, silver):
    lake = cache / JOB.data.name
    return Place(lake / "bronze_accident", lake / "predictions", silver)


def run(spillway, job, place):
    command = Engines(spillway.program, spillway.program, None).command("spillway", job, place)
    spillway(*command.arguments[1:])


@pytest.fixture(scope="module")
def silver(spillway, cache):
    """The right rows."""
    place = place_of(cache, cache / "silver")
    run(spillway, JOB, place)
    return DeltaTable(str(place.silver)).to_pyarrow_table()


@pytest.mark.parametrize("job", [JOB, FILTERED], ids=["all", "filtered"])
def test_our_silver_table_is_right(spillway, cache, tmp_path, job):
    place = place_of(cache, tmp_path / "silver")
    run(spillway, job, place)
    assert Checker(cache, GIB).fault(job, place) is None


def test_the_filter_makes_a_difference(spillway, cache, tmp_path):
    place = place_of(cache, tmp_path / "silver")
    run(spillway, FILTERED, place)
    assert "rows, not 3,000" in Checker(cache, GIB).fault(JOB, place)


def test_the_plan_is_of_the_same_job(spillway, cache, tmp_path):
    engines = Engines(spillway.program, spillway.program, None)
    plan = engines.plan(JOB, place_of(cache, tmp_path / "silver"))
    assert plan["memory"]["budget_bytes"] == GIB and plan["source"]["rows"] == ROWS


def changed(name, change):
    """Another column `name`: `change` is given its values as a list."""
    def change_rows(rows):
        place = rows.schema.get_field_index(name)
        values = pa.array(change(rows[name].to_pylist()), rows.schema.field(name).type)
        return rows.set_column(place, name, values)

    return change_rows


@pytest.mark.parametrize("change, fault", [
    (lambda rows: rows, None),
    (lambda rows: rows.take(pa.array(range(ROWS - 1, -1, -1))), None),
    (lambda rows: rows.slice(1), f"{ROWS - 1:,} rows, not {ROWS:,}"),
    (lambda rows: pa.concat_tables([rows.slice(1), rows.slice(1, 1)]), "wrong values in"),
    (changed("source", lambda values: ["cam-x", *values[1:]]), "wrong values in source"),
    (changed("severity", lambda values: [0.5 if v is None else v for v in values]),
     "wrong values in severity"),
    (changed("path", lambda values: [values[1], values[0], *values[2:]]), "values in wrong rows"),
    (changed("partition_date", lambda values: [None] * len(values)), f"{ROWS:,} rows without"),
    (lambda rows: rows.drop_columns(["content"]), "unreadable"),
], ids=["none", "order", "lost", "doubled", "value", "null", "swapped", "clock", "column"])
def test_what_is_wrong_is_found(cache, silver, tmp_path, change, fault):
    write_deltalake(str(tmp_path / "silver"), change(silver))
    found = Checker(cache, GIB).fault(JOB, place_of(cache, tmp_path / "silver"))
    assert found is None if fault is None else found.startswith(fault)


def test_no_table_is_a_fault(cache, tmp_path):
    assert Checker(cache, GIB).fault(JOB, place_of(cache, tmp_path)).startswith("unreadable")
