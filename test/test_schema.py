"""`spillway schema` judged by a validator that is not ours, and held against the parser."""

import copy
import json
import random
import re
import subprocess

import jsonschema
import pytest

DOCUMENT = {
    "pipeline": "p",
    "source": {"table": "missing/source", "version": 3},
    "lookups": [
        {"name": "l", "table": "missing/l", "key": ["k"], "type": "inner", "columns": "*"},
        {"name": "m", "table": "missing/m", "key": [{"source": "a", "lookup": "b"}]},
    ],
    "variables": {"v": "text", "w": 0.5},
    "where": "a > ${w}",
    "columns": {"c": "a + 1", "d": True},
    "drop": ["z"],
    "target": {"table": "missing/t", "mode": "overwrite", "overwrite_schema": True},
    "mode": "chunked",
    "processing": {"chunk_size": "1_000"},
    "resources": {"memory": "512MiB", "max_memory_usage": 80},
}
VALUES = [None, True, 0, 1, -1, 101, 0.5, "", "a", "*", "auto", "append", "1_000", "10_00"]
VALUES += ["2GiB", "zstd(3)", "zstd(99)", "2026-01-31", [], ["a"], [1], {}, {"a": "b"}, {"a": None}]
VALUES += [{"table": "t"}, {"table": "t", "version": 1, "timestamp": "2026-01-31"}]
NAMES = ["table", "name", "key", "columns", "mode", "chunk_size", "expectations", "x", ""]


@pytest.fixture(scope="module")
def schema(spillway):
    return json.loads(spillway("schema").stdout)


def places(value):
    yield value
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    for item in items:
        yield from places(item)


def mutate(document, choose):
    place = choose.choice([p for p in places(document) if isinstance(p, (dict, list))])
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    action = choose.randrange(3)
    if action == 0 and keys:
        del place[choose.choice(keys)]
    elif action == 1 and keys:
        place[choose.choice(keys)] = copy.deepcopy(choose.choice(VALUES))
    elif isinstance(place, dict):
        place[choose.choice(NAMES)] = copy.deepcopy(choose.choice(VALUES))
    else:
        place.append(copy.deepcopy(choose.choice(VALUES)))


def parser_error(spillway, path):
    """The SPW-11xx code with which `plan` refuses the file, or None; the tables do not exist."""
    command = [spillway.program, "plan", path]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode != 0, run.stdout
    code = re.search(r"SPW-(\d+)", run.stderr)
    assert code, run.stderr
    return code.group(1) if code.group(1).startswith("110") else None


def test_schema_is_draft_7(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_parser_and_schema_agree(spillway, schema, tmp_path):
    seed = random.randrange(1 << 32)
    choose = random.Random(seed)
    validator = jsonschema.Draft7Validator(schema)
    verdicts = {True: 0, False: 0}
    for i in range(150):
        document = copy.deepcopy(DOCUMENT)
        for _ in range(choose.randrange(3) + (i > 0)):
            mutate(document, choose)
        path = tmp_path / "pipeline.yaml"
        path.write_text(json.dumps(document))
        error = parser_error(spillway, path)
        if error in ("1107", "1109"):  # a name twice, an undefined variable: the parser's alone
            continue
        valid = validator.is_valid(document)
        assert valid == (error is None), f"seed {seed}: {error}\n{json.dumps(document, indent=1)}"
        verdicts[valid] += 1
    assert min(verdicts.values()) > 10, verdicts
