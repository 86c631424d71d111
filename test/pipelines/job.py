"""A test's job: tables that deltalake writes, the pipeline file over them, and what comes out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from acceptance.compare import differences, plain_type
from deltalake import DeltaTable, QueryBuilder, WriterProperties, write_deltalake


def write_table(folder: Path, rows: pa.Table, files: int = 1, rows_per_group: int | None = None,
                **options: Any) -> Path:
    """Appends `rows` to the Delta table at `folder`, in so many commits of a file each."""
    properties = None
    if rows_per_group is not None:
        properties = WriterProperties(max_row_group_size=rows_per_group,
                                      write_batch_size=min(rows_per_group, 1024))
    step = max(1, -(-rows.num_rows // files))
    for first in range(0, max(1, rows.num_rows), step):
        write_deltalake(folder.as_uri(), rows.slice(first, step), mode="append",
                        writer_properties=properties, **options)
    return folder


def read_table(folder: Path) -> pa.Table:
    """All rows of a Delta table, as deltalake reads them; its paths are URLs, with %20 for a space.
    Arrow's compute functions do not take its string views: plain strings instead."""
    query = QueryBuilder().register("t", DeltaTable(folder.as_uri())).execute("SELECT * FROM t")
    rows = pa.table(query.read_all())
    plain = pa.schema([field.with_type(plain_type(field.type)) for field in rows.schema])
    return rows.cast(plain)


@dataclass
class Job:
    """A pipeline file and its tables in one folder. Tables are named by their folders in it."""

    spillway: Any
    folder: Path

    def table(self, name: str, rows: pa.Table, **options: Any) -> Path:
        return write_table(self.folder / name, rows, **options)

    def write(self, **keys: Any) -> Path:
        """Writes the pipeline file: these keys over `bronze` to `silver`. JSON is YAML too."""
        pipeline = {"pipeline": "test", "source": {"table": "bronze"},
                    "target": {"table": "silver"}, **keys}
        return self.write_text(json.dumps(pipeline, ensure_ascii=False, indent=1))

    def write_text(self, text: str) -> Path:
        path = self.folder / "pipeline.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *flags: str, exit_code: int = 0, environment: dict[str, str] | None = None,
            **keys: Any) -> Any:
        """Runs the pipeline, with a new file where keys are given."""
        if keys or not (self.folder / "pipeline.yaml").exists():
            self.write(**keys)
        return self.spillway("run", self.folder / "pipeline.yaml", *flags, exit_code=exit_code,
                             environment=environment)

    def report(self, *flags: str, **keys: Any) -> dict[str, Any]:
        """What `run --json` says."""
        return json.loads(self.run("--json", *flags, **keys).stdout)

    def plan(self, *flags: str, exit_code: int = 0) -> dict[str, Any]:
        return json.loads(self.spillway("plan", self.folder / "pipeline.yaml", "--json", *flags,
                                        exit_code=exit_code).stdout)

    def validate(self, *flags: str, exit_code: int = 0) -> dict[str, Any]:
        """What `validate --json` says."""
        return json.loads(self.spillway("validate", self.folder / "pipeline.yaml", "--json", *flags,
                                        exit_code=exit_code).stdout)

    def rows(self, name: str = "silver") -> pa.Table:
        """The rows of a table, as deltalake reads them."""
        return read_table(self.folder / name)


def assert_same_rows(expected: pa.Table, actual: pa.Table, ignore: tuple[str, ...] = ()) -> None:
    """As multisets: the order of rows and of columns does not count."""
    lines = differences(expected, actual, ignore=ignore)
    assert not lines, "\n".join(lines)
