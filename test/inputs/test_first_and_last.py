"""lookups[].duplicates: first and last, by order_by: which row of a key is joined."""

import datetime
import decimal
import math
import os
import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

KEYS = 400
ROWS = 3_000
MIB = 1 << 20


def by_spark(value):
    """Ascending as Spark has it: NULL before all values, NaN behind them."""
    if value is None:
        return (0, 0)
    return (2, 0) if isinstance(value, float) and math.isnan(value) else (1, value)


def values_of(kind, chosen):
    day = datetime.date(2026, 1, 1)
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    domains = {
        "long": (pa.int64(), lambda: chosen.randint(-5, 5)),
        "short": (pa.int16(), lambda: chosen.randint(-300, 300)),
        "double": (pa.float64(), lambda: chosen.choice([math.nan, -math.inf, -1.5, 0.5, 7e300])),
        "string": (pa.string(), lambda: chosen.choice(["", "a", "ab", "ü", "a\x00"])),
        "date": (pa.date32(), lambda: day + datetime.timedelta(chosen.randint(-9, 9))),
        "timestamp": (pa.timestamp("us", "UTC"),
                      lambda: moment + datetime.timedelta(seconds=chosen.randint(-9, 9))),
        "decimal": (pa.decimal128(20, 2), lambda: decimal.Decimal(chosen.randint(-99, 99)) / 4),
        "boolean": (pa.bool_(), lambda: chosen.random() < 0.5),
    }
    kind_type, draw = domains[kind]
    values = [None if chosen.random() < 0.1 else draw() for _ in range(ROWS)]
    return pa.array(values, kind_type)


KINDS = ["long", "short", "double", "string", "date", "timestamp", "decimal", "boolean"]


