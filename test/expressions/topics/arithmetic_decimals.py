"""Decimal arithmetic: the precision and scale of each result, rounding, overflow, mixed types."""

from topics import NONE, lines, pairs

SHAPES = [("decimal(5,2)", "decimal(5,2)"), ("decimal(10,0)", "decimal(3,3)"),
          ("decimal(38,0)", "decimal(38,0)"), ("decimal(38,18)", "decimal(38,18)"),
          ("decimal(38,38)", "decimal(38,38)"), ("decimal(20,10)", "decimal(30,20)"),
          ("decimal(1,0)", "decimal(38,10)"), ("decimal(18,6)", "decimal(9,4)"),
          ("decimal(38,10)", "decimal(38,2)"), ("decimal(30,0)", "decimal(8,8)")]
OTHERS = ["tinyint", "smallint", "int", "bigint", "float", "double", "string", "boolean"]


def values(kind):
    precision, scale = (int(part) for part in kind[8:-1].split(","))
    nines = "9" * precision
    largest = nines[:precision - scale] + ("." + nines[precision - scale:] if scale else "")
    small = "0." + "0" * (scale - 1) + "1" if scale else "1"
    middle = "1" if precision > scale else "0.5"
    return [largest, small, "-" + middle, "0", "NULL"]


def table_name(first, second):
    return f"{first} {second}".replace("decimal", "d")


def shape_table(first, second):
    a, b = values(first), values(second)
    chosen = [(a[0], b[0]), (a[0], b[1]), (a[1], b[0]), (a[1], b[1]), (a[2], b[2]), (a[2], b[0]),
              (a[0], b[3]), (a[3], b[1]), (a[4], b[1]), (a[1], b[4])]
    return pairs(table_name(first, second), first,
                 [tuple("NULL" if v == "NULL" else f"'{v}'" for v in pair) for pair in chosen],
                 second)


MIXED = [pairs(f"d(10,2) {kind}", "decimal(10,2)",
               [("12345678.91", "true"), ("-0.05", "false"), ("1", "NULL")] if kind == "boolean" else
               [("12345678.91", "3"), ("-0.05", "7"), ("99999999.99", "100"), ("1", "0"),
                ("NULL", "1"), ("1", "NULL")], kind) for kind in OTHERS]

TABLES = [shape_table(first, second) for first, second in SHAPES] + MIXED + [NONE]

OPERATIONS = lines("a + b\na - b\na * b\na / b\na % b\na div b")

CONSTANTS = lines("""
1.0 / 3
1.0 / 3.0
1 / 3.0
2.5 * 2.5
0.1 + 0.2
1.10 - 1.1
10.0 % 3
10.5 % -3
-10.5 % 3
1.0 / 0
1.0 % 0
1.0 div 0
0.0 / 0.0
7.5 div 2
-7.5 div 2
1.5 + 1
1.5 + 1L
1.5 + 1S
1.5 + 1Y
1.5 + 1.5D
1.5 + 1.5F
1.5 + '1.5'
1.5 + 'x'
1.5 + NULL
1.5 + true
99999999999999999999999999999999999999 + 1
99999999999999999999999999999999999999 * 2
12345678901234567890.123456789 * 12345678901234567890.123456789
1.0 * 0.00000000000000000000000000000000000001
0.00000000000000000000000000000000000001 / 3
-1.5
-(1.50)
+1.5
abs(-1.5)
abs(-99999999999999999999999999999999999999)
1.0 + 2 * 3.00
(1 + 0.5) / 7
CAST(1 AS DECIMAL(38,37)) + 9
CAST(9.99 AS DECIMAL(3,2)) + CAST(0.01 AS DECIMAL(3,2))
CAST(1 AS DECIMAL(38,18)) * CAST(1 AS DECIMAL(38,18))
CAST(1 AS DECIMAL(38,18)) / CAST(3 AS DECIMAL(38,18))
CAST(2 AS DECIMAL(10,0)) / CAST(3 AS DECIMAL(10,0))
CAST(2 AS DECIMAL(10,2)) / CAST(3 AS DECIMAL(20,4))
9223372036854775807 * 1.0
9223372036854775807 + 0.5
123.456BD * 1e2BD
""")


def cases():
    for first, second in SHAPES:
        yield table_name(first, second), OPERATIONS + ["-a", "abs(a)", "a + 1", "a * 2L", "a / 7"]
    for kind in OTHERS:
        yield f"d(10,2) {kind}", OPERATIONS + ["b - a", "b / a"]
    yield "none", CONSTANTS
