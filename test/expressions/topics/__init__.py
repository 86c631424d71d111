"""The topics: each module has TABLES (a list of Table) and cases(), which yields pairs of a table's
name and a list of expressions; and VARYING, if some have no fixed value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A small table: (name, Spark type) pairs, and rows of SQL constants that are cast to them."""
    name: str
    columns: list
    rows: list


NONE = Table("none", [], [[]])


def column(name, kind, values):
    """A table of one column."""
    return Table(name, [("v", kind)], [[value] for value in values])


def pairs(name, kind, values, other_kind=None):
    """A table of the columns a and b from (a, b) pairs."""
    return Table(name, [("a", kind), ("b", other_kind or kind)], [list(pair) for pair in values])


def lines(text):
    """The expressions of a block of text, one a line."""
    return [line.strip() for line in text.strip().split("\n") if line.strip()]
