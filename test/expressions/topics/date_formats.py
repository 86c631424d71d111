"""date_format with every pattern letter, accepted and refused; to_date and to_timestamp."""

from topics import NONE, Table, column, lines, pairs

INSTANTS = ["'2020-02-29 12:34:56.789012'", "'2021-07-04 03:05:07'", "'1969-12-31 23:59:59.999999'",
            "'1582-10-04 00:00:00'", "'0001-01-01 00:00:00'", "'0000-06-15 13:00:00'",
            "'-0044-03-15 12:00:00'", "'+10000-01-01 00:00:00'", "NULL"]
# Without g, which Java has learned between the versions that Spark runs on.
LETTERS = "abcdefhijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
FORMATS = lines("""
yyyy-MM-dd
yyyy-MM-dd HH:mm:ss
yyyy-MM-dd HH:mm:ss.SSS
yyyy-MM-dd HH:mm:ss.SSSSSS
yyyy-MM-dd'T'HH:mm:ss
yyyy-MM-dd'T'HH:mm:ssXXX
yyyy/MM/dd
yyyyMMdd
dd.MM.yyyy
d/M/yy
EEE, d MMM yyyy
EEEE d MMMM yyyy
EE
EEEEE
MMM
MMMM
MMMMM
LLL
LLLL
LLLLL
MM
LL
yy
yyy
yyyyy
yyyyyy
yyyyyyy
uu
uuu
uuuu
YYYY
GG
GGG
GGGG
GGGGG
DD
DDD
DDDD
dd
ddd
aa
hh:mm a
hhh
HH
HHH
kk
KK
mmm
sss
SS
SSS
SSSSSSSSS
SSSSSSSSSS
XX
XXX
XXXX
XXXXX
XXXXXX
xx
xxx
xxxxx
ZZZ
ZZZZ
ZZZZZ
ZZZZZZ
zz
zzzz
zzzzz
VV
VVV
OO
OOOO
qq
qqq
QQQ
QQQQ
QQQQQ
FF
'quoted'
''
yyyy''MM
'it''s' yyyy
'unclosed
yyyy[-MM]
[yyyy
{yyyy}
#
yyyy#
yyyy年MM月dd日
-
""") + [" yyyy ", "", " "]
PARSED = lines("""
2020-01-31|yyyy-MM-dd
2020-1-3|yyyy-MM-dd
2020-1-3|yyyy-M-d
2020-01-31|yyyy-M-d
2020-02-30|yyyy-MM-dd
31.01.2020|dd.MM.yyyy
31/01/20|dd/MM/yy
31/01/69|dd/MM/yy
2020|yyyy
2020-05|yyyy-MM
05-17|MM-dd
12:34:56|HH:mm:ss
20200131|yyyyMMdd
2020131|yyyyMMdd
2020-01-31 12:34:56|yyyy-MM-dd HH:mm:ss
2020-01-31 12:34:56|yyyy-MM-dd
2020-01-31|yyyy-MM-dd HH:mm:ss
2020-01-31 1:2:3|yyyy-MM-dd H:m:s
2020-01-31 12:34:56.789|yyyy-MM-dd HH:mm:ss.SSS
2020-01-31 12:34:56.7|yyyy-MM-dd HH:mm:ss.SSS
2020-01-31 12:34:56.123456|yyyy-MM-dd HH:mm:ss.SSSSSS
2020-01-31 12:34:56.123456789|yyyy-MM-dd HH:mm:ss.SSSSSSSSS
2020-01-31 12:34:56.78|yyyy-MM-dd HH:mm:ss.S
2020-01-31T12:34:56Z|yyyy-MM-dd'T'HH:mm:ssX
2020-01-31T12:34:56+02:00|yyyy-MM-dd'T'HH:mm:ssXXX
2020-01-31T12:34:56+0200|yyyy-MM-dd'T'HH:mm:ssXX
2020-01-31 12:34 Europe/Berlin|yyyy-MM-dd HH:mm VV
2020-01-31 12:34 PST|yyyy-MM-dd HH:mm z
2020-01-31 12:34:56+0200|yyyy-MM-dd HH:mm:ssZ
Jan 31 2020|MMM dd yyyy
January 31 2020|MMMM dd yyyy
JAN 31 2020|MMM dd yyyy
jan 31 2020|MMM dd yyyy
Fri 31 Jan 2020|EEE dd MMM yyyy
2020-01-31 01:02 PM|yyyy-MM-dd hh:mm a
2020-01-31 01:02 pm|yyyy-MM-dd hh:mm a
2020-01-31 13:02 PM|yyyy-MM-dd hh:mm a
2020-01-31 01:02|yyyy-MM-dd hh:mm
2020-031|yyyy-DDD
2020-366|yyyy-DDD
2019-366|yyyy-DDD
2020-01-31|
|yyyy-MM-dd
2020-01-31|yyyy-MM-dd[ HH:mm]
2020-01-31 10:20|yyyy-MM-dd[ HH:mm]
2020-01-31 24:00:00|yyyy-MM-dd HH:mm:ss
2020-01-31 12:60:00|yyyy-MM-dd HH:mm:ss
10000-01-01|yyyy-MM-dd
+10000-01-01|yyyy-MM-dd
0001-01-01|yyyy-MM-dd
0000-01-01|yyyy-MM-dd
-0001-01-01|yyyy-MM-dd
1582-10-10|yyyy-MM-dd
1969-12-31|yyyy-MM-dd
2020-01-31|uuuu-MM-dd
2020 AD|yyyy G
0044 BC|yyyy G
2020-01-31|YYYY-MM-dd
abc|yyyy-MM-dd
2020-01-31|yyyy-mm-dd
20-01-31|yy-MM-dd
2020-01-31|bad
2020-01-31|yyyy-MM-dd'
it 2020|'it' yyyy
2020年01月31日|yyyy年MM月dd日
1|Q
2020 Q1|yyyy 'Q'Q
1580474096|s
3|d
2020-01-31|yyyy-MM-d
""")
PAIRS = [tuple(text.split("|")) for text in PARSED] + [(" 2020-01-31", "yyyy-MM-dd"),
                                                       ("2020-01-31 ", "yyyy-MM-dd")]


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


