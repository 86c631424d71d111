"""Runs expressions on a real Spark and turns what it answers into plain JSON values.

Used by make_cases.py, which describes the encoding.
"""

import decimal
import logging
import os
import re
import tempfile

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    BinaryType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

# Expressions per Spark job. More make larger generated classes, fewer make more jobs.
BULK_EXPRESSIONS = 25


def open_session():
    """One local Spark: ANSI on, session time zone UTC, one thread."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    logging.getLogger("SQLQueryContextLogger").disabled = True
    return (SparkSession.builder.master("local[1]").appName("spillway expression cases")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.extraJavaOptions",
                    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=UTC "
                    "-Duser.language=en -Duser.country=US -Dfile.encoding=UTF-8")
            .config("spark.ui.enabled", "false")
            .config("spark.log.level", "OFF")
            .config("spark.sql.ansi.enabled", "true")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.warehouse.dir", tempfile.gettempdir() + "/spillway-no-warehouse")
            # Else least(a, b) is taken for least(b, a), which stands beside it in the same job.
            .config("spark.sql.subexpressionElimination.enabled", "false")
            .getOrCreate())


def error_class(error):
    """Spark's name for a failure, such as DIVIDE_BY_ZERO."""
    if isinstance(error, PySparkException) and error.getCondition():
        return error.getCondition()
    text = str(error)
    found = (re.search(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]", text) or
             re.search(r"\b(java\.[\w.]+(?:Exception|Error))\b", text))
    return found.group(1) if found else type(error).__name__


def quoted(name):
    """A column's name in back quotes."""
    return "`" + name.replace("`", "``") + "`"


def text_name(spark_type):
    """The type's name as the case files write it; collations and metadata do not occur in them."""
    return spark_type.simpleString()


def for_transport(column, spark_type):
    """A column that Python can receive without loss: its dates end at year 9999, its strings need
    valid UTF-8, its time stamps know the machine's zone."""
    if isinstance(spark_type, StringType):
        return column.cast(BinaryType())
    if isinstance(spark_type, DateType):
        return F.unix_date(column)
    if isinstance(spark_type, TimestampType):
        return F.unix_micros(column)
    if isinstance(spark_type, TimestampNTZType):
        return F.unix_micros(column.cast(TimestampType()))
    return column


def encode(value, spark_type):
    """The JSON value of one cell that came through for_transport."""
    if value is None:
        return None
    if isinstance(spark_type, StringType):
        raw = bytes(value)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return {"hex": raw.hex()}
    if isinstance(spark_type, (FloatType, DoubleType)):
        named = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return named.get(repr(value), repr(value))
    if isinstance(spark_type, DecimalType):
        return format(decimal.Decimal(value), "f")
    if isinstance(spark_type, BinaryType):
        return bytes(value).hex()
    if isinstance(spark_type, StructType):
        return [encode_nested(value[i], field.dataType) for i, field in enumerate(spark_type)]
    return value


def encode_nested(value, spark_type):
    """As encode, for a struct's field, which for_transport did not touch."""
    if isinstance(spark_type, StringType):
        return value
    return encode(value, spark_type)


