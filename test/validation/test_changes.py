"""A target that somebody changed: `validate` says in which rows and columns."""

import datetime
import struct
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from readers.all_types import rows_of_all_types

ROWS = rows_of_all_types(200, seed=5)


def flip_last_bit(little_endian: bytes) -> bytes:
    return bytes([little_endian[0] ^ 1]) + little_endian[1:]


# For each type, a value that differs in the last bit or byte.
CHANGES = {
    "a_boolean": lambda value: not value,
    "a_byte": lambda value: value ^ 1,
    "a_short": lambda value: value ^ 1,
    "an_integer": lambda value: value ^ 1,
    "a_long": lambda value: value ^ 1,
    "a_float": lambda value: struct.unpack("f", flip_last_bit(struct.pack("f", value)))[0],
    "a_double": lambda value: struct.unpack("d", flip_last_bit(struct.pack("d", value)))[0],
    "a_small_decimal": lambda value: value + Decimal("0.01") * (-1 if value > 0 else 1),
    "a_decimal": lambda value: value + Decimal("0.000001") * (-1 if value > 0 else 1),
    "a_large_decimal": lambda value: value.next_minus() if value > 0 else Decimal(1),
    "a_string": lambda value: value[:-1] + chr(ord(value[-1]) ^ 1),
    "a_binary": lambda value: value[:-1] + bytes([value[-1] ^ 1]),
    "a_date": lambda value: value + datetime.timedelta(days=1 if value.year < 2000 else -1),
    "a_timestamp": lambda value: value - datetime.timedelta(microseconds=1),
    "a_struct": lambda value: {**value, "text": "é "},
    "an_array": lambda value: [*value[:-1], 7],
    "a_map": lambda value: [*value[:-1], (value[-1][0], 2.5)],
    "nested": lambda value: [*value, None],
}


@pytest.fixture(scope="module")
def copied(spillway, tmp_path_factory):
    """A copy of rows of all types, which the tests of this file change and put right again."""
    from pipelines.job import Job
    job = Job(spillway, tmp_path_factory.mktemp("copied"))
    job.table("bronze", ROWS)
    job.run()
    return job


def validate(job, *flags, exit_code=1):
    return job.validate(*flags, exit_code=exit_code)


def with_cell(rows: pa.Table, name: str, row: int, value: object) -> pa.Table:
    cells = rows[name].to_pylist()
    cells[row] = value
    field = rows.schema.field(name)
    return rows.set_column(rows.schema.get_field_index(name), field, pa.array(cells, field.type))


def put(job, rows: pa.Table) -> None:
    write_deltalake(str(job.folder / "silver"), rows, mode="overwrite")


def different(report):
    return [column["name"] for column in report["columns"] if not column["equal"]]


def test_every_type_has_its_change():
    assert {*CHANGES, "number"} == set(ROWS.column_names)


@pytest.mark.parametrize("name", CHANGES)
def test_one_changed_value_of_each_type_shows(copied, name):
    values = ROWS[name].to_pylist()
    row = next(row for row, value in enumerate(values)
               if value not in (None, "", b"", [], Decimal("0E-10")))
    changed = with_cell(ROWS, name, row, CHANGES[name](values[row]))
    assert changed[name].to_pylist()[row] != values[row]
    put(copied, changed)
    report = validate(copied)
    assert different(report) == [name]
    differences = report["differences"]
    assert differences["exact"] and differences["changed_rows"] == 1
    assert differences["missing_rows"] == differences["extra_rows"] == 0
    [example] = differences["examples"]
    assert example["row"] == {"number": str(row)} and example["fate"] == "changed"
    [value] = example["values"]
    assert value["column"] == name and value["expected"] != value["stored"]


def test_nulls_in_the_place_of_values_show(copied):
    row = next(row for row in range(ROWS.num_rows)
               if all(ROWS[name][row].is_valid for name in CHANGES))
    changed = ROWS
    for name in CHANGES:
        changed = with_cell(changed, name, row, None)
    put(copied, changed)
    report = validate(copied)
    assert different(report) == list(CHANGES)
    for column in report["columns"]:
        added = 0 if column["name"] == "number" else 1
        assert column["stored_nulls"] == column["expected_nulls"] + added
        assert column["changed_rows"] == added
    put(copied, ROWS)
    assert validate(copied, exit_code=0)["valid"]


