"""The commands in README and docs work, and print what the pages show.

SPILLWAY_UPDATE_DOCS=1 writes the output into the pages instead of failing; look at the diff."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from docs.page import Reader, difference, matches, steps_of, updated

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [path for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
         if steps_of(path.read_text())]
UPDATE = os.environ.get("SPILLWAY_UPDATE_DOCS") == "1"


@pytest.fixture
def reader(spillway, tmp_path):
    """Somebody with a clone: the examples, the program, and a Python with deltalake."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    inherited = {name: value for name, value in os.environ.items() if "SPILLWAY" not in name}
    path = f"{Path(sys.executable).parent}:{inherited['PATH']}"
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "PYTHONPATH": str(ROOT / "test")}
    return Reader(tmp_path, spillway.program, {**inherited, **state, "PATH": path})


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_the_page_does_what_it_says(reader, path):
    page = path.read_text()
    new_blocks = []
    for step in steps_of(page):
        printed = reader.do(step)
        if printed is None:
            continue
        assert UPDATE, f"{path.name}, {step.argument}:\n{difference(step, printed)}"
        new_blocks.append((step, updated(step.text.splitlines(), printed)))
    for step, lines in reversed(new_blocks):
        text = "".join(line.rstrip() + "\n" for line in lines)
        page = page[: step.begin] + text + page[step.end :]
    if new_blocks:
        path.write_text(page)


def test_the_readme_is_tried():
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize(("shown", "printed", "same"), [
    (["a 1.5 s", "b"], ["a 20 ms", "b"], True),
    (["a 1.5 MiB"], ["a 1.6 MiB"], False),
    (["a", "..", "c"], ["a", "b", "b", "c"], True),
    (["a", "..", "c"], ["a", "c"], True),
    (["a", "..", "c"], ["a", "b", "c", "d"], False),
    (["..", "peak 1.0 MiB of 2.0 MiB"], ["x", "peak 1.2 MiB of 2.0 MiB"], True),
    (["..", "peak 1.0 MiB of 2.0 MiB"], ["x", "peak 1.2 MiB of 2.1 MiB"], False),
    (["about 0.9 s; 628.5 MiB/s"], ["about 1 min 2 s; 1.1 GiB/s"], True),
    (["a"], [], False)])
def test_what_counts_as_the_same(shown, printed, same):
    assert matches(shown, printed) == same
    if not same:
        assert matches(updated(shown, printed), printed)


def test_an_update_keeps_what_is_left_out():
    shown = ["memory", "..", "  index of predictions   61.5 MiB", "..", "verdict: it fits"]
    printed = ["memory", "  program  48.0 MiB", "  index of predictions   70.5 MiB", "  other",
               "verdict: it fits"]
    assert updated(shown, printed) == [*shown[:2], printed[2], *shown[3:]]
