"""docs/troubleshooting.md has every error code, with the same text as `spillway explain`.

SPILLWAY_UPDATE_DOCS=1 writes this text into the page, and adds missing codes."""

import os
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "troubleshooting.md"
UPDATE = os.environ.get("SPILLWAY_UPDATE_DOCS") == "1"


def words_of(spillway, code):
    """The part of the code's section that is not written by hand."""
    paragraphs = spillway("explain", code).stdout.split("\n\n")
    title, meaning, cure, exit_code, *_ = (" ".join(text.split()) for text in paragraphs)
    cure = cure.removeprefix("What to do: ")
    return f"### {title}\n{meaning}\n\n**What to do:** {cure} ({exit_code.strip()}.)\n"


def codes_of(spillway):
    return re.findall(r"^SPW-\d{4}", spillway("explain").stdout, re.MULTILINE)


def update(spillway):
    page = PAGE.read_text()
    for code in codes_of(spillway):
        words = words_of(spillway, code)
        section = re.search(rf"^### {code}: .*?(?:^\*\*What to do:\*\*[^\n]*\n)", page,
                            re.MULTILINE | re.DOTALL)
        if section:
            page = page[: section.start()] + words + page[section.end() :]
            continue
        later = [m for m in re.finditer(r"^### SPW-(\d{4})", page, re.MULTILINE)
                 if int(m[1]) > int(code[4:])]
        place = later[0].start() if later else len(page)
        page = page[:place] + words + "\n" + page[place:]
    PAGE.write_text(page)


def test_every_code_has_the_text_of_explain(spillway):
    if UPDATE:
        update(spillway)
    page = PAGE.read_text()
    missing = [code for code in codes_of(spillway) if words_of(spillway, code) not in page]
    assert missing == []


def test_every_code_appears_once_and_in_order(spillway):
    assert re.findall(r"^### (SPW-\d{4})", PAGE.read_text(), re.MULTILINE) == codes_of(spillway)
