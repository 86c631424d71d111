"""Data files whose names and types are not letter by letter those of the table: what Spark reads is
read, all else is refused by name. Nothing is read as NULL because it is spelled otherwise."""

import datetime
import decimal
import random
import struct
from functools import partial

import pyarrow as pa
import pytest
from acceptance.compare import read_duckdb, read_spark
from bad_input.refusal import assert_refused
from pipelines.cells import plain_rows
from pipelines.delta_log import actions
from pipelines.foreign_table import field, write_table
from pipelines.foreign_table import struct as struct_of
from pipelines.parquet_footer import (
    BINARY,
    COLUMN_META_DATA,
    COLUMNS,
    I64,
    NAME,
    ROW_GROUPS,
    ROWS,
    SCHEMA,
    edit_footer,
)

ADDRESS = struct_of(field("city", "string"), field("zip", "long"))
PEOPLE = [field("userId", "long"), field("länge", "double"), field("address", ADDRESS),
          field("old", {"type": "array", "elementType": ADDRESS, "containsNull": True}),
          field("byYear", {"type": "map", "keyType": "string", "valueType": ADDRESS,
                           "valueContainsNull": True}),
          field("noise", "binary")]


def people(spelled, rows=40, noise=10):
    """Rows of PEOPLE, whose names are as `spelled(name)` says."""
    address = pa.struct([(spelled("city"), pa.string()), (spelled("zip"), pa.int64())])

    def home(number):
        return None if number % 5 == 0 else {spelled("city"): f"C{number}", spelled("zip"): number}

    columns = {
        "userId": pa.array(range(rows), pa.int64()),
        "länge": pa.array([None if n % 3 == 0 else n / 2 for n in range(rows)], pa.float64()),
        "address": pa.array([home(n) for n in range(rows)], address),
        "old": pa.array([[home(n), home(n + 1)] for n in range(rows)], pa.list_(address)),
        "byYear": pa.array([[(str(n), home(n))] for n in range(rows)],
                           pa.map_(pa.string(), address)),
        "noise": pa.array([random.Random(n).randbytes(noise) for n in range(rows)])}
    return pa.table({spelled(name): values for name, values in columns.items()})


@pytest.mark.parametrize("spelled", [str.upper, str.lower, str.swapcase],
                         ids=["upper", "lower", "swapped"])
def test_names_are_found_whatever_their_case(job, duckdb_delta, spelled):
    write_table(job.folder / "bronze", people(spelled), PEOPLE)
    job.table("cities", pa.table({"CITY": [f"C{n}" for n in range(0, 40, 2)], "n": range(20)}))
    job.run(columns={"home": "address.city", "tall": "`länge` > 9"},
            lookups=[{"name": "cities", "table": "cities",
                      "key": [{"source": "USERID", "lookup": "n"}]}])
    expected = people(str)
    found = job.rows()
    assert plain_rows(found, expected.schema) == plain_rows(expected, expected.schema)
    assert found.select(["userId", "home", "tall", "CITY"]).sort_by("userId").to_pylist() == [
        {"userId": n, "home": None if n % 5 == 0 else f"C{n}",
         "tall": None if n % 3 == 0 else n / 2 > 9, "CITY": f"C{2 * n}" if n < 20 else None}
        for n in range(40)]
    job.validate("--full")
    same = read_duckdb(str(job.folder / "silver")).select(expected.column_names)
    assert plain_rows(same, expected.schema) == plain_rows(expected, expected.schema)


def test_copied_columns_get_the_names_of_the_table(job, spark):
    """A column of another case is copied; one with another case inside is encoded anew."""
    write_table(job.folder / "bronze", people(str.upper, 2000, 800), PEOPLE)
    report = job.report(columns={"twice": "userid * 2"})
    assert report["spliced_row_groups"] == 1
    assert report["copied_bytes"] > 1_000_000
    expected = people(str, 2000, 800)
    for found in (job.rows(), read_duckdb(str(job.folder / "silver")),
                  read_spark(job.folder / "silver", spark)):
        assert plain_rows(found, expected.schema) == plain_rows(expected, expected.schema)
    before = read_spark(job.folder / "bronze", spark)
    assert plain_rows(before, expected.schema) == plain_rows(expected, expected.schema)
    job.validate("--full")


@pytest.mark.parametrize("stored", [["a", "A"], ["B", "A", "a"]])
def test_two_columns_that_differ_in_case_alone_are_refused(job, stored):
    """As Spark refuses them, even where one of them has the name exactly."""
    rows = pa.table([[n] * 10 for n in range(len(stored))], stored)
    write_table(job.folder / "bronze", rows, [field("a", "long")])
    job.write()
    assert_refused(job, 3004, "column a", "a, A" if stored[0] == "a" else "A, a")
    job.write(columns={"b": "a IS NULL"})
    assert_refused(job, 3004, "column a")


