"""Tables that nobody's program would write: logs by hand, Parquet files and deletion vectors byte
by byte, whose numbers say what we like."""

import json
import struct
from pathlib import Path
from typing import Any

LONG_ID = [{"name": "id", "type": "long", "nullable": True, "metadata": {}}]
FEATURES = ["deletionVectors", "v2Checkpoint"]


def definition(fields: list[dict] | None = None, schema: str | None = None) -> list[dict]:
    """The protocol, with deletion vectors, and the metaData of a table with a column id."""
    return [{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                          "readerFeatures": FEATURES, "writerFeatures": FEATURES}},
            {"metaData": {"id": "8fd1f2a5", "format": {"provider": "parquet", "options": {}},
                          "schemaString": schema or json.dumps({"type": "struct",
                                                                "fields": fields or LONG_ID}),
                          "partitionColumns": [], "configuration": {}, "createdTime": 0}}]


def added(path: str, size: int, **more: Any) -> dict:
    return {"add": {"path": path, "partitionValues": {}, "size": size, "modificationTime": 0,
                    "dataChange": True, **more}}


def log_file(table: Path, name: int | str) -> Path:
    """The file of that version, or of that name."""
    return table / "_delta_log" / (name if isinstance(name, str) else f"{name:020}.json")


def write_log(table: Path, actions: list[dict], name: int | str = 0) -> Path:
    path = log_file(table, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(action) + "\n" for action in actions), encoding="utf-8")
    return path


# Thrift's compact protocol.

BOOL, INT32, INT64, BINARY, LIST, STRUCT = 1, 5, 6, 8, 9, 12


def varint(number: int) -> bytes:
    out = b""
    while number >= 128:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def zigzag(number: int) -> bytes:
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def text(value: bytes) -> bytes:
    return varint(len(value)) + value


def listed(kind: int, items: list[bytes], claimed: int | None = None) -> bytes:
    """A list that says that it has `claimed` items."""
    count = len(items) if claimed is None else claimed
    return bytes([0xF0 | kind]) + varint(count) + b"".join(items)


def thrift(*fields: tuple[int, int, Any]) -> bytes:
    """A struct of (number, type, value); integers are numbers, other values bytes."""
    out, last = b"", 0
    for number, kind, value in fields:
        if value is None:
            continue
        out += bytes([(number - last) << 4 | kind])
        out += zigzag(value) if isinstance(value, int) else value
        last = number
    return out + b"\0"


# Parquet. Numbers of types, codecs and page types are the format's.

INT64_TYPE, PLAIN, RLE = 2, 0, 3
CODECS = {"none": 0, "snappy": 1, "gzip": 2, "zstd": 6}
DATA_PAGE, DICTIONARY_PAGE = 0, 2


def element(name: str, children: int | None = None) -> bytes:
    """Of the schema: a group with children, or an optional INT64."""
    leaf = INT64_TYPE if children is None else None
    return thrift((1, INT32, leaf), (3, INT32, 1), (4, BINARY, text(name.encode())),
                  (5, INT32, children))


ID_SCHEMA = [element("root", 1), element("id")]


def nested_schema(depth: int) -> list[bytes]:
    return [element("root", 1), *[element("g", 1)] * depth, element("id")]


def page(kind: int, values: int, inflated: int, body: bytes) -> bytes:
    """A page that says that it has `inflated` bytes unpacked."""
    encodings = ((2, INT32, PLAIN), (3, INT32, RLE), (4, INT32, RLE))
    facts = thrift((1, INT32, values), *(encodings if kind == DATA_PAGE else encodings[:1]))
    return thrift((1, INT32, kind), (2, INT32, inflated), (3, INT32, len(body)),
                  (5 if kind == DATA_PAGE else 7, STRUCT, facts)) + body


def row_group(rows: int, size: int, codec: str = "none", dictionary_bytes: int = 0) -> bytes:
    """Of one column, whose pages begin behind the magic, that of the dictionary first."""
    column = thrift((1, INT32, INT64_TYPE), (2, LIST, listed(INT32, [zigzag(PLAIN), zigzag(RLE)])),
                    (3, LIST, listed(BINARY, [text(b"id")])), (4, INT32, CODECS[codec]),
                    (5, INT64, rows), (6, INT64, size), (7, INT64, size),
                    (9, INT64, 4 + dictionary_bytes),
                    (11, INT64, 4 if dictionary_bytes else None))
    chunk = thrift((2, INT64, 4), (3, STRUCT, column))
    return thrift((1, LIST, listed(STRUCT, [chunk])), (2, INT64, size), (3, INT64, rows))


def write_parquet(path: Path, schema: list[bytes], rows: int = 0,
                  row_groups: list[bytes] | None = None, pages: bytes = b"",
                  claimed_elements: int | None = None) -> None:
    footer = thrift((1, INT32, 1), (2, LIST, listed(STRUCT, schema, claimed_elements)),
                    (3, INT64, rows), (4, LIST, listed(STRUCT, row_groups or [])))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PAR1" + pages + footer + struct.pack("<I", len(footer)) + b"PAR1")


def write_table(table: Path, *arguments: Any, **more: Any) -> Path:
    """A table of one crafted file; what follows is as for write_parquet."""
    write_parquet(table / "a.parquet", *arguments, **more)
    write_log(table, [*definition(), added("a.parquet", (table / "a.parquet").stat().st_size)])
    return table


# Deletion vectors.

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
PORTABLE_MAGIC = struct.pack("<I", 1681511377)


def z85(data: bytes) -> str:
    out = ""
    for first in range(0, len(data), 4):
        number = int.from_bytes(data[first:first + 4], "big")
        out += "".join(Z85[number // 85 ** power % 85] for power in (4, 3, 2, 1, 0))
    return out


def full_bitmap(containers: int) -> bytes:
    """A Roaring bitmap of containers with a run of 65,536 numbers each, six bytes a run."""
    head = struct.pack("<HH", 12347, containers - 1) + b"\xff" * ((containers + 7) // 8)
    head += b"".join(struct.pack("<HH", number, 65535) for number in range(containers))
    first = len(head) + 4 * containers
    offsets = b"".join(struct.pack("<I", first + 6 * number) for number in range(containers))
    return head + offsets + struct.pack("<HHH", 1, 0, 65535) * containers


def inline_vector(bitmap: bytes, cardinality: int, bitmaps: int = 1) -> dict:
    data = PORTABLE_MAGIC + struct.pack("<QI", bitmaps, 0) + bitmap
    data += b"\0" * (-len(data) % 4)
    return {"storageType": "i", "pathOrInlineDv": z85(data), "sizeInBytes": len(data),
            "cardinality": cardinality}


ZERO_UUID = z85(b"\0" * 16)
VECTOR_FILE = "deletion_vector_00000000-0000-0000-0000-000000000000.bin"


def vector_file(prefix: str = "") -> dict:
    """The descriptor of a vector in VECTOR_FILE, below a folder `prefix`."""
    return {"storageType": "u", "pathOrInlineDv": prefix + ZERO_UUID, "offset": 1,
            "sizeInBytes": 40, "cardinality": 3}
