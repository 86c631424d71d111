"""A Markdown page whose code blocks are run and compared, as the comments above them say:

    <!-- file: NAME -->        the block is the file NAME: it is created, or if it exists, compared
    <!-- run -->               the block's commands are run; `run: 5` if the exit code must be 5
    <!-- output: COMMAND -->   the block is what COMMAND prints; likewise `output: COMMAND => 5`
    <!-- hidden: COMMAND -->   has no block: a command that readers do not see

In an output block, a line `..` stands for any number of lines. Numbers that depend on the machine
or the time of day (times, rates, peaks of memory) may differ, everything else may not.
"""

import difflib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

DIRECTIVE = re.compile(r"<!-- (file|run|output|hidden)(?:: (.*?))?(?: => (\d+))? -->")
BLOCK = re.compile(r"\n*```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OMITTED = ".."
SHOWN_FOLDER = "/home/me/spillway"  # where the pages' reader has the clone
# In this order: a later pattern does not see what an earlier one has replaced.
VOLATILE = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<instant>"),
    (r"peak [\d.,]+ [KMGT]?i?B\b", "peak <size>"),
    (r"[\d.,]+ [KMGT]?i?B/s", "<rate>"),
    (r"\b\d[\d.,]* (ms|s|min|h)\b( \d+ (s|min)\b)?", "<duration>"),
    (r"\bprocess \d+ on \S+", "process <process>"),
]


@dataclass
class Step:
    kind: str
    argument: str
    exit_code: int
    text: str  # of the block
    begin: int  # of the block's text in the page
    end: int


def steps_of(page: str) -> list[Step]:
    steps = []
    for match in DIRECTIVE.finditer(page):
        kind, argument, exit_code = match[1], match[2] or "", int(match[3] or 0)
        if kind == "hidden":
            steps.append(Step(kind, argument, exit_code, "", 0, 0))
            continue
        block = BLOCK.match(page, match.end())
        assert block, f"no code block behind {match[0]}"
        if kind == "run" and argument:
            exit_code = int(argument)
        steps.append(Step(kind, argument, exit_code, block[1], block.start(1), block.end(1)))
    return steps


def plain(line: str) -> str:
    """The line without what differs from run to run, and without the width of its columns."""
    for pattern, kind in VOLATILE:
        line = re.sub(pattern, kind, line)
    return re.sub(r" +", " ", line).rstrip()


def matches(shown: list[str], printed: list[str]) -> bool:
    """Whether `printed` is what is `shown`."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == OMITTED else re.escape(plain(line)) + r"\n"
                      for line in shown)
    return re.fullmatch(pattern, "".join(plain(line) + "\n" for line in printed)) is not None


def updated(shown: list[str], printed: list[str]) -> list[str]:
    """The new block: everything that is printed. If the old one leaves lines out, so does the new
    one: it has the lines that are most like those that were shown."""
    if not any(line.strip() == OMITTED for line in shown):
        return printed
    result, place = [], 0
    for line in shown:
        if line.strip() == OMITTED:
            result.append(line)
            continue
        likeness = [difflib.SequenceMatcher(None, plain(line), plain(other)).ratio()
                    for other in printed[place:]]
        if not likeness or max(likeness) <= 0.5:
            continue
        found = place + likeness.index(max(likeness))
        if found > place and (not result or result[-1].strip() != OMITTED):
            result.append(OMITTED)
        result.append(printed[found])
        place = found + 1
    if place < len(printed) and result[-1:] != [OMITTED]:
        result.append(OMITTED)
    return result


def difference(step: Step, printed: list[str]) -> str:
    shown = [plain(line) for line in step.text.splitlines()]
    return "\n".join(difflib.unified_diff(shown, [plain(line) for line in printed], "the page",
                                          "the program", lineterm=""))


class Reader:
    """Follows a page in `folder`, where `spillway` and build/spillway are `program`."""

    def __init__(self, folder: Path, program: Path, environment: dict[str, str]):
        self.folder = folder
        tools = folder / "build"
        tools.mkdir()
        (tools / "spillway").symlink_to(program)
        self.environment = {**environment, "PATH": f"{tools}:{environment['PATH']}"}

    def run(self, command: str, exit_code: int) -> str:
        """What the command prints, including errors."""
        run = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=self.folder,
                             env=self.environment, stdin=subprocess.DEVNULL, text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        assert run.returncode == exit_code, (
            f"exit code {run.returncode}, not {exit_code}, of {command}\n{run.stdout}")
        return run.stdout.replace(str(self.folder), SHOWN_FOLDER)

    def do(self, step: Step) -> list[str] | None:
        """The lines that the block should have, if they are not those that it has."""
        if step.kind == "hidden":
            self.run(step.argument, step.exit_code)
        elif step.kind == "run":
            self.run(step.text, step.exit_code)
        elif step.kind == "file":
            path = self.folder / step.argument
            if path.exists():
                return None if path.read_text() == step.text else path.read_text().splitlines()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
        else:
            printed = self.run(step.argument, step.exit_code).splitlines()
            if not matches(step.text.splitlines(), printed):
                return printed
        return None
