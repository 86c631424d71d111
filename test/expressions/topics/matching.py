"""LIKE: wildcards over multi-byte characters and line ends, escapes, what it refuses."""

from topics import NONE, Table, lines

TABLES = [
    Table("t", [("s", "string"), ("p", "string"), ("i", "int")],
          [["'abc'", "'a%'", "1"], ["'a'", "'_'", "10"], ["''", "'%'", "NULL"],
           ["'é'", "'_'", "0"], ["'e\\u0301'", "'_'", "1"], ["'😀x'", "'_x'", "1"],
           ["'a\\nb'", "'a_b'", "1"], ["'a\\nb'", "'a%b'", "1"], ["'10%'", "'10\\\\%'", "1"],
           ["'a_b'", "'a\\\\_b'", "1"], ["'axb'", "'a\\\\_b'", "1"], ["'a\\\\b'", "'a\\\\\\\\b'", "1"],
           ["'ABC'", "'abc'", "1"], ["'a.c'", "'a.c'", "1"], ["'abc'", "'a.c'", "1"],
           ["'abc'", "''", "1"], ["''", "''", "1"], ["'aXbXc'", "'%X%X%'", "1"],
           ["NULL", "'%'", "1"], ["'abc'", "NULL", "1"], ["'日本語'", "'日_語'", "1"],
           ["'abab'", "'%ab'", "1"], ["'mississippi'", "'%iss%ip%'", "1"], ["'x'", "'x\\\\'", "1"],
           ["'x'", "'\\\\x'", "1"], ["'(a)[b]$^*'", "'(a)[b]$^*'", "1"]]),
    NONE]

COLUMNS = lines(r"""
s LIKE p
s NOT LIKE p
NOT s LIKE p
s LIKE 'a%'
s LIKE '%a'
s LIKE '%b%'
s LIKE '_'
s LIKE '__'
s LIKE '%'
s LIKE ''
s LIKE 'a_b'
s LIKE 'a\_b'
s LIKE '10\%'
s LIKE '%\%'
s LIKE 'a\\b'
s LIKE 'a\\\\b'
s LIKE 'abc'
s LIKE '%b_'
s LIKE NULL
s LIKE '10/%' ESCAPE '/'
s LIKE 'a/_b' ESCAPE '/'
s LIKE '%/%' ESCAPE '/'
s LIKE 'a%' ESCAPE 'a'
s LIKE 'aa%' ESCAPE 'a'
s LIKE '%X_%' ESCAPE 'X'
s LIKE 'abc' ESCAPE '//'
s LIKE 'abc' ESCAPE ''
s LIKE 'abc' ESCAPE p
s LIKE p ESCAPE '/'
s LIKE '(a)[b]$^*'
s LIKE '日%'
s LIKE '%語'
s LIKE '%é%'
s LIKE 'x\'
s LIKE r'x\'
s LIKE r'\x'
s LIKE r'a\_b'
s LIKE i
i LIKE '1%'
i LIKE 1
s LIKE 'a%' AND s LIKE '%c'
s LIKE 'a%' OR i = 10
s LIKE concat('a', '%')
s LIKE upper('abc')
s || 'x' LIKE '%x'
s LIKE )
LIKE 'a'
s LIKE ('a%')
""")

CONSTANTS = lines(r"""
'abc' LIKE 'a%'
'abc' LIKE 'A%'
'' LIKE '%'
'' LIKE '_'
NULL LIKE 'a'
'a' LIKE NULL
'%' LIKE '\%'
'a%' LIKE 'a\%'
'_' LIKE '\_'
'\\' LIKE '\\\\'
'a' LIKE '\a'
'a' LIKE 'a\\'
'ß' LIKE '_'
'İ' LIKE '_'
1 LIKE '1'
true LIKE 'true'
DATE'2020-01-01' LIKE '2020%'
X'61' LIKE 'a'
1.50 LIKE '1.50'
'a' LIKE 'a' LIKE 'true'
""")


def cases():
    yield "t", COLUMNS
    yield "none", CONSTANTS
