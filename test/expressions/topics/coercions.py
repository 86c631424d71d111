"""The common type of every pair of types, where an operator or a function needs one."""

from topics import NONE, Table, lines

KINDS = [("y", "tinyint", "5"), ("h", "smallint", "300"), ("i", "int", "70000"), ("l", "bigint", "5000000000"),
         ("f", "float", "0.1"), ("d", "double", "0.1"), ("c", "decimal(5,2)", "1.25"),
         ("e", "decimal(38,2)", "7.50"), ("s", "string", "'6'"), ("b", "boolean", "true"),
         ("x", "binary", "X'36'"), ("t", "date", "'2020-01-01'"), ("ts", "timestamp", "'2020-01-01 12:00:00'"),
         ("n", "timestamp_ntz", "'2020-01-01 12:00:00'")]
TABLES = [Table("all", [(name, kind) for name, kind, _ in KINDS],
                [[value for _, _, value in KINDS], ["NULL"] * len(KINDS)]), NONE]

CONSTANTS = lines("""
coalesce(1Y, 1.5)
coalesce(1S, 1.50)
coalesce(1, 1.5)
coalesce(1L, 1.5)
coalesce(1, 1.5F)
coalesce(1L, 1.5F)
coalesce(1.5, 1.5F)
coalesce(1.5, '1')
coalesce(1, '1')
coalesce('1', 1)
coalesce('1', true)
coalesce('1', X'31')
coalesce('2020-01-01', DATE'2020-01-01')
coalesce(CAST(1 AS DECIMAL(38,0)), 0.5)
coalesce(CAST(1 AS DECIMAL(38,38)) - 1, 100)
CASE WHEN true THEN 1 ELSE 99999999999 END
CASE WHEN true THEN 1 ELSE 1.50 END
if(true, 'a', 1)
if(true, 1, '1')
if(true, 1, 'x')
if(false, 1, 'x')
1 IN (1.0, '1')
1 IN ('1', 'x')
'1' IN (1, 2.5)
greatest('1', 2)
greatest('x', 2)
""")


def cases():
    names = [name for name, _, _ in KINDS]
    ordered = [(first, second) for i, first in enumerate(names) for second in names[i + 1:]]
    for form in ("coalesce({0}, {1})", "{0} + {1}", "{0} = {1}"):
        yield "all", [form.format(first, second) for first, second in ordered]
    for form in ("{1} - {0}", "{0} * {1}", "{1} < {0}", "greatest({1}, {0})", "{0} IN ({1})"):
        yield "all", [form.format(first, second) for first, second in ordered[::3]]
    for form in ("CASE WHEN b THEN {1} ELSE {0} END", "{1} / {0}", "{1} % {0}", "nullif({0}, {1})",
                 "if(b, {0}, {1})", "nvl({1}, {0})", "{0} BETWEEN {1} AND {0}", "{0} <=> {1}"):
        yield "all", [form.format(first, second) for first, second in ordered[1::4]]
    for form in ("{0} + {0}", "{0} * {0}", "-{0}", "{0} || {0}", "{0} AND b", "NOT {0}", "{0} LIKE '6'",
                 "coalesce({0}, NULL)", "{0} = NULL", "{0} + NULL", "greatest({0}, NULL)", "nullif({0}, NULL)",
                 "{0} IN (NULL)", "CASE WHEN {0} THEN 1 END", "isnan({0})", "substring('abcdef', {0})"):
        yield "all", [form.format(name) for name in names]
    yield "none", CONSTANTS
