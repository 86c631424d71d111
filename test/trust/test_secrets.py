"""A secret that a user hands us, wherever that may be, is in nothing that we print or keep."""

import base64

import pyarrow as pa
import pytest

SECRET = "hunter2-Canary-7f3a"
ROWS = pa.table({"id": range(100), "text": [f"text {number}" for number in range(100)]})
FORMS = [SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex()]


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def told(job, spillway):
    """told(verb, *flags): the run, once nothing of it has the secret; the pipeline file aside, in
    which the user may have put it."""

    def run(verb, *flags, exit_code=0, environment=None):
        done = spillway(verb, job.folder / "pipeline.yaml", *flags, exit_code=exit_code,
                        environment=environment)
        kept = [path for path in files_below(job.folder) if path.name != "pipeline.yaml"]
        texts = {"stdout": done.stdout, "stderr": done.stderr}
        texts |= {str(path): path.read_bytes().decode("latin-1") for path in kept}
        for place, text in texts.items():
            assert not any(form in text for form in FORMS), f"a secret in {place}: {text[:2000]}"
        return done

    return run


SALTED = {"salted": "text = ${salt}", "other": "concat(text, '-') = '${salt}-'"}
GIVEN = {
    "by a flag": ((f"--set=variables.salt={SECRET}",), {}),
    "by the environment": ((), {"SPILLWAY_VARIABLES_SALT": SECRET}),
    "in the file": ((), {}),
}


@pytest.mark.parametrize("given", GIVEN)
def test_a_variable(job, told, given):
    """Its value makes the rows, and stands nowhere: not in the plan, nor in the target's log."""
    flags, environment = GIVEN[given]
    job.table("bronze", ROWS)
    job.write(columns=SALTED, where="text <> ${salt}",
              variables={"salt": SECRET if given == "in the file" else "other"})
    for verb in ("plan", "run", "validate"):
        told(verb, *flags, environment=environment)
        told(verb, "--json", *flags, environment=environment)
    commits = sorted((job.folder / "silver" / "_delta_log").glob("*.json"))
    assert any("${salt}" in commit.read_text() for commit in commits)


def test_another_value_of_a_variable_is_another_plan(job, told):
    """Though the log does not tell it, it is noticed."""
    job.table("bronze", ROWS)
    job.write(columns=SALTED, variables={"salt": SECRET},
              target={"table": "silver", "mode": "append"})
    told("run")
    job.write(columns=SALTED, variables={"salt": SECRET + "!"},
              target={"table": "silver", "mode": "append"})
    error = told("run", exit_code=2).stderr
    assert "SPW-1111" in error and "variable `salt` has changed" in error


@pytest.mark.parametrize("expression", [
    "nothing = ${salt}", "concat(${salt}, text", "text = ${salt} AND nowhere(1)", "${salt} +",
    "abs('${salt}') IN (text", "\n text > ${salt}\n OR zzz\n"])
def test_an_expression_that_is_refused(job, told, expression):
    """The place is told by file, line and column: the text would have the value in it."""
    job.table("bronze", ROWS)
    for keys in ({"where": expression}, {"columns": {"new": expression}}):
        job.write(variables={"salt": SECRET}, **keys)
        error = told("plan", exit_code=2).stderr
        assert "pipeline.yaml:" in error and "error[SPW-12" in error, error


ADDRESSES = [
    f"https://user:{SECRET}@example.com/lake/bronze", f"https://{SECRET}@example.com/lake",
    f"https://example.com/lake/bronze?sv=2024&sig={SECRET}", f"s3://key:{SECRET}@bucket/bronze",
    f"abfss://container:{SECRET}@account.dfs.core.windows.net/bronze",
    f"https://account.blob.core.windows.net/c/t?{SECRET}#x", f"file://u:{SECRET}@host/t",
    f"https://example.com/lake#{SECRET}", f"gs://{SECRET}:@bucket/t"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_address_of_a_table(spillway, address):
    run = spillway("inspect", address, exit_code=6)
    assert "SPW-6004" in run.stderr and SECRET not in run.stdout + run.stderr


@pytest.mark.parametrize("address", ADDRESSES[1:3])
@pytest.mark.parametrize("keys", [
    {"source": {"table": "${address}"}}, {"source": {"table": "${env:LAKE}"}},
    {"target": {"table": "${address}"}},
    {"lookups": [{"name": "known", "table": "${address}", "key": ["id"]}]}])
def test_the_address_in_a_pipeline(job, told, keys, address):
    job.table("bronze", ROWS)
    job.write(variables={"address": address}, **keys)
    assert "SPW-6004" in told("run", exit_code=6, environment={"LAKE": address}).stderr


@pytest.mark.parametrize("options", [
    {"aws_secret_access_key": SECRET}, {"token": "${env:TOKEN}"}, SECRET, [SECRET],
    {"nested": {"deep": SECRET}}])
def test_storage_options(job, told, options):
    """This version has none, and says so without their values."""
    job.table("bronze", ROWS)
    job.write(storage=options)
    error = told("run", exit_code=2, environment={"TOKEN": SECRET}).stderr
    assert "storage" in error


@pytest.mark.parametrize("flag", [
    f"--set=storage.token={SECRET}", f"--set=storage={{token: {SECRET}}}",
    f"--set=monitor.alerts.webhook=https://example.com/{SECRET}",
    f"--set=variables.salt='{SECRET}"])
def test_flags_that_are_refused(job, told, flag):
    job.table("bronze", ROWS)
    job.write(columns=SALTED, variables={"salt": "other"})
    told("run", flag, exit_code=2)


@pytest.mark.parametrize("name", ["SPILLWAY_STORAGE", "SPILLWAY_STORAGE_TOKEN", "SPILLWAY_MEMORI",
                                  "AWS_SECRET_ACCESS_KEY", "SPILLWAY_RESOURCES_MEMORY_TOKEN"])
def test_the_environment(job, told, name):
    job.table("bronze", ROWS)
    job.write()
    told("run", exit_code=None, environment={name: SECRET})


def test_the_environment_of_a_path(job, told):
    """What a path takes of it is shown; the rest is nobody's business."""
    job.table("bronze", ROWS)
    job.write(source={"table": "${env:TABLE_NAME}"})
    told("run", environment={"TABLE_NAME": "bronze", "PASSWORD": SECRET})
