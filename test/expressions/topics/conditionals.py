"""CASE, if, coalesce, nvl, ifnull, nullif, isnan, greatest, least: types, NULL, NaN, laziness."""

from topics import NONE, Table, lines

TABLES = [
    Table("t", [("x", "int"), ("y", "int"), ("d", "double"), ("e", "double"), ("s", "string"),
                ("b", "boolean"), ("f", "float"), ("c", "decimal(5,2)")],
          [["0", "1", "0.5", "'NaN'", "'a'", "true", "'NaN'", "1.25"],
           ["4", "0", "'NaN'", "1.0", "''", "false", "0.1", "-0.01"],
           ["NULL", "2", "NULL", "0.0", "NULL", "NULL", "NULL", "NULL"],
           ["-3", "NULL", "'-0.0'", "NULL", "'é'", "true", "'-0.0'", "999.99"],
           ["2147483647", "2147483647", "0.0", "'-0.0'", "'10'", "false", "'Infinity'", "0"]]),
    Table("severity", [("severity", "double"), ("content", "binary")],
          [[value, content] for value, content in [
              ("0.2", "X'00'"), ("0.19999999999999998", "NULL"), ("0.20000000000000004", "X''"),
              ("0.4", "X'00'"), ("0.39999999999999997", "NULL"), ("0.4000000000000001", "X'00'"),
              ("0.5", "X'00'"), ("0.49999999999999994", "NULL"), ("0.5000000000000001", "X'00'"),
              ("0.6", "X'00'"), ("0.5999999999999999", "NULL"), ("0.6000000000000001", "X'00'"),
              ("0.8", "X'00'"), ("0.7999999999999999", "NULL"), ("0.8000000000000002", "X'00'"),
              ("NULL", "X'00'"), ("NULL", "NULL"), ("'NaN'", "X'00'"), ("'Infinity'", "NULL"),
              ("'-Infinity'", "X'00'"), ("'-0.0'", "NULL"), ("1.0", "X'00'"), ("0.0", "NULL")]]),
    NONE]

COLUMNS = lines("""
CASE WHEN x > 0 THEN 'positive' WHEN x < 0 THEN 'negative' ELSE 'zero' END
CASE WHEN x > 0 THEN 'positive' WHEN x < 0 THEN 'negative' END
CASE WHEN x > 0 THEN 'positive' END
CASE x WHEN 0 THEN 'zero' WHEN 4 THEN 'four' ELSE 'other' END
CASE x WHEN 0 THEN 'zero' WHEN 4 THEN 'four' END
CASE x WHEN NULL THEN 'null' ELSE 'other' END
CASE d WHEN CAST('NaN' AS DOUBLE) THEN 'nan' WHEN 0 THEN 'zero' ELSE 'other' END
CASE s WHEN '' THEN 1 WHEN 'a' THEN 2L ELSE 3.5 END
CASE x WHEN y THEN 'same' ELSE 'other' END
CASE x WHEN '4' THEN 1 ELSE 0 END
CASE s WHEN 4 THEN 1 ELSE 0 END
CASE b WHEN true THEN 1 WHEN false THEN 0 END
CASE WHEN b THEN 1 ELSE 0 END
CASE WHEN NOT b THEN 1 ELSE 0 END
CASE WHEN x <> 0 THEN 1 / x END
CASE WHEN x <> 0 THEN 1 % x ELSE -1 END
CASE WHEN x = 0 THEN 0 ELSE 10 / x END
CASE WHEN x = 0 OR x IS NULL THEN 0 ELSE 10 div x END
CASE WHEN x < 2147483647 THEN x + 1 ELSE x END
CASE x WHEN 0 THEN 0 ELSE 1 / x END
CASE WHEN s = '10' THEN CAST(s AS INT) END
CASE WHEN s = 'a' THEN 0 ELSE CAST(s AS INT) END
CASE WHEN 1 / x > 0 THEN 1 ELSE 0 END
CASE WHEN x = 0 THEN 'first' WHEN 1 / x > 0 THEN 'second' ELSE 'third' END
CASE WHEN x > 0 THEN x + 1 ELSE x END
CASE WHEN x > 0 THEN CASE WHEN y > 0 THEN 'both' ELSE 'x' END ELSE 'none' END
CASE WHEN x > 0 THEN 1 ELSE 'a' END
CASE WHEN x > 0 THEN 1 ELSE 1.5 END
CASE WHEN x > 0 THEN 1 ELSE 1.5D END
CASE WHEN x > 0 THEN x ELSE d END
CASE WHEN x > 0 THEN f ELSE d END
CASE WHEN x > 0 THEN f ELSE x END
CASE WHEN x > 0 THEN c ELSE x END
CASE WHEN x > 0 THEN c ELSE d END
CASE WHEN x > 0 THEN c ELSE 12345.678 END
CASE WHEN x > 0 THEN DATE'2020-01-01' ELSE TIMESTAMP'2020-01-01 12:00:00' END
CASE WHEN x > 0 THEN DATE'2020-01-01' ELSE '2021-01-01' END
CASE WHEN x > 0 THEN DATE'2020-01-01' ELSE 1 END
CASE WHEN x > 0 THEN true ELSE 1 END
CASE WHEN x > 0 THEN true ELSE 'a' END
CASE WHEN x > 0 THEN X'61' ELSE 'a' END
CASE WHEN x > 0 THEN NULL ELSE 1Y END
CASE WHEN x > 0 THEN NULL END
CASE WHEN x > 0 THEN NULL ELSE NULL END
CASE WHEN x > 0 THEN 1Y WHEN x < 0 THEN 2S ELSE 3L END
CASE WHEN x THEN 1 END
CASE WHEN s THEN 1 END
CASE WHEN NULL THEN 1 ELSE 2 END
CASE WHEN x > 0 THEN s ELSE s END
case when x > 0 then 1 else 0 end
CASE WHEN x > 0 AND y > 0 THEN 1 ELSE 0 END + 1
CASE END
CASE WHEN x THEN END
CASE ELSE 1 END
CASE WHEN x > 0 THEN 1
CASE x ELSE 1 END
CASE WHEN x > 0 THEN 1 ELSE 0
CASE WHEN x > 0 ELSE 1 END
if(x > 0, 'yes', 'no')
if(x > 0, x, d)
if(x <> 0, 1 / x, 0)
if(b, 1, NULL)
if(x, 1, 2)
if(NULL, 1, 2)
if(x > 0, 1)
coalesce(x, y)
coalesce(x, y, 0)
coalesce(x)
coalesce()
coalesce(x, d)
coalesce(x, 'a')
coalesce(s, 1)
coalesce(x, 1.5)
coalesce(f, d)
coalesce(c, x)
coalesce(c, 12345.678)
coalesce(x, 1 / 0)
coalesce(y, 1 / x)
coalesce(NULL, x)
coalesce(NULL, NULL)
coalesce(d, 0)
coalesce(b, false)
coalesce(b, 0)
coalesce(x, 10 / (y - 2))
nvl(x, y)
nvl(x, 1L)
nvl(s, 'none')
nvl(x)
nvl(x, y, 1)
ifnull(x, y)
ifnull(s, x)
nullif(x, y)
nullif(x, 0)
nullif(x, 0.0)
nullif(d, CAST('NaN' AS DOUBLE))
nullif(d, 0)
nullif(s, '')
nullif(s, 10)
nullif(NULL, 1)
nullif(x, NULL)
nullif(x)
nullif(x, 'a')
nullif(x, DATE'2020-01-01')
1 / nullif(x, 0)
isnan(d)
isnan(e)
isnan(f)
isnan(x)
isnan(s)
isnan(c)
isnan(NULL)
isnan(d, 1)
greatest(x, y)
least(x, y)
greatest(d, e)
least(d, e)
greatest(e, d)
least(e, d)
greatest(x, y, 1)
greatest(x, d)
least(x, d)
greatest(f, d)
greatest(f, 0.5)
greatest(c, x)
least(c, 0.005)
greatest(s, 'b')
least(s, 'b')
greatest(s, x)
greatest(b, true)
greatest(x, NULL)
least(NULL, x)
greatest(NULL, NULL)
greatest(x)
greatest()
greatest(x, b)
greatest(x, '5')
greatest(DATE'2020-01-01', TIMESTAMP'2019-01-01 00:00:00')
greatest(DATE'2020-01-01', '2021-01-01')
least(X'00', X'ff', X'')
greatest(struct(1), struct(2))
""")

