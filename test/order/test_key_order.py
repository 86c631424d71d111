"""Rows in key order: the order that DuckDB gives, files whose key ranges do not overlap, and runs
that go on after a kill."""

import json
import random
import re
import signal
import subprocess
import time

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, QueryBuilder
from pipelines.delta_log import actions, live_files
from pipelines.job import Job, assert_same_rows

LOOKUP = {"name": "predictions", "table": "predictions", "key": ["image_name"]}
KEYS = {"source": {"table": "bronze_accident"}, "mode": "chunked", "lookups": [LOOKUP],
        "columns": {"loud": "upper(source)", "at": "current_timestamp()"},
        "processing": {"chunk_order": "key", "chunk_size": 7000}}
ROWS = 40_000


@pytest.fixture
def lake(job: Job) -> Job:
    job.spillway("generate", "--rows", str(ROWS), "--out", job.folder)
    return job


def files_in_order(table) -> list[tuple[pa.Table, dict]]:
    """The rows of each live file and its statistics, in the order of the commits."""
    return [(pq.read_table(path), json.loads(add["stats"]))
            for path, add in live_files(table).items()]


def bounds(stats: dict, column: str) -> tuple[str, str]:
    return stats["minValues"][column], stats["maxValues"][column]


def test_the_rows_have_the_order_that_duckdb_gives(lake: Job, duckdb_delta):
    report = lake.report("--memory=192MiB", **KEYS)
    assert report["rows_written"] == ROWS
    assert report["spliced_row_groups"] == 0
    written = pa.concat_tables(rows for rows, _ in files_in_order(lake.folder / "silver"))
    expected = duckdb_delta.execute(f"""
        SELECT b.image_name, p.severity, upper(b.source) AS loud
        FROM delta_scan('{lake.folder / "bronze_accident"}') b
        LEFT JOIN delta_scan('{lake.folder / "predictions"}') p USING (image_name)
        ORDER BY image_name""").to_arrow_table()
    for column in expected.column_names:
        assert written[column].to_pylist() == expected[column].to_pylist(), column


