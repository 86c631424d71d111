"""Tables that Spark made with column mapping: columns that were renamed, swapped, dropped and added
again at every depth, and files whose own column names mislead, so that only their ids tell."""

import json
import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from acceptance.compare import read_spark
from pipelines.cells import plain_rows
from pipelines.delta_log import commits, live_files
from pipelines.job import Job

HALF = 1600  # rows before the columns change, and as many behind
PAIR = pa.struct({"one": pa.int32(), "two": pa.int32()})
FIRST = pa.schema({
    "number": pa.int32(), "left": pa.int32(), "right": pa.int32(), "gone": pa.int32(),
    "place": pa.struct({"x": pa.int32(), "y": pa.int32(), "gone": pa.int32(), "pair": PAIR}),
    "items": pa.list_(pa.struct({"key": pa.string(), "value": pa.string()})),
    "named": pa.map_(pa.string(), PAIR), "noise": pa.binary(), "part": pa.string()})
CHANGES = [
    "RENAME COLUMN left TO middle", "RENAME COLUMN right TO left", "RENAME COLUMN middle TO right",
    "DROP COLUMN gone", "ADD COLUMN (gone INT)", "DROP COLUMN place.gone",
    "ADD COLUMN (place.gone INT)", "RENAME COLUMN place.x TO east",
    "RENAME COLUMN place.pair.one TO first", "RENAME COLUMN items.element.key TO word",
    "RENAME COLUMN named.value.two TO second", "RENAME COLUMN part TO section"]
LAST = pa.schema({
    "number": pa.int32(), "right": pa.int32(), "left": pa.int32(),
    "place": pa.struct({"east": pa.int32(), "y": pa.int32(),
                        "pair": pa.struct({"first": pa.int32(), "two": pa.int32()}),
                        "gone": pa.int32()}),
    "items": pa.list_(pa.struct({"word": pa.string(), "value": pa.string()})),
    "named": pa.map_(pa.string(), pa.struct({"one": pa.int32(), "second": pa.int32()})),
    "noise": pa.binary(), "section": pa.string(), "gone": pa.int32()})
COLUMNS = {"twice": "number * 2", "east": "place.east"}


def first_row(number):
    """A row as it is written before the columns change."""
    chosen = random.Random(number)

    def some():
        return chosen.choice([None, chosen.randrange(1000)])

    def pair():
        return chosen.choice([None, {"one": some(), "two": some()}])

    place = {"x": some(), "y": some(), "gone": some(), "pair": pair()}
    items = [{"key": str(some()), "value": str(some())} for _ in range(chosen.randrange(3))]
    return {"number": number, "left": some(), "right": some(), "gone": some(),
            "place": chosen.choice([None, place]), "items": chosen.choice([None, items]),
            "named": [(name, pair()) for name in ("a", "b")][:chosen.randrange(3)],
            "noise": chosen.randbytes(1500), "part": f"part {number % 2}"}


def last_row(number):
    """The same row once the columns have changed: what was in a column that is gone is lost."""
    row, is_old = first_row(number), number < HALF
    place, items = row["place"], row["items"]

    def pair(old, one, two):
        return old and {one: old["one"], two: old["two"]}

    return {"number": number, "right": row["left"], "left": row["right"],
            "gone": None if is_old else row["gone"],
            "place": place and {"east": place["x"], "y": place["y"],
                                "gone": None if is_old else place["gone"],
                                "pair": pair(place["pair"], "first", "two")},
            "items": items and [{"word": item["key"], "value": item["value"]} for item in items],
            "named": [(name, pair(old, "one", "second")) for name, old in row["named"]],
            "noise": row["noise"], "section": row["part"]}


EXPECTED = pa.Table.from_pylist([last_row(number) for number in range(2 * HALF)], LAST)