@pytest.fixture
def chosen():
    seed = int(os.environ.get("SPILLWAY_TEST_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    return random.Random(seed)


def make_tables(job, order, chosen, text_bytes=1):
    keys = [chosen.randrange(KEYS) for _ in range(ROWS)]
    known = pa.table({"id": pa.array(keys, pa.int64()), "seen": order, "row": range(ROWS),
                      "text": [f"{row:0{text_bytes}}" for row in range(ROWS)]})
    job.table("known", known, files=3, rows_per_group=500)
    job.table("bronze", pa.table({"id": range(KEYS + 50)}))
    return keys


def check(job, keys, order, which):
    """Each key has one row, none of whose fellows is nearer to that end."""
    found = {row["id"]: row["row"] for row in job.rows().to_pylist()}
    assert len(found) == job.rows().num_rows == KEYS + 50
    values = [by_spark(value) for value in order.to_pylist()]
    rows_of = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(key, []).append(row)
    best = min if which == "first" else max
    for key in range(KEYS + 50):
        if key not in rows_of:
            assert found[key] is None
            continue
        assert keys[found[key]] == key
        assert values[found[key]] == best(values[row] for row in rows_of[key]), key


def lookup(which, **keys):
    return {"name": "known", "table": "known", "key": ["id"], "duplicates": which,
            "order_by": "seen", "columns": ["row"], **keys}


@pytest.mark.parametrize("which", ["first", "last"])
@pytest.mark.parametrize("kind", KINDS)
def test_by_every_type(job, chosen, kind, which):
    order = values_of(kind, chosen)
    keys = make_tables(job, order, chosen)
    job.run(lookups=[lookup(which)])
    assert job.rows().column_names == ["id", "row"]
    check(job, keys, order, which)
    assert job.validate("--full")["valid"]


@pytest.mark.parametrize("which", ["first", "last"])
@pytest.mark.parametrize("kind", ["string", "timestamp"])
def test_out_of_core(job, chosen, kind, which):
    order = values_of(kind, chosen)
    keys = make_tables(job, order, chosen, text_bytes=9_000)
    job.write(lookups=[lookup(which, columns=["row", "text"])], resources={"lanes": 2})
    budget = job.plan()["memory"]["smallest_budget_bytes"]
    flag = f"--memory={budget}"
    assert job.plan(flag)["lookups"][0]["join"]["out_of_core"]
    assert job.report(flag)["peak_memory_bytes"] <= budget
    check(job, keys, order, which)
    assert job.rows().filter(pc.is_valid(job.rows()["row"]))["text"].to_pylist() == [
        f"{row:09000}" for row in job.rows()["row"].drop_null().to_pylist()]
    assert job.validate("--full", flag)["valid"]


def test_by_ranges_of_keys(job, chosen):
    """Clustered by key, so that an index holds some of the keys at a time."""
    rows = 450_000
    keys = [row // 3 for row in range(rows)]
    order = pa.array([chosen.randint(0, 9) for _ in range(rows)])
    job.table("known", pa.table({"id": keys, "seen": order, "row": range(rows),
                                 "text": [f"{row:040}" for row in range(rows)]}),
              files=2, rows_per_group=9_000)
    job.table("bronze", pa.table({"id": range(rows // 3)}), files=2, rows_per_group=6_000)
    job.write(lookups=[lookup("last", columns=["row", "text"])], resources={"lanes": 1},
              target={"table": "silver", "target_file_size": "100kB"})
    flag = f"--memory={job.plan()['memory']['smallest_budget_bytes'] + 12 * MIB}"
    assert job.plan(flag)["lookups"][0]["join"]["key_ranges"] > 1
    job.run(flag)
    values = order.to_pylist()
    for row in job.rows().to_pylist():
        of_key = range(row["id"] * 3, row["id"] * 3 + 3)
        assert row["row"] in of_key
        assert values[row["row"]] == max(values[i] for i in of_key)


def test_an_expression_and_what_the_plan_says(job):
    job.table("known", pa.table({"id": [1, 1, 1], "made": [3, 9, 1], "changed": [None, None, 12],
                                 "name": ["a", "b", "c"]}))
    job.table("bronze", pa.table({"id": [1]}))
    expression = "coalesce(changed, made)"
    for which, name in {"first": "a", "last": "c"}.items():
        job.write(lookups=[lookup(which, order_by=expression, columns=["name"])],
                  target={"table": which})
        said = job.spillway("plan", job.folder / "pipeline.yaml").stdout
        assert f"of rows with the same key, the {which} by {expression} is used" in said
        job.run()
        assert job.rows(which)["name"].to_pylist() == [name]


def test_without_an_order_the_files_have_one(job):
    job.table("known", pa.table({"id": [1, 1, 1], "name": ["a", "b", "c"]}))
    job.table("bronze", pa.table({"id": [1]}))
    for which, name in {"first": "a", "last": "c"}.items():
        job.write(lookups=[{"name": "known", "table": "known", "key": ["id"],
                            "duplicates": which}], target={"table": which})
        said = job.spillway("plan", job.folder / "pipeline.yaml").stdout
        assert f"the {which} by the order of the table's files is used" in said
        job.run()
        assert job.rows(which)["name"].to_pylist() == [name]


@pytest.mark.parametrize(("keys", "exit_code", "code", "told"), [
    ({"duplicates": "expand"}, 2, 1108, "add \"duplicates: last\" next to it"),
    ({"duplicates": "error"}, 2, 1108, "add \"duplicates: last\" next to it"),
    ({"order_by": "sen"}, 2, 1202, "did you mean seen?"),
    ({"order_by": "array"}, 3, 3008, "rows cannot be ordered by this value"),
])
def test_what_is_refused(job, keys, exit_code, code, told):
    job.table("known", pa.table({"id": [1], "seen": [1], "row": [1], "array": [[1]]}))
    job.table("bronze", pa.table({"id": [1]}))
    error = job.run(exit_code=exit_code, lookups=[{**lookup("last"), **keys}]).stderr
    assert f"error[SPW-{code}]" in error and told in error
    assert not (job.folder / "silver").exists()


def test_another_order_is_another_job(job):
    job.table("known", pa.table({"id": [1, 1], "seen": [1, 2], "row": [1, 2]}))
    job.table("bronze", pa.table({"id": [1]}))
    job.run(lookups=[lookup("last")], target={"table": "silver", "mode": "append"})
    error = job.run(exit_code=2, lookups=[lookup("last", order_by="-seen")],
                    target={"table": "silver", "mode": "append"}).stderr
    assert "error[SPW-1111]" in error
