"""= == <> != < <= > >= <=> BETWEEN and IN over each type: NULL, NaN, -0.0, bytes order, coercion."""

from topics import NONE, Table, lines, pairs

STRINGS = [("'a'", "'b'"), ("'a'", "'a'"), ("''", "'a'"), ("'a'", "'a '"), ("'A'", "'a'"),
           ("'é'", "'z'"), ("'e\\u0301'", "'é'"), ("'😀'", "'\\uFF5E'"), ("'abc'", "'ab'"),
           ("'ß'", "'ss'"), ("NULL", "'a'"), ("NULL", "NULL")]
DOUBLES = [("1.0", "2.0"), ("'NaN'", "'NaN'"), ("'NaN'", "'Infinity'"), ("1.0", "'NaN'"),
           ("'-0.0'", "0.0"), ("0.0", "'-0.0'"), ("'-Infinity'", "'NaN'"), ("NULL", "'NaN'"),
           ("NULL", "NULL"), ("0.1", "0.1")]
TABLES = [
    pairs("int", "int", [("1", "2"), ("2", "2"), ("3", "2"), ("-2147483648", "2147483647"),
                         ("NULL", "2"), ("2", "NULL"), ("NULL", "NULL")]),
    pairs("double", "double", DOUBLES),
    pairs("float", "float", DOUBLES),
    pairs("string", "string", STRINGS),
    pairs("boolean", "boolean", [("true", "false"), ("false", "true"), ("true", "true"),
                                 ("NULL", "true"), ("NULL", "NULL")]),
    pairs("binary", "binary", [("X'00'", "X'01'"), ("X'7f'", "X'80'"), ("X'ff'", "X'00'"),
                               ("X''", "X'00'"), ("X'61'", "X'6100'"), ("X'61'", "X'61'"),
                               ("NULL", "X''")]),
    pairs("decimal", "decimal(10,2)", [("1.10", "1.1"), ("-1", "0"), ("99999999.99", "1"),
                                       ("NULL", "1")], "decimal(20,5)"),
    pairs("date", "date", [("'2020-01-01'", "'2020-01-02'"), ("'1582-10-04'", "'1582-10-15'"),
                           ("'0001-01-01'", "'-0001-01-01'"), ("'2020-01-01'", "'2020-01-01'"),
                           ("NULL", "'2020-01-01'")]),
    pairs("timestamp", "timestamp",
          [("'2020-01-01 00:00:00'", "'2020-01-01 00:00:00.000001'"),
           ("'1969-12-31 23:59:59.999999'", "'1970-01-01 00:00:00'"),
           ("'2020-01-01 02:00:00+02:00'", "'2020-01-01 00:00:00'"), ("NULL", "NULL")]),
    pairs("struct", "struct<x:int,y:string>",
          [("struct(1, 'a')", "struct(1, 'a')"), ("struct(1, 'a')", "struct(1, 'b')"),
           ("struct(1, CAST(NULL AS STRING))", "struct(1, 'b')"), ("NULL", "struct(1, 'b')")]),
    Table("mixed", [("i", "int"), ("l", "bigint"), ("d", "double"), ("f", "float"),
                    ("c", "decimal(10,2)"), ("s", "string"), ("t", "date"), ("ts", "timestamp"),
                    ("n", "timestamp_ntz"), ("b", "boolean"), ("x", "binary")],
          [["1", "1", "1.0", "0.1", "1.00", "'1'", "'2020-01-01'", "'2020-01-01 00:00:00'",
            "'2020-01-01 00:00:00'", "true", "X'31'"],
           ["16777217", "9007199254740993", "9007199254740992", "16777216", "16777217", "'x'",
            "'2020-01-02'", "'2020-01-01 12:00:00'", "'2020-01-02 00:00:00'", "false", "X'78'"],
           ["2", "3", "'NaN'", "'NaN'", "2.50", "'2020-01-01'", "'1582-10-04'",
            "'1582-10-04 00:00:00'", "NULL", "NULL", "NULL"]]),
    NONE]

OPERATIONS = lines("""
a = b
a == b
a <> b
a != b
a < b
a <= b
a > b
a >= b
a <=> b
""")
RANGES = lines("""
a BETWEEN b AND b
a NOT BETWEEN b AND a
a IN (b)
a IN (b, NULL)
a NOT IN (b)
a NOT IN (b, NULL)
""")