def make_table(folder, spark, mode):
    """The table `mapped` in `folder`: rows of two schemas, a file for each and for each part."""
    table = folder / "mapped"

    def write(rows, part):
        pq.write_table(rows, folder / "rows.parquet")
        spark.call("spark_tables", "write", parquet=str(folder / "rows.parquet"), files=1,
                   table=str(table), partition_by=[part],
                   properties={"delta.columnMapping.mode": mode})

    write(pa.Table.from_pylist([first_row(number) for number in range(HALF)], FIRST), "part")
    for change in CHANGES:
        spark.call("spark_tables", "sql", statement=f"ALTER TABLE delta.`{table}` {change}")
    write(EXPECTED.slice(HALF), "section")
    assert len(live_files(table)) == 4
    assert plain_rows(read_spark(table, spark), LAST) == plain_rows(EXPECTED, LAST)
    return table


@pytest.fixture(scope="module")
def mapped(spark, tmp_path_factory):
    """mapped(mode): the folder of the table that Spark made with that mode."""
    made = {}

    def make(mode):
        if mode not in made:
            made[mode] = make_table(tmp_path_factory.mktemp(mode), spark, mode)
        return made[mode]

    return make


NAMES = {
    "own names": lambda names: names,
    "new names": lambda names: [f"column {place}" for place in range(len(names))],
    "swapped names": lambda names: names[1:] + names[:1],
}


class Renamed:
    """A record batch whose fields have other names, at every depth, and are the same otherwise."""

    def __init__(self, batch, new_names):
        self._batch, self._new_names = batch, new_names

    def __arrow_c_array__(self, requested_schema=None):
        schema = pa.schema(self._fields(self._batch.schema))
        return schema.__arrow_c_schema__(), self._batch.__arrow_c_array__()[1]

    def _fields(self, fields):
        names = self._new_names([field.name for field in fields])
        return [field.with_name(name).with_type(self._type(field.type))
                for field, name in zip(fields, names)]

    def _type(self, kind):
        if pa.types.is_struct(kind):
            return pa.struct(self._fields(kind))
        if pa.types.is_list(kind):
            return pa.list_(kind.value_field.with_type(self._type(kind.value_type)))
        if pa.types.is_map(kind):
            return pa.map_(kind.key_field, kind.item_field.with_type(self._type(kind.item_type)))
        return kind


def rewrite_files(table, new_names):
    """Writes the files of `table` again with the same field ids, zstd-compressed. What else knows
    their sizes goes: checkpoints and Hadoop's checksums."""
    log = table / "_delta_log"
    for stale in {*table.rglob(".*.crc"), *log.glob("*checkpoint*")}:
        stale.unlink()
    sizes = {}
    for path, add in live_files(table).items():
        (batch,) = pq.ParquetFile(path).read().combine_chunks().to_batches()
        rows = pa.table(pa.record_batch(Renamed(batch, new_names)))
        pq.write_table(rows, path, compression="zstd")
        sizes[add["path"]] = path.stat().st_size
    for version, commit in enumerate(commits(table)):
        for action in commit:
            if "add" in action:
                action["add"]["size"] = sizes[action["add"]["path"]]
        text = "".join(json.dumps(action) + "\n" for action in commit)
        (log / f"{version:020}.json").write_text(text)


@pytest.fixture(params=["as written", "new names", "swapped names"])
def by_id(request, mapped, tmp_path):
    """A copy of the table with the mode `id`; with other names only the ids tell columns apart."""
    table = tmp_path / "mapped"
    shutil.copytree(mapped("id"), table)
    if request.param in NAMES:
        rewrite_files(table, NAMES[request.param])
    return table


def field_ids(node):
    """All Parquet field ids at and below the Arrow field `node`."""
    key = b"PARQUET:field_id"
    found = [node.metadata[key]] if key in (node.metadata or {}) else []
    for index in range(node.type.num_fields):
        found += field_ids(node.type.field(index))
    return found


def assert_plain_files(table, schema):
    """The files have the table's own names at every depth, and no ids."""
    for path in live_files(table):
        found = pq.read_schema(path)
        assert {field.name: field.type for field in schema} == {
            field.name: field.type for field in found}
        assert [field_ids(field) for field in found] == [[] for _ in found]


def assert_right(job, expected):
    assert plain_rows(job.rows(), expected.schema) == plain_rows(expected, expected.schema)
    assert set(job.rows().schema.names) == set(expected.schema.names)
    assert_plain_files(job.folder / "silver", expected.schema)
    job.spillway("validate", job.folder / "pipeline.yaml")