def test_a_look_up_of_one_key_reads_one_file(lake: Job):
    lake.report("--set=target.max_records_per_file=3000", **KEYS)
    files = files_in_order(lake.folder / "silver")
    assert len(files) == 3 * (ROWS // 7000) + 2
    ranges = [bounds(stats, "image_name") for _, stats in files]
    assert all(before[1] < after[0] for before, after in zip(ranges, ranges[1:], strict=False))
    for rows, _ in random.Random(5).sample(files, 4):
        key = rows["image_name"][rows.num_rows // 2].as_py()
        assert sum(low <= key <= high for low, high in ranges) == 1


def files_read_by_duckdb(connection, table, where: str) -> int:
    """Once its Delta reader has pruned them by the log."""
    ((_, plan),) = connection.sql(
        f"EXPLAIN ANALYZE SELECT * FROM delta_scan('{table}') WHERE {where}").fetchall()
    return int(re.search(r"Total Files Read: (\d+)", plan)[1])


def files_read_by_datafusion(table, where: str) -> int:
    query = QueryBuilder().register("t", DeltaTable(table)).execute(
        f"EXPLAIN ANALYZE SELECT * FROM t WHERE {where}")
    (plan,) = pa.table(query.read_all())["plan"].to_pylist()
    return len(set(re.findall(r"part-[^ ,:\]]*\.parquet", plan)))


@pytest.fixture(scope="module")
def ordered_and_not(spillway, tmp_path_factory):
    """Silver in key order and in the source's, in files of 3,000 rows; and some of their keys."""
    job = Job(spillway, tmp_path_factory.mktemp("ordered"))
    job.spillway("generate", "--rows", str(ROWS), "--out", job.folder)
    small = "--set=target.max_records_per_file=3000"
    job.report(small, **KEYS)
    job.report(small, "--set=processing.chunk_order=source", "--set=target.table=unordered")
    files = files_in_order(job.folder / "silver")
    picked = random.Random(6).sample(files, 3)
    rows = [picked[0][0].slice(0, 1), picked[1][0].slice(picked[1][0].num_rows - 1, 1),
            picked[2][0].slice(picked[2][0].num_rows // 2, 1)]  # first, last, and in the middle
    return job.folder, [row.to_pylist()[0] for row in rows]


def test_duckdb_and_datafusion_read_the_one_file_of_a_key(ordered_and_not, duckdb_delta):
    folder, rows = ordered_and_not
    for row in rows:
        where = f"image_name = '{row['image_name']}'"
        found = duckdb_delta.sql(f"SELECT path, severity, loud FROM delta_scan('{folder}/silver') "
                                 f"WHERE {where}").fetchall()
        assert found == [(row["path"], row["severity"], row["loud"])]
        assert files_read_by_duckdb(duckdb_delta, folder / "silver", where) == 1
        assert files_read_by_datafusion(folder / "silver", where) == 1
        # In the source's order nearly all files may have it.
        assert files_read_by_duckdb(duckdb_delta, folder / "unordered", where) > 5
        assert files_read_by_datafusion(folder / "unordered", where) > 5


def test_spark_reads_the_one_file_of_a_key(ordered_and_not, spark):
    folder, rows = ordered_and_not
    for table, is_right in (("silver", lambda files: files == 1), ("unordered", lambda n: n > 5)):
        for row in rows:
            answer = spark.call("spark_tables", "select", statement="SELECT path, severity, loud "
                                f"FROM delta.`{folder / table}` "
                                f"WHERE image_name = '{row['image_name']}'")
            assert answer["rows"] == [[row["path"], row["severity"], row["loud"]]]
            assert is_right(answer["scan"]["numFiles"]), answer["scan"]


def test_a_chunk_has_one_time(lake: Job):
    lake.report(**KEYS)
    for rows, _ in files_in_order(lake.folder / "silver"):
        assert len(set(rows["at"].to_pylist())) == 1


def test_the_commits_count_source_rows(lake: Job):
    lake.report(**KEYS)
    versions = [txn["version"] for txn in actions(lake.folder / "silver", "txn")]
    assert versions == [*range(7000, ROWS, 7000), ROWS]


def test_validate_agrees(lake: Job):
    lake.report(**KEYS)
    lake.spillway("validate", lake.folder / "pipeline.yaml")


def test_plan_says_the_order_and_why_nothing_splices(lake: Job):
    lake.write(**KEYS)
    plan = lake.plan("--memory=2GiB")
    assert plan["order"] == {"by": "key", "key": ["image_name"], "expected_spilled_bytes": 0}
    assert list(plan["splice"]["not_spliced"]) == ["the rows are sorted by key"]
    text = lake.spillway("plan", lake.folder / "pipeline.yaml").stdout
    assert "sorted by key (image_name)" in text
    small = lake.plan(f"--memory={plan['memory']['smallest_budget_bytes']}")
    assert small["order"]["expected_spilled_bytes"] > 0


def test_killed_runs_go_on_with_other_chunks(lake: Job):
    path = lake.write(**KEYS)
    chosen = random.Random(11)
    for attempt in range(4):
        size = chosen.choice([1500, 4000, 9000])
        program = subprocess.Popen(
            [lake.spillway.program, "run", path, f"--set=processing.chunk_size={size}",
             "--memory=192MiB"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Killed as soon as it has committed something more.
        log = lake.folder / "silver" / "_delta_log"
        commits = len(list(log.glob("*.json"))) if log.exists() else 0
        while program.poll() is None:
            if log.exists() and len(list(log.glob("*.json"))) > commits + 1 + attempt % 2:
                program.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        program.wait()
    lake.run()
    keys = [key for rows, _ in files_in_order(lake.folder / "silver")
            for key in rows["image_name"].to_pylist()]
    assert len(keys) == ROWS
    assert keys == sorted(keys)
    assert len(set(keys)) == ROWS
    assert not (lake.folder / "silver" / "_spillway").exists()


@pytest.mark.parametrize("joined", ["id", "number", "text", "day", "price", "flag"])
def test_every_type_of_key_is_ordered_as_duckdb_orders_it(job: Job, joined: str):
    chosen = random.Random(3)

    def values(make):
        return [None if chosen.random() < 0.1 else make() for _ in range(3000)]

    rows = pa.table({
        "row": pa.array(range(3000), pa.int64()),
        "id": pa.array(values(lambda: chosen.randint(-50, 50)), pa.int32()),
        "number": pa.array(values(lambda: chosen.choice(
            [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, chosen.gauss(0, 9)]))),
        "text": pa.array(values(
            lambda: "".join(chosen.choices("ab\0é€😀", k=chosen.randint(0, 3))))),
        "day": pa.array(values(lambda: chosen.randint(-9000, 9000)), pa.date32()),
        "price": pa.array(values(lambda: chosen.randint(-99, 99)), pa.int64()).cast(
            pa.decimal128(20, 0)),
        "flag": pa.array(values(lambda: chosen.random() < 0.5)),
    })
    job.table("bronze", rows, files=3)
    job.table("labels", rows.select([joined]).slice(0, 20).append_column(
        "label", pa.array(range(20))))
    job.report(lookups=[{"name": "labels", "table": "labels", "key": [joined],
                         "duplicates": "first"}],
               processing={"chunk_order": "key", "chunk_size": 400}, mode="chunked")
    written = pa.concat_tables(found for found, _ in files_in_order(job.folder / "silver"))
    source = pa.concat_tables(pq.read_table(path) for path in sorted(live_files(
        job.folder / "bronze")))
    source = source.append_column("place", pa.array(range(source.num_rows)))
    expected = duckdb.from_arrow(source).order(f"{joined} ASC NULLS FIRST, place").to_arrow_table()
    assert written["row"].to_pylist() == expected["row"].to_pylist()
    assert_same_rows(source.select(["row", joined]), written.select(["row", joined]))


def test_wide_rows_in_a_small_budget(job: Job):
    """20 kB of content in each row, far more than the memory."""
    job.spillway("generate", "--rows", "12000", "--content-bytes", "20000", "--out", job.folder)
    report = job.report("--memory=128MiB", **KEYS)
    assert report["rows_written"] == 12_000
    assert report["peak_memory_bytes"] <= report["bound_bytes"] <= 128 << 20
    assert report["spilled_bytes"] > 200_000_000
    keys = [key for rows, _ in files_in_order(job.folder / "silver")
            for key in rows["image_name"].to_pylist()]
    assert keys == sorted(keys)


def test_a_pipeline_without_lookups_has_no_key(lake: Job):
    path = lake.write_text("pipeline: test\nsource: {table: bronze_accident}\n"
                           "processing: {chunk_order: key}\ntarget: {table: silver}\n")
    result = lake.spillway("run", path, exit_code=2)
    assert "SPW-1108" in result.stderr
    assert f"{path}:3:27" in result.stderr