MIXED = ["i = l", "i = d", "i = f", "l = d", "l = f", "i = c", "l = c", "f = d", "d = c", "f = c",
         "f = 0.1", "f = 0.1D", "f = 0.1F", "d = 0.1", "c = 1", "c = 1.0", "c = '1'", "i = '1'", "i = '1.0'",
         "s = 1", "s < 2", "s = 1L", "s = 1.0D", "s = 1.00", "s = t", "t = s", "s = ts", "s = b", "b = s",
         "b = 1", "b = i", "i = b", "b = 'true'", "b = 'yes'", "b = 'x'", "t = '2020-01-01'",
         "t = '2020'", "t = 'x'", "ts = '2020-01-01'", "ts = '2020-01-01T00:00:00Z'", "ts = 'x'", "t = ts",
         "t < ts", "ts = n", "t = n", "n = '2020-01-01'", "x = s", "x = '1'", "x = X'31'", "i = t",
         "t = 18262", "ts = 1", "i = x", "d = t", "i <=> l", "s <=> i", "i <=> NULL", "NULL <=> NULL",
         "i = NULL", "i IN (1, 2L)", "i IN (1, 2.5)", "i IN ('1', '2')", "i IN (1, 'x')", "s IN (1, 2)",
         "s IN ('1', 'x', NULL)", "d IN (1, 2)", "f IN (0.1)", "f IN (0.1F)", "c IN (1, 2.5)",
         "t IN ('2020-01-01')", "t IN (DATE'2020-01-01', ts)", "ts IN (t)", "b IN (true, 1)",
         "b IN (true, NULL)", "i BETWEEN 1 AND 2.5", "i BETWEEN '1' AND '2'", "i BETWEEN 1 AND 'x'",
         "s BETWEEN 1 AND 2", "s BETWEEN '1' AND '2'", "t BETWEEN '2020-01-01' AND '2020-12-31'",
         "ts BETWEEN t AND n", "d BETWEEN 0 AND 1", "d NOT BETWEEN 0 AND 1", "i BETWEEN NULL AND 0",
         "i BETWEEN NULL AND 100000000", "i NOT BETWEEN NULL AND 0", "i BETWEEN 2 AND 1",
         "b BETWEEN false AND true", "i BETWEEN true AND 1", "i IN (true)"]

CONSTANTS = lines("""
1 = 1.0
1 = '1'
1 = 'a'
'1' = '1.0'
1 = true
NULL = NULL
NULL <=> NULL
NULL <=> 1
1 <=> NULL
NULL <> NULL
NULL < 1
1 IN (1, NULL)
2 IN (1, NULL)
NULL IN (1, 2)
NULL IN (NULL)
NULL NOT IN (1)
1 NOT IN (2, NULL)
1 NOT IN (1, NULL)
1 IN ()
1 IN (1)
1 IN 1
1 IN (1,)
1 IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
'a' IN ('A')
1 BETWEEN 0 AND 2
1 BETWEEN 2 AND 0
NOT 1 BETWEEN 0 AND 2
1 BETWEEN 0
1 BETWEEN SYMMETRIC 2 AND 0
1 BETWEEN NULL AND 0
1 BETWEEN NULL AND 2
NULL BETWEEN 1 AND 2
'b' BETWEEN 'a' AND 'c'
CAST('NaN' AS DOUBLE) = CAST('NaN' AS DOUBLE)
CAST('NaN' AS DOUBLE) > CAST('Infinity' AS DOUBLE)
CAST('NaN' AS FLOAT) = CAST('NaN' AS DOUBLE)
CAST('NaN' AS DOUBLE) IN (CAST('NaN' AS DOUBLE))
CAST('-0.0' AS DOUBLE) = 0.0D
CAST('-0.0' AS DOUBLE) IN (0.0D)
1 < 2 < 3
1 = 1 = 1
1 = 1 = true
true = 1
true = 2
DATE'2020-01-01' = '2020-01-01'
DATE'2020-01-01' < TIMESTAMP'2020-01-01 00:00:01'
DATE'2020-01-01' = 1
'2020-01-01' < DATE'2020-01-02'
X'61' = 'a'
1 =
= 1
1 === 1
1 !== 1
1 <> 2
1 !=2
1 !> 2
1 !< 2
""")


def cases():
    for table in ("int", "double", "float", "string", "boolean", "binary", "decimal", "date",
                  "timestamp", "struct"):
        yield table, OPERATIONS + RANGES
    yield "int", lines("""
a BETWEEN 1 AND 2
a NOT BETWEEN 1 AND 2
a NOT IN (1, 3)
a IN (1, 2, 3)
a IN (a, b)
(a, b) = (1, 2)
(a, b) IN ((1, 2), (2, 2))
""")
    yield "double", lines("""
a > 1
a = 'NaN'
a < CAST('NaN' AS DOUBLE)
a >= 0
a IN (0.0D, CAST('NaN' AS DOUBLE))
a BETWEEN 0 AND CAST('NaN' AS DOUBLE)
isnan(a)
""")
    yield "mixed", MIXED
    yield "none", CONSTANTS
