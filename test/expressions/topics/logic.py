"""AND, OR, NOT, IS: truth tables of three-valued logic, precedence, what is not boolean."""

from topics import NONE, Table, lines, pairs

TRUTHS = ("true", "false", "NULL")
TABLES = [
    pairs("truth", "boolean", [(a, b) for a in TRUTHS for b in TRUTHS]),
    Table("values", [("i", "int"), ("d", "double"), ("s", "string"), ("x", "binary")],
          [["0", "'NaN'", "''", "X''"], ["1", "0.0", "'true'", "X'00'"],
           ["NULL", "NULL", "NULL", "NULL"]]),
    NONE]

TRUTH = lines("""
a AND b
a OR b
NOT a
!a
! a
NOT NOT a
NOT a AND b
NOT (a AND b)
NOT a OR b
a AND b OR a
a OR b AND a
(a OR b) AND a
a and b
a Or b
a = b
a <=> b
NOT a = b
a AND true
a AND false
a OR true
a OR false
a AND NULL
a OR NULL
NULL AND a
NOT NULL
a IS NULL
a IS NOT NULL
NOT a IS NULL
a IS NULL AND b IS NULL
a IS TRUE
a IS NOT TRUE
a IS FALSE
a IS NOT FALSE
a IS UNKNOWN
a IS NOT UNKNOWN
a IS DISTINCT FROM b
a IS NOT DISTINCT FROM b
isnull(a)
isnotnull(a)
a && b
a || b
a XOR b
AND a
a NOT b
""")

VALUES = lines("""
i IS NULL
i IS NOT NULL
d IS NULL
d IS NOT NULL
s IS NULL
s IS NOT NULL
x IS NULL
x IS NOT NULL
i + 1 IS NULL
i IS NULL IS NULL
isnull(s)
isnotnull(s)
isnull(i, 1)
isnull()
i AND true
true AND i
NOT i
NOT s
s AND true
true OR s
d OR true
i IS TRUE
i = 1 AND d = 0
i = 1 OR d = 0
i <> 0 AND 1 / i > 0
i = 0 OR 1 / i > 0
i IS NOT NULL AND i > 0
""")

CONSTANTS = lines("""
true AND 1
1 AND true
'true' AND true
NOT 1
NOT 'false'
NOT NULL
NULL AND NULL
NULL OR true
true AND NULL
NULL IS NULL
1 IS NULL
1 IS NOT NULL
NULL IS NOT NULL
1 IS 1
true IS TRUE
NULL IS UNKNOWN
1 = 1 AND 2 = 2
false AND 1 / 0 = 1
true OR 1 / 0 = 1
1 / 0 = 1 AND false
NOT true = false
NOT 1 = 2
""")


def cases():
    yield "truth", TRUTH
    yield "values", VALUES
    yield "none", CONSTANTS
