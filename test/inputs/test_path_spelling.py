"""One file under several spellings: a log's paths are URLs, and a removed file is gone whatever the
remove action calls it. Spark reads the same rows, where it reads the log."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipelines.delta_log import actions
from trust.crafted import LONG_ID, added, definition, write_log

# How the add and the remove action spell the file `c=New York/a.parquet` of the table at {table}.
SPELLINGS = {
    "decoded remove": ("c=New%20York/a.parquet", "c=New York/a.parquet"),
    "encoded remove": ("c=New York/a.parquet", "c=New%20York/a.parquet"),
    "case of hex": ("c%3dNew%20York/a.parquet", "c%3DNew%20York/a.parquet"),
    "absolute remove": ("c=New%20York/a.parquet", "file:{table}/c=New%20York/a.parquet"),
    "absolute add": ("file://{table}/c=New%20York/a.parquet", "c=New%20York/a.parquet"),
    "two absolute ones": ("{table}/c=New%20York/a.parquet",
                          "file://{table}/c=New%20York/a.parquet"),
    "dots": ("c=New%20York/a.parquet", "./x/../c=New%20York//a.parquet"),
    "needless escapes": ("c=New%20York/a.parquet", "c%3DNew%20York/%61.parquet"),
}
SAME_IN_SPARK = ["case of hex", "two absolute ones", "dots"]


def put(table, name, ids):
    path = table / "c=New York" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64())}), path)
    return path.stat().st_size


def removed(path):
    return {"remove": {"path": path, "deletionTimestamp": 4102444800000, "dataChange": True}}


def spell(path, table):
    return path.format(table=table)


def make_table(table, spelling):
    """Rows 1 and 2, and then rows 3 and 4 in their place."""
    add, remove = (spell(path, table) for path in SPELLINGS[spelling])
    write_log(table, [*definition(LONG_ID), added(add, put(table, "a.parquet", [1, 2]))])
    write_log(table, [removed(remove),
                      added("c=New%20York/b.parquet", put(table, "b.parquet", [3, 4]))], 1)
    return table


def ids(rows):
    return sorted(rows["id"].to_pylist())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_removed_file_is_gone(job, spelling):
    make_table(job.folder / "bronze", spelling)
    job.run()
    assert ids(job.rows()) == [3, 4]
    assert job.validate()["valid"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_is_there_once(job, spelling):
    """Added again, as writers do to give it statistics, by another name."""
    table = make_table(job.folder / "bronze", spelling)
    add, other = (spell(path, table) for path in SPELLINGS[spelling])
    size = put(table, "a.parquet", [1, 2])
    write_log(table, [added(other, size)], 2)
    write_log(table, [added(add, size)], 3)
    job.run()
    assert ids(job.rows()) == [1, 2, 3, 4]


def test_spark_reads_the_same(job, spark, tmp_path):
    for spelling in SAME_IN_SPARK:
        table = make_table(job.folder / spelling.replace(" ", "_"), spelling)
        folder = tmp_path / "read" / table.name
        spark.call("spark_tables", "read", table=str(table), parquet=str(folder))
        assert ids(pq.read_table(folder)) == [3, 4], spelling


@pytest.mark.parametrize("path", ["c=New York/10%3A00.parquet", "100%/a%2F.parquet", "a:b.parquet"])
def test_what_may_be_two_files_is_refused(job, path):
    """Was it encoded? Spark refuses such a log too."""
    table = make_table(job.folder / "bronze", "dots")
    write_log(table, [removed(path)], 2)
    job.write()
    error = job.run(exit_code=3).stderr
    assert "SPW-3003" in error and path in error and f"{2:020}.json" in error


@pytest.mark.parametrize("spelling", ["decoded remove", "encoded remove", "case of hex"])
def test_an_overwrite_removes_by_the_names_of_the_log(job, spelling):
    """Since other readers compare texts."""
    job.table("bronze", pa.table({"id": [7]}))
    table = make_table(job.folder / "silver", spelling)
    add = SPELLINGS[spelling][1]
    write_log(table, [added(add, put(table, "a.parquet", [1, 2]))], 2)
    job.run(target={"table": "silver", "mode": "overwrite"})
    written = {action["path"] for action in actions(table, "remove")[1:]}
    assert written == {add, "c=New%20York/b.parquet"}
    assert job.validate()["valid"]


def checkpoint(table, version, file_actions):
    """A checkpoint with these actions in this order, as writers that compare texts leave it."""
    paths = pa.struct([("path", pa.string())])
    add = pa.struct([("path", pa.string()), ("partitionValues", pa.map_(pa.string(), pa.string())),
                     ("size", pa.int64()), ("modificationTime", pa.int64()),
                     ("dataChange", pa.bool_())])
    strings = pa.map_(pa.string(), pa.string())
    schema = pa.schema([
        ("protocol", pa.struct([("minReaderVersion", pa.int32()),
                                ("minWriterVersion", pa.int32())])),
        ("metaData", pa.struct([
            ("id", pa.string()),
            ("format", pa.struct([("provider", pa.string()), ("options", strings)])),
            ("schemaString", pa.string()), ("partitionColumns", pa.list_(pa.string())),
            ("configuration", strings), ("createdTime", pa.int64())])),
        ("add", add), ("remove", paths)])
    meta = definition(LONG_ID)[1]["metaData"]
    meta = {**meta, "format": {"provider": "parquet", "options": []}, "configuration": []}
    rows = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": meta}]
    for action in file_actions:
        rows.append({kind: {**body, "partitionValues": []} for kind, body in action.items()})
    name = f"{version:020}.checkpoint.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), table / "_delta_log" / name)


@pytest.mark.parametrize("add_first", [True, False])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_checkpoint_that_contradicts_itself(job, spelling, add_first):
    table = make_table(job.folder / "bronze", spelling)
    add, remove = (spell(path, table) for path in SPELLINGS[spelling])
    size = os.path.getsize(table / "c=New York" / "a.parquet")
    both = [added(add, size), removed(remove)]
    checkpoint(table, 1, [added("c=New%20York/b.parquet", size),
                          *(both if add_first else both[::-1])])
    job.run()
    assert ids(job.rows()) == [3, 4]


def test_a_checkpoint_with_a_file_twice(job):
    table = make_table(job.folder / "bronze", "dots")
    size = os.path.getsize(table / "c=New York" / "b.parquet")
    checkpoint(table, 1, [added("c=New%20York/b.parquet", size),
                          added("c=New%20York/./b.parquet", size)])
    job.run()
    assert ids(job.rows()) == [3, 4]
