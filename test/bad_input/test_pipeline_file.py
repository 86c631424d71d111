"""Pipeline files that cannot be meant: the error names file, line and column, and the way out."""

import pyarrow as pa
import pytest
from bad_input.refusal import assert_refused

GOOD = """pipeline: test
source: {table: bronze}
lookups:
  - name: known
    table: known
    key: [id]
    columns: [name]
columns:
  twice: score * 2
target: {table: silver}
"""


@pytest.fixture
def tables(job):
    job.table("bronze", pa.table({"id": [1, 2], "score": [0.5, 1.0], "when": ["a", "b"],
                                  "is_new": [True, False], "bytes": [b"a", b"b"]}))
    job.table("known", pa.table({"id": [1], "name": ["one"], "score": [1.5], "code": ["x"]}))
    return job


def changed(job, old, new):
    """Writes the good file with a change. Returns where it stands, as errors say it."""
    assert GOOD.count(old) == 1
    job.write_text(GOOD.replace(old, new))
    return job.folder / "pipeline.yaml"


def test_the_good_file_is_good(tables):
    tables.write_text(GOOD)
    tables.run()
    assert tables.rows().num_rows == 2


@pytest.mark.parametrize(("old", "new", "code", "place", "told"), [
    ("source:", "sorce:", 1103, ":2:1", "source"),
    ("    key: [id]", "    keys: [id]", 1103, ":6:5", "key"),
    ("target: {table: silver}", "target: {table: silver, mod: append}", 1103, ":10:25", "mode"),
    ("source: {table: bronze}\n", "", 1105, ":1:1", "source"),
    ("columns: [name]", "columns: 7", 1104, ":7:14", "list"),
    ("pipeline: test", "pipeline: a b", 1108, ":1:11", "a b"),
    ("target: {table: silver}", "target: {table: silver}\ntarget: {table: s}", 1107, ":11:1",
     "target"),
    ("pipeline: test", "pipeline: [test", 1102, ":2:", "pipeline.yaml"),
    ("score * 2", "score * ${two}", 1109, ":9:18", "two"),
    ("pipeline: test", "pipeline: test\nmode: streaming", 1106, ":2:7", "streaming"),
    ("pipeline: test", "pipeline: test\nexpectations: [{name: a, expect: id}]", 1204, ":2:34",
     "condition"),
    ("pipeline: test", "pipeline: test\nexpectations: [{name: a, expect: x > 1}]", 1202, ":2:34",
     "x"),
    ("pipeline: test",
     "pipeline: test\nexpectations: [{name: a, expect: id > 1, action: quarantine}]", 1106, ":2:50",
     "quarantine"),
    ("{table: silver}", "{table: silver, partition_by: [id]}", 1106, ":10:25", "partition_by"),
    ("{table: silver}", "{table: silver, cluster_by: [x]}", 1106, ":10:25", "cluster_by"),
    ("pipeline: test", "pipeline: test\nmonitor: {}", 1106, ":2:1", "monitor"),
    ("pipeline: test", "pipeline: test\nstreaming: {max_files_per_trigger: 3}", 1106, ":2:1",
     "streaming"),
    ("pipeline: test", "pipeline: test\nprocessing: {chunk_order: keys}", 1108, ":2:27", "source"),
    ("{table: silver}", "{table: 's3://bucket/silver'}", 6004, "", "s3"),
    ("{table: bronze}", "{table: 'abfss://a@b/bronze'}", 6004, "", "abfss"),
])
def test_keys_and_values(tables, old, new, code, place, told):
    path = changed(tables, old, new)
    assert_refused(tables, code, told, where=f"{path}{place}" if place else "")


