"""+ - * / %, signs and abs on float and double: NaN, -0.0, infinities, division by zero."""

from topics import NONE, lines, pairs

VALUES = [("1.5", "2.25"), ("-7.5", "2"), ("7.5", "-2"), ("0.1", "0.2"), ("1", "3"),
          ("0.0", "1"), ("'-0.0'", "1"), ("'-0.0'", "0.0"), ("0.0", "'-0.0'"), ("1", "0.0"),
          ("1", "'-0.0'"), ("'NaN'", "1"), ("1", "'NaN'"), ("'NaN'", "'NaN'"), ("'Infinity'", "1"),
          ("1", "'-Infinity'"), ("'Infinity'", "'-Infinity'"), ("'Infinity'", "0.0"),
          ("'NaN'", "0.0"), ("NULL", "1"), ("1", "NULL"), ("NULL", "0.0")]
EDGES = {"float": [("3.4028235E38", "2"), ("1.4E-45", "0.5"), ("16777216", "1")],
         "double": [("1.7976931348623157E308", "2"), ("4.9E-324", "0.5"), ("9007199254740992", "1")]}

TABLES = [pairs(kind, kind, VALUES + EDGES[kind]) for kind in ("float", "double")] + [
    pairs("float_double", "float", [("0.1", "0.1"), ("1.5", "NULL"), ("16777216", "1"),
                                    ("'NaN'", "1")], "double"),
    pairs("int_float", "int", [("16777217", "1.0"), ("2147483647", "0.5"), ("1", "0.0"),
                               ("NULL", "1")], "float"),
    pairs("bigint_double", "bigint", [("9007199254740993", "1.0"), ("9223372036854775807", "0.5"),
                                      ("-1", "'Infinity'"), ("5", "NULL")], "double"),
    NONE]

OPERATIONS = lines("""
a + b
a - b
a * b
a / b
a % b
-a
+a
abs(a)
a + 1
a * 0.5
a / 2L
a + 1.5D
""")

CONSTANTS = lines("""
0.1D + 0.2D
0.1F + 0.2F
0.1F + 0.2D
1.0D / 3.0D
1.0F / 3.0F
1.0D / 0.0D
1.0D % 0.0D
-(0.0D)
0.0D * -1.0D
1e308 * 10
1D div 2D
5.5D % 2
'1.5' + 1D
'x' + 1D
-1.5D
- 1.5D
abs(-0.0D)
abs(CAST('-0.0' AS DOUBLE))
abs(CAST('NaN' AS FLOAT))
""")


def cases():
    for kind in ("float", "double"):
        yield kind, OPERATIONS
    for table in ("float_double", "int_float", "bigint_double"):
        yield table, lines("a + b\na - b\na * b\na / b\na % b")
    yield "none", CONSTANTS
