"""Expectations: which rows meet them, what becomes of those that do not, and what reports say of
them, beside what DuckDB says."""

import json
import os
import random
import re
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pytest
from pipelines.job import Job, assert_same_rows

ROWS = 4000
CHUNK = 600
LOOKUPS = [{"name": "scores", "table": "scores", "key": ["name"]}]
COLUMNS = {"grade": "CASE WHEN score >= 0.5 THEN 'high' WHEN score < 0.5 THEN 'low' END",
           "twice": "number * 2", "fixed": "7"}
SILVER = """
    SELECT b.number, b.name, b.maker, b.content, s.score, s.hidden,
           CASE WHEN score >= 0.5 THEN 'high' WHEN score < 0.5 THEN 'low' END AS grade,
           number * 2 AS twice, 7::INTEGER AS fixed
    FROM bronze b LEFT JOIN scores s ON b.name = s.name"""
# Spark SQL that DuckDB reads alike.
CONDITIONS = [
    "name IS NOT NULL", "score >= 0.2", "score IS NULL OR score < 0.9", "number % 7 <> 3",
    "grade = 'high'", "maker <> 'a' AND grade = 'low'", "hidden < 900", "twice < 7900", "fixed = 7",
    "fixed < 7", "true", "false", "CAST(NULL AS BOOLEAN)",
    "length(name) < 5 OR maker IN ('a', 'b')",
]
# Ways through the program.
FORMS = {
    "spliced": ["--mode=chunked", f"--set=processing.chunk_size={ROWS // 2}"],
    "decoded": ["--mode=chunked"],
    "standard": ["--mode=standard"],
    "at_end": ["--mode=chunked", "--set=target.publish=at_end"],
    "key_order": ["--mode=chunked", "--set=processing.chunk_order=key"],
    "where": ["--mode=chunked", "--set=where=number >= 50"],
    "dropped_columns": ["--mode=standard", "--set=drop=[hidden, name, twice]"],
}


@dataclass(frozen=True)
class Tables:
    bronze: pa.Table
    scores: pa.Table

    def sql(self, query: str):
        connection = duckdb.connect()
        connection.register("bronze", self.bronze)
        connection.register("scores", self.scores)
        return connection.sql(query)


