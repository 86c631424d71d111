"""The tables that docs/cookbook.md joins: python -m docs.cookbook_tables FOLDER."""

import datetime
import sys
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

ORDERS = 3000
DAYS = [datetime.date(2026, 11, day) for day in (28, 29, 30)]


def orders():
    """A partition for each day. Every tenth order has no customer, every hundredth no amount."""
    ids = range(ORDERS)
    return pa.table({
        "order_id": pa.array(ids, pa.int64()),
        "customer": pa.array([None if i % 10 == 9 else i % 500 for i in ids], pa.int64()),
        "country": pa.array([("DE", "FR", "HR")[i % 3] for i in ids]),
        "product": pa.array([f"p{i % 40:03}" for i in ids]),
        "amount": pa.array([None if i % 100 == 99 else i * 7 % 997 / 4 for i in ids], pa.float64()),
        "day": pa.array([DAYS[i * len(DAYS) // ORDERS] for i in ids]),
    })


def customers():
    """Numbers are given by country, so that the key is both."""
    return pa.table({
        "customer_id": pa.array([i % 500 for i in range(1500)], pa.int64()),
        "country": pa.array([("DE", "FR", "HR")[i // 500] for i in range(1500)]),
        "name": pa.array([f"customer {i}" for i in range(1500)]),
        "segment": pa.array([("private", "business")[i % 2] for i in range(1500)]),
    })


def products():
    return pa.table({
        "product": pa.array([f"p{i:03}" for i in range(40)]),
        "title": pa.array([f"Product {i}" for i in range(40)]),
        "price": pa.array([float(i) for i in range(40)], pa.float64()),
    })


def main(folder):
    write_deltalake(folder / "orders", orders(), partition_by=["day"])
    write_deltalake(folder / "customers", customers())
    write_deltalake(folder / "products", products())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
