"""Expressions: SPW-12xx and SPW-32xx. The texts of `where` and `columns` are JSON strings, which
YAML reads as they are."""

import json
import re

import pyarrow as pa
from advice.advice import explained, printed
from advice.command_cases import make_bronze
from advice.pipeline_file_cases import HEAD, run_text


def column(expression):
    return HEAD + f"columns: {{c: {json.dumps(expression)}}}\n"


def wrong(job, expression, exit_code=2):
    make_bronze(job)
    return run_text(job, column(expression), exit_code=exit_code)


def right(job, expression):
    run_text(job, column(expression))


def without_score(expression):
    return column(expression) + "drop: [the score]\n"


def wrong_score(job, expression):
    job.table("bronze", pa.table({"id": [1], "the score": [2]}))
    return run_text(job, without_score(expression), exit_code=2)


@explained(1201, "Fix the expression at that place. Column names with special characters need "
           "backticks.")
def broken_expression(job):
    yield wrong_score(job, "the score + 1")
    run_text(job, without_score("`the score` + 1"))
    assert job.rows()["c"].to_pylist() == [3]


@printed(1201, r"close it with '")
def open_quote(job):
    yield wrong(job, "concat('a, id)")
    right(job, "concat('a', id)")


@printed(1201, r"put a column name with such characters in backticks: `name`")
def strange_character(job):
    job.table("bronze", pa.table({"id": [1], "a#b": [2]}))
    yield wrong(job, "a#b")
    right(job, "`a#b`")


@explained(1202, "Use one of the names that the error lists.")
@printed(1202, r"did you mean (.*)\?")
def misspelt_column(job):
    do = yield wrong(job, "scoer * 2")
    name = re.search(r"mean (.*)\?", do)
    right(job, f"{name.group(1) if name else 'score'} * 2")


@printed(1202, r"did you mean (.*)\?")
def misspelt_column_that_wants_back_quotes(job):
    do = yield wrong_score(job, "thescore * 2")
    run_text(job, without_score(re.search(r"mean (.*)\?", do).group(1) + " * 2"))
    assert job.rows()["c"].to_pylist() == [4]


@printed(1202, r'write "(\w+)"')
def misspelt_column_to_drop(job):
    make_bronze(job)
    do = yield run_text(job, HEAD + "drop: [scroe]\n", exit_code=2)
    run_text(job, HEAD + f"drop: [{re.search(chr(34) + '(.*)' + chr(34), do).group(1)}]\n")
    assert job.rows().column_names == ["id"]


@explained(1203, "Use the function that the error suggests. docs/expressions.md lists them all.")
@printed(1203, r"did you mean (\w+)\?")
def misspelt_function(job):
    do = yield wrong(job, "flor(score)")
    name = re.search(r"mean (\w+)\?", do)
    right(job, f"{name.group(1) if name else 'floor'}(score)")


@explained(1204, "Use CAST to convert one of the values.")
@printed(1204, r"use CAST to convert one of the values")
def types_that_do_not_meet(job):
    yield wrong(job, "id = true")
    right(job, "id = CAST(true AS BIGINT)")


@printed(1204, r"give it a type, for example CAST\(NULL AS STRING\)")
def null_without_a_type(job):
    do = yield wrong(job, "NULL")
    right(job, do.removeprefix("give it a type, for example "))


@printed(1204, r"compare the value with something")
def number_as_a_condition(job):
    make_bronze(job)
    yield run_text(job, HEAD + "where: id\n", exit_code=2)
    run_text(job, HEAD + "where: id > 1\n")


@explained(1206, "Rewrite it with the functions in docs/expressions.md.")
@printed(1206, r"rewrite it with the functions in docs/expressions\.md")
def function_of_spark_alone(job):
    yield wrong(job, "initcap('a')")
    right(job, "concat(upper(substring('abc', 1, 1)), substring('abc', 2))")


@explained(3201, "Guard the expression with CASE, nullif or try_cast, or filter such rows out "
           "with `where`.")
@printed(3201, r"guard it: CASE WHEN divisor <> 0 THEN \.\., or / nullif\(divisor, 0\)")
def division_by_zero(job):
    yield wrong(job, "id / (id - 1)", exit_code=3)
    right(job, "CASE WHEN id - 1 <> 0 THEN id / (id - 1) END")
    other = HEAD.replace("silver", "other")
    run_text(job, other + "columns: {c: \"id / nullif(id - 1, 0)\"}\n")
    third = HEAD.replace("silver", "third")
    run_text(job, third + "columns: {c: id / (id - 1)}\nwhere: id <> 1\n")


@printed(3201, r"CAST an operand to a wider type, or guard the row with CASE")
def overflow(job):
    yield wrong(job, "CAST(id + 2147483640 AS INT) + CAST(id * 6 AS INT)", exit_code=3)
    right(job, "CAST(id + 2147483640 AS BIGINT) + CAST(id * 6 AS INT)")


@printed(3201, r"correct the value, or use try_cast, which returns NULL instead")
def text_that_is_no_number(job):
    yield wrong(job, "CAST(concat('x', id) AS INT)", exit_code=3)
    right(job, "try_cast(concat('x', id) AS INT)")
    assert job.rows()["c"].null_count == 3
