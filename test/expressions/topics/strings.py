"""upper lower trim ltrim rtrim length substring substr concat || replace, on non-ASCII text too."""

from topics import NONE, Table, lines

TEXTS = ["'abc'", "''", "' a b '", "'\\ta\\n'", "'\\u00a0x\\u00a0'", "'xxabcxx'", "'Straße'", "'ǅ'", "'İstanbul'",
         "'ıI'", "'éÉ'", "'e\\u0301E\\u0301'", "'😀a😀'", "'日本語'", "'ΑΣ ΣΑΣ'", "'ﬁ'", "'ŉ'", "'a\\u0000b'",
         "'   '", "'aXbXc'", "'AbC123'", "NULL"]
TABLES = [
    Table("t", [("s", "string"), ("n", "int"), ("b", "binary")],
          [[text, ["1", "0", "-1", "2", "-3", "5", "NULL"][i % 7],
            ["X'616263'", "X''", "X'00ff80'", "NULL"][i % 4]] for i, text in enumerate(TEXTS)]),
    Table("u", [("s", "string"), ("i", "int"), ("l", "bigint"), ("d", "double"), ("f", "float"),
                ("c", "decimal(6,2)"), ("o", "boolean"), ("t", "date"), ("ts", "timestamp"),
                ("z", "timestamp_ntz"), ("x", "binary")],
          [["'abcdef'", "2", "3", "1.5", "0.1", "1.50", "true", "'2020-01-01'",
            "'2020-01-01 12:00:00.5'", "'2020-01-01 12:00:00'", "X'616263'"],
           ["'é😀z'", "-2", "-3000000000", "1e20", "1e-5", "-0.01", "false", "'0001-01-01'",
            "'1582-10-04 00:00:00'", "'1969-12-31 23:59:59.999999'", "X'ff'"],
           ["NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"]]),
    NONE]

COLUMNS = lines(r"""
upper(s)
lower(s)
upper(lower(s))
trim(s)
ltrim(s)
rtrim(s)
trim('x' FROM s)
trim(BOTH 'x' FROM s)
trim(LEADING 'x' FROM s)
trim(TRAILING 'x' FROM s)
trim(BOTH FROM s)
trim(LEADING FROM s)
trim(TRAILING FROM s)
trim('😀' FROM s)
trim('xa' FROM s)
trim('' FROM s)
trim(NULL FROM s)
ltrim('x', s)
rtrim('x', s)
trim('x', s)
length(s)
length(b)
length(trim(s))
substring(s, 1)
substring(s, 2)
substring(s, 0)
substring(s, -1)
substring(s, -2)
substring(s, -100)
substring(s, 100)
substring(s, 1, 2)
substring(s, 2, 1)
substring(s, 0, 2)
substring(s, 0, 1)
substring(s, -2, 1)
substring(s, -3, 2)
substring(s, -100, 2)
substring(s, -5, 4)
substring(s, 1, 0)
substring(s, 1, -1)
substring(s, 2, 1000)
substring(s, 2147483647, 2147483647)
substring(s, -2147483648, 5)
substring(s, 2, 2147483647)
substring(s, n)
substring(s, n, 2)
substring(s, 1, n)
substring(s, n, n)
substring(s, NULL)
substring(s, 1, NULL)
substring(s FROM 2)
substring(s FROM 2 FOR 2)
substr(s, 2)
substr(s, 2, 1)
substr(s FROM 2 FOR 1)
substring(b, 1, 2)
substring(b, -2)
substring(b, 0, 1)
substring(b, n)
substring(s, '2')
substring(s, 1.9)
substring(s, 2L)
concat(s, s)
concat(s, '-', s)
concat(s, n)
concat(s, NULL)
concat(s)
concat()
concat(b, b)
concat(b, s)
concat(s, b)
s || 'x'
s || n
'x' || s || 'y'
b || b
s || b
replace(s, 'a', 'b')
replace(s, 'X', '')
replace(s, 'X')
replace(s, '', 'z')
replace(s, 'x', 'xx')
replace(s, 'b', NULL)
replace(s, NULL, 'b')
replace(s, '😀', 'é')
replace(s, 'É', 'e')
replace(s, s, 'all')
replace(s, 'a', s)
replace(s, n, 'b')
upper(b)
trim(b)
replace(b, 'a', 'b')
upper(n)
lower(n)
trim(n)
length(n)
substring(n, 1, 1)
replace(n, 1, 2)
""")

