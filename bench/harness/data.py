"""Makes the data sets: a folder with two Delta tables, bronze_accident and predictions."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, convert_to_deltalake
from harness.jobs import DataSet

PAGE_BYTES = 100_000_000
# The key of the hot rows, and the prediction for it.
HOT = {
    "image_name": pa.scalar("acc_hot.jpg"),
    "severity": pa.scalar(0.75),
    "model_version": pa.scalar("yolo-v1"),
    "predicted_at": pa.scalar(1_767_225_600_000_000, pa.timestamp("us", "UTC")),
}


def ensure(data: DataSet, cache: Path, spillway: Path) -> Path:
    """The folder of `data`, made if it is absent. It appears by a rename, so that it is whole."""
    folder = cache / data.name
    if folder.is_dir():
        return folder
    part = cache / f"{data.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    SHAPES[data.shape](data, part, spillway)
    part.rename(folder)
    return folder


def warm(folder: Path) -> None:
    """Reads every file once, so that as much of them as fits is in the page cache."""
    buffer = bytearray(1 << 20)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(file, "rb", buffering=0) as bytes_of_file:
            while bytes_of_file.readinto(buffer):
                pass


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def generated_rows_per_second(folder: Path) -> float:
    """Bronze rows, when `spillway generate` made the data set, its predictions too."""
    report = json.loads((folder / "generate.json").read_text())
    return report["bronze_rows"] / report["seconds"]


def files_of(table: Path) -> list[str]:
    """The data files of a Delta table's latest version."""
    return [uri.removeprefix("file://") for uri in DeltaTable(str(table)).file_uris()]


def _generate(data: DataSet, folder: Path, spillway: Path) -> None:
    command = [spillway, "generate", "--rows", str(data.rows), "--content-bytes",
               str(data.content_bytes), "--out", folder, "--json"]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    (folder / "generate.json").write_text(made.stdout)
    report = json.loads(made.stdout)
    assert report["bronze_rows"] == data.rows, report


# The hostile shapes give what generate wrote another layout or other keys. They hold a table in
# memory while they do.


def _one_row_group(data: DataSet, folder: Path, spillway: Path) -> None:
    _generate(data, folder, spillway)
    _rewrite(folder / "bronze_accident", _unchanged, row_group_size=data.rows)


def _large_pages(data: DataSet, folder: Path, spillway: Path) -> None:
    """So many rows in a page that their content is PAGE_BYTES."""
    _generate(data, folder, spillway)
    _rewrite(folder / "bronze_accident", pa.Table.combine_chunks, row_group_size=data.rows,
             data_page_size=PAGE_BYTES // 2, write_batch_size=PAGE_BYTES // data.content_bytes,
             use_dictionary=False)


def _equal_keys(data: DataSet, folder: Path, spillway: Path) -> None:
    _with_hot_key(data, folder, spillway, share_of_ten=10)


def _hot_key(data: DataSet, folder: Path, spillway: Path) -> None:
    _with_hot_key(data, folder, spillway, share_of_ten=5)


def _with_hot_key(data: DataSet, folder: Path, spillway: Path, share_of_ten: int) -> None:
    """So many rows in ten of both tables get one key, and in predictions one payload too: which of
    the duplicates is the first then makes no difference."""
    _generate(data, folder, spillway)
    hot = _hot_rows(share_of_ten, ["image_name"])
    _rewrite(folder / "bronze_accident", hot, row_group_size=1_000_000)
    hot = _hot_rows(share_of_ten, ["image_name", "severity", "model_version", "predicted_at"])
    _rewrite(folder / "predictions", hot, row_group_size=1_000_000)


SHAPES = {
    "generated": _generate,
    "one_row_group": _one_row_group,
    "large_pages": _large_pages,
    "equal_keys": _equal_keys,
    "hot_key": _hot_key,
}


def _unchanged(rows: pa.Table) -> pa.Table:
    return rows


def _hot_rows(share_of_ten: int, columns: list[str]) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        hot = pa.array(row % 10 < share_of_ten for row in range(rows.num_rows))
        for name in columns:
            values = pc.if_else(hot, HOT[name], rows[name])
            rows = rows.set_column(rows.schema.get_field_index(name), rows.field(name), values)
        return rows

    return change


def _rewrite(table: Path, change: Callable[[pa.Table], pa.Table], **layout: object) -> None:
    """Puts one Parquet file with the changed rows in the place of the table's own."""
    old = files_of(table)
    rows = pa.concat_tables(pq.read_table(file, partitioning=None) for file in old)
    pq.write_table(change(rows), table / "part-00000-rewritten.parquet", compression="snappy",
                   **layout)
    for file in old:
        os.remove(file)
    shutil.rmtree(table / "_delta_log")
    convert_to_deltalake(str(table))
