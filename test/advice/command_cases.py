"""The command line: SPW-10xx, and flags with values that cannot be."""

import re

import pyarrow as pa
from advice.advice import explained, printed
from pipelines.job import read_table

HELP = "Run `spillway COMMAND --help` to see the command's arguments and flags."


@printed(1001, r'write "(\w+)"')
def misspelt_command(job):
    do = yield job.spillway("verison", exit_code=2)
    assert job.spillway(re.search(r'"(\w+)"', do).group(1)).stdout.startswith("spillway ")


@printed(1001, r"write (--\w+)")
def misspelt_flag(job):
    job.write()
    do = yield job.spillway("generate", "--rosw", "3", "--out", job.folder / "lake", exit_code=2)
    job.spillway("generate", do.split()[1], "3", "--out", job.folder / "lake")


@printed(1001, r"write `spillway generate .*`")
def missing_flags(job):
    do = yield job.spillway("generate", exit_code=2)
    words = do.removeprefix("write `").removesuffix("`").split()
    words = [{"N": "3", "FOLDER": str(job.folder / "lake")}.get(word, word) for word in words[1:]]
    job.spillway(*(word for word in words if word != "[FLAGS]"))


@printed(1001, r"write it after the command, which may be plan, run, validate")
def flag_before_the_command(job):
    make_bronze(job)
    yield job.spillway("--memory", "512MiB", "run", job.write(), exit_code=2)
    for verb in ("plan", "run", "validate"):
        job.spillway(verb, "--memory", "512MiB", job.folder / "pipeline.yaml")


@printed(1001, r"the commands are (.*); see `spillway help`")
def no_command(job):
    do = yield job.spillway(exit_code=2)
    for verb in re.search(r"the commands are ([^;]*);", do).group(1).split(", "):
        assert verb in job.spillway("help").stdout
        job.spillway(verb, "--help")


@printed(1001, r"write it like --set processing\.chunk_size=100000")
def set_without_a_value(job):
    make_bronze(job)
    do = yield job.run("--set", "processing.chunk_size", exit_code=2)
    job.run(*do.removeprefix("write it like ").split())


@explained(1001, HELP)
def any_usage(job):
    yield job.spillway("generate", "--rows", "many", "--out", job.folder / "lake", exit_code=2)
    assert re.search(r"--rows N +rows of", job.spillway("generate", "--help").stdout)
    job.spillway("generate", "--rows", "3", "--out", job.folder / "lake")


@explained(1002, "Run `spillway explain` without a code to list them all.")
@printed(1002, r"`spillway explain` lists all of them")
def unknown_code(job):
    yield job.spillway("explain", "SPW-1", exit_code=2)
    code = job.spillway("explain").stdout.split()[0]
    job.spillway("explain", code)


@printed(1108, r"give a number from (\d+) to (\d+)")
def flag_out_of_range(job):
    do = yield job.spillway("generate", "--rows", "-1", "--out", job.folder / "lake", exit_code=2)
    smallest = re.search(r"from (\d+)", do).group(1)
    job.spillway("generate", "--rows", smallest, "--out", job.folder / "lake")
    assert read_table(job.folder / "lake" / "predictions").num_rows == int(smallest)


@printed(1106, r"the commands are (.*)")
def later_command(job):
    do = yield job.spillway("optimize", exit_code=2)
    for verb in do.removeprefix("the commands are ").split(", "):
        job.spillway(verb, "--help")


def make_bronze(job):
    if not (job.folder / "bronze").exists():
        job.table("bronze", pa.table({"id": [1, 2, 3], "score": [0.5, None, 2.0]}))