SEVERITY = ["""CASE WHEN severity >= 0.8 THEN 'High' WHEN severity >= 0.6 THEN 'Medium-High'
  WHEN severity >= 0.4 THEN 'Medium' WHEN severity >= 0.2 THEN 'Low-Medium' ELSE 'Low' END""",
            """CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0D
  WHEN content IS NOT NULL THEN 0.7D WHEN severity IS NOT NULL THEN 0.3D ELSE 0.0D END""",
            "CASE WHEN severity >= 0.5 THEN true ELSE false END",
            "CASE WHEN severity >= 0.5D THEN true ELSE false END",
            "severity >= 0.5", "severity >= 0.2", "severity > 0.4", "severity <= 0.6", "severity = 0.8",
            "severity BETWEEN 0.4 AND 0.6", "severity IN (0.2, 0.4, 0.8)", "severity >= '0.5'",
            "severity >= 0.5F", "severity >= 0.6F",
            "CASE WHEN content IS NOT NULL AND severity IS NOT NULL THEN 1.0 ELSE 0.7 END"]

CONSTANTS = lines("""
CASE WHEN true THEN 1 ELSE 1 / 0 END
CASE WHEN false THEN 1 / 0 ELSE 1 END
CASE WHEN NULL THEN 1 / 0 END
CASE 1 WHEN 1 THEN 'a' WHEN 1 / 0 THEN 'b' END
CASE WHEN 1 / 0 > 0 THEN 1 END
if(true, 1, 1 / 0)
if(false, CAST('x' AS INT), 0)
coalesce(1, 1 / 0)
coalesce(NULL, 1 / 0)
nvl(1, 1 / 0)
nullif(1, 1)
nullif(1, 2)
nullif(1, 1.0)
nullif('1', 1)
greatest(1, 2.5, 3L)
least(1, 2.5, 3L)
greatest('a', 'B', 'é')
greatest(1, 1 / 0)
greatest(0.0D, CAST('-0.0' AS DOUBLE))
least(0.0D, CAST('-0.0' AS DOUBLE))
least(CAST('-0.0' AS DOUBLE), 0.0D)
greatest(CAST('NaN' AS DOUBLE), 1e308)
least(CAST('NaN' AS DOUBLE), NULL)
coalesce(1Y, 300S)
coalesce(1.5, 2.25D)
coalesce(1.50, 10)
coalesce('a', X'62')
CASE WHEN true THEN 1.10 ELSE 100 END
CASE WHEN false THEN 1.10 ELSE 100 END
ifnull(NULL, 'x')
COALESCE(NULL, 'x')
CoAlEsCe(NULL, 'x')
""")


def cases():
    yield "t", COLUMNS
    yield "severity", SEVERITY
    yield "none", CONSTANTS
