"""--json: each command's output and errors against their schema, and docs/json.md against both."""

import json
import re
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from command_line.terminal import run_on_terminal

OUTPUTS = ["generate", "plan", "run", "validate", "inspect", "status", "error"]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "json.md"


def schema_of(spillway, name):
    schema = json.loads(spillway("schema", "--output", name).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    return schema


def check(spillway, name, text):
    """Returns the output that is `text`, which meets its schema."""
    output = json.loads(text)
    jsonschema.Draft7Validator(schema_of(spillway, name)).validate(output)
    return output


def run_json(spillway, verb, *arguments, exit_code=0, **options):
    run = spillway(verb, *arguments, "--json", exit_code=exit_code, **options)
    return check(spillway, verb, run.stdout)


def fields(schema, path=""):
    """(path, type, description) of each field, in the schema's order, as docs/json.md has them."""
    for name, field in schema.get("properties", {}).items():
        optional = "" if name in schema["required"] else " (may be absent)"
        yield f"{path}{name}", type_name(field) + optional, field["description"]
        yield from fields(field, f"{path}{name}.")
        if isinstance(field.get("items"), dict):
            yield from fields(field["items"], f"{path}{name}[].")


def type_name(field):
    types = field.get("type", "any")
    if isinstance(types, list):
        return type_name({**field, "type": types[0]}) + " or null"
    if types == "array":
        item = field.get("items", {}).get("type", "any")
        return "list" if item == "object" else f"list of {item}"
    if isinstance(field.get("additionalProperties"), dict):
        return "map of " + type_name(field["additionalProperties"])
    return types


def table(schema):
    lines = ["| field | type | meaning |", "|---|---|---|"]
    return "\n".join(lines + [f"| `{p}` | {t} | {d} |" for p, t, d in fields(schema)])


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_documentation_has_every_field(spillway, name):
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", DOCS.read_text(), re.M | re.S)
    assert section, f"docs/json.md has no section {name}"
    wanted = table(schema_of(spillway, name))
    assert wanted in section.group(1), f"docs/json.md, section {name}, should have\n{wanted}"


@pytest.fixture
def whole_job(job):
    """Keys that show every part of the outputs."""
    job.table("bronze", pa.table({"id": [1, 2, 3, 4] * 50, "score": [0.5, None] * 100}), files=2)
    job.table("names", pa.table({"id": [1, 2, 2], "name": ["a", "b", "c"]}))
    job.write(lookups=[{"name": "names", "table": "names", "key": ["id"]}],
              columns={"twice": "score * 2", "at": "current_timestamp()"},
              expectations=[{"name": "scored", "expect": "score IS NOT NULL"}],
              mode="chunked", processing={"chunk_size": 100})
    return job


def test_every_output_meets_its_schema(whole_job, tmp_path):
    spillway, pipeline = whole_job.spillway, whole_job.folder / "pipeline.yaml"
    state = {"SPILLWAY_STATE_DIRECTORY": str(tmp_path / "state")}
    run_json(spillway, "generate", "--rows", "10", "--out", tmp_path / "lake")
    assert run_json(spillway, "plan", pipeline)["estimated_time"] is not None
    report = run_json(spillway, "run", pipeline, environment=state)
    assert report["commits"] and report["expectations"] and report["memory_by_use"]
    assert run_json(spillway, "run", pipeline, environment=state)["already_finished"]
    assert run_json(spillway, "plan", pipeline)["finished"]
    assert run_json(spillway, "validate", pipeline, environment=state)["valid"]
    run_json(spillway, "inspect", whole_job.folder / "silver")
    whole_job.table("silver", pa.table({"id": [9]}), schema_mode="merge")
    different = run_json(spillway, "validate", pipeline, exit_code=1, environment=state)
    assert different["differences"]["examples"]
    status = run_json(spillway, "status", environment=state)
    assert any(run["attempts"] for run in status["runs"]) and len(status["validations"]) == 2
    run_json(spillway, "status", pipeline, environment=state)


def test_plans_of_other_kinds_meet_the_schema(whole_job):
    spillway, pipeline = whole_job.spillway, whole_job.folder / "pipeline.yaml"
    sorted_plan = run_json(spillway, "plan", pipeline, "--set", "processing.chunk_order=key")
    assert sorted_plan["order"]["by"] == "key"
    run = spillway("plan", pipeline, "--json", "--memory", "1MiB", exit_code=5)
    assert not check(spillway, "plan", run.stdout)["memory"]["fits"]
    assert check(spillway, "error", run.stderr)["code"] == "SPW-5001"


def test_a_failed_run_in_the_history_meets_the_schema(whole_job, tmp_path):
    state = {"SPILLWAY_STATE_DIRECTORY": str(tmp_path / "state")}
    whole_job.run("--set", "columns.twice=id / 0", exit_code=3, environment=state)
    [run] = run_json(whole_job.spillway, "status", environment=state)["runs"]
    assert run["state"] == "failed" and run["code"].startswith("SPW-")


@pytest.mark.parametrize(("arguments", "exit_code", "code"), [
    (["run", "p.yaml"], 2, "SPW-1101"),
    (["run"], 2, "SPW-1001"),
    (["rum"], 2, "SPW-1001"),
    (["run", "p.yaml", "--bogus"], 2, "SPW-1001"),
    (["inspect", "nowhere"], 3, "SPW-3001"),
    (["inspect", "s3://bucket/x"], 6, "SPW-6004"),
    (["status", "p.yaml"], 2, "SPW-1101"),
    (["generate", "--rows", "-1", "--out", "x"], 2, "SPW-1108"),
])
def test_errors_are_json(spillway, tmp_path, arguments, exit_code, code):
    run = spillway(*arguments, "--json", cwd=tmp_path, exit_code=exit_code)
    assert run.stdout == ""
    error = check(spillway, "error", run.stderr)
    assert (error["code"], error["exit_code"]) == (code, exit_code)
    assert error["what"] and error["do"]
    text = spillway(*arguments, cwd=tmp_path, exit_code=exit_code).stderr
    assert text.startswith(f"error[{code}]: {error['what']}\n")


def test_an_error_is_the_last_line_behind_the_progress(whole_job):
    whole_job.write(columns={"wrong": "id / (id - id)"}, processing={"max_attempts": 1})
    run = run_on_terminal(whole_job.spillway.program, "run", whole_job.folder / "pipeline.yaml",
                          "--json")
    assert run.exit_code == 3 and run.stdout == ""
    check(whole_job.spillway, "error", run.shown.splitlines()[-1])


def test_names_that_terminals_would_act_on(job):
    """As JSON escapes, so that the value is the same; as text, shown."""
    name = "a\u202egpj\u009b\u200b"
    job.table("bronze", pa.table({name: [1]}))
    run = job.spillway("inspect", job.folder / "bronze", "--json")
    assert run.stdout.isascii()
    assert json.loads(run.stdout)["columns"][0]["name"] == name
    text = job.spillway("inspect", job.folder / "bronze").stdout
    assert "a\\u202egpj\\x9b\\u200b" in text and "\u202e" not in text
