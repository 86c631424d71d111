"""Variables, --set, flags and SPILLWAY_*: who wins, and what they change in the rows."""

import pyarrow as pa
import pytest

PIPELINE = """
pipeline: test
variables: {lake: ., city: "O'Hare", threshold: 2, negative: -1, flag: true}
source: {table: "${lake}/bronze"}
where: id >= ${threshold}
columns:
  city: ${city}
  quoted: "'in ${city}'"
  sum: id - ${negative}
  flag: ${flag}
  dollar: "'$$5'"
target: {table: "${lake}/silver", mode: append}
"""


@pytest.fixture
def variables(job):
    job.table("bronze", pa.table({"id": [1, 2, 3]}))
    job.write_text(PIPELINE)
    return job


def ids(job):
    return sorted(job.rows()["id"].to_pylist())


def test_variables_in_expressions_and_paths(variables):
    variables.run()
    assert variables.rows().sort_by("id").to_pylist()[0] == {
        "id": 2, "city": "O'Hare", "quoted": "in O'Hare", "sum": 3, "flag": True, "dollar": "$5"}


def test_a_flag_wins_over_the_environment_over_the_file(variables):
    variables.run(environment={"SPILLWAY_VARIABLES_THRESHOLD": "3"})
    assert ids(variables) == [3]
    variables.run("--set=variables.threshold=1", "--fresh", "--append-again",
                  environment={"SPILLWAY_VARIABLES_THRESHOLD": "3"})
    assert ids(variables) == [1, 2, 3, 3]


def test_the_last_set_wins(variables):
    variables.run("--set", "variables.threshold=9", "--set", "variables.threshold=3")
    assert ids(variables) == [3]


def test_set_takes_lists_maps_and_expressions(variables):
    variables.run("--set", "drop=[city, quoted, sum]", "--set", "columns.flag=id > 2",
                  "--set", "where=null")
    rows = variables.rows().sort_by("id").to_pylist()
    assert rows == [{"id": id, "flag": id > 2, "dollar": "$5"} for id in (1, 2, 3)]


def test_a_value_cannot_end_the_string_that_it_stands_in(variables):
    attack = "x' OR '1' = '1"
    variables.run("--set", f"variables.city={attack}")
    assert set(variables.rows()["city"].to_pylist()) == {attack}
    assert set(variables.rows()["quoted"].to_pylist()) == {f"in {attack}"}


def test_the_environment_in_paths(variables):
    elsewhere = variables.folder / "else where"
    variables.run("--set", "target.table=${env:SOMEWHERE}/silver",
                  environment={"SOMEWHERE": str(elsewhere)})
    assert (elsewhere / "silver" / "_delta_log").is_dir()


@pytest.mark.parametrize("environment", [
    {"SPILLWAY_TARGET_TABLE": "other"}, {"SPILLWAY_MEMORY": "300MiB"},
    {"SPILLWAY_RESOURCES_MEMORY": "300MiB"}, {"SPILLWAY_MODE": "chunked"}])
def test_keys_in_the_environment(variables, environment):
    [(name, value)] = environment.items()
    variables.run(environment=environment)
    plan = variables.spillway("plan", variables.folder / "pipeline.yaml", environment=environment)
    told = {"other": str(variables.folder / "other"), "300MiB": "300.0 MiB"}.get(value, value)
    assert told in plan.stdout, name


@pytest.mark.parametrize(("flags", "environment", "told"), [
    (["--set", "nonsense"], {}, "nonsense"),
    (["--set", "target.mod=append"], {}, "mode"),
    (["--set", "processing.chunk_size=many"], {}, "many"),
    (["--set", "variables.threshold=null"], {}, "threshold"),
    ([], {"SPILLWAY_MEMROY": "1GiB"}, "SPILLWAY_MEMROY"),
    ([], {"SPILLWAY_TARGET_MODUS": "append"}, "SPILLWAY_TARGET_MODUS"),
    (["--memory", "lots"], {}, "lots"), (["--mode", "chonked"], {}, "chunked")])
def test_settings_that_cannot_be(variables, flags, environment, told):
    run = variables.run(*flags, environment=environment, exit_code=2)
    assert run.stderr.startswith("error[SPW-1") and told in run.stderr and "do:" in run.stderr
    assert not (variables.folder / "silver").exists()


def test_an_empty_variable_of_the_environment_counts_as_none(variables):
    variables.run(environment={"SPILLWAY_VARIABLES_THRESHOLD": ""})
    assert ids(variables) == [2, 3]
