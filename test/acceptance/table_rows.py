"""The rows of the acceptance tables: every kind of key and severity that the join and the columns
could get wrong, the same on every run."""

import datetime
import math
import random

import pyarrow as pa

BOUNDARIES = (0.2, 0.4, 0.5, 0.6, 0.8)
SEVERITIES = ([None, math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 5e-324] +
              [value for boundary in BOUNDARIES
               for value in (math.nextafter(boundary, 0), boundary, math.nextafter(boundary, 1))])
ODD_KEYS = ["", " ", "a", "A", "a ", " a", "é", "e\u0301", "ß", "ss", "SS", "İ", "i", "I", "ı",
            "日本語", "😀", "\uff5e", "a\u0000b", "a\u0000", "a\nb", "null", "NULL", "%20", "a/b",
            "k" * 10240, "k" * 10239 + "l", "é" * 5120, "k" * 10239]

BRONZE_SCHEMA = pa.schema([
    ("image_name", pa.string()), ("path", pa.string()),
    ("modificationTime", pa.timestamp("us", tz="UTC")), ("length", pa.int64()),
    ("content", pa.binary()), ("source", pa.string())])
PREDICTIONS_SCHEMA = pa.schema([
    ("image_name", pa.string()), ("severity", pa.float64()), ("model_version", pa.string()),
    ("predicted_at", pa.timestamp("us", tz="UTC"))])

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MOMENTS = [None, EPOCH, EPOCH - datetime.timedelta(microseconds=1),
           datetime.datetime(1582, 10, 4, 23, 59, 59, tzinfo=datetime.UTC),
           datetime.datetime(1, 1, 1, tzinfo=datetime.UTC),
           datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.UTC)]
SOURCES = ["cam-1", "cam 2", "cam/3", "cäm=4", "100%", "", None]


def plain_key(i):
    return f"acc_{i:08d}_{i * 2654435761 % 65536:04x}.jpg"


def bronze(rows=180, seed=1):
    """A bronze table: plain keys, one in ten of them twice, each odd key, and three NULL keys."""
    rng = random.Random(seed)
    keys = [plain_key(i) for i in range(rows)]
    keys += rng.sample(keys, rows // 10) + ODD_KEYS + [None] * 3
    rng.shuffle(keys)
    content = [None if i % 7 == 3 else b"" if i % 11 == 5 else rng.randbytes(i % 90)
               for i in range(len(keys))]
    return pa.table({
        "image_name": keys,
        "path": [None if key is None else f"/images/{key[:40]}" for key in keys],
        "modificationTime": [MOMENTS[i % len(MOMENTS)] if i % 3 == 0 else
                             EPOCH + datetime.timedelta(seconds=1_600_000_000 + i, microseconds=i)
                             for i in range(len(keys))],
        "length": [None if value is None else len(value) for value in content],
        "content": content,
        "source": [SOURCES[i % len(SOURCES)] for i in range(len(keys))],
    }, schema=BRONZE_SCHEMA)


def predictions(rows=180, seed=2):
    """Predictions for four plain keys in five and each odd key but two, some of them twice or
    three times, once with the very same row; for keys that no bronze row has; and for NULL."""
    rng = random.Random(seed)
    keys = [plain_key(i) for i in range(rows) if i % 5 != 4] + ODD_KEYS[:-2]
    repeated = rng.sample(keys, rows // 8)
    keys += repeated + repeated[:5] + [plain_key(rows + i) for i in range(10)] + [None] * 3
    rng.shuffle(keys)
    table = pa.table({
        "image_name": keys,
        "severity": [SEVERITIES[i % len(SEVERITIES)] if i % 2 else rng.random()
                     for i in range(len(keys))],
        "model_version": [("v1", "v2", None)[i % 3] for i in range(len(keys))],
        "predicted_at": [MOMENTS[i % len(MOMENTS)] for i in range(len(keys))],
    }, schema=PREDICTIONS_SCHEMA)
    return pa.concat_tables([table, table.slice(0, 1)])
