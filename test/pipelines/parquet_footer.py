"""Footers of Parquet files, changed in place: what a writer with a fault, or an old one, says of
pages that are as they should be. Thrift's compact protocol, read into trees and written again.

A struct is {field number: (type, value)}, a list (type, values); numbers of fields and of types are
the format's."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
Tree = dict[int, tuple[int, Any]]

# Fields of FileMetaData, RowGroup, ColumnChunk, ColumnMetaData, Statistics, SchemaElement.
SCHEMA, ROWS, ROW_GROUPS, METADATA, CREATED_BY, COLUMN_ORDERS = 2, 3, 4, 5, 6, 7
COLUMNS, COLUMN_META_DATA, STATISTICS = 1, 3, 12
BLOOM_FILTER_OFFSET, BLOOM_FILTER_LENGTH = 14, 15
OLD_MAX, OLD_MIN, NULL_COUNT, MAX_VALUE, MIN_VALUE = 1, 2, 3, 5, 6
NAME, CONVERTED_TYPE, LOGICAL_TYPE = 4, 6, 10


class Reader:
    def __init__(self, data: bytes, place: int = 0):
        self.data, self.place = data, place

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def zigzag(self) -> int:
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def take(self, size: int) -> bytes:
        self.place += size
        return self.data[self.place - size:self.place]

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind in (I16, I32, I64):
            return self.zigzag()
        if kind == BYTE:
            return self.byte()
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.varint())
        if kind == LIST:
            return self.listed()
        assert kind == STRUCT, kind
        return self.tree()

    def listed(self) -> tuple[int, list[Any]]:
        head = self.byte()
        count, kind = head >> 4, head & 15
        if count == 15:
            count = self.varint()
        if kind in (TRUE, FALSE):
            return kind, [self.byte() == TRUE for _ in range(count)]
        return kind, [self.value(kind) for _ in range(count)]

    def tree(self) -> Tree:
        fields: Tree = {}
        number = 0
        while head := self.byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields[number] = (kind, self.value(kind))
        return fields


def varint(number: int) -> bytes:
    out = b""
    while number >= 128:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def zigzag(number: int) -> bytes:
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def encode(kind: int, value: Any) -> bytes:
    if kind in (I16, I32, I64):
        return zigzag(value)
    if kind == BYTE:
        return bytes([value])
    if kind == DOUBLE:
        return value
    if kind == BINARY:
        return varint(len(value)) + value
    if kind == LIST:
        items, values = value
        head = bytes([0xF0 | items]) + varint(len(values))
        if items in (TRUE, FALSE):
            return head + bytes(TRUE if item else FALSE for item in values)
        return head + b"".join(encode(items, item) for item in values)
    assert kind == STRUCT, kind
    return encode_tree(value)


def encode_tree(fields: Tree) -> bytes:
    out = b""
    for number, (kind, value) in sorted(fields.items()):
        if kind in (TRUE, FALSE):
            out += bytes([TRUE if value else FALSE]) + zigzag(number)
        else:
            out += bytes([kind]) + zigzag(number) + encode(kind, value)
    return out + b"\0"


def read_footer(path: Path) -> Tree:
    data = path.read_bytes()
    (size,) = struct.unpack("<I", data[-8:-4])
    return Reader(data, len(data) - 8 - size).tree()


def edit_footer(path: Path, edit: Callable[[Tree], None]) -> None:
    """Writes the file again with its footer as `edit` leaves it."""
    data = path.read_bytes()
    (size,) = struct.unpack("<I", data[-8:-4])
    footer = Reader(data, len(data) - 8 - size).tree()
    edit(footer)
    encoded = encode_tree(footer)
    path.write_bytes(data[:len(data) - 8 - size] + encoded + struct.pack("<I", len(encoded)) +
                     b"PAR1")


def chunks(footer: Tree, column: int) -> list[Tree]:
    """The ColumnMetaData of one leaf column in every row group."""
    groups = footer[ROW_GROUPS][1][1]
    return [group[COLUMNS][1][1][column][COLUMN_META_DATA][1] for group in groups]


def set_statistics(footer: Tree, column: int, **fields: Any) -> None:
    """Replaces the statistics of a leaf column by these: null_count, minimum, maximum, old_minimum
    and old_maximum, the last four as the format stores values."""
    numbers = {"null_count": (NULL_COUNT, I64), "minimum": (MIN_VALUE, BINARY),
               "maximum": (MAX_VALUE, BINARY), "old_minimum": (OLD_MIN, BINARY),
               "old_maximum": (OLD_MAX, BINARY)}
    for chunk in chunks(footer, column):
        chunk[STATISTICS] = (STRUCT, {numbers[name][0]: (numbers[name][1], value)
                                      for name, value in fields.items()})


def forget_column_orders(footer: Tree) -> None:
    """As writers before parquet-format 2.4 were."""
    footer.pop(COLUMN_ORDERS, None)