MIXED = Table("m", [("d", "date"), ("ts", "timestamp"), ("n", "timestamp_ntz"), ("s", "string"),
                    ("i", "int"), ("x", "binary"), ("f", "string")],
              [["'2020-02-29'", "'2020-02-29 12:34:56.789'", "'2020-02-29 12:34:56.789'",
                "'2020-02-29'", "1", "X'01'", "'yyyy'"],
               ["'1582-10-04'", "'1582-10-04 12:00:00'", "'1582-10-04 12:00:00'",
                "'2020-02-29 23:59:59'", "-1", "X'01'", "'MM'"],
               ["'2021-07-04'", "'2021-07-04 00:00:00'", "'2021-07-04 00:00:00'", "'x'", "0",
                "X'01'", "'bad'"],
               ["'2021-07-04'", "'2021-07-04 00:00:00'", "'2021-07-04 00:00:00'",
                "' 2020-02-29 '", "1", "X'01'", "NULL"],
               ["NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "'dd'"]])
TABLES = [column("instant", "timestamp", INSTANTS),
          pairs("parsed", "string", [(quoted(text), quoted(form)) for text, form in PAIRS]),
          Table("texts", [("s", "string")],
                [[quoted(text)] for text in dict.fromkeys(text for text, _ in PAIRS)
                 if text != "12:34:56"] + [["NULL"]]),  # which would be of today
          MIXED, NONE]

FUNCTIONS = lines("""
date_format(d, 'yyyy-MM-dd HH:mm')
date_format(ts, 'yyyy-MM-dd HH:mm')
date_format(n, 'yyyy-MM-dd HH:mm')
date_format(s, 'yyyy-MM-dd HH:mm')
date_format(i, 'yyyy')
date_format(x, 'yyyy')
date_format(NULL, 'yyyy')
date_format(d, f)
date_format(d, NULL)
date_format(d)
date_format(d, 'yyyy', 'x')
date_format(d, 1)
date_format(d, upper('mm'))
date_format(n, 'yyyy-MM-dd XXX')
date_format(n, 'VV')
to_date(d)
to_date(ts)
to_date(n)
to_date(s)
to_date(i)
to_date(x)
to_date(NULL)
to_date(s, 'yyyy-MM-dd')
to_date(s, f)
to_date(s, NULL)
to_date(d, 'yyyy')
to_date(ts, 'yyyy-MM-dd')
to_date()
to_date(s, 'yyyy', 1)
to_timestamp(d)
to_timestamp(ts)
to_timestamp(n)
to_timestamp(s)
to_timestamp(i)
to_timestamp(x)
to_timestamp(NULL)
to_timestamp(s, 'yyyy-MM-dd')
to_timestamp(s, f)
to_timestamp(s, NULL)
to_timestamp(d, 'yyyy-MM-dd')
to_timestamp(ts, 'yyyy-MM-dd')
to_timestamp(i, 'yyyy')
to_timestamp()
to_timestamp(1.5)
to_timestamp(1.5D)
to_timestamp(true)
year(to_date(s))
""")


def cases():
    yield "instant", [f"date_format(v, {quoted(form)})" for form in [*LETTERS, *FORMATS]]
    yield "parsed", ["to_date(a, b)", "to_timestamp(a, b)"]
    yield "none", [f"to_timestamp({quoted(text)}, {quoted(form)})" for text, form in PAIRS]
    yield "none", [f"to_date({quoted(text)}, {quoted(form)})" for text, form in PAIRS[::3]]
    yield "texts", ["to_date(s)", "to_timestamp(s)", "to_date(s, 'yyyy-MM-dd')",
                    "to_timestamp(s, 'yyyy-MM-dd HH:mm:ss')", "to_date(s, 'yyyyMMdd')",
                    "to_timestamp(s, 'yyyy-M-d')"]
    yield "m", FUNCTIONS
