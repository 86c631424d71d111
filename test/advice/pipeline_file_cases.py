"""The pipeline file: SPW-11xx and SPW-13xx."""

import re

import pyarrow as pa
from advice.advice import explained, printed
from advice.command_cases import make_bronze

HEAD = "pipeline: test\nsource: {table: bronze}\ntarget: {table: silver}\n"


def run_text(job, text, *flags, exit_code=0):
    path = job.write_text(text)
    return job.spillway("run", path, *flags, exit_code=exit_code)


def wrong(job, more, *flags):
    """A run of a file with these lines, which is refused."""
    make_bronze(job)
    return run_text(job, HEAD + more, *flags, exit_code=2)


def right(job, more, *flags):
    run_text(job, HEAD + more, *flags)


@explained(1101, "Check the path. examples/ has pipeline files to start from.")
def missing_file(job):
    make_bronze(job)
    yield job.spillway("run", job.folder / "pipelin.yaml", exit_code=2)
    right(job, "")


@explained(1102, "Fix the YAML at that place. Text with a colon in it needs quotes, and "
           "indentation must be spaces, not tabs.")
def colon_and_tab(job):
    yield wrong(job, "columns:\n  label: score: high\n")
    right(job, "columns:\n  label: \"'score: high'\"\n")
    wrong(job, "columns:\n\tlabel: id\n")
    run_text(job, HEAD.replace("silver", "other") + "columns:\n  label: id\n")


@printed(1102, r"remove it, or write it as \\x\.\. inside double quotes")
def control_character(job):
    yield wrong(job, "columns: {a: \"'\x1b'\"}\n")
    right(job, "columns: {a: \"'\\x1b'\"}\n")
    assert job.rows()["a"].to_pylist() == ["\x1b"] * 3


@explained(1103, "Use the key that the error suggests; `spillway schema` lists them all.")
@printed(1103, r'write "(\w+)"')
def misspelt_key(job):
    do = yield wrong(job, "colums: {a: id}\n")
    key = re.search(r'"(\w+)"', do)
    assert '"columns"' in job.spillway("schema").stdout
    right(job, f"{key.group(1) if key else 'columns'}: {{a: id}}\n")


@printed(1104, r"write one; inside \{ \} an expression with a comma needs double quotes")
def comma_in_braces(job):
    yield wrong(job, "columns: {c: coalesce(score, 0)}\n")
    right(job, "columns: {c: \"coalesce(score, 0)\"}\n")


@printed(1103, r"put the expression before it in double quotes: inside \{ \} a comma ends it")
def comma_in_braces_of_an_expectation(job):
    yield wrong(job, "expectations: [{name: e, expect: coalesce(id, 0) > 0, action: fail}]\n")
    right(job, "expectations: [{name: e, expect: \"coalesce(id, 0) > 0\", action: fail}]\n")


@explained(1104, "Write the value in the form that the error names.")
@printed(1104, r"write it like 1000000 or 1_000_000")
def number_that_is_none(job):
    yield wrong(job, "processing: {chunk_size: many}\n")
    right(job, "processing: {chunk_size: 1000000}\n")
    right(job, "processing: {chunk_size: 1_000_000}\n")


@printed(1104, r"write it like 512MiB, 2GiB or 1\.5GB")
def size_that_is_none(job):
    yield wrong(job, "resources: {memory: much}\n")
    for size in ("512MiB", "2GiB", "1.5GB"):
        right(job, f"resources: {{memory: {size}}}\n")


@explained(1105, "Add the key that the error names.")
@printed(1105, r'add "(\w+)" here')
def missing_key(job):
    make_bronze(job)
    do = yield run_text(job, "pipeline: test\nsource: {table: bronze}\ntarget: {}\n", exit_code=2)
    key = re.search(r'"(\w+)"', do)
    run_text(job, "pipeline: test\nsource: {table: bronze}\n"
                  f"target: {{{key.group(1) if key else 'table'}: silver}}\n")


@explained(1106, "Leave it out, or use a version of Spillway that supports it.")
@printed(1106, r"remove it")
def later_key(job):
    yield wrong(job, "streaming: {trigger: continuous}\n")
    right(job, "")


@printed(1106, r"use one of (.*)")
def later_value(job):
    do = yield wrong(job, "mode: streaming\n")
    for value in do.removeprefix("use one of ").split(", "):
        right(job, f"mode: {value}\n")


