"""A random Delta table that several writers made together: Spark, deltalake, DuckDB, and commits
written by hand, as tables look after some years. The seed decides everything."""

import datetime
import json
import random
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from pipelines.delta_log import live_files
from readers.all_types import rows_of_all_types

# Values of partition columns; their folders' names are what writers escape in several ways.
PARTITIONS: list[tuple[pa.Field, list[Any]]] = [
    (pa.field("city", pa.string()),
     ["New York", "a=b", "50%", "x/y", "é", "a+b", "quote\"'", "%20", None]),
    (pa.field("day", pa.date32()), [datetime.date(2026, 2, 28), datetime.date(1969, 12, 31), None]),
    (pa.field("amount", pa.decimal128(10, 2)), [Decimal("12.50"), Decimal("0.00"), None]),
    (pa.field("flag", pa.bool_()), [True, False, None]),
    (pa.field("at", pa.timestamp("us", tz="UTC")),
     [datetime.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=datetime.UTC),
      datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), None]),
]
# DuckDB has no type for these, or writes them as another one.
NOT_OF_DUCKDB = {"nested"}


def partition_text(value: Any) -> str | None:
    """As Delta's log has it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return str(value)


@dataclass
class TableMaker:
    """One table at `folder`. `steps` says what was done to it, for the message of a failed test."""

    folder: Path
    seed: int
    spark: Any
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chosen = random.Random(self.seed)
        self.next_number = 0
        self.partitions = self.chosen.sample(PARTITIONS, self.chosen.choice([0, 0, 1, 2]))
        self.has_noise = self.chosen.random() < 0.5  # large enough that row groups splice
        self.maps_columns = self.chosen.random() < 0.2
        self.marks_deletions = self.chosen.random() < 0.4
        names = rows_of_all_types(1, 0).column_names[1:]
        self.columns = self.chosen.sample(names, self.chosen.randint(2, len(names)))

    def make(self, steps: int) -> None:
        self._begin()
        for _ in range(steps):
            step = self._choose_step()
            self.steps.append(step.__name__.strip("_"))
            step()

    def _choose_step(self) -> Callable[[], None]:
        steps = [self._append_by_spark, self._delete_by_spark, self._checkpoint, self._optimize]
        if not self.maps_columns:
            steps += [self._append_by_hand, self._append_by_duckdb, self._remove_by_hand]
            if not self.marks_deletions:
                steps += [self._append_by_deltalake, self._delete_by_deltalake]
        return self.chosen.choice(steps)

    # ---- Rows

    def _rows(self, rows: int) -> pa.Table:
        table = rows_of_all_types(rows, self.chosen.randrange(2**32)).select(
            ["number", *self.columns])
        numbers = pa.array(range(self.next_number, self.next_number + rows), pa.int32())
        self.next_number += rows
        table = table.set_column(0, "number", numbers)
        for partition, values in self.partitions:
            cells = [self.chosen.choice(values) for _ in range(rows)]
            table = table.append_column(partition, pa.array(cells, partition.type))
        if self.has_noise:
            noise = [None if self.chosen.random() < 0.1 else self.chosen.randbytes(1200)
                     for _ in range(rows)]
            table = table.append_column("noise", pa.array(noise, pa.binary()))
        return table

    def _some_rows(self) -> pa.Table:
        return self._rows(self.chosen.choice([1, 7, 100, 1500] if self.has_noise else [1, 50, 400]))

    def _names(self) -> list[str]:
        return [partition.name for partition, _ in self.partitions]

    def _write_by_spark(self, rows: pa.Table, properties: dict[str, str]) -> None:
        parquet = self.folder.parent / f"rows-{self.next_number}.parquet"
        pq.write_table(rows, parquet)
        self.spark.call("spark_tables", "write", parquet=str(parquet), table=str(self.folder),
                        partition_by=self._names(), properties=properties,
                        files=self.chosen.choice([1, 2]),
                        codec=self.chosen.choice(["snappy", "zstd", "gzip", "none"]))
        parquet.unlink()

    # ---- Steps

    def _begin(self) -> None:
        properties = {}
        if self.maps_columns:
            properties["delta.columnMapping.mode"] = self.chosen.choice(["name", "id"])
        if self.marks_deletions:
            properties["delta.enableDeletionVectors"] = "true"
        if self.chosen.random() < 0.2:
            properties["delta.checkpointPolicy"] = "v2"
        if properties or self.chosen.random() < 0.5:
            self.steps.append(f"begin by Spark {properties}")
            self._write_by_spark(self._some_rows(), properties)
        else:
            self.steps.append("begin by deltalake")
            self._append_by_deltalake()

    def _append_by_spark(self) -> None:
        self._write_by_spark(self._some_rows(), {})

    def _append_by_deltalake(self) -> None:
        write_deltalake(self.folder.as_uri(), self._some_rows(), mode="append",
                        partition_by=self._names() or None)

    def _append_by_hand(self) -> None:
        """A file by pyarrow in one of its forms; its columns may be named in another case."""
        self._add_file(lambda rows, path: pq.write_table(
            self._renamed(rows), path,
            data_page_version=self.chosen.choice(["1.0", "2.0"]),
            use_dictionary=self.chosen.choice([True, False]),
            compression=self.chosen.choice(["snappy", "zstd", "none", "gzip"]),  # Spark's own
            use_deprecated_int96_timestamps=self.chosen.random() < 0.3,
            store_decimal_as_integer=self.chosen.random() < 0.5,
            write_statistics=self.chosen.random() < 0.7,
            write_page_index=self.chosen.random() < 0.5,
            row_group_size=self.chosen.choice([1 << 20, 700, 64])))

    def _append_by_duckdb(self) -> None:
        def write(rows: pa.Table, path: Path) -> None:
            quoted = str(path).replace("'", "''")
            duckdb.from_arrow(rows).query("r", f"COPY r TO '{quoted}' (FORMAT parquet)")

        if not NOT_OF_DUCKDB & set(self.columns):
            self._add_file(write)

    def _renamed(self, rows: pa.Table) -> pa.Table:
        change = self.chosen.choice([str, str.upper, str.title])
        return rows.rename_columns([change(name) for name in rows.column_names])

    def _add_file(self, write: Callable[[pa.Table, Path], None]) -> None:
        """Writes rows of one partition to a file, and its commit by hand."""
        rows = self._some_rows()
        values = {partition.name: self.chosen.choice(choices)
                  for partition, choices in self.partitions}
        name = f"by hand {self.next_number}.parquet"
        path = self.folder / name
        stored = rows.drop_columns(self._names()) if self.partitions else rows
        write(stored, path)
        add = {"path": urllib.parse.quote(name), "size": path.stat().st_size,
               "partitionValues": {key: partition_text(value) for key, value in values.items()},
               "modificationTime": 1700000000000, "dataChange": True}
        if self.chosen.random() < 0.6:
            add["stats"] = json.dumps({"numRecords": rows.num_rows})
        self._commit([{"add": add}])

    def _remove_by_hand(self) -> None:
        """Removes a file by another spelling of its path that is the same to Spark, of a table that
        has several. (Spellings that are one to us alone: inputs/test_path_spelling.py.)"""
        adds = [add for add in live_files(self.folder).values() if "deletionVector" not in add]
        if len(adds) < 2:
            self._append_by_hand()
            return
        add = self.chosen.choice(adds)
        path = add["path"]
        lower_case = re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), path)
        spelling = self.chosen.choice([path, lower_case, f"./x/../{path}"])
        self.steps[-1] += f" {add['path']} as {spelling}"
        self._commit([{"remove": {"path": spelling, "deletionTimestamp": 1700000000000,
                                  "dataChange": True, "extendedFileMetadata": True,
                                  "partitionValues": add["partitionValues"],
                                  "size": add["size"]}}])

    def _commit(self, actions: list[dict[str, Any]]) -> None:
        log = self.folder / "_delta_log"
        version = max(int(path.stem) for path in log.glob("*.json") if path.stem.isdigit()) + 1
        text = "".join(json.dumps(action) + "\n" for action in actions)
        (log / f"{version:020d}.json").write_text(text, encoding="utf-8")

    def _delete_by_spark(self) -> None:
        self._sql(f"DELETE FROM {{}} WHERE number % {self.chosen.randint(3, 9)} = 1")

    def _delete_by_deltalake(self) -> None:
        self._deltalake().delete(f"number % {self.chosen.randint(3, 9)} = 2")

    def _optimize(self) -> None:
        if self.chosen.random() < 0.5 or self.maps_columns or self.marks_deletions:
            self._sql("OPTIMIZE {}")
        else:
            self._deltalake().optimize.compact()

    def _checkpoint(self) -> None:
        if self.chosen.random() < 0.5 or self.maps_columns or self.marks_deletions:
            self.spark.call("spark_tables", "checkpoint", table=str(self.folder))
        else:
            self._deltalake().create_checkpoint()

    def _deltalake(self) -> DeltaTable:
        return DeltaTable(self.folder.as_uri())

    def _sql(self, statement: str) -> None:
        self.spark.call("spark_tables", "sql", statement=statement.format(f"delta.`{self.folder}`"))
