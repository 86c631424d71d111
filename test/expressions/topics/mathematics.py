"""abs, round, floor, ceil, ceiling on each type: negative scales, halves, NaN, overflow."""

from topics import NONE, column, lines

INTEGERS = {"tinyint": ["0", "4", "5", "-5", "15", "-15", "125", "127", "-128", "NULL"],
            "smallint": ["0", "45", "-45", "55", "32767", "-32768", "NULL"],
            "int": ["0", "45", "-45", "55", "1234567", "2147483647", "-2147483648", "NULL"],
            "bigint": ["0", "45", "-45", "55", "1234567890123", "9223372036854775807",
                       "-9223372036854775808", "NULL"]}
FLOATS = ["0.0", "'-0.0'", "0.5", "-0.5", "1.5", "2.5", "-2.5", "0.49999999999999994", "1.005", "2.675",
          "-1.2", "1.25", "-1.25", "12345.6789", "1e15", "4503599627370497.5", "1e19", "-1e19", "1e300",
          "'NaN'", "'Infinity'", "'-Infinity'", "9.223372036854776E18", "NULL"]
DECIMALS = {"decimal(5,2)": ["0", "1.50", "2.50", "-2.50", "1.25", "-1.25", "1.49", "999.99", "-999.99",
                             "994.99", "NULL"],
            "decimal(38,10)": ["'9999999999999999999999999999.9999999999'",
                               "'-9999999999999999999999999999.5'", "0.00000000005", "NULL"],
            "decimal(10,0)": ["9999999999", "-55", "45", "NULL"],
            "decimal(38,0)": ["'99999999999999999999999999999999999999'", "'-1'", "NULL"]}

TABLES = ([column(kind, kind, values) for kind, values in INTEGERS.items()] +
          [column(kind, kind, FLOATS) for kind in ("double",)] +
          [column("float", "float", [value for value in FLOATS if value != "1e300"])] +
          [column(kind, kind, values) for kind, values in DECIMALS.items()] +
          [column("string", "string", ["'1.5'", "' -2.5 '", "'x'", "NULL"]), NONE])

OPERATIONS = lines("""
abs(v)
round(v)
round(v, 0)
round(v, 1)
round(v, 2)
round(v, -1)
round(v, -2)
floor(v)
ceil(v)
ceiling(v)
""")
MORE = lines("""
round(v, -3)
round(v, -19)
round(v, 10)
floor(v, 1)
ceil(v, 1)
floor(v, -1)
ceil(v, -1)
floor(v, 0)
""")

CONSTANTS = lines("""
round(2.5)
round(-2.5)
round(2.5D)
round(2.45, 1)
round(1.005, 2)
round(1.005D, 2)
round(5, -1)
round(15Y, -1)
round(127Y, -1)
round(2147483647, -1)
round(9223372036854775807, -1)
round(1.5, 1 + 1)
round(1.5, NULL)
round(NULL, 1)
round(NULL)
round('2.5')
round('a')
round(true)
round(DATE'2020-01-01')
round()
round(1, 2, 3)
round(1.5, 1.5)
round(1.5, '1')
round(1.5, 1L)
round(1.23456F, 3)
round(0.5F)
round(1e300, 2)
round(1.5D, 400)
round(15.5D, -400)
floor(1.5)
floor(-1.5)
ceil(1.5)
ceil(-1.5)
floor(-0.5D)
ceil(-0.5D)
floor(5)
floor('1.5')
ceil('x')
floor(NULL)
ceil(NULL)
floor(1e19D)
ceil(CAST('NaN' AS DOUBLE))
floor(CAST('Infinity' AS DOUBLE))
floor(1.25, 1)
floor(-1.25, 1)
ceil(1.21, 1)
ceil(-1.29, 1)
floor(15, -1)
ceil(15, -1)
floor(1.25D, 1)
ceil(1.21D, 1)
floor(1.5, NULL)
floor(1.5, 1, 1)
floor(true)
floor(DATE'2020-01-01')
abs()
abs(1, 2)
abs('x')
abs(X'01')
abs(DATE'2020-01-01')
abs(-1Y)
""")


def cases():
    for table in TABLES[:-1]:
        yield table.name, OPERATIONS
    for kind in ("int", "bigint", "double", "decimal(5,2)", "decimal(38,10)"):
        yield kind, MORE
    yield "int", ["round(v, v)", "floor(v, v)"]
    yield "none", CONSTANTS
