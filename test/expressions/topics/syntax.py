"""Operator precedence, comments, white space, parentheses, nesting, and texts that are refused."""

from topics import NONE, Table, lines

TABLES = [Table("t", [("a", "int"), ("b", "int"), ("p", "boolean"), ("q", "boolean")],
                [["1", "2", "true", "false"], ["-3", "0", "false", "NULL"], ["NULL", "5", "NULL", "true"]]),
          NONE]

COLUMNS = lines("""
a + b * 2
(a + b) * 2
a - b - 1
a - (b - 1)
a * b % 3
a % 3 * b
-a + b
-(a + b)
- -a
a - -b
a--b
a*-b
-a * -b
a < b AND b > 0
a + 1 < b * 2
NOT a < b
NOT p AND q
NOT p OR q
p OR q AND NOT p
a = b = p
a < b = p
a IS NULL = p
a IS NOT NULL AND p
a BETWEEN 0 AND 2 AND p
a BETWEEN 0 AND b OR p
NOT a BETWEEN 0 AND 2
a + 1 BETWEEN 0 AND 2 + 3
a IN (1, 2) AND p
NOT a IN (1, 2)
a IN (1 + 1, b)
-a IN (-1, 3)
a || b = '12'
a + b || 'x'
'x' || a + b
a div 2 * 2
a / 2 * 2
a & b
a | b
a ^ b
~a
a << 1
a & b = 0
a | b + 1
a > b > p
(((a)))
((a) + (b))
()
(a
a)
a b c
a + + b
a + - b
a ++ b
a */ b
CASE WHEN p THEN a END + CASE WHEN q THEN b END
CASE WHEN p OR q THEN a + b ELSE a - b END * 2
coalesce(a,b)+1
coalesce ( a , b )
coalesce(a b)
coalesce(a,)
coalesce(,a)
if(p, a, b) + 1
p AND a
a;
;
a -- comment
a /* comment */ + b
/* comment */ a
a /* open
a */
a /* outer /* inner */ outer */ + b
a /*+ hint */ + b
a # b
a // b
a -/* x */- b
a = 1 -- it's
""")
MULTI_LINE = ["a\n+\nb", "a -- comment\n+ b", "\n\n  a\t\n", "a +\r\n b", "a /* one\ntwo */ + b", "-- only\na",
              "a -- trailing\n", "", " ", "\n", "a\u00a0+ b", "a\u3000+ b", "\ufeffa", "a\u0000", "-- nothing",
              "CASE\n  WHEN p THEN 'x' -- first\n  ELSE 'y'\nEND", "a \\\n + b"]
DEEP = ["(" * 60 + "a" + ")" * 60, " + ".join(["a"] * 100), "NOT " * 20 + "p", "- " * 20 + "a",
        "coalesce(" * 30 + "a" + ", b)" * 30]
CONSTANTS = lines("""
1 + 2 * 3
(1 + 2) * 3
10 - 4 - 3
100 / 10 / 2
7 % 4 % 2
2 * 3 % 4
-2 * -3
- 5 % 3
-5 % 3
1 + 1 = 2
true = 1 = 1
NOT true OR true
NOT false AND false
true OR true AND false
1 = 1 OR 1 / 0 = 1
1 BETWEEN 0 AND 2 = true
'a' || 'b' LIKE 'ab'
NOT 'a' LIKE 'b'
1 < 2 AND 2 < 3
1 < 2 = true
2 > 1 IS NOT NULL
5 div 2 * 2
1 + 2 || 3 + 4
""")


def cases():
    yield "t", COLUMNS + MULTI_LINE + DEEP
    yield "none", CONSTANTS
