"""Tables: SPW-30xx, SPW-31xx."""

import json
import shutil

import pyarrow as pa
from advice.advice import explained, printed
from advice.command_cases import make_bronze
from advice.pipeline_file_cases import HEAD, lookup, run_text
from deltalake import DeltaTable, write_deltalake
from pipelines.foreign_table import field, write_table


def files(table):
    return sorted(table.rglob("*.parquet"))


@explained(3001, "Check the path. Relative paths start at the folder of the pipeline file.")
def missing_table(job):
    job.table("lake/bronze", pa.table({"id": [1]}))
    yield run_text(job, HEAD, exit_code=3)
    run_text(job, HEAD.replace("table: bronze", "table: lake/bronze"))


@printed(3001, r"run the pipeline first")
def validate_before_a_run(job):
    make_bronze(job)
    yield job.spillway("validate", job.write_text(HEAD), exit_code=3)
    run_text(job, HEAD)
    job.spillway("validate", job.folder / "pipeline.yaml")


@explained(3002, "Use the root folder of a Delta table, not a folder inside or above it.")
def folder_above_a_table(job):
    job.table("lake/bronze", pa.table({"id": [1]}))
    yield run_text(job, HEAD.replace("table: bronze", "table: lake"), exit_code=3)
    run_text(job, HEAD.replace("table: bronze", "table: lake/bronze"))


@explained(3003, "Restore the file that the error names, or read an older version with "
           "`version`.")
def damaged_commit(job):
    make_bronze(job)
    write_deltalake(job.folder / "bronze", pa.table({"id": [4], "score": [1.0]}), mode="append")
    commit = job.folder / "bronze" / "_delta_log" / "00000000000000000001.json"
    whole = commit.read_bytes()
    commit.write_bytes(b"{damaged")
    run = run_text(job, HEAD, exit_code=3)
    assert commit.name in run.stderr
    yield run
    run_text(job, HEAD.replace("table: bronze", "table: bronze, version: 0"))
    assert job.rows().num_rows == 3
    commit.write_bytes(whole)
    run_text(job, HEAD.replace("silver", "other"))
    assert job.rows("other").num_rows == 4


@explained(3004, "Restore the file that the error names from a backup, or write its rows again.")
def damaged_file(job):
    make_bronze(job)
    [file] = files(job.folder / "bronze")
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + b"DAM!")
    run = run_text(job, HEAD, exit_code=3)
    assert file.name in run.stderr
    yield run
    file.write_bytes(whole)
    run_text(job, HEAD)
    file.write_bytes(whole[:-4] + b"DAM!")
    write_deltalake(job.folder / "bronze", pa.table({"id": [1], "score": [0.5]}), mode="overwrite")
    run_text(job, HEAD.replace("silver", "other"))


@explained(3005, "Read a newer version of the table, or restore the file.")
def missing_file(job):
    make_bronze(job)
    [file] = files(job.folder / "bronze")
    write_deltalake(job.folder / "bronze", pa.table({"id": [1], "score": [0.5]}), mode="overwrite")
    shutil.move(file, job.folder / "kept")
    old = HEAD.replace("table: bronze", "table: bronze, version: 0")
    yield run_text(job, old, exit_code=3)
    run_text(job, HEAD)
    shutil.move(job.folder / "kept", file)
    run_text(job, old.replace("silver", "other"))
    assert job.rows("other").num_rows == 3


@explained(3006, "Remove the feature from the table (ALTER TABLE .. DROP FEATURE), or copy the "
           "rows to a table without it.")
def unknown_feature(job):
    """The feature is one that a log has and no data file needs; dropping it is what its writer
    does, here by another protocol."""
    make_bronze(job)
    commit = job.folder / "bronze" / "_delta_log" / "00000000000000000000.json"
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    plain = commit.read_text()
    for action in actions:
        if "protocol" in action:
            action["protocol"] = {
                "minReaderVersion": 3, "minWriterVersion": 7,
                "readerFeatures": ["ofTomorrow"], "writerFeatures": ["ofTomorrow"]}
    commit.write_text("".join(json.dumps(action) + "\n" for action in actions))
    yield run_text(job, HEAD, exit_code=3)
    job.table("copy", pa.table({"id": [1, 2, 3], "score": [0.5, None, 2.0]}))
    run_text(job, HEAD.replace("table: bronze", "table: copy"))
    commit.write_text(plain)
    run_text(job, HEAD.replace("silver", "other"))


@explained(3007, "Use a version from the table's history.")
def missing_version(job):
    make_bronze(job)
    yield run_text(job, HEAD.replace("table: bronze", "table: bronze, version: 7"), exit_code=3)
    version = DeltaTable(job.folder / "bronze").history()[0]["version"]
    run_text(job, HEAD.replace("table: bronze", f"table: bronze, version: {version}"))


@explained(3008, "Write the table without this column, or with another type for it.")
def unsupported_key(job):
    make_bronze(job)
    job.table("lists", pa.table({"id": [[1], [2]], "number": [1, 2], "x": [1, 2]}))
    job.table("source", pa.table({"id": [[1], [2]]}))
    text = HEAD.replace("table: bronze", "table: source")
    yield run_text(job, text + lookup().replace("known", "lists"),
                   exit_code=3)
    job.table("numbers", pa.table({"id": [1, 2], "x": [1, 2]}))
    run_text(job, HEAD + lookup().replace("known", "numbers"))


