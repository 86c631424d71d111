"""Keys of lookups: every type, several columns, other names, nulls, NaN, and long strings."""

import datetime
import math
import random
from decimal import Decimal

import pyarrow as pa
import pytest
from inputs.joined import as_table, join
from pipelines.job import assert_same_rows

KEYS = {
    "boolean": (pa.bool_(), [True, False]),
    "byte": (pa.int8(), [-128, -1, 0, 127]),
    "short": (pa.int16(), [-32768, 0, 1, 32767]),
    "integer": (pa.int32(), [-(2**31), 0, 7, 2**31 - 1]),
    "long": (pa.int64(), [-(2**63), 0, 2**53, 2**53 + 1, 2**63 - 1]),
    "float": (pa.float32(), [0.0, -0.0, math.nan, math.inf, -1.5]),
    "double": (pa.float64(), [0.0, -0.0, math.nan, -math.inf, 5e-324, 0.1]),
    "small_decimal": (pa.decimal128(5, 2), [Decimal("-1.10"), Decimal("1.10"), Decimal("0.00")]),
    "large_decimal": (pa.decimal128(38, 10), [Decimal("1.0000000001"), Decimal("1E+27")]),
    "string": (pa.string(), ["", " ", "a", "A", "a ", "é", "e\u0301", "日本語", "a\0", "a\0b",
                             "k" * 10240, "k" * 10239 + "l", "k" * 10239]),
    "binary": (pa.binary(), [b"", b"\0", b"\0\0", b"\xff" * 300]),
    "date": (pa.date32(), [datetime.date(1582, 10, 4), datetime.date(1970, 1, 1)]),
    "timestamp": (pa.timestamp("us", tz="UTC"),
                  [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, datetime.UTC),
                   datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)]),
    "timestamp_ntz": (pa.timestamp("us"), [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
                                           datetime.datetime(2026, 3, 29, 2, 30)]),
}


def random_rows(rows, seed, **columns):
    """Rows whose cells are chosen from the values of each column, nulls among them."""
    chosen = random.Random(seed)
    print("seed", seed)
    return [{name: chosen.choice([None, *values]) for name, values in columns.items()}
            for _ in range(rows)]


@pytest.mark.parametrize("kind", KEYS)
def test_every_type(job, kind):
    type_, values = KEYS[kind]
    source = [{"key": key, "row": row} for row, key in enumerate([None, *values] * 3)]
    # Half of the values match; a null in the lookup matches nothing, not even another null.
    lookup = [{"key": key, "found": str(key)} for key in [None, *values[::2]]]
    if kind in ("float", "double"):  # 0.0 finds -0.0, and NaN finds NaN
        lookup = [{"key": key, "found": str(key)} for key in (math.nan, -0.0, None)]
    source_schema = pa.schema([("key", type_), ("row", pa.int32())])
    lookup_schema = pa.schema([("key", type_), ("found", pa.string())])
    job.table("bronze", as_table(source, source_schema), files=2)
    job.table("known", as_table(lookup, lookup_schema))
    job.run(lookups=[{"name": "known", "table": "known", "key": ["key"]}])
    expected = as_table(join(source, lookup, {"key": "key"}),
                        source_schema.append(lookup_schema.field("found")))
    assert_same_rows(expected, job.rows())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_composite_keys_with_other_names(job, seed):
    texts, numbers, days = ["", "a", "ab", "b"], [0.0, -0.0, math.nan, 1.5], [
        datetime.date(2026, 1, day) for day in (1, 2)]
    source = random_rows(200, seed, text=texts, number=numbers, day=days)
    source = [{**row, "row": place} for place, row in enumerate(source)]
    lookup = random_rows(60, seed + 100, t=texts, n=numbers, day=days)
    lookup = [{**row, "place": place} for place, row in enumerate(lookup)]
    types = {"text": pa.string(), "number": pa.float64(), "day": pa.date32(), "t": pa.string(),
             "n": pa.float64(), "row": pa.int32(), "place": pa.int32()}

    def schema(names):
        return pa.schema([(name, types[name]) for name in names.split()])

    job.table("bronze", as_table(source, schema("text number day row")), files=3)
    job.table("known", as_table(lookup, schema("t n day place")), files=2)
    job.run(lookups=[{"name": "known", "table": "known",
                      "key": ["day", {"source": "text", "lookup": "t"},
                              {"source": "number", "lookup": "n"}]}])
    key = {"day": "day", "text": "t", "number": "n"}
    assert_same_rows(as_table(join(source, lookup, key), schema("text number day row place")),
                     job.rows())


def test_names_compare_without_case(job):
    job.table("bronze", pa.table({"Id": [1, 2]}))
    job.table("known", pa.table({"ID": [2, 3], "Name": ["two", "three"]}))
    job.run(lookups=[{"name": "known", "table": "known", "key": ["id"], "columns": ["NAME"]}],
            columns={"loud": "upper(name)"})
    assert_same_rows(pa.table({"Id": [1, 2], "Name": [None, "two"], "loud": [None, "TWO"]}),
                     job.rows())


def test_a_key_may_come_from_the_lookup_before(job):
    """Two lookups, the second by a column that the first added."""
    job.table("bronze", pa.table({"image": ["a", "b", "c", None]}))
    job.table("cameras", pa.table({"image": ["a", "b", "d"], "camera": [1, 2, 3]}))
    job.table("cities", pa.table({"camera": [2, 3], "city": ["Split", "Zadar"]}))
    job.run(lookups=[{"name": "cameras", "table": "cameras", "key": ["image"]},
                     {"name": "cities", "table": "cities", "key": ["camera"]}])
    assert_same_rows(pa.table({"image": ["a", "b", "c", None], "camera": [1, 2, None, None],
                               "city": [None, "Split", None, None]}), job.rows())


def test_ten_thousand_long_keys(job):
    """Keys of 10 kB that differ in their last bytes alone."""
    keys = ["é" * 5000 + f"{number:05}" for number in range(2000)]
    job.table("bronze", pa.table({"key": keys, "row": range(2000)}), files=2)
    job.table("known", pa.table({"key": keys[::3], "place": range(0, 2000, 3)}))
    job.run("--memory=256MiB", lookups=[{"name": "known", "table": "known", "key": ["key"]}],
            drop=["key"])
    places = [row if row % 3 == 0 else None for row in range(2000)]
    assert_same_rows(pa.table({"row": range(2000), "place": places}), job.rows())