def with_computed_columns(rows):
    """What COLUMNS make of the rows."""
    numbers, places = rows["number"].to_pylist(), rows["place"].to_pylist()
    return (rows.append_column("twice", pa.array([2 * number for number in numbers], pa.int32()))
            .append_column("east", pa.array([place and place["east"] for place in places],
                                            pa.int32())))


def test_spark_sees_the_same(mapped, spark, tmp_path):
    """The files with new names are right. Spark fails on names of columns that have other types."""
    by_id = tmp_path / "mapped"
    shutil.copytree(mapped("id"), by_id)
    rewrite_files(by_id, NAMES["new names"])
    assert plain_rows(read_spark(by_id, spark), LAST) == plain_rows(EXPECTED, LAST)


def test_a_source_by_id(job: Job, by_id):
    """Its columns are decoded, although its row groups are large enough to splice."""
    report = job.report(source={"table": "mapped"}, columns=COLUMNS)
    assert report["spliced_row_groups"] == 0
    assert job.plan()["splice"]["not_spliced"] == {"columns are found by their ids": 4}
    assert_right(job, with_computed_columns(EXPECTED))


def test_a_few_columns_of_a_source_by_id(job: Job, by_id):
    job.run(source={"table": "mapped"}, columns={"east": "place.east"}, where="left < 500",
            drop=["noise", "items", "named", "place", "right"])
    rows = with_computed_columns(EXPECTED).select(["number", "left", "section", "gone", "east"])
    assert_right(job, rows.filter(pa.compute.less(rows["left"], 500)))


@pytest.mark.parametrize("where", [{}, {"where": "true"}], ids=["spliced", "decoded"])
def test_a_lookup_by_id(job: Job, by_id, where):
    chosen = random.Random(7)
    bronze = pa.table({"number": pa.array(range(1, 2 * HALF), pa.int32()),
                       "filler": [chosen.randbytes(1000) for _ in range(1, 2 * HALF)]})
    job.table("bronze", bronze)
    report = job.report(**where, drop=["noise"], columns=COLUMNS,
                        lookups=[{"name": "mapped", "table": "mapped", "key": ["number"]}])
    assert (report["spliced_row_groups"] > 0) == (where == {})
    looked_up = EXPECTED.drop_columns(["noise"]).slice(1)
    expected = looked_up.append_column("filler", bronze["filler"])
    assert_right(job, with_computed_columns(expected))


def test_the_plan_does_not_depend_on_names_in_files(job: Job, mapped):
    """Memory and codecs are those of the columns, whatever the files call them."""
    plans = []
    for kind in ("own names", "swapped names"):
        folder = job.folder / kind
        folder.mkdir()
        shutil.copytree(mapped("id"), folder / "mapped")
        rewrite_files(folder / "mapped", NAMES[kind])
        other = Job(job.spillway, folder)
        other.table("bronze", pa.table({"number": pa.array(range(10), pa.int32())}))
        other.write(lookups=[{"name": "mapped", "table": "mapped", "key": ["number"]}])
        plans.append(other.plan()["memory"])
        other.run(source={"table": "mapped"}, target={"table": "copy"})
        for path in live_files(folder / "copy"):
            group = pq.ParquetFile(path).metadata.row_group(0)
            codecs = {group.column(leaf).path_in_schema: group.column(leaf).compression
                      for leaf in range(group.num_columns)}
            assert set(codecs.values()) == {"ZSTD"}, str(codecs)
    assert plans[0] == plans[1]


@pytest.mark.parametrize("where", [{}, {"where": "true"}], ids=["spliced", "decoded"])
def test_a_source_by_name(job: Job, mapped, where):
    """Its files have ids too; what is copied of them loses the ids, for silver maps nothing."""
    report = job.report(**where, source={"table": str(mapped("name"))}, columns=COLUMNS)
    assert (report["spliced_row_groups"] > 0) == (where == {})
    assert_right(job, with_computed_columns(EXPECTED))
