"""Files and row groups that `where` leaves out before they are read: the rows are those of DuckDB,
and what is left out is not looked at."""

import datetime
import decimal
import json
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from pipelines.delta_log import live_files
from pipelines.foreign_table import field, struct
from pipelines.foreign_table import write_table as write_foreign_table
from pipelines.job import assert_same_rows

DAYS = [datetime.date(2026, 1, day) for day in (1, 2, 3, 4)]
UTC = datetime.UTC


def numbers(first: int, end: int) -> pa.Table:
    return pa.table({"number": pa.array(range(first, end), pa.int64()),
                     "text": pa.array([f"t{number:05}" for number in range(first, end)])})


def day_table(job, rows: int = 100):
    """A file for each day."""
    table = pa.table({"day": pa.array([day for day in DAYS for _ in range(rows)]),
                      "number": pa.array(range(len(DAYS) * rows), pa.int64())})
    job.table("bronze", table, partition_by=["day"])
    return table


def rewrite_statistics(table, change):
    """Rewrites the statistics in the log's last commit."""
    commit = max((table / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if "add" in action:
            statistics = json.loads(action["add"]["stats"])
            change(statistics)
            action["add"]["stats"] = json.dumps(statistics)
    commit.write_text("\n".join(json.dumps(action) for action in actions) + "\n")


def damage(path, first: int, end: int):
    with path.open("r+b") as file:
        file.seek(first)
        file.write(b"\xa5" * (end - first))


def test_files_of_other_partitions_are_not_opened(job):
    rows = day_table(job)
    job.write(where="day = DATE '2026-01-03'")
    left_out = job.plan()["source"]["left_out"]
    assert left_out == {"files": 3, "row_groups": 0, "rows": 300}
    assert "left out     3 of 4 files: 300 of 400 rows" in job.spillway(
        "plan", job.folder / "pipeline.yaml").stdout
    for path, add in live_files(job.folder / "bronze").items():
        if add["partitionValues"]["day"] != "2026-01-03":
            path.unlink()
    report = job.report()
    assert report["source_rows"] == report["rows_written"] == 100
    assert_same_rows(rows.slice(200, 100), job.rows())
    assert job.validate()["valid"]


def test_a_file_whose_statistics_are_missing_is_counted_by_its_footer(job):
    rows = day_table(job)
    commit = job.folder / "bronze/_delta_log/00000000000000000000.json"
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        action.get("add", {}).pop("stats", None)
    commit.write_text("\n".join(json.dumps(action) for action in actions) + "\n")
    job.write(where="day IN (DATE '2026-01-01', DATE '2026-01-04') AND number % 2 = 1")
    assert job.plan()["source"]["left_out"] == {"files": 2, "row_groups": 0, "rows": 200}
    job.run()
    expected = rows.filter(pa.array([(n < 100 or n >= 300) and n % 2 == 1 for n in range(400)]))
    assert_same_rows(expected, job.rows())


def test_row_groups_are_left_out_by_their_bounds(job):
    """What is left out is damaged here: a run does not see it, a validation reads all."""
    job.table("bronze", numbers(0, 1000), rows_per_group=100)
    (path,) = live_files(job.folder / "bronze")
    metadata = pq.read_metadata(path)
    for group in range(2, 10):
        columns = [metadata.row_group(group).column(i) for i in range(2)]
        first = columns[0].dictionary_page_offset or columns[0].data_page_offset
        damage(path, first, first + sum(column.total_compressed_size for column in columns))
    job.write(where="number < 150")
    assert job.plan()["source"]["left_out"] == {"files": 0, "row_groups": 8, "rows": 800}
    assert job.report()["source_rows"] == 200
    assert_same_rows(numbers(0, 150), job.rows())
    validate = job.spillway("validate", job.folder / "pipeline.yaml", exit_code=3)
    assert "error[SPW-3" in validate.stderr


def test_statistics_that_lie_are_found_by_validate(job):
    """A run takes the log's statistics at their word, as Spark does."""
    job.table("bronze", numbers(0, 100))
    job.table("bronze", numbers(100, 200))

    def lie(statistics):
        statistics["minValues"]["number"], statistics["maxValues"]["number"] = 5000, 6000

    rewrite_statistics(job.folder / "bronze", lie)
    job.run(where="number < 150")
    assert_same_rows(numbers(0, 100), job.rows())
    verdict = job.validate(exit_code=1)
    assert verdict["expected_rows"] == 150 and verdict["stored_rows"] == 100


@pytest.mark.parametrize("change", [
    lambda s: s["minValues"].update(number=5000),  # above the maximum
    lambda s: (s["nullCount"].update(number=-1), s["maxValues"].update(number=-7),
               s["minValues"].update(number=-9)),
    lambda s: (s.update(numRecords=7), s["nullCount"].update(number=8))])
def test_statistics_that_contradict_themselves_say_nothing(job, change):
    job.table("bronze", numbers(0, 100))
    rewrite_statistics(job.folder / "bronze", change)
    job.run(where="number < 50 AND number IS NOT NULL")
    assert_same_rows(numbers(0, 50), job.rows())
    assert job.validate()["valid"]


def test_names_in_the_log_and_in_files_are_those_of_the_column_mapping(job):
    """Swapped: the statistics of each column are the other one's by name."""
    table = job.folder / "bronze"
    rows = pa.table({"low": pa.array(range(100), pa.int64()),
                     "high": pa.array(range(1000, 1100), pa.int64())})
    stored = rows.rename_columns(["high", "low"])
    path = write_foreign_table(table, stored, [], row_group_size=10)
    fields = [field(name, "long", metadata={"delta.columnMapping.id": number,
                                            "delta.columnMapping.physicalName": physical})
              for number, (name, physical) in enumerate({"low": "high", "high": "low"}.items(), 1)]
    statistics = {"numRecords": 100, "minValues": {"high": 0, "low": 1000},
                  "maxValues": {"high": 99, "low": 1099}, "nullCount": {"high": 0, "low": 0}}
    log = table / "_delta_log" / f"{0:020}.json"
    protocol, definition, add = (json.loads(line) for line in log.read_text().splitlines())
    protocol["protocol"] = {"minReaderVersion": 2, "minWriterVersion": 5}
    definition["metaData"]["schemaString"] = json.dumps(struct(*fields))
    definition["metaData"]["configuration"] = {"delta.columnMapping.mode": "name",
                                               "delta.columnMapping.maxColumnId": "2"}
    add["add"]["stats"] = json.dumps(statistics)
    log.write_text("".join(json.dumps(line) + "\n" for line in (protocol, definition, add)))
    for number, (where, first, end, groups) in enumerate([
            ("low >= 50", 50, 100, 5), ("high >= 1095", 95, 100, 9), ("low > 500", 0, 0, 0),
            ("high < 1000", 0, 0, 0), ("high < 1010 AND low < 5", 0, 5, 9)]):
        job.write(where=where, target={"table": f"silver{number}"})
        left_out = job.plan()["source"]["left_out"]
        assert (left_out["files"], left_out["row_groups"]) == (int(first == end), groups), where
        job.run()
        assert_same_rows(rows.slice(first, end - first), job.rows(f"silver{number}"))
        assert job.validate()["valid"]
    assert path.exists()


def test_names_in_files_are_found_in_any_case(job):
    rows = numbers(0, 1000)
    write_foreign_table(job.folder / "bronze", rows.rename_columns(["NUMBER", "Text"]),
                        [field("number", "long"), field("text", "string")], row_group_size=100)
    job.write(where="Number >= 900")
    assert job.plan()["source"]["left_out"] == {"files": 0, "row_groups": 9, "rows": 900}
    job.run()
    assert_same_rows(rows.slice(900), job.rows())


def test_a_renamed_column(job):
    job.table("bronze", numbers(0, 100))
    job.table("bronze", numbers(100, 200))
    job.write(source={"table": "bronze", "rename": {"number": "text", "text": "number"}},
              where="text >= 150")
    assert job.plan()["source"]["left_out"] == {"files": 1, "row_groups": 0, "rows": 100}
    job.run()
    assert sorted(job.rows()["text"].to_pylist()) == list(range(150, 200))


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_killed_run_goes_on(job, mode):
    """With files and row groups that are left out before, between and behind its chunks."""
    rows = numbers(0, 2000)
    days = pa.array([day for day in DAYS for _ in range(500)])
    job.table("bronze", rows.append_column("day", days), partition_by=["day"], rows_per_group=50)
    job.write(where="day > DATE '2026-01-01' AND day < DATE '2026-01-04' AND text NOT LIKE '%5' "
                    "AND (number BETWEEN 650 AND 849 OR number BETWEEN 1100 AND 1299)",
              mode="chunked", target={"table": "silver", "mode": mode},
              processing={"chunk_size": 50, "max_attempts": 1}, resources={"lanes": 1},
              expectations=[{"name": "low", "expect": "number < 1120", "action": "fail"}])
    text = (job.folder / "pipeline.yaml").read_text()
    left_out = job.plan()["source"]["left_out"]
    assert left_out == {"files": 2, "row_groups": 12, "rows": 1600}
    job.run(exit_code=1)
    committed = job.rows().num_rows
    assert committed == 180
    job.write_text(text.replace('"fail"', '"warn"'))
    report = job.report()
    assert report["rows_written"] == 360 - committed
    kept = [n for n in (*range(650, 850), *range(1100, 1300)) if n % 10 != 5]
    assert sorted(job.rows()["number"].to_pylist()) == kept
    assert job.plan()["finished"]
    assert job.validate()["valid"]


def test_instants_are_cut_to_milliseconds_in_the_log(job):
    at = [datetime.datetime(2026, 1, 1, 10, 0, 0, micros, UTC) for micros in (0, 123_000, 123_456)]
    job.table("bronze", pa.table({"at": pa.array(at, pa.timestamp("us", "UTC"))}))

    def cut(statistics):
        statistics["minValues"]["at"] = "2026-01-01T10:00:00.000Z"
        statistics["maxValues"]["at"] = "2026-01-01T10:00:00.123Z"

    rewrite_statistics(job.folder / "bronze", cut)
    job.run(where="at > TIMESTAMP '2026-01-01 10:00:00.1234'")
    assert job.rows().num_rows == 1
    job.run("--fresh", where="at > TIMESTAMP '2026-01-01 10:00:00.124'",
            target={"table": "none", "mode": "overwrite"})
    assert job.plan()["source"]["left_out"]["rows"] == 3
    assert job.rows("none").num_rows == 0


def test_texts_are_cut_in_the_log(job):
    """Some writers cut the largest text without making it larger."""
    job.table("bronze", pa.table({"text": ["a", "bcdef"]}))
    rewrite_statistics(job.folder / "bronze", lambda s: s["maxValues"].update(text="bc"))
    job.run(where="text > 'bcd'")
    assert job.rows()["text"].to_pylist() == ["bcdef"]


def test_a_row_that_fails_is_not_left_out_by_statistics(job):
    job.table("bronze", pa.table({"number": [1, 2]}))
    job.table("bronze", pa.table({"number": [0, 50]}))
    run = job.run(where="10 / number > 1 AND number > 100", exit_code=3)
    assert "error[SPW-" in run.stderr and "zero" in run.stderr
    job.run("--fresh", where="number > 100 AND 10 / number > 1")
    assert job.plan()["source"]["left_out"]["rows"] == 4
    assert job.rows().num_rows == 0
    assert job.validate()["valid"]


def test_a_row_that_fails_in_another_partition_is_not_seen(job):
    """As in Spark, which looks at partitions first."""
    table = pa.table({"part": ["a", "a", "b"], "text": ["1", "2", "x"]})
    job.table("bronze", table, partition_by=["part"])
    job.run(where="CAST(text AS INT) > 1 AND part = 'a'")
    assert job.rows()["text"].to_pylist() == ["2"]
    assert job.validate()["valid"]


def test_where_all_is_left_out_there_is_one_commit(job):
    day_table(job)
    job.write(where="day > DATE '2027-01-01'")
    flags = ("--mode=chunked", "--set=processing.chunk_size=50")
    report = job.report(*flags)
    assert report["chunks_committed"] == 1 and report["source_rows"] == 0
    assert job.rows().num_rows == 0
    assert job.plan(*flags)["finished"]
    assert job.report(*flags)["already_finished"]


def test_chunks_are_of_rows_that_are_read(job):
    """No commit is empty because its files are left out."""
    rows = day_table(job)
    job.write(where="day IN (DATE '2026-01-02', DATE '2026-01-04')")
    report = job.report("--mode=chunked", "--set=processing.chunk_size=50")
    assert report["chunks_committed"] == 2
    files = live_files(job.folder / "silver")
    assert sorted(pq.read_metadata(path).num_rows for path in files) == [100, 100]
    kept = pa.concat_tables([rows.slice(100, 100), rows.slice(300, 100)])
    assert_same_rows(kept, job.rows())
    assert job.plan("--mode=chunked")["finished"]


def test_a_file_that_is_kept_whole_splices(job):
    """A condition on partition columns alone drops no row of the files that it keeps."""
    noise = random.Random(1)
    rows = pa.table({"day": pa.array([day for day in DAYS for _ in range(1000)]),
                     "number": pa.array(range(4000), pa.int64()),
                     "noise": pa.array([noise.randbytes(1500) for _ in range(4000)])})
    job.table("bronze", rows, partition_by=["day"])
    job.write(where="month(day) = 1 AND day(day) BETWEEN 2 AND 3",
              columns={"twice": "number * 2"})
    splice = job.plan()["splice"]
    assert splice["row_groups"] == splice["spliced"] == 2
    report = job.report()
    assert report["spliced_row_groups"] == 2 and report["rows_written"] == 2000
    kept = rows.slice(1000, 2000)
    twice = pa.array([2 * n for n in range(1000, 3000)], pa.int64())
    assert_same_rows(kept.append_column("twice", twice), job.rows())
    assert job.validate("--full")["valid"]


SEED = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
CONSTANTS = {
    "part": ["'a'", "'b'", "'c'", "'z'"],
    "day": ["DATE '2026-01-01'", "DATE '2026-01-03'", "DATE '2025-06-01'"],
    "number": ["0", "17", "250", "251.5", "1000", "-3"],
    "price": ["0", "10.25", "99.99", "500"],
    "name": ["'n0'", "'n20'", "'n200'", "''", "'zz'"],
    "moment": ["TIMESTAMP '2026-01-01 00:00:00'", "TIMESTAMP '2026-01-02 03:04:05.678901'",
           "TIMESTAMP '2027-01-01 00:00:00'"],
    "ratio": ["0", "1.5", "250"],
}


def random_batch(chosen: random.Random, first: int) -> pa.Table:
    """Rows whose columns grow about as `first` does, so that files differ in their bounds."""
    count = chosen.randrange(1, 60)
    at = [first + chosen.randrange(0, 50) for _ in range(count)]

    def some(make, share=0.1):
        if chosen.random() < 0.1:
            share = chosen.choice([0.0, 1.0])
        return [None if chosen.random() < share else make(n) for n in at]

    start = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    return pa.table({
        "part": pa.array(some(lambda _: chosen.choice("abc")), pa.string()),
        "day": pa.array(some(lambda n: DAYS[0] + datetime.timedelta(n // 150)), pa.date32()),
        "number": pa.array(some(lambda n: n), pa.int64()),
        "price": pa.array(some(lambda n: decimal.Decimal(n * 7) / 4), pa.decimal128(9, 2)),
        "name": pa.array(some(lambda n: f"n{n}"), pa.string()),
        "moment": pa.array(some(lambda n: start + datetime.timedelta(minutes=11 * n,
                                                                     microseconds=n)),
                           pa.timestamp("us", "UTC")),
        "ratio": pa.array(some(lambda n: chosen.choice([n / 2, -0.0, float("nan")])),
                          pa.float64()),
        "row": pa.array(range(first * 1000, first * 1000 + count), pa.int64()),
    })


def random_condition(chosen: random.Random, depth: int = 2) -> str:
    if depth > 0 and chosen.random() < 0.6:
        left, right = (random_condition(chosen, depth - 1) for _ in range(2))
        return chosen.choice([f"({left} AND {right})", f"({left} AND {right})",
                              f"({left} OR {right})", f"(NOT {left})"])
    column = chosen.choice(list(CONSTANTS))
    one, two = chosen.choices(CONSTANTS[column], k=2)
    comparison = chosen.choice(["=", "<>", "<", "<=", ">", ">="])
    return chosen.choice([f"{column} {comparison} {one}", f"{one} {comparison} {column}",
                          f"{column} {comparison} {one}", f"{column} IN ({one}, {two})",
                          f"{column} NOT IN ({one}, {two})", f"{column} BETWEEN {one} AND {two}",
                          f"{column} IS NULL", f"{column} IS NOT NULL", "name LIKE 'n2%'",
                          "part LIKE '%'"])


@pytest.mark.parametrize("partitions", [[], ["part"], ["day", "part"]], ids=repr)
def test_random_conditions_over_random_tables(job, duckdb_delta, partitions):
    print(f"SPILLWAY_TEST_SEED={SEED}")
    chosen = random.Random(f"{SEED} {partitions}")
    for first in range(0, 500, 60):
        job.table("bronze", random_batch(chosen, first), partition_by=partitions,
                  rows_per_group=chosen.choice([5, 20, 1000]))
    duckdb_delta.sql("SET TimeZone = 'UTC'")
    # Not filtered as it is read: statistics have no NaN, and pyarrow compares it otherwise.
    rows = job.rows("bronze")
    duckdb_delta.sql("CREATE TABLE bronze AS FROM rows")
    total = rows.num_rows
    left_out = 0
    for round_number in range(12):
        where = random_condition(chosen)
        print(where)
        target = f"silver{round_number}"
        job.write(where=where, target={"table": target},
                  mode=chosen.choice(["standard", "chunked"]),
                  processing={"chunk_size": chosen.choice([20, 70, 1000])})
        plan = job.plan()["source"]
        assert plan["rows"] == total
        expected = duckdb_delta.sql(f"SELECT * FROM bronze WHERE {where}").to_arrow_table()
        assert plan["left_out"]["rows"] <= total - expected.num_rows
        report = job.report()
        assert report["source_rows"] == total - plan["left_out"]["rows"]
        actual = job.rows(target)
        assert_same_rows(expected.cast(actual.schema), actual)
        left_out += plan["left_out"]["rows"]
        if round_number % 4 == 0:
            assert job.validate()["valid"]
    assert left_out > total


def test_statistics_have_physical_names(job):
    """The log knows columns by those, where the table maps them."""
    write_deltalake(str(job.folder / "bronze"), numbers(0, 100))
    write_deltalake(str(job.folder / "bronze"), numbers(100, 200), mode="append")
    log = job.folder / "bronze/_delta_log"
    for commit in sorted(log.glob("*.json")):
        lines = []
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "metaData" in action:
                schema = json.loads(action["metaData"]["schemaString"])
                for place, field in enumerate(schema["fields"]):
                    field["metadata"] = {"delta.columnMapping.id": place + 1,
                                         "delta.columnMapping.physicalName": field["name"]}
                    field["name"] = {"number": "id"}.get(field["name"], field["name"])
                action["metaData"]["schemaString"] = json.dumps(schema)
                action["metaData"]["configuration"] = {"delta.columnMapping.mode": "name",
                                                       "delta.columnMapping.maxColumnId": "2"}
            if "protocol" in action:
                action["protocol"] = {"minReaderVersion": 2, "minWriterVersion": 5}
            lines.append(json.dumps(action))
        commit.write_text("\n".join(lines) + "\n")
    job.write(where="ID >= 150")
    assert job.plan()["source"]["left_out"] == {"files": 1, "row_groups": 0, "rows": 100}
    job.run()
    assert sorted(job.rows()["id"].to_pylist()) == list(range(150, 200))