@explained(1107, "Keep one of the two.")
@printed(1107, r"keep one of the two")
def key_twice(job):
    yield wrong(job, "mode: auto\nmode: auto\n")
    right(job, "mode: auto\n")


@printed(1107, r"give one of them another name")
def names_that_differ_in_case(job):
    yield wrong(job, "columns: {x: id + 1, X: id + 2}\n")
    right(job, "columns: {x: id + 1, y: id + 2}\n")


@explained(1108, "Use one of the values that the error names.")
def number_out_of_range(job):
    yield wrong(job, "resources: {max_memory_usage: 101}\n")
    right(job, "resources: {max_memory_usage: 100}\n")


@printed(1108, r"keep at least one")
def every_column_dropped(job):
    yield wrong(job, "drop: [id, score]\n")
    right(job, "drop: [id]\n")


@explained(1109, "Define it under `variables`, or pass --set variables.NAME=value.")
def undefined_variable(job):
    yield wrong(job, "where: id > ${limit}\n")
    run_text(job, HEAD + "where: id > ${limit}\n", "--set", "variables.limit=2")
    assert job.rows().num_rows == 1
    right(job, "where: id > ${limit}\nvariables: {limit: 2}\n")


@printed(1109, r".*")
def undefined_variable_printed(job):
    do = yield wrong(job, "where: id > ${limit}\n")
    flag = re.search(r"--set (\S+)=", do)
    if flag:
        run_text(job, HEAD + "where: id > ${limit}\n", "--set", f"{flag.group(1)}=2")
    else:
        right(job, "where: id > ${limit}\nvariables: {limit: 2}\n")
    assert job.rows().num_rows == 1


@explained(1110, "Give the target a path of its own, different from the source and the lookups.")
@printed(1110, r"give the target a path of its own")
def target_is_source(job):
    make_bronze(job)
    text = HEAD.replace("silver", "bronze, mode: overwrite")
    yield run_text(job, text, exit_code=2)
    right(job, "")


def make_lookup(job, **columns):
    job.table("known", pa.table({"id": [1, 2], **columns}))


def lookup(more="", key="[id]", name="known"):
    return f"lookups: [{{name: {name}, table: known, key: {key}{more}}}]\n"


@explained(1301, "Correct the name, or write {source: a, lookup: b} if the two tables use "
           "different names.")
@printed(1301, r'write "(\w+)"')
def misspelt_key_column(job):
    make_lookup(job, number=[1, 2])
    do = yield wrong(job, lookup(key="[di]"))
    name = re.search(r'"(\w+)"', do)
    right(job, lookup(key=f"[{name.group(1) if name else 'id'}]"))
    run_text(job, HEAD.replace("silver", "other") +
             lookup(key="[{source: id, lookup: number}]", more=", columns: {x: id}"))


@explained(1302, "Store the key with the same type in both tables.")
def key_types(job):
    job.table("known", pa.table({"id": [True, False], "x": [1, 2]}))
    yield wrong(job, lookup())
    job.table("known2", pa.table({"id": [1, 2], "x": [1, 2]}))
    right(job, lookup().replace("table: known", "table: known2"))


@printed(1303, r"rename it in the lookup: (columns: \{.*\}); or list the columns to add without it")
def column_collision(job):
    """The map is taken as it is printed; the lookup's other columns are there too."""
    make_lookup(job, score=[7, 8], name=["a", "b"], **{"it's": [1, 2], "order": [3, 4]})
    do = yield wrong(job, lookup())
    columns = re.search(r"(columns: \{.*\});", do).group(1)
    right(job, lookup(more=", " + columns))
    assert job.rows().column_names == ["id", "score", "known_score", "name", "it's", "order"]
    assert job.rows().sort_by("id")["known_score"].to_pylist() == [7, 8, None]
    run_text(job, HEAD.replace("silver", "other") + lookup(more=", columns: [name, order]"))


@explained(1303, "List the lookup columns that you want under `columns`. A map renames them: "
           "`columns: {new_name: old_name, other: other}`.")
def column_collision_explained(job):
    make_lookup(job, score=[7, 8], other=["a", "b"])
    yield wrong(job, lookup())
    right(job, lookup(more=", columns: {new_name: score, other: other}"))
    assert job.rows().column_names == ["id", "score", "new_name", "other"]
    run_text(job, HEAD.replace("silver", "second") + lookup(more=", columns: [other]"))
