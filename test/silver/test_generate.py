"""`spillway generate`: sample tables that are the same for the same seed."""

import signal
import subprocess
import time

import pytest

ROWS = 20_000


def rows_of(duckdb_delta, lake, table):
    return duckdb_delta.execute("FROM delta_scan(?)", [str(lake / table)]).to_arrow_table()


@pytest.mark.parametrize("table", ["bronze_accident", "predictions"])
def test_the_seed_decides_the_rows_and_their_order(spillway, generated, duckdb_delta, tmp_path,
                                                   table):
    spillway("generate", "--rows", str(ROWS), "--out", tmp_path / "again", "--seed", "5")
    first = rows_of(duckdb_delta, generated(rows=ROWS, seed=5), table)
    again = rows_of(duckdb_delta, tmp_path / "again", table)
    other = rows_of(duckdb_delta, generated(rows=ROWS, seed=6), table)
    assert first.equals(again)
    shared = set(first["image_name"].to_pylist()) & set(other["image_name"].to_pylist())
    assert len(shared) < ROWS / 100


def test_bronze(generated, duckdb_delta):
    lake = generated(rows=ROWS, seed=5)
    names, shape, contents, distinct, nulls, lengths = duckdb_delta.execute("""
        SELECT count(DISTINCT image_name),
               count(*) FILTER (regexp_matches(image_name, '^acc_[0-9]{8}_[0-9a-f]{4}\\.jpg$')),
               count(content), count(DISTINCT content), count(*) - count(content),
               count(*) FILTER (length = 96 AND octet_length(content) IS NOT DISTINCT FROM
                                CASE WHEN content IS NOT NULL THEN 96 END)
        FROM delta_scan(?)""", [str(lake / "bronze_accident")]).fetchone()
    assert names == shape == lengths == ROWS
    assert distinct == contents
    assert 0.02 * ROWS < nulls < 0.04 * ROWS


def test_rows_are_shuffled(generated, duckdb_delta):
    lake = generated(rows=ROWS, seed=5)
    orders = [rows_of(duckdb_delta, lake, table)["image_name"].to_pylist()
              for table in ("bronze_accident", "predictions")]
    for names in orders:
        ascending = sum(one < other for one, other in zip(names, names[1:]))
        assert 0.45 * len(names) < ascending < 0.55 * len(names)
    predicted = set(orders[1])
    assert [name for name in orders[0] if name in predicted] != orders[1]


@pytest.mark.parametrize("match_rate", [0, 0.3, 0.9, 1])
def test_predictions(generated, duckdb_delta, match_rate):
    lake = generated(rows=ROWS, match_rate=match_rate)
    predictions, names, known, nulls, outside = duckdb_delta.execute("""
        SELECT count(*), count(DISTINCT image_name),
               count(*) FILTER (image_name IN (SELECT image_name FROM delta_scan($bronze))),
               count(*) - count(severity), count(*) FILTER (severity < 0 OR severity > 1)
        FROM delta_scan($predictions)""", {"bronze": str(lake / "bronze_accident"),
                                           "predictions": str(lake / "predictions")}).fetchone()
    assert names == known == predictions
    if match_rate in (0, 1):
        assert predictions == match_rate * ROWS
    else:
        assert abs(predictions - match_rate * ROWS) < 0.02 * ROWS
    assert 0.005 * predictions <= nulls <= 0.015 * predictions
    assert outside == 0


def test_the_content_has_the_length_that_was_asked_for(generated, duckdb_delta):
    lake = generated(rows=100, content_bytes=1234)
    lengths = duckdb_delta.execute(
        "SELECT DISTINCT octet_length(content) FROM delta_scan(?) WHERE content IS NOT NULL",
        [str(lake / "bronze_accident")]).fetchall()
    assert lengths == [(1234,)]


def test_a_table_that_is_there_is_not_overwritten(spillway, generated):
    lake = generated(rows=100, content_bytes=1234)
    before = sorted(lake.rglob("*"))
    run = spillway("generate", "--rows", "5", "--out", lake, exit_code=3)
    assert "SPW-" in run.stderr and str(lake / "bronze_accident") in run.stderr
    assert sorted(lake.rglob("*")) == before


@pytest.mark.parametrize("stopped_in", ["bronze_accident", "predictions"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_call_that_is_stopped_does_not_stop_the_next(spillway, duckdb_delta, tmp_path, stopped_in,
                                                       number):
    command = [spillway.program, "generate", "--out", tmp_path, "--rows"]
    process = subprocess.Popen([*command, "2000000"], stderr=subprocess.PIPE)
    while not list(tmp_path.glob(f"{stopped_in}/*.parquet")):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGKILL: -9}[number]
    if number == signal.SIGINT:
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    spillway("generate", "--rows", "100", "--out", tmp_path)
    assert rows_of(duckdb_delta, tmp_path, "bronze_accident").num_rows == 100


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_tiny_tables(spillway, duckdb_delta, tmp_path, rows):
    spillway("generate", "--rows", str(rows), "--match-rate", "1", "--out", tmp_path)
    for table in ("bronze_accident", "predictions"):
        assert rows_of(duckdb_delta, tmp_path, table).num_rows == rows
