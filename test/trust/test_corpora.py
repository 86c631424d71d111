"""Damaged files that fuzzers and crashes made: each is read as other readers read it, or refused by
its name, within the budget, and nobody is killed."""

import os
import re
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trust.crafted import added, definition, write_log

# Every fourth file, or all of them: a run of the program takes its time.
STEP = 1 if os.environ.get("SPILLWAY_TORTURE_KILLS") else 4

MEMORY_CODES = {"5001", "5002"}

PRIMITIVES = [
    (pa.types.is_boolean, "boolean"), (pa.types.is_int8, "byte"), (pa.types.is_int16, "short"),
    (pa.types.is_int32, "integer"), (pa.types.is_int64, "long"), (pa.types.is_float32, "float"),
    (pa.types.is_float64, "double"), (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"), (pa.types.is_binary, "binary"),
    (pa.types.is_large_binary, "binary"), (pa.types.is_date32, "date"),
    (pa.types.is_decimal128, None)]


def delta_type(kind):
    """Delta's type for Arrow's, or None."""
    for matches, name in PRIMITIVES:
        if matches(kind):
            return name or f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz else None
    if pa.types.is_list(kind) and delta_type(kind.value_type):
        return {"type": "array", "elementType": delta_type(kind.value_type), "containsNull": True}
    if pa.types.is_map(kind) and delta_type(kind.key_type) and delta_type(kind.item_type):
        return {"type": "map", "keyType": delta_type(kind.key_type),
                "valueType": delta_type(kind.item_type), "valueContainsNull": True}
    if pa.types.is_struct(kind) and all(delta_type(field.type) for field in kind):
        return {"type": "struct", "fields": fields_of(kind)}
    return None


def fields_of(schema):
    return [{"name": field.name, "type": delta_type(field.type), "nullable": True, "metadata": {}}
            for field in schema]


def schema_of(path):
    """The columns of a file that a Delta table can have; of one that nobody can open, an id."""
    try:
        schema = pq.read_schema(path)
    except (OSError, ValueError, pa.ArrowException):  # ValueError: names that are not UTF-8
        return fields_of(pa.schema([("id", pa.int64())]))
    return fields_of([field for field in schema if delta_type(field.type)])


def rows_by_pyarrow(path, names):
    """How many rows pyarrow reads; None where it does not."""
    try:
        return pq.read_table(path, columns=names).num_rows
    except (OSError, ValueError, pa.ArrowException):
        return None


def names_of(corpora):
    return sorted(path.name for path in (corpora / "corrupt-parquet").iterdir())


def test_corrupt_data_files(contained, job, corpora):
    """With a `where`, so that what is read is decoded and not copied."""
    names = names_of(corpora)
    assert len(names) > 50
    names = names[::STEP]
    read = 0
    for number, name in enumerate(names):
        table = job.folder / f"t{number}"
        source = corpora / "corrupt-parquet" / name
        fields = schema_of(source)
        write_log(table, [*definition(fields=fields), added("a.parquet", source.stat().st_size)])
        shutil.copy(source, table / "a.parquet")
        where = f"`{fields[0]['name']}` IS NULL OR true" if fields else "true"
        shutil.rmtree(job.folder / "silver", ignore_errors=True)
        exit_code, error = contained(table, "--set=processing.max_attempts=1",
                                     f"--set=where={where}")
        codes = set(re.findall(r"SPW-(\d+)", error))
        if exit_code == 0:
            expected = rows_by_pyarrow(source, [field["name"] for field in fields])
            assert job.rows().num_rows == expected, f"{name}: {expected}"
            read += 1
        elif exit_code == 5:
            assert codes <= MEMORY_CODES, f"{name}: {error}"
        elif exit_code == 2:
            assert "need column mapping" in error, f"{name}: {error}"
        else:
            assert exit_code == 3 and "a.parquet" in error, f"{name}: {error}"
    assert read < len(names) / 2


@pytest.mark.parametrize(("name", "code", "told"), [
    ("table_a", 3005, ".parquet"), ("table_b", 3005, ".parquet"),
    ("table_c", 3003, "00000000000000000012.json"), ("table_d", 3006, "catalogOwned"),
    ("table_g", 3005, ".parquet")])
def test_broken_logs(contained, job, corpora, name, code, told):
    """Where the log is whole as far as anybody reads it, the data files are what is missing."""
    exit_code, error = contained(corpora / "broken-logs" / name)
    assert exit_code == 3 and f"error[SPW-{code}]" in error and told in error, error