@pytest.fixture(scope="module")
def tables():
    chosen = random.Random(3)
    names = [f"n{row}" if chosen.random() < 0.9 else None for row in range(ROWS)]
    scored = [name for name in names if name is not None and chosen.random() < 0.8]
    # Rows of the second file become several, so that its row group is decoded after all.
    scored += [name for name in scored if int(name[1:]) >= ROWS // 2][::9]
    return Tables(
        pa.table({"number": range(ROWS), "name": names,
                  "maker": [chosen.choice("abcd") for _ in range(ROWS)],
                  "content": [chosen.randbytes(700) for _ in range(ROWS)]}),
        pa.table({"name": scored, "hidden": range(len(scored)),
                  "score": [None if chosen.random() < 0.1 else chosen.random() for _ in scored]}))


@pytest.fixture
def lake(job: Job, tables):
    """Its two row groups are large enough to be spliced."""
    job.table("bronze", tables.bronze, files=2, rows_per_group=ROWS)
    job.table("scores", tables.scores)
    job.write(lookups=LOOKUPS, columns=COLUMNS, processing={"chunk_size": CHUNK})
    return job


def setting(expectations) -> str:
    return "--set=expectations=" + json.dumps(expectations)


def expect(condition: str, action: str = "warn", name: str = "it") -> dict[str, str]:
    return {"name": name, "expect": condition, "action": action}


def check(job: Job, tables: Tables, form: str, expectations) -> None:
    """A run ends with DuckDB's rows, and it and a validation report DuckDB's numbers."""
    flags = [*FORMS[form], setting(expectations), "--fresh", "--set=target.mode=overwrite",
             "--set=target.overwrite_schema=true"]
    report = job.report(*flags)
    where = " WHERE number >= 50" if form == "where" else ""
    rows = f"SELECT * FROM ({SILVER}){where}"
    kept = " AND ".join(f"coalesce({e['expect']}, false)" for e in expectations
                        if e["action"] == "drop") or "true"
    drops = any(e["action"] == "drop" for e in expectations)
    assert (report["spliced_row_groups"] > 0) == (not drops and form in ("spliced", "standard",
                                                                         "dropped_columns"))
    columns = "* EXCLUDE (hidden, name, twice)" if form == "dropped_columns" else "*"
    assert_same_rows(
        tables.sql(f"SELECT {columns} FROM ({rows}) WHERE {kept}").to_arrow_table(), job.rows())
    assert len(report["expectations"]) == len(expectations)
    validated = job.validate(*(flag for flag in flags if flag != "--fresh"))
    assert validated["valid"]
    for told, judged, wanted in zip(report["expectations"], validated["expectations"], expectations,
                                    strict=True):
        [(count, not_met)] = tables.sql(f"""
            SELECT count(*), count(*) FILTER (NOT coalesce({wanted['expect']}, false))
            FROM ({rows})""").fetchall()
        assert told == judged == {"name": wanted["name"], "action": wanted["action"],
                                  "rows": count, "not_met_rows": not_met}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("action", ["warn", "drop"])
def test_each_condition(lake, tables, form, action):
    conditions = CONDITIONS if action == "warn" else CONDITIONS[:3]  # all would leave no row
    check(lake, tables, form, [expect(condition, action, f"e{i}")
                               for i, condition in enumerate(conditions)])


@pytest.mark.parametrize("form", FORMS)
def test_chosen_at_random(lake, tables, form):
    seed = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    chosen = random.Random(f"{form} {seed}")
    for _ in range(3):
        expectations = [expect(chosen.choice(CONDITIONS), chosen.choice(["warn", "drop"]), f"e{i}")
                        for i in range(chosen.randint(1, 5))]
        print(expectations)
        check(lake, tables, form, expectations)


def test_those_that_count_do_not_hinder_splicing(lake):
    counting, dropping = (
        lake.plan(*FORMS["spliced"], setting([expect("score > 0.5", action)]))
        for action in ("fail", "drop"))
    assert counting["splice"]["spliced"] == 2
    assert counting["expectations"] == [{"name": "it", "action": "fail"}]
    assert dropping["splice"]["not_spliced"] == {"an expectation drops rows": 2}


def test_fail_ends_the_run_before_the_chunk(lake, tables):
    lake.table("one_file", tables.bronze)  # of several, nobody knows which comes first
    failing = setting([expect("number <> 1500 AND number <> 1501", "fail", "no_such_number")])
    chunked = ["--mode=chunked", "--set=source.table=one_file"]
    run = lake.run(*chunked, "--set=resources.lanes=1", failing, exit_code=1)
    place = f"{lake.folder}/pipeline.yaml"
    assert "error[SPW-7002]: rows do not meet the expectation no_such_number" in run.stderr
    assert "where: --set expectations" in run.stderr and "2 of " in run.stderr
    assert "number = 1500" in run.stderr and place not in run.stderr
    assert "Nothing was lost: chunks 1-2 of 7 are committed" in run.stderr
    expected = tables.sql(f"{SILVER} WHERE number < {2 * CHUNK}").to_arrow_table()
    assert_same_rows(expected, lake.rows())
    # Judged otherwise, the same run goes on.
    lenient = failing.replace("fail", "warn")
    report = lake.report(*chunked, lenient)
    assert report["source_rows"] == ROWS - 2 * CHUNK
    assert report["expectations"][0]["not_met_rows"] == 2
    assert_same_rows(tables.sql(SILVER).to_arrow_table(), lake.rows())
    assert lake.report(*chunked, lenient)["already_finished"]


def test_fail_commits_nothing_where_all_is_one_commit(lake):
    run = lake.run("--mode=standard", setting([expect("fixed = 8", "fail")]), exit_code=1)
    assert "SPW-7002" in run.stderr and "one of them with fixed = 7" in run.stderr
    assert not (lake.folder / "silver" / "_delta_log").exists()


def test_the_action_of_one_is_a_key(lake):
    lake.write(lookups=LOOKUPS, columns=COLUMNS,
               expectations=[expect("number < 10", "fail", "small")])
    lake.run(exit_code=1)
    run = lake.run("--set=expectations.small.action=drop")
    assert re.search(r"expected   small: 4,\d{3} of 4,\d{3} rows do not meet it \(drop\)",
                     run.stdout)
    assert lake.rows().num_rows == 10


def test_validation_fails_where_a_row_does(lake):
    lake.run()
    met = lake.validate(setting([expect("number >= 0", "fail")]))
    assert met["valid"] and met["expectations"][0]["not_met_rows"] == 0
    for sample in ([], ["--sample=500"], ["--full"]):
        failed = lake.validate(setting([expect("name IS NOT NULL", "fail")]), *sample, exit_code=1)
        assert not failed["valid"] and failed["rows_equal"]
        [judged] = failed["expectations"]
        assert judged["not_met_rows"] > 0
        assert judged["rows"] == failed["expected_sampled_rows"]
    text = lake.spillway("validate", lake.folder / "pipeline.yaml",
                         setting([expect("name IS NOT NULL", "fail")]), exit_code=1).stdout
    assert "NOT VALID: rows do not meet an expectation with action: fail" in text


def test_an_error_in_a_condition_has_its_place(lake):
    lake.write(lookups=LOOKUPS, expectations=[expect("1 / number > 0")])
    run = lake.run(exit_code=3)
    assert "SPW-3201" in run.stderr and f"{lake.folder}/pipeline.yaml:" in run.stderr
    assert not (lake.folder / "silver" / "_delta_log").exists()


def test_no_secret_is_shown(lake):
    run = lake.run("--set=variables.word='canary-4711'",
                   setting([expect("concat(name, ${word}) = 'x'", "fail")]), exit_code=1)
    assert "SPW-7002" in run.stderr and "canary" not in run.stderr


def test_rows_that_depend_on_the_time_cannot_be_validated(lake):
    by_time = setting([expect("current_date() > date'2020-01-01'", "drop")])
    lake.run(by_time)
    run = lake.spillway("validate", lake.folder / "pipeline.yaml", by_time, exit_code=2)
    assert "an expectation that drops rows" in run.stderr