OTHERS = [f"{function}({name})" for function in ("upper", "trim", "length")
          for name in ("l", "d", "f", "c", "o", "t", "ts", "z", "x")] + [
    f"concat(s, {name})" for name in ("i", "l", "d", "f", "c", "o", "t", "ts", "z", "x")] + [
    f"concat({name})" for name in ("i", "d", "x", "t")] + lines("""
concat(i, l)
concat(i, d, c)
concat(o, t)
concat(x, x)
concat(x, i)
concat(NULL, NULL)
i || l
i || NULL
substring(d, 1, 3)
substring(t, 1, 4)
substring(x, 1, 1)
substring(s, i)
substring(s, l)
substring(s, d)
substring(s, c)
substring(s, o)
substring(s, t)
replace(t, '-', '/')
replace(d, '.', ',')
length(concat(s, s))
upper(concat(s, 'ß'))
upper(substring(s, 1, 1)) || lower(substring(s, 2))
""")

CONSTANTS = lines(r"""
upper('straße')
upper('ŉ')
upper('ﬃ')
upper('i')
upper('ı')
lower('İ')
lower('I')
lower('ΣΑΣ')
lower('ẞ')
upper('ǆ')
upper('ß')
lower('𐐀')
upper('𐐨')
length('')
length('é')
length('e\u0301')
length('👨‍👩‍👧')
length(X'')
length(X'00ff')
length(NULL)
length('a ')
length()
length('a', 'b')
length(123)
length(1.50)
length(true)
upper(NULL)
upper()
upper('a', 'b')
upper(1)
trim('  a  ')
trim('')
trim('\t a')
trim('　a　')
trim(NULL)
trim(BOTH 'ab' FROM 'abcba')
trim('ab', 'abcba')
ltrim('ab', 'abcba')
rtrim('ab', 'abcba')
rtrim('ba' FROM 'abcba')
substring('Spark SQL', 5)
substring('Spark SQL', -3)
substring('Spark SQL', 5, 1)
substring('abc', 0)
substring('abc', 0, 2)
substring('abc', -4, 2)
substring('abc', 4)
substring('abc', 1, 99)
substring('😀bc', 2, 1)
substring('abc')
substring('abc', 1, 2, 3)
substring('abc', 'x')
substring(X'010203', 2)
substring(X'010203', 2, 1)
substring(12345, 2, 3)
substring(NULL, 1)
concat('a', 'b', 'c')
concat('a')
concat()
concat('a', 1, 2.50, true)
concat('a', NULL)
concat(1, 2)
concat(X'01', X'02')
concat(X'61', 'b')
concat(X'ff', 'b')
concat(DATE'2020-01-01', ' ', TIMESTAMP'2020-01-01 00:00:00')
concat(1.0D, 1e20, 1.5F)
'a' || 'b'
'a' || 1
1 || 2
'a' || NULL
X'01' || X'02'
'a' || 'b' = 'ab'
'1' || '2' + 3
1 + 2 || 'a'
replace('abcabc', 'abc', 'DEF')
replace('abc', 'b')
replace('aaa', 'aa', 'b')
replace('abc', '')
replace('abc', '', '-')
replace('', '', '-')
replace('abc')
replace('abc', 'b', 'c', 'd')
replace(X'61', 'a', 'b')
replace(123, 2, 0)
""")


def cases():
    yield "t", COLUMNS
    yield "u", OTHERS
    yield "none", CONSTANTS
