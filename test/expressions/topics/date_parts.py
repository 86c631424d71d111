"""year month day hour minute second, current_date, current_timestamp, now."""

from topics import NONE, Table, lines

TABLES = [
    Table("t", [("d", "date"), ("ts", "timestamp"), ("n", "timestamp_ntz"), ("s", "string"), ("i", "int")],
          [["'2020-02-29'", "'2020-02-29 12:34:56.789'", "'2020-02-29 12:34:56.789'", "'2020-02-29 12:34:56'", "1"],
           ["'1970-01-01'", "'1970-01-01 00:00:00'", "'1970-01-01 00:00:00'", "'1970-01-01'", "2"],
           ["'1969-12-31'", "'1969-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'", "'1969-12-31'", "3"],
           ["'1582-10-15'", "'1582-10-15 00:00:00'", "'1582-10-15 00:00:00'", "'x'", "4"],
           ["'1582-10-04'", "'1582-10-04 23:59:59'", "'1582-10-04 23:59:59'", "''", "5"],
           ["'1500-03-01'", "'1500-03-01 01:02:03'", "'1500-03-01 01:02:03'", "'2020-07-31 12:00:00+02:00'", "6"],
           ["'0001-01-01'", "'0001-01-01 00:00:00'", "'0001-01-01 00:00:00'", "'2020'", "7"],
           ["'0000-12-31'", "'0000-12-31 13:14:15'", "'0000-12-31 13:14:15'", "'12:34:56'", "8"],
           ["'-0044-03-15'", "'-0044-03-15 12:00:00'", "'-0044-03-15 12:00:00'", "'2020-02-30'", "9"],
           ["'9999-12-31'", "'9999-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999999'", "' 2020-01-01 '", "10"],
           ["'+10000-01-01'", "'+10000-01-01 00:00:00'", "'+10000-01-01 00:00:00'", "'abc'", "11"],
           ["NULL", "NULL", "NULL", "NULL", "NULL"]]),
    NONE]

FUNCTIONS = ("year", "month", "day", "hour", "minute", "second")
VARYING = {"now()", "current_timestamp()", "current_timestamp", "current_date()", "current_date",
           "CURRENT_TIMESTAMP", "Now()", "hour(now())", "minute(current_timestamp())",
           "CAST(current_timestamp() AS DATE)", "date_format(now(), 'HH')"}

CONSTANTS = lines("""
year()
year('2020-01-01', 1)
year(2020)
year(1.5)
year(true)
year(X'01')
year(NULL)
hour(NULL)
year('2020-05-06')
month('2020-05-06 07:08:09')
day('2020-05')
hour('2020-05-06')
hour('2020-05-06 07:08:09')
minute('07:08:09')
second(TIMESTAMP'2020-05-06 07:08:09.99')
hour(DATE'2020-05-06')
hour(TIMESTAMP'2020-05-06 07:08:09+02:00')
year(TIMESTAMP'2020-12-31 23:30:00-02:00')
now()
Now()
current_timestamp()
current_timestamp
CURRENT_TIMESTAMP
current_timestamp(1)
now(1)
now
current_date()
current_date
current_date('UTC')
hour(now())
minute(current_timestamp())
CAST(current_timestamp() AS DATE)
date_format(now(), 'HH')
current_timestamp() = now()
current_date() = CAST(now() AS DATE)
current_date = current_date()
year(now()) >= 2024
length(date_format(current_timestamp(), 'yyyy-MM-dd'))
date_format(current_timestamp(), 'yyyy-MM-dd') = CAST(current_date() AS STRING)
to_date(now()) = current_date()
""")


def cases():
    for name in ("d", "ts", "n", "s", "i"):
        yield "t", [f"{function}({name})" for function in FUNCTIONS]
    yield "t", lines("current_timestamp() IS NULL\nnow() > ts\nd <= current_date()")
    yield "none", CONSTANTS
