"""The same rows as the guide: Spillway's silver table against that of the guide's own Python on
real Spark, for each set of tables and each mode."""

import compare
import make_tables
import pytest

SPARK_CHUNK_SIZE = 97  # cuts inside files
PIPELINE = """
pipeline: silver_accident
source: {{table: {folder}/bronze}}
lookups:
  - name: predictions
    table: {folder}/predictions
    key: [image_name]
    type: left_outer
    columns: "*"
    duplicates: expand
variables: {{high_severity_threshold: 0.5}}
columns:
  processed_timestamp: current_timestamp()
  severity_category: >
    CASE WHEN severity >= 0.8 THEN 'High' WHEN severity >= 0.6 THEN 'Medium-High'
         WHEN severity >= 0.4 THEN 'Medium' WHEN severity >= 0.2 THEN 'Low-Medium' ELSE 'Low' END
  high_severity_flag: CASE WHEN severity >= ${{high_severity_threshold}} THEN true ELSE false END
  data_quality_score: >
    CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0D
         WHEN content IS NOT NULL THEN 0.7D WHEN severity IS NOT NULL THEN 0.3D ELSE 0.0D END
  partition_date: date_format(processed_timestamp, 'yyyy-MM-dd')
target: {{table: {target}, mode: overwrite}}
mode: {mode}
processing: {{chunk_size: {chunk_size}}}
"""
MODES = [("standard", 1_000_000), ("chunked", SPARK_CHUNK_SIZE), ("chunked", 31),
         ("chunked", 1_000_000), ("auto", 1_000_000)]


def run_spillway(spillway, guide, name, mode, chunk_size, folder):
    """Runs the guide's job on the set `name` with Spillway. Returns the silver table's folder."""
    target = folder / "silver"
    pipeline = folder / "silver.yaml"
    pipeline.write_text(PIPELINE.format(folder=guide.folder(name), target=target, mode=mode,
                                        chunk_size=chunk_size), encoding="utf-8")
    spillway("run", pipeline, "--memory", "512MiB")
    return target


def assert_same(expected, actual):
    assert compare.differences(expected, actual) == []


@pytest.mark.parametrize("name", make_tables.SETS)
def test_the_guide_makes_the_same_rows_in_chunks(guide, name):
    assert_same(guide.silver(name, "standard"), guide.silver(name, "chunked", SPARK_CHUNK_SIZE))


@pytest.mark.parametrize("name", make_tables.SETS)
@pytest.mark.parametrize(("mode", "chunk_size"), MODES)
def test_spillway_makes_the_rows_of_the_guide(spillway, guide, tmp_path, name, mode, chunk_size):
    expected = guide.silver(name, "chunked" if mode == "chunked" else "standard", SPARK_CHUNK_SIZE)
    target = run_spillway(spillway, guide, name, mode, chunk_size, tmp_path)
    assert_same(expected, compare.read(target, "deltalake"))


@pytest.mark.parametrize("reader", ["duckdb", "spark"])
@pytest.mark.parametrize("name", ["spark_everything", "deltalake_plain", "empty_bronze"])
def test_others_read_the_same_rows(spillway, guide, spark, tmp_path, name, reader):
    target = run_spillway(spillway, guide, name, "chunked", 31, tmp_path)
    assert_same(guide.silver(name, "standard"), compare.read(target, reader, spark))


@pytest.mark.parametrize("name", ["spark_plain", "spark_column_mapping"])
def test_the_columns_stand_in_the_order_of_the_guide(spillway, guide, tmp_path, name):
    target = run_spillway(spillway, guide, name, "standard", 1_000_000, tmp_path)
    assert (compare.read(target, "deltalake").column_names ==
            guide.silver(name, "standard").column_names)


def test_the_differences_between_tables_are_seen(guide):
    """The comparison itself: a changed cell, a lost copy of a row, another type, a lost column."""
    rows = guide.silver("spark_plain", "standard")
    position = rows.column_names.index("severity_category")
    changed = rows.set_column(position, "severity_category",
                              [["High" if value == "Low" else value
                                for value in rows.column("severity_category").to_pylist()]])
    assert any("severity_category='Low'" in line for line in compare.differences(rows, changed))
    assert compare.differences(rows, rows.slice(1))[0] == (
        f"expected {rows.num_rows} rows, found {rows.num_rows - 1}")
    flag = rows.column_names.index("high_severity_flag")
    other = rows.set_column(flag, "high_severity_flag",
                            rows.column("high_severity_flag").cast("string"))
    assert compare.differences(rows, other) == [
        "column high_severity_flag: expected bool, found string"]
    assert compare.differences(rows, rows.drop_columns(["length"])) == [
        "column length: expected int64, found none"]
