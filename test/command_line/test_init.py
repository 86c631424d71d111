"""`init`: what it writes plans, runs and validates as it stands, over tables of many kinds."""

import datetime
import decimal
import os
import re

import pyarrow as pa
import pytest
from acceptance.compare import differences
from deltalake import write_deltalake
from pipelines.job import read_table, write_table

DAY = datetime.date(2026, 1, 31)
TIME = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)


def init(spillway, folder, *flags, exit_code=0):
    return spillway("init", *flags, cwd=folder, exit_code=exit_code)


def values(text, key):
    """What stands behind a key in the file, each time that it is there."""
    return re.findall(rf"^[ -]*{key}: (.*?)(?: +#.*)?$", text, re.MULTILINE)


def check_that_it_runs(spillway, folder, pipeline):
    plan = spillway("plan", pipeline, cwd=folder).stdout
    assert "verdict: it fits" in plan
    spillway("run", pipeline, cwd=folder)
    spillway("validate", pipeline, "--full", cwd=folder)
    assert "Nothing to do" in spillway("run", pipeline, cwd=folder).stdout


def test_the_sample_tables(spillway, tmp_path, duckdb_delta):
    spillway("generate", "--rows", "1000", "--out", tmp_path / "lake")
    run = init(spillway, tmp_path, "--source", "lake/bronze_accident", "--lookup",
               "lake/predictions", "--target", "lake/silver", "--out", "silver.yaml")
    assert run.stdout == "silver.yaml is written. Next: spillway plan silver.yaml\n"
    text = (tmp_path / "silver.yaml").read_text()
    assert values(text, "pipeline") == ["silver"]
    assert values(text, "key") == ["[image_name]"]
    assert values(text, "columns") == ['"*"']
    check_that_it_runs(spillway, tmp_path, "silver.yaml")
    lake = tmp_path / "lake"
    expected = duckdb_delta.sql(f"""
        SELECT b.*, p.* EXCLUDE image_name FROM delta_scan('{lake / "bronze_accident"}') b
        LEFT JOIN delta_scan('{lake / "predictions"}') p USING (image_name)""").arrow()
    assert not differences(pa.table(expected), read_table(lake / "silver"))


SOURCES = {
    "numbers": pa.table({"id": [1, 2, 3], "score": [0.5, 1.5, None]}),
    "texts": pa.table({"id": ["a", "b", None], "note": ["x", "y: z", "#"]}),
    "words": pa.table({"id": [1, 2], "select": [1, 2], "order": [3, 4], "null": [5, 6]}),
    "times": pa.table({"id": [1], "at": pa.array([TIME], pa.timestamp("us", "UTC")),
                       "on": [DAY]}),
    "nested": pa.table({"id": [1], "list": [[1, 2]], "struct": [{"a": 1}]}),
    "decimals": pa.table({"id": pa.array([decimal.Decimal("1.50")], pa.decimal128(10, 2))}),
    "empty": pa.table({"id": pa.array([], pa.int64()), "x": pa.array([], pa.string())}),
    "void": pa.table({"id": [1, 2], "v": pa.nulls(2), "s": pa.array([None, {"in": None}],
                                                                    pa.struct({"in": pa.null()}))}),
    "clash": pa.table({"id": [1, 2], "name": ["s", "t"], "Extra": [1, 2], "known_name": [3, 4]}),
}


def stored(rows):
    """Without the columns that Parquet cannot have."""
    return rows.drop_columns([name for name in ("v", "s") if name in rows.column_names])


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_alone(spillway, tmp_path, kind):
    write_table(tmp_path / "bronze", SOURCES[kind])
    text = init(spillway, tmp_path, "--source", "bronze", "--target", "silver").stdout
    (tmp_path / "p.yaml").write_text(text)
    check_that_it_runs(spillway, tmp_path, "p.yaml")
    assert not differences(stored(SOURCES[kind]), read_table(tmp_path / "silver"))


