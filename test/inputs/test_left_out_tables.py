"""What `where` leaves out of tables that are not plain: rows deleted by vectors, names that files
spell otherwise, statistics that are missing or contradict themselves."""

import datetime
import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import ColumnProperties, WriterProperties, write_deltalake
from pipelines.delta_log import live_files
from pipelines.foreign_table import field, write_log, write_table
from pipelines.job import assert_same_rows
from pipelines.parquet_footer import edit_footer, set_statistics
from trust.crafted import FEATURES, inline_vector

UTC = datetime.UTC


def numbers(first: int, end: int, name: str = "number") -> pa.Table:
    return pa.table({name: pa.array(range(first, end), pa.int64()),
                     "text": pa.array([f"t{number:05}" for number in range(first, end)])})


def edit_adds(table, change):
    """Changes every add action of the log in place."""
    for commit in (table / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            if "add" in action:
                change(action["add"])
        commit.write_text("\n".join(json.dumps(action) for action in actions) + "\n")


def commit(table, actions):
    version = len(list((table / "_delta_log").glob("*.json")))
    path = table / "_delta_log" / f"{version:020}.json"
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))


def bitmap(rows):
    """A Roaring bitmap of some numbers below 65,536, as an array."""
    return struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + b"".join(
        struct.pack("<H", row) for row in sorted(rows))


def delete(table, deleted):
    """Marks the rows that `deleted(add)` gives as deleted, in each file."""
    metadata = [json.loads(line)["metaData"]
                for line in (table / "_delta_log" / f"{0:020}.json").read_text().splitlines()
                if "metaData" in line]
    actions = [{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                             "readerFeatures": FEATURES, "writerFeatures": FEATURES}},
               {"metaData": metadata[0]}]
    for add in live_files(table).values():
        rows = deleted(add)
        statistics = json.loads(add["stats"]) | {"tightBounds": False}
        actions += [{"remove": {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}},
                    {"add": {**add, "stats": json.dumps(statistics),
                             "deletionVector": inline_vector(bitmap(rows), len(rows))}}]
    commit(table, actions)


def test_deleted_rows_are_counted_once(job, duckdb_delta):
    """Of a file that is left out, of row groups that are, and of those that are read."""
    table = job.table("bronze", numbers(0, 1000), rows_per_group=100)
    job.table("bronze", numbers(5000, 5100))
    first = [7, *range(150, 200), 205, *range(300, 400), 450, 999]
    delete(table, lambda add: first if json.loads(add["stats"])["numRecords"] == 1000
           else list(range(10)))
    job.write(where="number BETWEEN 120 AND 399", mode="chunked",
              processing={"chunk_size": 60})
    source = job.plan()["source"]
    assert source["rows"] == 1100 - len(first) - 10
    assert source["left_out"] == {"files": 1, "row_groups": 7, "rows": 90 + 700 - 3}
    assert job.report()["source_rows"] == 300  # deleted ones are read, and dropped
    kept = [number for number in range(120, 400) if number not in first]
    assert sorted(job.rows()["number"].to_pylist()) == kept
    same = duckdb_delta.sql(f"SELECT * FROM delta_scan('{table}') "
                            "WHERE number BETWEEN 120 AND 399").to_arrow_table()
    assert_same_rows(same.cast(job.rows().schema), job.rows())
    assert job.validate("--full")["valid"]


def test_a_column_of_another_case_in_the_file(job):
    """Its bounds are found, as its values are."""
    write_table(job.folder / "bronze", numbers(0, 100, "NUMBER"),
                [field("number", "long"), field("text", "string")], row_group_size=10)
    job.run(where="Number >= 75")
    assert job.plan()["source"]["left_out"] == {"files": 0, "row_groups": 7, "rows": 70}
    assert sorted(job.rows()["number"].to_pylist()) == list(range(75, 100))
    assert job.validate()["valid"]


def test_statistics_of_another_case_say_nothing(job):
    """The log spells columns as the table does; what it says of others is of others."""
    table = job.folder / "bronze"
    write_table(table, numbers(0, 100), [field("number", "long"), field("text", "string")])
    write_log(table, [field("number", "long"), field("text", "string")], stats=json.dumps(
        {"numRecords": 100, "minValues": {"Number": 500}, "maxValues": {"Number": 900},
         "nullCount": {"Number": 100}}))
    job.run(where="number >= 75")
    assert job.plan()["source"]["left_out"]["files"] == 0
    assert sorted(job.rows()["number"].to_pylist()) == list(range(75, 100))