class Runner:
    """Holds the session and the tables of one topic."""

    def __init__(self, session):
        self._session = session
        self._definitions = {}
        self._tables = {}
        self._rows = {}
        self._chosen = {}

    def make_table(self, table):
        """Materialises a topics.Table, so that Spark cannot fold its values into the
        expressions. Returns the file's line for it."""
        self._definitions[table.name] = table
        frame = self._materialised(table.name, tuple(range(len(table.rows))))
        self._rows[table.name] = [self._select_values(table, [i]) for i in range(len(table.rows))]
        self._tables[table.name] = frame
        types = [field.dataType for field in frame.schema][:len(table.columns)]
        values = self._collect(frame, [F.col(quoted(name)) for name, _ in table.columns], types)
        return {"table": table.name,
                "columns": [[name, text_name(kind)]
                            for (name, _), kind in zip(table.columns, types)],
                "rows": values}

    def _select_values(self, table, indices):
        """A frame of the chosen rows, their values inline. Over one such row Spark evaluates an
        expression without starting a job."""
        if not table.columns:
            return self._session.sql("SELECT 0 AS _row")
        kinds = [kind for _, kind in table.columns]
        rows = [", ".join(f"CAST({value} AS {kind})" for value, kind in zip(table.rows[i], kinds))
                for i in indices]
        names = ", ".join(quoted(name) for name, _ in table.columns)
        return self._session.sql(f"SELECT * FROM VALUES ({'), ('.join(rows)}) "
                                 f"AS inline_rows({names})")

    def run(self, table_name, expressions):
        """The file's lines of the expressions, in their order."""
        lines = []
        for start in range(0, len(expressions), BULK_EXPRESSIONS):
            lines += self._run_bulk(table_name, expressions[start:start + BULK_EXPRESSIONS])
        return lines

    def _run_bulk(self, table_name, expressions):
        frame = self._tables[table_name]
        lines, typed = [], []
        for text in expressions:
            line = {"table": table_name, "expr": text}
            try:
                line["type"], spark_type = self._analyse(frame, text)
            except (PySparkException, Py4JJavaError) as error:
                line["refused"] = error_class(error)
            else:
                if "interval" in line["type"]:  # a type that no table of Delta's has
                    continue
                typed.append((line, text, spark_type))
            lines.append(line)
        self._fill_values(table_name, typed)
        return lines

    @staticmethod
    def _analyse(frame, text):
        spark_type = frame.select(F.expr(text).alias("e")).schema.fields[0].dataType
        return text_name(spark_type), spark_type

    def _fill_values(self, table_name, typed):
        """Together if none of them fails, else one by one, and a failing one row by row."""
        try:
            if typed:
                rows = self._collect(self._tables[table_name],
                                     [F.expr(text) for _, text, _ in typed],
                                     [spark_type for _, _, spark_type in typed])
                assert len(rows) == len(self._rows[table_name])
                for i, (line, _, _) in enumerate(typed):
                    line["values"] = [row[i] for row in rows]
        except Exception:  # whatever stopped the job, the halves of it will say
            middle = len(typed) // 2
            if middle > 0:
                self._fill_values(table_name, typed[:middle])
                self._fill_values(table_name, typed[middle:])
            else:
                self._fill_by_row(table_name, *typed[0])

    def _fill_by_row(self, table_name, line, text, spark_type):
        """Inline rows say which rows fail. A failing constant, which Spark may or may not reach
        over inline rows, fails over a table whatever its rows hold: the rest is asked again of
        materialised rows, together and, if that fails too, each alone."""
        values = [self._value_or_error(row, text, spark_type) for row in self._rows[table_name]]
        passing = [i for i, value in enumerate(values)
                   if not (isinstance(value, dict) and "error" in value)]
        if not passing:
            line["values"] = values
            return
        try:
            frame = self._materialised(table_name, tuple(passing))
            again = [row[0] for row in self._collect(frame, [F.expr(text)], [spark_type])]
        except Exception:  # one of them fails, or all
            again = [self._value_or_error(self._materialised(table_name, (i,)), text, spark_type)
                     for i in passing]
        for i, value in zip(passing, again):
            values[i] = value
        line["values"] = values

    def _materialised(self, table_name, indices):
        """The chosen rows of a table, as make_table makes all of them."""
        key = (table_name, indices)
        if key not in self._chosen:
            frame = self._select_values(self._definitions[table_name], indices)
            self._chosen[key] = frame.coalesce(1).localCheckpoint(eager=True)
        return self._chosen[key]

    def _value_or_error(self, frame, text, spark_type):
        try:
            return self._collect(frame, [F.expr(text)], [spark_type])[0][0]
        except Exception as error:
            return {"error": error_class(error)}

    @staticmethod
    def _collect(frame, columns, types):
        named = frame.select([column.alias(f"e{i}") for i, column in enumerate(columns)])
        sent = named.select([for_transport(F.col(f"e{i}"), kind)
                             for i, kind in enumerate(types)])
        return [[encode(row[i], kind) for i, kind in enumerate(types)] for row in sent.collect()]
