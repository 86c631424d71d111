"""Delta tables of one data file that another writer made, under a log of our own."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": True, "metadata": {}, **more}


def struct(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "struct", "fields": list(fields)}


def write_log(table: Path, fields: list[dict[str, Any]], *, partition_by: tuple[str, ...] = (),
              **add: Any) -> None:
    """Version 0: every Parquet file of the folder, with the columns `fields`."""
    actions: list[dict[str, Any]] = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "5fba94ed-0000-0000-0000-00000000000a",
                      "format": {"provider": "parquet", "options": {}},
                      "schemaString": json.dumps(struct(*fields)),
                      "partitionColumns": list(partition_by), "configuration": {},
                      "createdTime": 0}}]
    for path in sorted(table.glob("*.parquet")):
        actions.append({"add": {"path": path.name, "partitionValues": {},
                                "size": path.stat().st_size, "modificationTime": 0,
                                "dataChange": True, **add}})
    log = table / "_delta_log" / f"{0:020}.json"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(json.dumps(action) + "\n" for action in actions), encoding="utf-8")


def write_table(table: Path, rows: pa.Table, fields: list[dict[str, Any]], edit: Any = None,
                partition_by: tuple[str, ...] = (), partition_values: Any = None,
                **options: Any) -> Path:
    """One file of `rows`; `edit(path)` may change it before the log is written. Returns it."""
    table.mkdir(parents=True)
    path = table / "a.parquet"
    pq.write_table(rows, path, **options)
    if edit is not None:
        edit(path)
    write_log(table, fields, partition_by=partition_by, partitionValues=partition_values or {})
    return path
