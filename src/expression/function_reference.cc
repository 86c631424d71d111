#include "expression/function_reference.h"

#include <algorithm>

namespace spillway::expression {
namespace {

constexpr std::string_view kConditionsAndNulls = "Conditions and nulls";
constexpr std::string_view kLogicAsCalls = "Logic, as calls";
constexpr std::string_view kNumbers = "Numbers";
constexpr std::string_view kTexts = "Texts";
constexpr std::string_view kDatesAndTimes = "Dates and times";
constexpr std::string_view kCastsByName = "Casts by name";

constexpr FunctionReference kReferences[] = {
    {"coalesce", kConditionsAndNulls, "coalesce(a, b, ..)", "the first argument that is not NULL",
     "coalesce(NULL, 'none')", "'none'"},
    {"ifnull", kConditionsAndNulls, "ifnull(a, b)", "a, or b where a is NULL", "ifnull(NULL, 0)",
     "0"},
    {"nvl", kConditionsAndNulls, "nvl(a, b)", "as ifnull", "nvl(NULL, 0)", "0"},
    {"nullif", kConditionsAndNulls, "nullif(a, b)", "NULL where a = b, else a", "nullif(7, 0)",
     "7"},
    {"if", kConditionsAndNulls, "if(condition, a, b)", "a where the condition is true, else b",
     "if(3 > 2, 'more', 'less')", "'more'"},
    {"isnull", kConditionsAndNulls, "isnull(a)", "whether a is NULL, as a IS NULL", "isnull(NULL)",
     "true"},
    {"isnotnull", kConditionsAndNulls, "isnotnull(a)", "whether a is not NULL, as a IS NOT NULL",
     "isnotnull(NULL)", "false"},
    {"isnan", kConditionsAndNulls, "isnan(a)", "whether a is the float NaN; false for NULL",
     "isnan(CAST('NaN' AS DOUBLE))", "true"},
    {"greatest", kConditionsAndNulls, "greatest(a, b, ..)", "the largest argument, NULLs left out",
     "greatest(3, NULL, 7)", "7"},
    {"least", kConditionsAndNulls, "least(a, b, ..)", "the smallest argument, NULLs left out",
     "least(3, NULL, 7)", "3"},
    {"and", kLogicAsCalls, "and(a, b)", "as a AND b", "and(true, false)", "false"},
    {"or", kLogicAsCalls, "or(a, b)", "as a OR b", "or(true, false)", "true"},
    {"not", kLogicAsCalls, "not(a)", "as NOT a", "not(true)", "false"},
    {"abs", kNumbers, "abs(a)", "a without its sign", "abs(-2)", "2"},
    {"negative", kNumbers, "negative(a)", "as -a", "negative(2)", "-2"},
    {"positive", kNumbers, "positive(a)", "a itself", "positive(2)", "2"},
    {"mod", kNumbers, "mod(a, b)", "the remainder of a / b, as a % b; fails where b is 0",
     "mod(7, 3)", "1"},
    {"div", kNumbers, "div(a, b)", "the whole part of a / b, as a div b; fails where b is 0",
     "div(7, 2)", "3L"},
    {"round", kNumbers, "round(a, digits)",
     "a rounded half up to so many digits behind the point; 0 where they are not given",
     "round(2.55, 1)", "2.6"},
    {"floor", kNumbers, "floor(a, digits)",
     "the largest number of so many digits that is not above a", "floor(-1.5)", "-2"},
    {"ceil", kNumbers, "ceil(a, digits)",
     "the smallest number of so many digits that is not below a", "ceil(1.2)", "2"},
    {"ceiling", kNumbers, "ceiling(a, digits)", "as ceil", "ceiling(1.2)", "2"},
    {"upper", kTexts, "upper(text)", "text in capitals", "upper('abc')", "'ABC'"},
    {"ucase", kTexts, "ucase(text)", "as upper", "ucase('abc')", "'ABC'"},
    {"lower", kTexts, "lower(text)", "text in small letters", "lower('ABC')", "'abc'"},
    {"lcase", kTexts, "lcase(text)", "as lower", "lcase('ABC')", "'abc'"},
    {"trim", kTexts, "trim(text)",
     "text without blanks at both ends; also trim(BOTH 'x' FROM text)", "trim('  a ')", "'a'"},
    {"ltrim", kTexts, "ltrim(text)", "text without blanks at its beginning", "ltrim('  a ')",
     "'a '"},
    {"rtrim", kTexts, "rtrim(text)", "text without blanks at its end", "rtrim('  a ')", "'  a'"},
    {"replace", kTexts, "replace(text, search, replacement)",
     "text with every `search` replaced, or left out without a replacement",
     "replace('a-b', '-', '+')", "'a+b'"},
    {"length", kTexts, "length(a)", "the number of characters of a text, of bytes of a binary",
     "length('größe')", "5"},
    {"len", kTexts, "len(a)", "as length", "len('abc')", "3"},
    {"char_length", kTexts, "char_length(a)", "as length", "char_length('abc')", "3"},
    {"character_length", kTexts, "character_length(a)", "as length", "character_length('abc')",
     "3"},
    {"substring", kTexts, "substring(text, position, length)",
     "the part of text from a position, 1 for the first and -1 for the last character; to its end "
     "without a length",
     "substring('spillway', 1, 5)", "'spill'"},
    {"substr", kTexts, "substr(text, position, length)", "as substring", "substr('spillway', -3)",
     "'way'"},
    {"concat", kTexts, "concat(a, b, ..)",
     "the texts one after the other, as a || b; NULL where one is NULL", "concat('a', 'b')",
     "'ab'"},
    {"like", kTexts, "like(text, pattern)", "as text LIKE pattern: % is any text, _ any character",
     "like('abc', 'a%')", "true"},
    {"date_format", kDatesAndTimes, "date_format(time, pattern)", "the time as text",
     "date_format(DATE '2026-01-31', 'yyyy-MM')", "'2026-01'"},
    {"to_date", kDatesAndTimes, "to_date(text, pattern)",
     "text as a date; yyyy-MM-dd without a pattern", "to_date('31.01.2026', 'dd.MM.yyyy')",
     "DATE '2026-01-31'"},
    {"to_timestamp", kDatesAndTimes, "to_timestamp(text, pattern)", "text as a time",
     "to_timestamp('2026-01-31 12:00')", "TIMESTAMP '2026-01-31 12:00:00'"},
    {"year", kDatesAndTimes, "year(date)", "the year", "year(DATE '2026-01-31')", "2026"},
    {"month", kDatesAndTimes, "month(date)", "the month, 1 to 12", "month(DATE '2026-01-31')", "1"},
    {"day", kDatesAndTimes, "day(date)", "the day of the month", "day(DATE '2026-01-31')", "31"},
    {"dayofmonth", kDatesAndTimes, "dayofmonth(date)", "as day", "dayofmonth(DATE '2026-01-31')",
     "31"},
    {"hour", kDatesAndTimes, "hour(time)", "the hour, 0 to 23, in UTC",
     "hour(TIMESTAMP '2026-01-31 12:34:56')", "12"},
    {"minute", kDatesAndTimes, "minute(time)", "the minute",
     "minute(TIMESTAMP '2026-01-31 12:34:56')", "34"},
    {"second", kDatesAndTimes, "second(time)", "the second, without its fraction",
     "second(TIMESTAMP '2026-01-31 12:34:56')", "56"},
    {"current_timestamp", kDatesAndTimes, "current_timestamp()",
     "the time at which the row's chunk was begun; one value for each chunk", "current_timestamp()",
     "the time"},
    {"now", kDatesAndTimes, "now()", "as current_timestamp", "now()", "the time"},
    {"current_date", kDatesAndTimes, "current_date()", "the day of current_timestamp, in UTC",
     "current_date()", "the day"},
    {"curdate", kDatesAndTimes, "curdate()", "as current_date", "curdate()", "the day"},
    {"boolean", kCastsByName, "boolean(a)", "as CAST(a AS BOOLEAN)", "boolean('true')", "true"},
    {"tinyint", kCastsByName, "tinyint(a)", "as CAST(a AS TINYINT)", "tinyint('7')", "7Y"},
    {"smallint", kCastsByName, "smallint(a)", "as CAST(a AS SMALLINT)", "smallint('7')", "7S"},
    {"int", kCastsByName, "int(a)", "as CAST(a AS INT)", "int('7')", "7"},
    {"bigint", kCastsByName, "bigint(a)", "as CAST(a AS BIGINT)", "bigint('7')", "7L"},
    {"float", kCastsByName, "float(a)", "as CAST(a AS FLOAT)", "float('0.5')", "0.5F"},
    {"double", kCastsByName, "double(a)", "as CAST(a AS DOUBLE)", "double('0.5')", "0.5D"},
    {"decimal", kCastsByName, "decimal(a)", "as CAST(a AS DECIMAL)", "decimal('7')", "7"},
    {"string", kCastsByName, "string(a)", "as CAST(a AS STRING)", "string(7)", "'7'"},
    {"binary", kCastsByName, "binary(a)", "as CAST(a AS BINARY)", "binary('A')", "X'41'"},
    {"date", kCastsByName, "date(a)", "as CAST(a AS DATE)", "date('2026-01-31')",
     "DATE '2026-01-31'"},
    {"timestamp", kCastsByName, "timestamp(a)", "as CAST(a AS TIMESTAMP)",
     "timestamp('2026-01-31 12:00:00')", "TIMESTAMP '2026-01-31 12:00:00'"},
};

}  // namespace

std::span<const FunctionReference> FunctionReferences() { return kReferences; }

const FunctionReference* FindFunctionReference(std::string_view name) {
  const auto found = std::ranges::find(kReferences, name, &FunctionReference::name);
  return found == std::end(kReferences) ? nullptr : &*found;
}

}  // namespace spillway::expression