@printed(3008, r"write the file's rows again with the table's type, or leave the column out")
def column_of_another_type(job):
    columns = [field("id", "long"), field("score", "double")]
    wrong = pa.table({"id": [1, 2], "score": ["high", "low"]})
    write_table(job.folder / "bronze", wrong, columns)
    yield run_text(job, HEAD, exit_code=3)
    run_text(job, HEAD + "drop: [score]\n")
    right = pa.table({"id": [1, 2], "score": [0.9, 0.1]})
    write_table(job.folder / "again", right, columns)
    run_text(job, HEAD.replace("table: bronze", "table: again").replace("silver", "second"))


def existing_target(job, columns=("id", "score"), **options):
    rows = {"id": [9], "score": [1.0], "other": ["x"]}
    job.table("silver", pa.table({name: rows[name] for name in columns}), **options)


@explained(3101, "Use mode overwrite with target.overwrite_schema: true, or choose another "
           "target.")
@printed(3101, r"set target\.overwrite_schema: true, or choose another target")
def other_columns(job):
    make_bronze(job)
    existing_target(job, columns=("id", "other"))
    yield run_text(job, HEAD.replace("silver", "silver, mode: overwrite"), exit_code=3)
    run_text(job, HEAD.replace("silver", "elsewhere"))
    run_text(job, HEAD.replace("silver", "silver, mode: overwrite, overwrite_schema: true"))
    assert job.rows().column_names == ["id", "score"]


@printed(3101, r"choose another target, or change the pipeline's columns")
def other_columns_to_append(job):
    make_bronze(job)
    existing_target(job, columns=("id", "other"))
    text = HEAD.replace("silver", "silver, mode: append")
    yield run_text(job, text, exit_code=3)
    run_text(job, HEAD.replace("silver", "elsewhere"))
    run_text(job, text + "columns: {other: CAST(NULL AS STRING)}\ndrop: [score]\n")
    assert job.rows().num_rows == 4


@explained(3102, "Choose another target, or set target.mode to append or overwrite.")
@printed(3102, r"choose another target, or target\.mode: append or overwrite")
def target_exists(job):
    make_bronze(job)
    existing_target(job)
    yield run_text(job, HEAD, exit_code=3)
    run_text(job, HEAD.replace("silver", "elsewhere"))
    run_text(job, HEAD.replace("silver", "silver, mode: append"))
    assert job.rows().num_rows == 4
    run_text(job, HEAD.replace("silver", "silver, mode: overwrite"))
    assert job.rows().num_rows == 3


@printed(3102, r"choose another --target, or say what a run does with that table's rows: "
               r"--target-mode append keeps them, --target-mode overwrite replaces them")
def init_with_a_target_that_exists(job):
    make_bronze(job)
    existing_target(job)
    flags = ["init", "--source", "bronze"]
    yield job.spillway(*flags, "--target", "silver", cwd=job.folder, exit_code=3)
    job.spillway(*flags, "--target", "elsewhere", cwd=job.folder)
    for mode, rows in (("append", 4), ("overwrite", 3)):
        text = job.spillway(*flags, "--target", "silver", "--target-mode", mode,
                            cwd=job.folder).stdout
        run_text(job, text)
        assert job.rows().num_rows == rows


@printed(3102, r"use another --out, or delete the table")
def sample_tables_exist(job):
    job.spillway("generate", "--rows", "1", "--out", job.folder / "lake")
    yield job.spillway("generate", "--rows", "2", "--out", job.folder / "lake", exit_code=3)
    job.spillway("generate", "--rows", "2", "--out", job.folder / "other")
    for table in ("bronze_accident", "predictions"):
        shutil.rmtree(job.folder / "lake" / table)
    job.spillway("generate", "--rows", "2", "--out", job.folder / "lake")


@explained(3103, "Remove the duplicate row, or set duplicates to expand, first or last.")
@printed(3103, r"remove one of the rows, or set duplicates to expand, first or last")
def duplicate_keys(job):
    make_bronze(job)
    known = pa.table({"id": [1, 1], "x": [7, 8]})
    job.table("known", known)
    yield run_text(job, HEAD + lookup(more=", duplicates: error"), exit_code=3)
    for number, (policy, rows) in enumerate({"expand": 4, "first": 3, "last": 3}.items()):
        run_text(job, HEAD.replace("silver", f"t{number}") + lookup(more=f", duplicates: {policy}"))
        assert job.rows(f"t{number}").num_rows == rows
    write_deltalake(job.folder / "known", known.slice(0, 1), mode="overwrite")
    run_text(job, HEAD + lookup(more=", duplicates: error"))


RETENTION = {"delta.setTransactionRetentionDuration": "interval 0 seconds"}


def drop_property(table):
    """As ALTER TABLE .. UNSET TBLPROPERTIES does: another metaData action."""
    log = sorted((table / "_delta_log").glob("*.json"))
    metadata = [json.loads(line)["metaData"] for path in log
                for line in path.read_text().splitlines() if '"metaData"' in line][-1]
    del metadata["configuration"]["delta.setTransactionRetentionDuration"]
    commit = log[-1].with_name(f"{len(log):020d}.json")
    commit.write_text(json.dumps({"metaData": metadata}) + "\n")


@explained(3104, "Unset the property, or run with --fresh if the rows were never appended.")
@printed(3104, r"run with --fresh if these rows were never appended; or unset the property: ALTER "
               r"TABLE \.\. UNSET TBLPROPERTIES \('delta\.setTransactionRetentionDuration'\)")
def forgotten_progress(job):
    make_bronze(job)
    existing_target(job, configuration=RETENTION)
    text = HEAD.replace("silver", "silver, mode: append")
    yield run_text(job, text, exit_code=3)
    run_text(job, text, "--fresh")
    assert job.rows().num_rows == 4
    job.table("second", pa.table({"id": [9], "score": [1.0]}), configuration=RETENTION)
    drop_property(job.folder / "second")
    run_text(job, text.replace("silver", "second"))
    assert job.rows("second").num_rows == 4