@pytest.mark.parametrize("key", ["city", "City"])
def test_a_partition_value_is_found_as_spark_finds_it(job, spark, key):
    """Letter by letter, unlike the names in files: an absent value is NULL."""
    rows = pa.table({"ID": pa.array([1, 2], pa.int64())})
    write_table(job.folder / "bronze", rows, [field("id", "long"), field("city", "string")],
                partition_by=("city",), partition_values={key: "x"})
    job.run()
    expected = read_spark(job.folder / "bronze", spark)
    assert expected["city"].to_pylist() == ["x" if key == "city" else None] * 2
    assert job.rows().sort_by("id").to_pydict() == expected.sort_by("id").to_pydict()


def test_a_partition_column_that_the_table_lacks_is_refused(job):
    write_table(job.folder / "bronze", pa.table({"id": [1, 2]}),
                [field("id", "long"), field("city", "string")], partition_by=("City",),
                partition_values={"City": "x"})
    job.write()
    assert_refused(job, 3003, "City")


# What a file has, as what a table calls it: and the values, as Spark gives them.
READ = {
    "uint64 as decimal(20,0)": (pa.array([0, 5, 2**64 - 1], pa.uint64()), "decimal(20,0)",
                                [decimal.Decimal(n) for n in (0, 5, 2**64 - 1)]),
    "uint64 as long": (pa.array([0, 5, 2**63 - 1], pa.uint64()), "long", [0, 5, 2**63 - 1]),
    "uint32 as long": (pa.array([0, 2**32 - 1], pa.uint32()), "long", [0, 2**32 - 1]),
    "uint8 as short": (pa.array([0, 255], pa.uint8()), "short", [0, 255]),
    "half float as float": (pa.array([1.5, -2.0, None], pa.float32()).cast(pa.float16()), "float",
                            [1.5, -2.0, None]),
    "half float as double": (pa.array([1.5, -2.0], pa.float32()).cast(pa.float16()), "double",
                             [1.5, -2.0]),
    "bytes as string": (pa.array([b"a", "é".encode(), None]), "string", ["a", "é", None]),
    "fixed bytes as binary": (pa.array([b"ab", b"\xff\0"], pa.binary(2)), "binary",
                              [b"ab", b"\xff\0"]),
    "string as binary": (pa.array(["a", None]), "binary", [b"a", None]),
    "void as long": (pa.nulls(2), "long", [None, None]),
    "nanoseconds as timestamp": (pa.array([-1, 1999], pa.timestamp("ns", "UTC")), "timestamp",
                                 [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999,
                                                    datetime.UTC),
                                  datetime.datetime(1970, 1, 1, 0, 0, 0, 1, datetime.UTC)]),
}


@pytest.mark.parametrize("case", READ)
def test_values_of_another_form_are_read(job, case):
    stored, kind, expected = READ[case]
    write_table(job.folder / "bronze", pa.table({"v": stored}), [field("v", kind)])
    job.run(columns={"is_null": "v IS NULL"})
    found = job.rows()
    assert sorted(found["v"].to_pylist(), key=str) == sorted(expected, key=str)
    assert sorted(found["is_null"].to_pylist()) == sorted(value is None for value in expected)
    job.validate("--full")


