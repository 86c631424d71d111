"""The progress bar: on a terminal only, on standard error only, and within its width."""

import json
import re

import pytest
from command_line.terminal import run_on_terminal

ROWS = 400_000  # enough that a run lasts longer than the bar waits to be drawn first


@pytest.fixture(scope="module")
def pipeline(spillway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("terminal")
    spillway("generate", "--rows", str(ROWS), "--out", folder)
    path = folder / "pipeline.yaml"
    path.write_text("""
pipeline: test
source: {table: bronze_accident}
lookups: [{name: predictions, table: predictions, key: [image_name]}]
target: {table: silver, mode: append}
processing: {chunk_size: 70_000}
mode: chunked
""")
    return path


def drawn_lines(shown):
    """What stood on the terminal each time that the bar was drawn."""
    return [line for line in re.split(r"[\r\n]+", shown.replace("\x1b[K", "")) if line]


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["color", "no-color"])
def test_the_bar(spillway, pipeline, columns, environment):
    run = run_on_terminal(spillway.program, "run", pipeline, "--fresh", "--append-again",
                          columns=columns, **environment)
    assert run.exit_code == 0
    assert re.search(r"\[#+-*\]", run.shown), run.shown
    assert all(len(line) < columns for line in drawn_lines(run.shown)), run.shown
    # Drawn over, not line by line, and in the end the line is left.
    assert run.shown.count("\n") == 1 and run.shown.endswith("\r\n")
    assert "\x1b[K" in run.shown
    assert "\r" not in run.stdout and "\x1b" not in run.stdout and "400,000 rows" in run.stdout
    if environment:
        assert not re.search(r"\x1b\[[0-9;]*m", run.shown)


def test_the_last_line_says_all(spillway, pipeline):
    run = run_on_terminal(spillway.program, "run", pipeline, "--fresh", "--append-again",
                          "--memory=400MiB", columns=200)
    last = drawn_lines(run.shown)[-1]
    assert "100 %" in last and "400,000 rows" in last and "chunk 6/6" in last
    assert "of 400.0 MiB" in last


def test_json_beside_the_bar(spillway, pipeline):
    run = run_on_terminal(spillway.program, "run", pipeline, "--fresh", "--append-again", "--json")
    assert json.loads(run.stdout)["rows_written"] == ROWS


def test_a_dumb_terminal_gets_no_bar(spillway, pipeline):
    run = run_on_terminal(spillway.program, "run", pipeline, "--fresh", "--append-again",
                          TERM="dumb")
    assert run.exit_code == 0
    assert "\x1b" not in run.shown and "\r\r" not in run.shown


def test_no_bar_where_no_terminal_is(spillway, pipeline):
    run = spillway("run", pipeline, "--fresh", "--append-again")
    assert "\x1b" not in run.stderr and "\r" not in run.stderr
    assert "400,000 rows" in run.stdout


def test_an_error_on_a_terminal(spillway, pipeline):
    run = run_on_terminal(spillway.program, "run", pipeline, "--set=source.table=nowhere")
    assert run.exit_code == 3 and run.stdout == ""
    assert "error[SPW-3001]" in re.sub(r"\x1b\[[0-9;]*m", "", run.shown)
