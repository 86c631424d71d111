"""The verbs: help, JSON, and what is wrong with a command line."""

import json
import re

import pyarrow as pa
import pytest

VERBS = ["init", "generate", "plan", "run", "validate", "inspect", "status", "functions", "schema",
         "explain", "completion", "help", "version"]
REPORTING = ["generate", "plan", "run", "validate", "inspect", "status"]
LATER = ["stream", "optimize", "vacuum", "serve", "doctor"]


@pytest.fixture
def job_with_rows(job):
    job.table("bronze", pa.table({"id": range(1000)}))
    job.write()
    return job


def test_help_lists_the_verbs_and_no_others(spillway):
    text = spillway("--help").stdout
    listed = re.findall(r"^  ([a-z]+)  +\S", text, re.MULTILINE)
    assert [verb for verb in listed if verb != "spillway"] == VERBS
    assert "130, 143" in text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb(spillway, verb):
    run = spillway(verb, "--help")
    assert verb in run.stdout and run.stderr == ""
    assert (" --json " in run.stdout) == (verb in REPORTING)


@pytest.mark.parametrize("verb", REPORTING)
def test_json_is_all_that_is_on_stdout(job_with_rows, spillway, verb):
    folder, pipeline = job_with_rows.folder, job_with_rows.folder / "pipeline.yaml"
    if verb == "validate":
        job_with_rows.run()
    arguments = {"generate": ["--rows", "10", "--out", folder / "lake"],
                 "inspect": [folder / "bronze"]}.get(verb, [pipeline])
    run = spillway(verb, *arguments, "--json")
    report = json.loads(run.stdout)
    assert isinstance(report, dict) and report
    assert all(re.fullmatch("[a-z_]+", key) for key in report)


def test_inspect(job_with_rows, spillway):
    report = json.loads(spillway("inspect", job_with_rows.folder / "bronze", "--json").stdout)
    assert report["rows"] == 1000 and report["files"] == 1 and report["version"] == 0
    assert report["columns"] == [{"name": "id", "type": "int64", "nullable": True}]
    text = spillway("inspect", job_with_rows.folder / "bronze").stdout
    assert "1,000" in text and "int64" in text


def test_plan_tells_how_long_a_run_will_take(job_with_rows):
    job_with_rows.table("known", pa.table({"id": range(0, 1000, 3)}))
    lookups = [{"name": "known", "table": "known", "key": ["id"]}]
    path = job_with_rows.write(lookups=lookups)
    time = job_with_rows.plan()["estimated_time"]
    assert time["lookup_seconds"] > 0 and time["row_seconds"] > 0
    assert time["seconds"] == time["lookup_seconds"] + max(time["row_seconds"],
                                                           time["transfer_seconds"])
    assert " time         about " in job_with_rows.spillway("plan", path).stdout
    # A row that cannot be computed is the run's to report: the plan knows no time then.
    path = job_with_rows.write(lookups=lookups, columns={"wrong": "id / (id - id)"})
    assert job_with_rows.plan()["estimated_time"] is None
    assert re.search(r" time +unknown: .*zero", job_with_rows.spillway("plan", path).stdout)
    job_with_rows.write(lookups=lookups)
    job_with_rows.run()
    assert job_with_rows.plan()["estimated_time"] is None
    assert not (job_with_rows.folder / "silver" / "_spillway").exists()


def test_validate_finds_a_difference(job_with_rows, spillway):
    pipeline = job_with_rows.folder / "pipeline.yaml"
    job_with_rows.run()
    assert "valid" in spillway("validate", pipeline).stdout
    job_with_rows.table("silver", pa.table({"id": [5]}))
    run = spillway("validate", pipeline, exit_code=1)
    assert "1,001 stored" in run.stdout and "DIFFERENT" in run.stdout
    report = json.loads(spillway("validate", pipeline, "--json", exit_code=1).stdout)
    assert not report["valid"] and report["stored_rows"] == 1001


def test_validate_wants_a_finished_run(job_with_rows, spillway):
    run = spillway("validate", job_with_rows.folder / "pipeline.yaml", exit_code=3)
    assert "error[SPW-3001]" in run.stderr and "do:" in run.stderr
    job_with_rows.table("silver", pa.table({"id": [5]}))
    run = spillway("validate", job_with_rows.folder / "pipeline.yaml", exit_code=None)
    assert "error[SPW-" in run.stderr and run.stdout == ""


@pytest.mark.parametrize(("arguments", "code", "told"), [
    ([], 1001, "no command was given"),
    (["rnu"], 1001, "run"),
    (["run"], 1001, "`spillway run` needs PIPELINE"),
    (["run", "p.yaml", "--memroy", "1GiB"], 1001, "--memory"),
    (["run", "p.yaml", "--frehs"], 1001, "--fresh"),
    (["plan", "p.yaml", "q.yaml"], 1001, "takes 1 argument: \"q.yaml\" is too many"),
    (["generate", "--rows", "many", "--out", "x"], 1001, "generate`"),
    (["generate", "--rows", "-1", "--out", "x"], 1108, "--rows"),
    (["generate", "--rows", "1", "--out", "x", "--match-rate", "1.5"], 1108, "--match-rate"),
    (["generate", "--rows", "1", "--out", "s3://bucket/x"], 6004, "s3"),
    (["explain", "SPW-4711"], 1002, "SPW-4711"),
    *((([verb], 1106, verb)) for verb in LATER)])
def test_command_lines_that_are_wrong(spillway, tmp_path, arguments, code, told):
    run = spillway(*arguments, cwd=tmp_path, exit_code=6 if code == 6004 else 2)
    assert run.stdout == ""
    assert run.stderr.startswith(f"error[SPW-{code}]") and told in run.stderr
    assert "  do: " in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flag", ["--engine=spark", "--trigger=available-now", "--lanes=2"])
def test_flags_of_later_versions(job_with_rows, spillway, flag):
    run = spillway("run", job_with_rows.folder / "pipeline.yaml", flag, exit_code=2)
    assert flag.split("=")[0] in run.stderr and run.stderr.startswith("error[SPW-1")
    assert not (job_with_rows.folder / "silver").exists()


def test_explain_describes_every_code(spillway):
    lines = spillway("explain").stdout.splitlines()
    assert len(lines) > 40
    for line in lines:
        code, title = line.split("  ", 1)
        text = spillway("explain", code).stdout
        assert text.startswith(f"{code}: {title}\n") and "What to do: " in text
        assert re.search(r"^Exit code: \d+$", text, re.MULTILINE)


def test_version(spillway):
    assert re.fullmatch(r"spillway \d+\.\d+\.\d+\n", spillway("version").stdout)
    assert spillway("--version").stdout == spillway("version").stdout
