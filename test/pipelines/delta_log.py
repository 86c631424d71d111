"""What stands in the log of a Delta table, read as the JSON that it is."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote


def commits(table: Path) -> list[list[dict[str, Any]]]:
    """The actions of every commit, from version 0 on."""
    paths = sorted((table / "_delta_log").glob("*.json"))
    assert [int(path.stem) for path in paths] == list(range(len(paths)))
    return [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]


def actions(table: Path, kind: str) -> list[dict[str, Any]]:
    """The bodies of all actions of one kind (add, remove, txn ..) in the order of the commits."""
    return [action[kind] for commit in commits(table) for action in commit if kind in action]


def live_files(table: Path) -> dict[Path, dict[str, Any]]:
    """The add action of every file that the latest version has."""
    files: dict[Path, dict[str, Any]] = {}
    for commit in commits(table):
        # A commit may remove and add one path (a deletion vector does): removals first.
        for action in commit:
            if "remove" in action:
                files.pop(table / unquote(action["remove"]["path"]), None)
        for action in commit:
            if "add" in action:
                files[table / unquote(action["add"]["path"])] = action["add"]
    return files


def listing(folder: Path) -> dict[str, int | None]:
    """Every path below `folder` with its size (None: a folder); empty where there is none."""
    return {str(path.relative_to(folder)): path.stat().st_size if path.is_file() else None
            for path in sorted(folder.rglob("*"))}
