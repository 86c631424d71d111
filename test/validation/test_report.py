"""What `validate` says of a target, beside what DuckDB says of it."""

import random

import duckdb
import pyarrow as pa
import pytest

ROWS = 3000
SEED = 11

JOINED = """
    FROM bronze b LEFT JOIN scores s ON b.name = s.name JOIN makers m ON b.maker = m.maker
    WHERE b.number >= 100"""


@pytest.fixture
def tables():
    """Keys that are NULL, missing and doubled; a column of each kind of distribution."""
    print("seed", SEED)
    chosen = random.Random(SEED)
    names = [f"n{row}" if chosen.random() < 0.95 else None for row in range(ROWS)]
    scored = [name for name in names if name is not None and chosen.random() < 0.8]
    return {
        "bronze": pa.table({"number": range(ROWS), "name": names,
                            "maker": [chosen.choice("abcd") for _ in range(ROWS)]}),
        "scores": pa.table({
            "name": scored + scored[::5],
            "score": [None if chosen.random() < 0.1 else chosen.random()
                      for _ in range(len(scored) + len(scored[::5]))]}),
        "makers": pa.table({"maker": list("abc"), "country": ["x", "y", "x"]}),
    }


@pytest.fixture
def silver(job, tables):
    for name, rows in tables.items():
        job.table(name, rows)
    job.run("--mode=chunked", "--set=processing.chunk_size=700", where="number >= 100",
            lookups=[{"name": "scores", "table": "scores", "key": ["name"]},
                     {"name": "makers", "table": "makers", "key": ["maker"], "type": "inner"}],
            columns={"grade": "CASE WHEN score >= 0.5 THEN 'high' WHEN score < 0.5 THEN 'low' END"})
    return job


@pytest.fixture
def sql(tables):
    connection = duckdb.connect()
    for name, rows in tables.items():
        connection.register(name, rows)
    return lambda query: connection.sql(query).fetchall()


def column(report, name):
    return next(column for column in report["columns"] if column["name"] == name)


def test_rows_and_matches_are_those_of_duckdb(silver, sql):
    report = silver.validate()
    assert report["valid"] and report["differences"] is None
    [(rows,)] = sql(f"SELECT count(*) {JOINED}")
    assert report["expected_rows"] == report["stored_rows"] == rows
    scores, makers = report["lookups"]
    [(came, matched)] = sql("""
        SELECT count(*), count(*) FILTER (name IN (SELECT name FROM scores))
        FROM bronze WHERE number >= 100""")
    assert (scores["rows"], scores["matched_rows"]) == (came, matched)
    assert scores["match_rate"] == matched / came
    [(came, matched)] = sql("""
        SELECT count(*), count(*) FILTER (maker IN (SELECT maker FROM makers))
        FROM bronze b LEFT JOIN scores s ON b.name = s.name WHERE b.number >= 100""")
    assert scores["output_rows"] == came
    assert (makers["rows"], makers["matched_rows"], makers["output_rows"]) == (came, matched, rows)


def test_null_rates_and_distributions_are_those_of_duckdb(silver, sql):
    report = silver.validate()
    for name, value in [("number", "b.number"), ("name", "b.name"), ("maker", "b.maker"),
                        ("score", "score"), ("country", "country")]:
        [(nulls, rows)] = sql(f"SELECT count(*) FILTER ({value} IS NULL), count(*) {JOINED}")
        for side in ("stored", "expected"):
            profile = column(report, name)[side]
            assert (profile["nulls"], profile["rows"]) == (nulls, rows)
            assert profile["null_rate"] == nulls / rows
    for name, value in [("maker", "b.maker"), ("country", "country"), (
            "grade", "CASE WHEN score >= 0.5 THEN 'high' WHEN score < 0.5 THEN 'low' END")]:
        counted = sql(f"""SELECT {value} AS v, count(*) {JOINED} AND {value} IS NOT NULL
                          GROUP BY v ORDER BY count(*) DESC, v""")
        stored = column(report, name)["stored"]
        assert [(of["value"], of["rows"]) for of in stored["values"]] == counted
    for name, value in [("number", "b.number"), ("score", "score")]:
        [(least, most, mean)] = sql(f"SELECT min({value}), max({value}), avg({value}) {JOINED}")
        stored = column(report, name)["stored"]
        assert (stored["smallest"], stored["largest"]) == (least, most)
        assert stored["mean"] == pytest.approx(mean)
        assert stored["values"] == []
    [(quartiles,)] = sql(f"SELECT quantile_cont(score, [0.25, 0.5, 0.75]) {JOINED}")
    # A sample of 1,024 values: five standard deviations of a rank among values in [0, 1].
    assert column(report, "score")["stored"]["quartiles"] == pytest.approx(quartiles, abs=0.08)


def test_the_keys_of_the_json_are_these(silver):
    report = silver.validate()
    assert list(report) == [
        "target", "target_version", "valid", "compared", "held_versions", "expected_rows",
        "stored_rows", "rows_equal", "expected_sampled_rows", "stored_sampled_rows", "identity",
        "lookups", "expectations", "columns", "differences", "seconds", "peak_memory_bytes"]
    assert list(report["lookups"][0]) == ["name", "rows", "matched_rows", "match_rate",
                                          "output_rows"]
    for of in report["columns"]:
        assert list(of) == ["name", "equal", "depends_on_time", "sampled", "expected_nulls",
                            "stored_nulls", "changed_rows", "stored", "expected"]
        assert list(of["stored"]) == ["rows", "nulls", "null_rate", "values", "smallest", "largest",
                                      "mean", "quartiles"]
    silver.table("silver", silver.rows().slice(0, 1))
    differences = silver.validate(exit_code=1)["differences"]
    assert list(differences) == ["examined", "exact", "changed_rows", "missing_rows", "extra_rows",
                                 "examples"]
    assert list(differences["examples"][0]) == ["fate", "row", "values"]


def test_the_text_says_the_same(silver):
    report = silver.validate()
    text = silver.spillway("validate", silver.folder / "pipeline.yaml").stdout
    scores = report["lookups"][0]
    assert (f"scores: {scores['matched_rows']:,} of {scores['rows']:,} rows found a match "
            f"({100 * scores['match_rate']:.1f} %)") in text
    for of in report["columns"]:
        assert f"  {of['name']:<24} equal " in text


def test_derived_columns_are_compared_in_a_sample(silver):
    report = silver.validate("--sample=500")
    assert report["valid"] and report["identity"] == ["number"]
    assert report["expected_sampled_rows"] == report["stored_sampled_rows"]
    assert 300 < report["expected_sampled_rows"] < 700
    assert [of["name"] for of in report["columns"] if of["sampled"]] == ["grade"]
    assert column(report, "grade")["expected"]["rows"] == report["expected_sampled_rows"]
    assert column(report, "grade")["stored"]["rows"] == report["stored_rows"]
    for flags in ([], ["--full"]):
        report = silver.validate(*flags)
        assert report["expected_sampled_rows"] == report["expected_rows"]
        assert not any(of["sampled"] for of in report["columns"])


@pytest.mark.parametrize(("flags", "code"), [
    (["--full", "--sample=5"], "SPW-1001"), (["--sample=0"], "SPW-1108"),
    (["--sample=many"], "SPW-1001")])
def test_wrong_flags_are_usage_errors(silver, flags, code):
    run = silver.spillway("validate", silver.folder / "pipeline.yaml", *flags, exit_code=2)
    assert code in run.stderr