def test_a_column_that_is_renamed(job):
    job.table("bronze", numbers(0, 100))
    job.table("bronze", numbers(100, 200), rows_per_group=20)
    job.write(source={"table": "bronze", "rename": {"number": "text", "text": "number"}},
              where="text >= 165 AND number < 't00170'")
    assert job.plan()["source"]["left_out"] == {"files": 1, "row_groups": 4, "rows": 180}
    job.run()
    assert sorted(job.rows()["text"].to_pylist()) == list(range(165, 170))
    assert job.validate()["valid"]


def test_without_statistics_in_the_log_those_of_footers_count(job):
    table = job.table("bronze", numbers(0, 100), rows_per_group=10)
    job.table("bronze", numbers(100, 200), rows_per_group=10)
    edit_adds(table, lambda add: add.pop("stats"))
    job.run(where="number BETWEEN 42 AND 58")
    assert job.plan()["source"]["left_out"] == {"files": 1, "row_groups": 8, "rows": 180}
    assert sorted(job.rows()["number"].to_pylist()) == list(range(42, 59))


def test_without_any_statistics_all_is_read(job):
    table = job.folder / "bronze"
    write_deltalake(str(table), numbers(0, 100), writer_properties=WriterProperties(
        default_column_properties=ColumnProperties(statistics_enabled="NONE")))
    edit_adds(table, lambda add: add.pop("stats"))
    (path,) = live_files(table)
    assert not pq.read_metadata(path).row_group(0).column(0).is_stats_set
    job.run(where="number < 0 OR number >= 90")
    assert job.plan()["source"]["left_out"] == {"files": 0, "row_groups": 0, "rows": 0}
    assert sorted(job.rows()["number"].to_pylist()) == list(range(90, 100))


def test_bounds_in_a_footer_that_contradict_themselves_say_nothing(job):
    def swap(path):
        edit_footer(path, lambda footer: set_statistics(
            footer, 0, null_count=0, minimum=struct.pack("<q", 99), maximum=struct.pack("<q", 0)))

    write_table(job.folder / "bronze", numbers(0, 100),
                [field("number", "long"), field("text", "string")], swap)
    job.run(where="number < 10")
    assert sorted(job.rows()["number"].to_pylist()) == list(range(10))


@pytest.mark.parametrize("text", ["2026-01-02T01:30:00+02:00", "2026-01-01 23:30:00",
                                  "2026-01-01T23:30:00.000000Z"])
def test_instants_of_partitions_with_and_without_a_zone(job, text):
    """Whatever the log's spelling, it is half past eleven, UTC."""
    fields = [field("at", "timestamp"), field("number", "long")]
    write_table(job.folder / "bronze", pa.table({"number": pa.array([1, 2], pa.int64())}), fields,
                partition_by=("at",), partition_values={"at": text})
    job.run(where="at < TIMESTAMP '2026-01-02 00:00:00'")
    assert job.rows()["at"].to_pylist() == [datetime.datetime(2026, 1, 1, 23, 30, tzinfo=UTC)] * 2
    job.run("--fresh", where="at >= TIMESTAMP '2026-01-02 00:00:00'", target={"table": "none"})
    assert job.plan()["source"]["left_out"]["files"] == 1
    assert job.rows("none").num_rows == 0


def test_a_wider_type_than_that_of_the_file(job):
    """The bounds of its older files are of the narrower type."""
    table = job.folder / "bronze"
    rows = pa.table({"number": pa.array(range(100), pa.int32()),
                     "day": pa.array(range(20_000, 20_100), pa.date32())})
    write_table(table, rows, [field("number", "long"), field("day", "timestamp_ntz")],
                row_group_size=10)
    path = table / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in path.read_text().splitlines()]
    features = ["timestampNtz", "typeWidening"]
    actions[0] = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                               "readerFeatures": features, "writerFeatures": features}}
    path.write_text("".join(json.dumps(action) + "\n" for action in actions))
    job.run(where="number >= 85 AND number < 3000000000")
    assert job.plan()["source"]["left_out"] == {"files": 0, "row_groups": 8, "rows": 80}
    assert sorted(job.rows()["number"].to_pylist()) == list(range(85, 100))
    job.run(where="day >= TIMESTAMP_NTZ '2024-12-19 12:00:00'", target={"table": "days"})
    first = datetime.datetime(2024, 12, 20)
    kept = [day for day in job.rows("days")["day"].to_pylist() if day >= first]
    assert len(kept) == job.rows("days").num_rows == 23
    assert job.validate()["valid"]
