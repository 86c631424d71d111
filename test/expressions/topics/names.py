"""Names: case, back quotes, nested fields, what is missing or ambiguous; unknown functions."""

from topics import NONE, Table, lines

TABLES = [
    Table("t", [("a", "int"), ("MixedCase", "int"), ("with space", "int"), ("dot.ted", "int"),
                ("tick`ed", "int"), ("größe", "int"), ("1st", "int"), ("select", "int"),
                ("year", "int"), ("date", "date"), ("s", "struct<x:int,Y:string,in:struct<z:double>>"),
                ("dot", "struct<ted:int>"), ("_u", "int"), ("case", "int"), ("end", "int"),
                ("current_date", "int")],
          [["1", "2", "3", "4", "5", "6", "7", "8", "9", "'2020-01-01'",
            "struct(10, 'eleven', struct(1.5))", "struct(12)", "13", "14", "15", "16"],
           ["NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL",
            "struct(NULL)", "NULL", "NULL", "NULL", "NULL"],
           ["-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9", "'1969-12-31'",
            "struct(NULL, NULL, NULL)", "NULL", "-13", "-14", "-15", "-16"]]),
    NONE]

VARYING = {"current_timestamp"}

COLUMNS = ["`tick``ed`", "`tick`ed`"] + lines("""
a
A
`a`
`A`
mixedcase
MIXEDCASE
`mixedCase`
`with space`
with space
`dot.ted`
dot.ted
`dot`.`ted`
`dot`.ted
größe
`größe`
GRÖSSE
`1st`
1st
select
`select`
year
year(date)
year + 1
date
date = DATE'2020-01-01'
`date`
s.x
S.X
s.y
s.Y
`s`.`x`
`s.x`
s.in.z
s.in.Z
s.`in`.`z`
s.in
s.x.y
s.missing
s.in.missing
a.x
missing
`missing`
missing.x
s.x + 1
s.x IS NULL
s IS NULL
s.in IS NULL
s.in.z IS NOT NULL
upper(s.y)
(s).x
s['x']
_u
`_u`
``
`a
a`
t.a
case
`case`
end
`end`
`case` + `end`
CASE WHEN `case` > 0 THEN `end` END
current_date
`current_date`
current_timestamp
: a
$a
@a
a.
.a
a..x
foo(a)
a(1)
`year`(date)
Year(date)
UPPER('a')
db.upper('a')
s = s
:param
?
${a}
""")


def cases():
    yield "t", COLUMNS
