"""What the pages mention exists: flags, commands, keys, error codes, files and links."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md",
         *sorted(ROOT.glob("docs/*.md"))]
# Flags of other programs, by page.
FOREIGN_FLAGS = {
    "CONTRIBUTING.md": {"--preset", "--build"},
    "cookbook.md": {"--signal"},
    "comparison.md": {"--row-group-bytes"},
    "benchmarks.md": {"--quick", "--list", "--repeat", "--engines", "--timeout", "--drop-data",
                      "--no-kernels", "--program"},
}


def named(pages):
    return pytest.mark.parametrize("path", pages, ids=[str(p.relative_to(ROOT)) for p in pages])


@pytest.fixture(scope="module")
def commands(spillway):
    return re.findall(r"^  ([a-z]+)  +\S", spillway("--help").stdout, re.MULTILINE)


@pytest.fixture(scope="module")
def flags(spillway, commands):
    texts = [spillway("--help").stdout, *(spillway(c, "--help").stdout for c in commands)]
    return {flag for text in texts for flag in re.findall(r"--[a-z][a-z-]+", text)}


@pytest.fixture(scope="module")
def keys(spillway):
    """Paths of keys as pages write them: processing.chunk_size, lookups[].key[].source."""
    schema = json.loads(spillway("schema").stdout)
    paths = set()

    def walk(node, path):
        if path:
            paths.add(path)
        for name, value in node.get("properties", {}).items():
            walk(value, f"{path}.{name}" if path else name)
        for value in [*node.get("anyOf", []), *node.get("oneOf", [])]:
            walk(value, path)
        if "$ref" in node:
            walk(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], path)
        if isinstance(node.get("items"), dict):
            walk(node["items"], path + "[]")

    walk(schema, "")
    return paths


def mentioned(path, pattern):
    return set(re.findall(pattern, path.read_text(), re.MULTILINE))


@named(PAGES)
def test_flags(path, flags):
    spoken_of = mentioned(path, r"(?<![\w-])--[a-z][a-z-]+")
    assert spoken_of - flags - FOREIGN_FLAGS.get(path.name, set()) == set()


@named(PAGES)
def test_commands(path, commands):
    spoken_of = mentioned(path, r"(?:^|`|\$ |build/)spillway ([a-z]+)\b")
    assert spoken_of - {*commands, "help"} == set()


# docs/json.md has fields of reports whose names look like keys.
@named([path for path in PAGES if path.name != "json.md"])
def test_keys(path, keys):
    sections = {key.split(".")[0].removesuffix("[]") for key in keys if "." in key}
    spoken_of = mentioned(path, rf"(?<![\w./-])((?:{'|'.join(sections)})(?:\[\])?\.[a-z_]+)")
    files = {"source.table"} | {f"{name}.md" for name in sections}
    named_items = {key for key in spoken_of
                   if key.split(".")[0] in ("lookups", "expectations", "variables", "columns")}
    assert spoken_of - keys - files - named_items == set()


@named(PAGES)
def test_codes(path, spillway):
    known = set(re.findall(r"^(SPW-\d{4})", spillway("explain").stdout, re.MULTILINE))
    assert mentioned(path, r"SPW-\d{4}") - known == set()


def anchors(path):
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@named([*PAGES, *sorted(ROOT.glob("docs/decisions/*.md")), *sorted(ROOT.glob("*/README.md"))])
def test_links(path):
    for link in mentioned(path, r"\]\(([^)#\s]*(?:#[^)]*)?)\)"):
        file, _, anchor = link.partition("#")
        if file.startswith(("http:", "https:")):
            continue
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link
