"""Which columns come out: what a lookup adds, derived columns, where and drop."""

import pyarrow as pa
import pytest
from pipelines.job import assert_same_rows


@pytest.fixture
def tables(job):
    job.table("bronze", pa.table({"id": [1, 2, 3, None], "score": [0.5, None, 1.5, 2.5],
                                  "text": ["a", "B", None, "é"]}))
    job.table("known", pa.table({"id": [1, 3], "score": [10.0, None], "name": ["one", "three"]}))
    return job


def known(**keys):
    return [{"name": "known", "table": "known", "key": ["id"], **keys}]


def test_a_list_of_lookup_columns(tables):
    tables.run(lookups=known(columns=["name"]))
    assert tables.rows().column_names == ["id", "score", "text", "name"]
    assert sorted(tables.rows()["name"].to_pylist(), key=str) == [None, None, "one", "three"]


def test_a_map_renames_and_computes(tables):
    tables.run(lookups=known(columns={"known_score": "score", "loud": "upper(name)",
                                      "both": "concat(name, '=', CAST(id AS STRING))",
                                      "constant": "1"}))
    expected = pa.table({"id": [1, 2, 3, None], "score": [0.5, None, 1.5, 2.5],
                         "text": ["a", "B", None, "é"],
                         "known_score": [10.0, None, None, None],
                         "loud": ["ONE", None, "THREE", None],
                         "both": ["one=1", None, "three=3", None],
                         "constant": pa.array([1, None, 1, None], pa.int32())})
    assert_same_rows(expected, tables.rows())


def test_a_lookup_may_add_nothing(tables):
    tables.run(lookups=known(type="inner", columns=[]))
    assert_same_rows(pa.table({"id": [1, 3], "score": [0.5, 1.5], "text": ["a", None]}),
                     tables.rows())


def test_where_keeps_the_rows_for_which_it_is_true(tables):
    tables.run(where="score > 1 OR text = 'a'")
    assert sorted(tables.rows()["score"].to_pylist()) == [0.5, 1.5, 2.5]


def test_where_may_use_a_column_that_is_dropped_and_leave_no_row(tables):
    tables.run(where="text = 'nobody'", drop=["text"])
    assert tables.rows().num_rows == 0
    assert tables.rows().column_names == ["id", "score"]


def test_columns_build_on_each_other_and_on_dropped_ones(tables):
    tables.run(columns={"twice": "score * 2", "more": "twice + 1", "big": "more > 3"},
               drop=["score", "twice"])
    expected = pa.table({"id": [1, 2, 3, None], "text": ["a", "B", None, "é"],
                         "more": [2.0, None, 4.0, 6.0], "big": [False, None, True, True]})
    assert_same_rows(expected, tables.rows())


def test_a_column_in_the_place_of_one_of_the_source(tables):
    """It stays where it stood, and its expression sees the old value."""
    tables.run(columns={"score": "CAST(score AS STRING)", "text": "lower(text)",
                        "also": "concat(text, '!')"})
    expected = pa.table({"id": [1, 2, 3, None], "score": ["0.5", None, "1.5", "2.5"],
                         "text": ["a", "b", None, "é"], "also": ["a!", "b!", None, "é!"]})
    assert tables.rows().column_names == ["id", "score", "text", "also"]
    assert_same_rows(expected, tables.rows())


def test_a_column_in_the_place_of_a_lookups(tables):
    tables.run(lookups=known(columns=["name"]), columns={"name": "coalesce(name, 'nobody')"})
    assert sorted(tables.rows()["name"].to_pylist()) == ["nobody", "nobody", "one", "three"]


def test_a_null_key_of_a_source_without_its_key_column(tables):
    """The key is read although no column of the target needs it."""
    tables.run(lookups=known(columns=["name"]), drop=["id", "score", "text"])
    assert_same_rows(pa.table({"name": ["one", None, "three", None]}), tables.rows())


def test_odd_column_names(job):
    names = ["a.b", "tick`s", "日本語", "UPPER"]
    job.table("bronze", pa.table({name: [place] for place, name in enumerate(names)}))
    job.run(columns={"sum": "`a.b` + `tick``s` + `日本語` + upper"})
    assert job.rows().to_pylist() == [{"a.b": 0, "tick`s": 1, "日本語": 2, "UPPER": 3, "sum": 6}]


def test_nested_fields(job):
    rows = pa.table({"id": [1, 2, 3], "box": pa.array(
        [{"left": 1, "deep": {"text": "a"}}, None, {"left": None, "deep": None}])})
    job.table("bronze", rows)
    job.run(columns={"left": "box.left", "text": "box.deep.text"}, drop=["box"])
    assert_same_rows(pa.table({"id": [1, 2, 3], "left": [1, None, None],
                               "text": ["a", None, None]}), job.rows())
