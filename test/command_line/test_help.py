"""Help, the man page and completion: each says all verbs and flags, in the width that there is."""

import re
import shutil
import subprocess

import pyarrow as pa
import pytest
from command_line.terminal import run_on_terminal, shown_on_terminal

VERBS = ["init", "generate", "plan", "run", "validate", "inspect", "status", "functions", "schema",
         "explain", "completion", "help", "version"]
HELPS = [["help"], *(["help", verb] for verb in VERBS)]


def flags_of(spillway, verb):
    text = spillway("help", verb).stdout
    return re.findall(r"^ {2}(?:-[a-zA-Z], )?(--[a-z-]+)", text, re.MULTILINE)


@pytest.mark.parametrize("columns", [20, 40, 80, 100, 250])
@pytest.mark.parametrize("arguments", HELPS, ids=" ".join)
def test_help_wraps(spillway, columns, arguments):
    shown = shown_on_terminal(spillway.program, *arguments, columns=columns)
    for line in shown.splitlines():
        # A word that is longer than a line stands alone in it.
        assert len(line) <= min(columns, 100) or len(line.split()) == 1, line
    assert "\x1b" not in shown
    words = re.findall(r"[^\s|]+", spillway(*arguments).stdout)
    assert re.findall(r"[^\s|]+", shown) == words  # whatever the width, the text is the same


@pytest.mark.parametrize("arguments", HELPS, ids=" ".join)
def test_help_where_no_terminal_is(spillway, arguments):
    for line in spillway(*arguments).stdout.splitlines():
        assert len(line) <= 80 or len(line.split()) == 1, line


@pytest.mark.parametrize("verb", VERBS)
def test_the_ways_to_ask_for_help(spillway, verb):
    text = spillway("help", verb).stdout
    assert text.startswith(f"Usage: spillway {verb} ")
    assert text == spillway(verb, "--help").stdout == spillway(verb, "-h").stdout
    assert text == spillway("--help", verb).stdout


def test_version(spillway):
    text = spillway("version").stdout
    assert text == spillway("--version").stdout == spillway("-V").stdout


def test_the_man_page(spillway, tmp_path):
    page = spillway("help", "--man").stdout
    assert page.startswith('.TH SPILLWAY 1 "" "spillway ')
    plain = page.replace("\\-", "-")
    for verb in VERBS:
        assert f"\n.SS {verb}\n" in plain
        for flag in flags_of(spillway, verb):
            assert re.search(rf"^\\fB(-[a-zA-Z], )?{flag}\b", plain, re.MULTILINE), flag
    for line in page.splitlines():  # requests that man knows, and nothing that looks like one
        assert not line.startswith("'")
        assert not line.startswith(".") or re.match(r"\.(TH|SH|SS|TP|PP|B|br|nf|fi)\b", line), line
    if shutil.which("man") is None:
        pytest.skip("no man to read the page with")
    path = tmp_path / "spillway.1"
    path.write_text(page)
    read = subprocess.run(["man", "--warnings", "-l", path], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "78"},
                          check=True)
    assert "warning" not in read.stderr and "EXIT STATUS" in read.stdout
    if shutil.which("mandoc"):
        subprocess.run(["mandoc", "-T", "lint", "-W", "error", path], check=True)