@pytest.fixture
def derived(job):
    """A job whose target has a derived column, and its rows."""
    job.table("bronze", pa.table({"id": range(200), "text": [f"t{i % 50}" for i in range(200)]}))
    job.run(columns={"twice": "id * 2"})
    return job, job.rows()


def test_values_that_changed_places_show_in_the_rows(derived):
    """Each column still has the same values."""
    job, rows = derived
    twice = rows["twice"].to_pylist()
    put(job, with_cell(with_cell(rows, "twice", 3, twice[8]), "twice", 8, twice[3]))
    report = validate(job, "--full")
    assert different(report) == [] and not report["rows_equal"]
    assert report["differences"]["changed_rows"] == 2
    [of] = [column for column in report["columns"] if column["name"] == "twice"]
    assert of["changed_rows"] == 2
    told = {example["row"]["id"]: example["values"][0] for example in
            report["differences"]["examples"]}
    ids = rows["id"].to_pylist()
    assert told[str(ids[3])] == {"column": "twice", "expected": str(twice[3]),
                                 "stored": str(twice[8])}


def test_lost_doubled_and_foreign_rows_are_counted(derived):
    job, rows = derived
    foreign = pa.table({"id": [1000], "text": ["x"], "twice": [7]}, schema=rows.schema)
    put(job, pa.concat_tables([rows.slice(5), rows.slice(50, 1), foreign]))
    report = validate(job)
    assert (report["expected_rows"], report["stored_rows"]) == (200, 197)
    differences = report["differences"]
    assert differences["missing_rows"] - differences["extra_rows"] == 3
    assert differences["exact"]
    fates = [(example["fate"], example["row"]) for example in differences["examples"]]
    ids = rows["id"].to_pylist()
    assert ("extra", {"id": "1000"}) in fates and ("extra", {"id": str(ids[50])}) in fates
    missing = {row["id"] for fate, row in fates if fate == "missing"}
    assert missing == {str(i) for i in ids[:5]}


def test_a_sample_sees_a_change_of_all_rows_and_full_sees_one_of_a_single_row(derived):
    job, rows = derived
    flipped = rows["twice"].to_pylist()
    put(job, rows.set_column(2, rows.schema.field(2), pa.array([-i - 1 for i in flipped],
                                                               pa.int64())))
    report = validate(job, "--sample=20")
    assert different(report) == ["twice"]
    assert report["differences"]["changed_rows"] == report["expected_sampled_rows"]
    seen = 0
    for row in range(0, 200, 20):
        put(job, with_cell(rows, "twice", row, -1))
        assert different(validate(job, "--full")) == ["twice"]
        report = validate(job, "--sample=20", exit_code=None)
        seen += not report["valid"]
    assert seen < 10


def test_rows_without_a_column_of_their_own_are_told_apart_by_all(job):
    """Nothing is unique, and rows come several times."""
    rows = pa.table({"a": [i % 7 for i in range(100)], "b": [f"b{i % 5}" for i in range(100)]})
    job.table("bronze", rows)
    job.run()
    report = validate(job, exit_code=0)
    assert report["identity"] == ["a", "b"]
    put(job, with_cell(rows, "b", 50, "b9"))
    report = validate(job)
    [example] = report["differences"]["examples"]
    assert example["values"] == [{"column": "b", "expected": "b0", "stored": "b9"}]
    assert different(report) == ["b"]


def test_the_text_shows_what_differs(derived):
    job, rows = derived
    put(job, with_cell(rows, "twice", 3, -5))
    text = job.spillway("validate", job.folder / "pipeline.yaml", exit_code=1).stdout
    number = rows["id"].to_pylist()[3]
    assert "changed in 1 row\n" in text
    assert "  differences 1 row changed, 0 missing, 0 extra\n" in text
    assert f"    id = {number}\n      twice: {number * 2} expected, -5 stored\n" in text