@pytest.mark.parametrize("kind", SOURCES)
def test_a_lookup(spillway, tmp_path, kind):
    """Also one whose columns the source has, in another case or under the new name."""
    rows = SOURCES[kind]
    write_table(tmp_path / "bronze", rows)
    write_table(tmp_path / "known", pa.table({
        "id": rows["id"], "name": pa.array([f"n{i}" for i in range(rows.num_rows)], pa.string()),
        "EXTRA": pa.array(range(rows.num_rows), pa.int64()),
        "it's": pa.array(["q"] * rows.num_rows, pa.string())}))
    init(spillway, tmp_path, "--source", "bronze", "--lookup", "known", "--key", "id", "--target",
         "silver", "--out", "p.yaml")
    check_that_it_runs(spillway, tmp_path, "p.yaml")
    silver = read_table(tmp_path / "silver")
    rows = stored(rows)
    assert silver.column_names[: rows.num_columns] == rows.column_names
    assert silver.num_columns == rows.num_columns + 3
    new = silver.column_names[rows.num_columns:]
    if kind == "clash":
        assert new == ["known_name_2", "known_EXTRA", "it's"]
    for name, wanted in zip(new, [[f"n{i}" for i in range(rows.num_rows)],
                                  list(range(rows.num_rows)), ["q"] * rows.num_rows], strict=True):
        matched = sorted(value for value in silver[name].to_pylist() if value is not None)
        keys = rows["id"].to_pylist()
        assert matched == sorted(v for v, k in zip(wanted, keys, strict=True) if k is not None)


def test_keys_with_other_names_and_of_several_columns(spillway, tmp_path):
    write_table(tmp_path / "bronze", pa.table({"day": [1, 1, 2], "camera": ["a", "b", "a"]}))
    write_table(tmp_path / "cameras", pa.table({"day": [1, 2], "id": ["a", "a"], "x": [7, 8]}))
    init(spillway, tmp_path, "--source", "bronze", "--lookup", "cameras", "--key", "day", "--key",
         "camera=id", "--target", "silver", "--out", "p.yaml")
    check_that_it_runs(spillway, tmp_path, "p.yaml")
    rows = read_table(tmp_path / "silver").sort_by([("day", "ascending"), ("camera", "ascending")])
    assert rows["x"].to_pylist() == [7, None, 8]


@pytest.fixture
def two_tables(tmp_path):
    write_table(tmp_path / "bronze", pa.table({"id": [1], "code": ["a"], "x": [1]}))
    write_table(tmp_path / "known", pa.table({"id": [1], "code": ["a"], "y": [2], "on": [DAY]}))
    write_table(tmp_path / "other", pa.table({"z": [1]}))
    return tmp_path


TABLES = ["--source", "bronze", "--target", "silver"]


@pytest.mark.parametrize(("flags", "exit_code", "code", "told"), [
    (["--lookup", "known"], 2, 1301, "both have the columns id, code"),
    (["--lookup", "other"], 2, 1301, "the source has id, code, x; the lookup has z"),
    (["--lookup", "known", "--key", "cod"], 2, 1301, 'write "code"'),
    (["--key", "id"], 2, 1001, "--lookup TABLE"),
    (["--lookup", "nowhere"], 3, 3001, "nowhere"),
    (["--force"], 2, 1001, "--out FILE"),
    (["--target-mode", "appnd"], 2, 1001, 'write "append"'),
    (["--lookup", "known", "--key", "id=on"], 2, 1302, "do:"),
])
def test_what_it_refuses(spillway, two_tables, flags, exit_code, code, told):
    before = sorted(two_tables.iterdir())
    run = init(spillway, two_tables, *TABLES, *flags, exit_code=exit_code)
    assert run.stderr.startswith(f"error[SPW-{code}]") and told in run.stderr
    assert run.stdout == "" and sorted(two_tables.iterdir()) == before