def complete_in_bash(spillway, *words, cwd=None):
    """What bash completes the last word to; words are as bash cuts them, at each =."""
    script = f"""
        source <({spillway.program} completion bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _spillway spillway "${{COMP_WORDS[COMP_CWORD]}}" && printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    run = subprocess.run(["bash", "-euc", script, "bash", "spillway", *words], cwd=cwd,
                         capture_output=True, text=True, check=True)
    return run.stdout.split("\n")[:-1]


def test_bash_completes_verbs_and_flags(spillway):
    assert complete_in_bash(spillway, "") == VERBS
    assert complete_in_bash(spillway, "va") == ["validate"]
    for verb in VERBS:
        assert complete_in_bash(spillway, verb, "--") == flags_of(spillway, verb), verb
    assert complete_in_bash(spillway, "run", "--mem") == ["--memory"]


def test_bash_completes_values(spillway, tmp_path):
    assert complete_in_bash(spillway, "run", "--mode", "") == ["auto", "standard", "chunked"]
    assert complete_in_bash(spillway, "run", "--mode", "=", "ch") == ["chunked"]
    assert complete_in_bash(spillway, "run", "--mode", "=") == ["auto", "standard", "chunked"]
    assert complete_in_bash(spillway, "help", "pl") == ["plan"]
    assert complete_in_bash(spillway, "completion", "f") == ["fish"]
    assert complete_in_bash(spillway, "explain", "SPW-110") == [f"SPW-110{i}" for i in range(1, 10)]
    assert "date_format" in complete_in_bash(spillway, "functions", "date")
    (tmp_path / "a file.yaml").touch()
    (tmp_path / "a folder").mkdir()
    files = complete_in_bash(spillway, "run", "a f", cwd=tmp_path)
    assert sorted(files) == ["a file.yaml", "a folder"]  # bash puts them in order as it shows them
    assert complete_in_bash(spillway, "inspect", "a f", cwd=tmp_path) == ["a folder"]
    assert complete_in_bash(spillway, "run", "--memory", "") == [""]  # nothing can be known of it


@pytest.mark.parametrize(("shell", "check"), [
    ("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])])
def test_completion_is_a_script_of_the_shell(spillway, tmp_path, shell, check):
    script = spillway("completion", shell).stdout
    for verb in VERBS:
        assert verb in script
        for flag in flags_of(spillway, verb):
            assert flag[2:] in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(script)
    subprocess.run([*check, path], check=True)


def test_fish_completes(spillway, tmp_path):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    path = tmp_path / "spillway.fish"
    path.write_text(spillway("completion", "fish").stdout)

    def complete(line):
        run = subprocess.run(["fish", "-c", f"source {path}; complete -C '{line}'"], check=True,
                             capture_output=True, text=True, env={"HOME": str(tmp_path),
                                                                  "PATH": "/usr/bin:/bin"})
        return [word.split("\t")[0] for word in run.stdout.splitlines()]

    assert sorted(complete("spillway ")) == sorted(VERBS)
    assert sorted(complete("spillway run --mode ")) == ["auto", "chunked", "standard"]
    assert "--memory" in complete("spillway run --m")


def test_zsh_completes(spillway, tmp_path):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    path = tmp_path / "_spillway"
    path.write_text(spillway("completion", "zsh").stdout)
    script = f"autoload -Uz compinit && compinit -D && source {path} && print $_comps[spillway]"
    run = subprocess.run(["zsh", "-fc", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "_spillway" and run.stderr == ""


def test_functions(spillway):
    text = spillway("functions").stdout
    assert "\nDates and times:\n" in text
    for name in ("coalesce", "date_format", "nullif", "substring"):
        assert f"  {name}(" in text
        alone = spillway("functions", name).stdout
        assert alone.startswith(f"{name}(") and "gives" in alone
    run = spillway("functions", "rank", exit_code=2)
    assert run.stderr.startswith("error[SPW-1203]")


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}],
                         ids=["color", "no-color", "dumb"])
def test_errors_are_red_where_there_is_colour(spillway, environment):
    run = run_on_terminal(spillway.program, "run", "nowhere.yaml", **environment)
    assert run.exit_code == 2 and run.stdout == ""
    label = "error[SPW-1101]" if environment else "\x1b[31merror[SPW-1101]\x1b[0m"
    assert run.shown.startswith(label + ": ")
    assert "\x1b" not in spillway("run", "nowhere.yaml", exit_code=2).stderr


def test_quiet(job):
    job.table("bronze", pa.table({"id": range(100)}))
    path = job.write()
    for command in (["run", path], ["validate", path],
                    ["generate", "--rows", "10", "--out", job.folder / "lake"]):
        run = run_on_terminal(job.spillway.program, *command, "--quiet")
        assert run.exit_code == 0 and run.shown == "" and run.stdout != ""
    run = job.spillway("run", path, "--quiet", "--set=source.table=nowhere", exit_code=3)
    assert run.stderr.startswith("error[SPW-3001]")
