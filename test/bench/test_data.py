"""The benchmark's data: the shapes that are hard to read or to join are what they say."""

import collections

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from harness import data
from harness.jobs import DataSet


@pytest.fixture
def made(spillway, tmp_path):
    """Makes a data set and returns its folder."""
    return lambda data_set: data.ensure(data_set, tmp_path, spillway.program)


def table(folder, name):
    return DeltaTable(str(folder / name)).to_pyarrow_table()


def keys(folder, name):
    return collections.Counter(table(folder, name)["image_name"].to_pylist())


def test_data_are_made_once(made, tmp_path):
    folder = made(DataSet("small", 100))
    before = (folder / "generate.json").stat().st_mtime_ns
    assert made(DataSet("small", 100)) == folder
    assert (folder / "generate.json").stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert data.bytes_of(folder) > 100 * 96
    assert data.generated_rows_per_second(folder) > 0


def test_one_row_group(made):
    folder = made(DataSet("group", 5000, "one_row_group"))
    [file] = data.files_of(folder / "bronze_accident")
    assert pq.ParquetFile(file).metadata.num_row_groups == 1
    assert table(folder, "bronze_accident").num_rows == 5000


def test_large_pages(made, monkeypatch):
    monkeypatch.setattr(data, "PAGE_BYTES", 4_000_000)
    folder = made(DataSet("pages", 600, "large_pages", content_bytes=20_000))
    [file] = data.files_of(folder / "bronze_accident")
    column = pq.ParquetFile(file).metadata.row_group(0).column(4)
    assert column.path_in_schema == "content"
    with open(file, "rb") as parquet:
        parquet.seek(column.data_page_offset)
        assert 3_700_000 < page_bytes(parquet.read(16)) < 4_100_000


def page_bytes(header: bytes) -> int:
    """uncompressed_page_size of a Thrift PageHeader: two i32 fields, the type and then the size."""
    assert header[:3] == b"\x15\x00\x15"
    zigzag = sum((byte & 0x7f) << 7 * place for place, byte in enumerate(varint(header[3:])))
    return zigzag >> 1


def varint(encoded: bytes) -> bytes:
    end = next(place for place, byte in enumerate(encoded) if byte < 0x80)
    return encoded[:end + 1]


@pytest.mark.parametrize("shape, hot", [("equal_keys", 10), ("hot_key", 5)])
def test_hot_keys(made, shape, hot):
    folder = made(DataSet(shape, 1000, shape))
    for name in ("bronze_accident", "predictions"):
        counted = keys(folder, name)
        is_hot = [row % 10 < hot for row in range(counted.total())]
        assert counted["acc_hot.jpg"] == sum(is_hot)
        assert len(counted) == 1 + is_hot.count(False)
    payloads = {tuple(row.values()) for row in table(folder, "predictions").to_pylist()
                if row["image_name"] == "acc_hot.jpg"}
    assert len(payloads) == 1
