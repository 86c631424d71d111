"""+ - * / % div, signs and abs on each integer type, with overflow and division by zero."""

from topics import NONE, lines, pairs

WIDTHS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}


def integer_pairs(bits):
    low, high = f"-{2 ** (bits - 1)}", f"{2 ** (bits - 1) - 1}"
    return [("7", "2"), ("-7", "2"), ("7", "-2"), ("-7", "-2"), ("0", "5"), ("5", "0"), ("0", "0"),
            (high, "1"), (low, "-1"), (low, "1"), (high, "2"), (low, low), (high, high),
            ("NULL", "1"), ("1", "NULL"), ("NULL", "0"), ("NULL", "NULL")]


TABLES = [pairs(kind, kind, integer_pairs(bits)) for kind, bits in WIDTHS.items()] + [
    pairs("tinyint_int", "tinyint", [("100", "100"), ("127", "2147483647"), ("-1", "0"),
                                     ("NULL", "3")], "int"),
    pairs("smallint_bigint", "smallint", [("100", "9223372036854775807"), ("-5", "3"),
                                          ("1", "NULL")], "bigint"),
    NONE]

OPERATIONS = lines("""
a + b
a - b
a * b
a / b
a % b
a div b
-a
+a
abs(a)
a + 1
1 - a
a * 2L
a * 1Y
a + 1.5
a * 2.0D
a / 2
a + NULL
a + '1'
""")

CONSTANTS = lines("""
2147483647 + 1
2147483647 + 1L
9223372036854775807 + 1
-9223372036854775807 - 2
127Y + 1Y
127Y + 1S
32767S * 2S
-128Y
-(-128Y)
abs(-128Y)
abs(-32768S)
abs(-9223372036854775808L)
5 / 2
5 div 2
-5 div 2
5 % 3
-5 % 3
5 % -3
1 / 0
1 % 0
1 div 0
NULL / 0
0 / 0
1L div 0
-9223372036854775808L div -1
-2147483648 div -1
-9223372036854775808L % -1L
5 div 2.5
5.5 div 2
1 + NULL
1 + 'a'
1 + '2'
1 + ' 2 '
1 + '2.5'
1 + true
true + true
1 + DATE'2020-01-01'
1 + X'01'
-'1'
-true
-NULL
+NULL
+'1'
+true
abs('1')
abs('-1.5')
abs(true)
abs(NULL)
mod(7, 3)
mod(-7, 3)
1 2
1 +
+ * 2
""")


def cases():
    for kind in WIDTHS:
        yield kind, OPERATIONS
    for table in ("tinyint_int", "smallint_bigint"):
        yield table, lines("a + b\na - b\na * b\na / b\na % b\na div b")
    yield "none", CONSTANTS