UUID = bytes.fromhex("6ba7b8109dad11d180b400c04fd430c8")
REFUSED = {
    "fixed bytes as string": (pa.array([UUID], pa.binary(16)), "string"),
    "uuid as string": (pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID], pa.binary(16))),
                       "string"),
    "bytes that are no text as string": (pa.array([b"ok", b"\xff\xfe"]), "string"),
    "long as string": (pa.array([1]), "string"),
    "string as long": (pa.array(["1"]), "long"),
    "double as float": (pa.array([1.5]), "float"),
    "double as long": (pa.array([1.0]), "long"),
    "time as long": (pa.array([1], pa.time64("us")), "long"),
    "long as timestamp": (pa.array([1]), "timestamp"),
    "timestamp as date": (pa.array([1], pa.timestamp("us", "UTC")), "date"),
    "bool as integer": (pa.array([True]), "integer"),
    "uint64 as long, too large": (pa.array([2**63], pa.uint64()), "long"),
    "uint64 as decimal(19,0)": (pa.array([1], pa.uint64()), "decimal(19,0)"),
    "long as integer, too large": (pa.array([2**31]), "integer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_values_that_the_type_does_not_hold_are_refused_by_name(job, case):
    stored, kind = REFUSED[case]
    write_table(job.folder / "bronze", pa.table({"v": stored}), [field("v", kind)])
    job.write()
    assert "damaged" not in assert_refused(job, 3008, "v", where="a.parquet")


DAY_OF_EPOCH = 2_440_588
NANOS_OF_DAY = 86_400 * 10**9
MICROS_OF_DAY = 86_400 * 10**6


def int96(nanos: int, day: int) -> bytes:
    return struct.pack("<qi", nanos, day)


def old_timestamps(values):
    """Bronze's rows, and what makes them those INT96 values."""
    start = datetime.datetime(2024, 1, 1)
    days = [start + datetime.timedelta(days=n) for n in range(len(values))]
    rows = pa.table({"n": pa.array(range(len(values)), pa.int64()),
                     "at": pa.array(days, pa.timestamp("us"))})

    def put(path):
        data = path.read_bytes()
        for n, value in enumerate(values):
            written = int96(0, DAY_OF_EPOCH + 19723 + n)
            assert data.count(written) == 1
            data = data.replace(written, int96(*value))
        path.write_bytes(data)

    return rows, put


WRITE_OLD = {"use_deprecated_int96_timestamps": True, "use_dictionary": False,
             "compression": "none", "write_statistics": False}
AT = [field("n", "long"), field("at", "timestamp")]


def test_old_timestamps_are_sparks_in_every_year(job, spark):
    values = [(0, DAY_OF_EPOCH), (0, 1), (1500, 1), (0, 1721425), (999, 1721424), (0, 5373484),
              (NANOS_OF_DAY - 1, 5373484), (0, 5373485), (3_600 * 10**9, 108_360_000),
              (0, DAY_OF_EPOCH + 106_751_990), (NANOS_OF_DAY + 5000, DAY_OF_EPOCH)]
    rows, put = old_timestamps(values)
    write_table(job.folder / "bronze", rows, AT, put, **WRITE_OLD)
    job.run()
    expected = [(day - DAY_OF_EPOCH) * MICROS_OF_DAY + nanos // 1000 for nanos, day in values]
    found = dict(zip(job.rows()["n"].to_pylist(),
                     job.rows()["at"].cast(pa.int64()).to_pylist(), strict=True))
    assert [found[n] for n in range(len(values))] == expected
    for table in ("bronze", "silver"):
        same = spark.call("spark_tables", "select", statement=(
            f"SELECT n, unix_micros(at) FROM delta.`{job.folder / table}`"))["rows"]
        assert sorted(same) == [[n, micros] for n, micros in enumerate(expected)]
    job.validate("--full")


@pytest.mark.parametrize("value", [(0, 0), (0, -1), (-1500, DAY_OF_EPOCH), (0, 2**31 - 1),
                                   (0, DAY_OF_EPOCH + 106_751_992)])
def test_old_timestamps_out_of_reach_are_refused(job, value):
    rows, put = old_timestamps([(0, DAY_OF_EPOCH), value])
    write_table(job.folder / "bronze", rows, AT, put, **WRITE_OLD)
    job.write()
    assert_refused(job, 3008, "column at", "INT96", where="a.parquet")


def test_a_name_with_a_nul_byte_is_damage(job):
    """Whatever is named so: a column that is wanted, another one, or the root."""
    def name(place, path):
        def edit(footer):
            schema = footer[SCHEMA][1][1]
            old = schema[place][NAME][1]
            schema[place][NAME] = (BINARY, old[:1] + b"\0" + old[2:])
        edit_footer(path, edit)

    rows = pa.table({"id": [1, 2], "other": [3, 4]})
    for place in (1, 2):
        table = job.folder / f"bronze{place}"
        write_table(table, rows, [field("id", "long"), field("other", "long")],
                    partial(name, place))
        job.write(source={"table": table.name})
        assert_refused(job, 3004, "damaged", where="a.parquet")


def test_a_footer_with_endless_sizes_is_more_than_any_budget(job):
    """2^31 - 1 values of 2^31 - 1 bytes: the plan does not wrap around to what fits."""
    def edit(footer):
        footer[ROWS] = (I64, 2**31 - 1)
        for group in footer[ROW_GROUPS][1][1]:
            group[3] = (I64, 2**31 - 1)
            for chunk in group[COLUMNS][1][1]:
                chunk[COLUMN_META_DATA][1][5] = (I64, 2**31 - 1)
        schema = footer[SCHEMA][1][1]
        schema[1][2] = (5, 2**31 - 1)  # the type's length

    rows = pa.table({"id": pa.array([b"ab"] * 2, pa.binary(2))})
    write_table(job.folder / "bronze", rows, [field("id", "binary")],
                lambda path: edit_footer(path, edit))
    job.table("left", pa.table({"k": pa.array([b"ab"])}))
    job.write(source={"table": "left"}, lookups=[
        {"name": "l", "table": "bronze", "key": [{"source": "k", "lookup": "id"}]}])
    run = job.spillway("plan", job.folder / "pipeline.yaml", "--memory=1GiB", exit_code=5)
    assert "SPW-5001" in run.stderr or "SPW-5001" in run.stdout


def test_names_of_columns_are_one_whatever_their_case(job):
    job.table("bronze", pa.table({"id": [1, 2]}))
    job.write(columns={"x": "id + 1", "X": "id + 2"})
    assert_refused(job, 1107, '"X"', '"x"', where="pipeline.yaml")
    job.write(columns={"größe": "id + 1", "GRÖßE": "id + 2"})
    assert_refused(job, 1107, '"GRÖßE"', where="pipeline.yaml")
    job.run(columns={"ID": "id + 10"})
    assert job.rows().to_pydict() == {"ID": [11, 12]}
    assert len(actions(job.folder / "silver", "metaData")) == 1