@pytest.mark.parametrize(("old", "new", "code", "place", "told"), [
    ("key: [id]", "key: [idd]", 1301, ":6:11", "id"),
    ("key: [id]", "key: [{source: id, lookup: ids}]", 1301, ":6:32", "id"),
    ("key: [id]", "key: [{source: is_new, lookup: id}]", 1302, ":6:20", "bool"),
    ("key: [id]", "key: [{source: bytes, lookup: id}]", 1302, ":6:20", "binary"),
    ("columns: [name]", "columns: [nam]", 1202, ":7:15", "name"),
    ("columns: [name]", 'columns: "*"', 1303, ":4:11", "score"),
    ("columns: [name]", "columns: {WHEN: name}", 1303, ":4:11", "WHEN"),
    ("target: {table: silver}", "target: {table: silver}\ndrop: [naem]", 1202, ":11:8", "name"),
    ("target: {table: silver}",
     "target: {table: silver}\ndrop: [id, score, when, is_new, bytes, name, twice]", 1108, ":11:8",
     "drop"),
])
def test_columns_that_are_not_there_or_are_there_twice(tables, old, new, code, place, told):
    path = changed(tables, old, new)
    assert_refused(tables, code, told, where=f"{path}{place}")


@pytest.mark.parametrize(("text", "code", "column", "told"), [
    ("score * ", 1201, 17, "end of the text"),
    ("(score", 1201, 16, ""),
    ("score ** 2", 1201, 17, ""),
    ("scor * 2", 1202, 10, "score"),
    ("1 + upperr(when)", 1203, 14, "upper"),
    ("upper(when, when)", 1203, 10, "upper"),
    ("score AND true", 1204, 16, "boolean"),
    ("year(id)", 1204, 10, ""),
    ("sum(score) OVER ()", 1206, 21, "window"),
    ("(SELECT 1)", 1206, 11, "subquery"),
    ("(NULL)", 1204, 10, "CAST"),
])
def test_expressions(tables, text, code, column, told):
    path = changed(tables, "score * 2", text)
    assert_refused(tables, code, told, where=f"{path}:9:{column}")


def test_the_place_in_a_folded_text(tables):
    """Line and column are those of the file, not of the text that YAML makes of it."""
    path = changed(tables, "  twice: score * 2", "  twice: >\n    CASE WHEN score > 0\n"
                                                 "         THEN scor END")
    assert_refused(tables, 1202, "score", where=f"{path}:11:15")


def test_a_condition_that_is_none(tables):
    path = changed(tables, "columns:\n", "where: score + 1\ncolumns:\n")
    assert_refused(tables, 1204, "boolean", where=f"{path}:8:8")


def test_an_ambiguous_name(job):
    """Two columns that differ in case alone: a table may have them by its log, Spark does not."""
    job.table("bronze", pa.table({"id": [1], "score": [1.0]}))
    job.table("one", pa.table({"id": [1], "Name": ["x"]}))
    job.write(lookups=[{"name": "one", "table": "one", "key": ["id"]},
                       {"name": "two", "table": "one", "key": ["id"], "columns": {"NAME": "name"}}])
    assert_refused(job, 1303, "NAME", "two")


@pytest.mark.parametrize(("kind", "value"), [
    ("array", pa.array([[1]])), ("struct", pa.array([{"a": 1}])),
    ("map", pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())))])
def test_types_that_cannot_be_keys(job, kind, value):
    job.table("bronze", pa.table({"key": value, "one": [1]}))
    job.table("known", pa.table({"key": value, "two": [2]}))
    job.write(lookups=[{"name": "known", "table": "known", "key": ["key"]}])
    assert_refused(job, 3008, "key", "pipeline.yaml:")


@pytest.mark.parametrize(("content", "code"), [(None, 1101), (b"", 1105), (b"\xff\xfe", 1102),
                                               (b"- a list", 1104), (b"x" * (2 << 20), 1101)])
def test_files_that_are_none(job, content, code):
    path = job.folder / "pipeline.yaml"
    if content is not None:
        path.write_bytes(content)
    run = job.spillway("run", path, exit_code=2)
    assert f"error[SPW-{code}]" in run.stderr and str(path) in run.stderr and "do:" in run.stderr


def test_a_folder_as_pipeline_file(job):
    run = job.spillway("run", job.folder, exit_code=2)
    assert "error[SPW-1101]" in run.stderr and str(job.folder) in run.stderr