def test_a_target_that_is_the_source(spillway, two_tables):
    run = init(spillway, two_tables, "--source", "bronze", "--target", "bronze", "--target-mode",
               "append", exit_code=2)
    assert run.stderr.startswith("error[SPW-1110]")


def test_a_target_that_exists(spillway, two_tables):
    write_deltalake(two_tables / "silver", pa.table({"id": [5], "code": ["e"], "x": [6]}))
    run = init(spillway, two_tables, *TABLES, exit_code=3)
    assert run.stderr.startswith("error[SPW-3102]") and "--target-mode append" in run.stderr
    init(spillway, two_tables, *TABLES, "--target-mode", "append", "--out", "append.yaml")
    check_that_it_runs(spillway, two_tables, "append.yaml")
    assert sorted(read_table(two_tables / "silver")["id"].to_pylist()) == [1, 5]
    write_deltalake(two_tables / "silver", pa.table({"other": [6]}), mode="overwrite",
                    schema_mode="overwrite")
    init(spillway, two_tables, *TABLES, "--target-mode", "overwrite", "--out", "over.yaml")
    check_that_it_runs(spillway, two_tables, "over.yaml")
    assert read_table(two_tables / "silver")["id"].to_pylist() == [1]


def test_a_file_that_exists(spillway, two_tables):
    (two_tables / "p.yaml").write_text("mine")
    run = init(spillway, two_tables, *TABLES, "--out", "p.yaml", exit_code=2)
    assert "--force" in run.stderr and (two_tables / "p.yaml").read_text() == "mine"
    init(spillway, two_tables, *TABLES, "--out", "p.yaml", "--force")
    check_that_it_runs(spillway, two_tables, "p.yaml")


def test_paths_start_at_the_files_folder(spillway, two_tables):
    (two_tables / "jobs").mkdir()
    init(spillway, two_tables, *TABLES, "--out", "jobs/p.yaml")
    text = (two_tables / "jobs" / "p.yaml").read_text()
    assert values(text, "table") == ["../bronze", "../silver"]
    check_that_it_runs(spillway, two_tables, "jobs/p.yaml")
    assert (two_tables / "silver" / "_delta_log").is_dir()
    # Absolute ones stay as they are.
    text = init(spillway, two_tables, "--source", str(two_tables / "bronze"), "--target",
                str(two_tables / "new")).stdout
    assert values(text, "table") == [str(two_tables / "bronze"), str(two_tables / "new")]


def test_paths_and_names_that_yaml_reads_otherwise(spillway, tmp_path):
    name = "a: #1 ${x} 'q' \"d\" ü"
    write_table(tmp_path / name, pa.table({"id": [1], "true": [2], "2026-01-01": [3], "${v}": [4]}))
    write_table(tmp_path / "2026", pa.table({"id": [1], "true": [5], "${v}": [6]}))
    init(spillway, tmp_path, "--source", name, "--lookup", "2026", "--key", "id", "--target", "no",
         "--out", "p.yaml")
    check_that_it_runs(spillway, tmp_path, "p.yaml")
    [row] = read_table(tmp_path / "no").to_pylist()
    assert row == {"id": 1, "true": 2, "2026-01-01": 3, "${v}": 4, "2026_true": 5, "2026_${v}": 6}


def test_names_that_want_column_mapping(spillway, tmp_path):
    rows = pa.table({"id": [1], "a b": [2], "s": [{"c,d": 3}]})
    write_table(tmp_path / "bronze", rows)
    init(spillway, tmp_path, *TABLES, "--out", "p.yaml")
    text = (tmp_path / "p.yaml").read_text()
    assert values(text, "column_mapping") == ["name"]
    check_that_it_runs(spillway, tmp_path, "p.yaml")


def test_the_memory_is_what_the_machine_has(spillway, two_tables):
    text = init(spillway, two_tables, *TABLES).stdout
    [memory] = values(text, "memory")
    assert memory.endswith("MiB") and "80 % of" in text
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < int(memory.removesuffix("MiB")) << 20 <= machine
