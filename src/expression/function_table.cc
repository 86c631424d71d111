#include "expression/function_table.h"

#include <algorithm>
#include <array>

#include "expression/functions/kernels.h"
#include "expression/type_rules.h"

namespace spillway::expression {
namespace {

namespace f = functions;

constexpr bool kCanFail = true;
constexpr auto kRightFirst = ArgumentOrder::kRightFirst;
constexpr auto kAll = ArgumentOrder::kAll;

constexpr Function kFunctions[] = {
    // Operators. Their names cannot be written as calls.
    {"+", 2, 2, AddRule, f::Add, kCanFail},
    {"-", 2, 2, SubtractRule, f::Subtract, kCanFail},
    {"*", 2, 2, MultiplyRule, f::Multiply, kCanFail},
    {"/", 2, 2, DivideRule, f::Divide, kCanFail, kRightFirst},
    {"div", 2, 2, DivideIntegralRule, f::DivideIntegral, kCanFail, kRightFirst},
    {"%", 2, 2, RemainderRule, f::Remainder, kCanFail, kRightFirst},
    {"=", 2, 2, ComparisonRule, f::Equal},
    {"<>", 2, 2, ComparisonRule, f::NotEqual},
    {"<", 2, 2, ComparisonRule, f::Less},
    {"<=", 2, 2, ComparisonRule, f::LessOrEqual},
    {">", 2, 2, ComparisonRule, f::Greater},
    {">=", 2, 2, ComparisonRule, f::GreaterOrEqual},
    {"<=>", 2, 2, NullSafeEqualRule, f::NullSafeEqual, false, kAll},
    {"and", 2, 2, AndRule},
    {"or", 2, 2, OrRule},
    {"not", 1, 1, BooleanRule, f::Not},
    {"istrue", 1, 1, TruthRule, f::IsTrue},
    {"isfalse", 1, 1, TruthRule, f::IsFalse},
    {"isunknown", 1, 1, TruthRule, f::IsNull},
    {"like", 2, 3, LikeRule, f::Like, kCanFail},
    {"||", 2, 2, ConcatRule, f::Concat, false, kAll},

    // Conditions and nulls.
    {"coalesce", 1, kAnyNumber, CoalesceRule},
    {"ifnull", 2, 2, CoalesceRule},
    {"nvl", 2, 2, CoalesceRule},
    {"if", 3, 3, IfRule},
    {"isnull", 1, 1, NullTestRule, f::IsNull},
    {"isnotnull", 1, 1, NullTestRule, f::IsNotNull},
    {"isnan", 1, 1, IsNaNRule, f::IsNaN},
    {"greatest", 2, kAnyNumber, ExtremeRule, f::Greatest, false, kAll},
    {"least", 2, kAnyNumber, ExtremeRule, f::Least, false, kAll},

    // Numbers.
    {"negative", 1, 1, SignRule, f::Negate, kCanFail},
    {"positive", 1, 1, PositiveRule},
    {"abs", 1, 1, SignRule, f::Absolute, kCanFail},
    {"mod", 2, 2, RemainderRule, f::Remainder, kCanFail, kRightFirst},
    {"round", 1, 2, RoundRule, f::RoundNumber, kCanFail},
    {"floor", 1, 2, FloorRule, f::FloorNumber, kCanFail},
    {"ceil", 1, 2, CeilRule, f::CeilNumber, kCanFail},
    {"ceiling", 1, 2, CeilRule, f::CeilNumber, kCanFail},

    // Texts.
    {"upper", 1, 1, CaseRule, f::Upper},
    {"ucase", 1, 1, CaseRule, f::Upper},
    {"lower", 1, 1, CaseRule, f::Lower},
    {"lcase", 1, 1, CaseRule, f::Lower},
    {"trim", 1, 2, TextRule, f::Trim},
    {"ltrim", 1, 2, TextRule, f::TrimLeft},
    {"rtrim", 1, 2, TextRule, f::TrimRight},
    {"replace", 2, 3, TextRule, f::Replace},
    {"length", 1, 1, LengthRule, f::Length},
    {"len", 1, 1, LengthRule, f::Length},
    {"char_length", 1, 1, LengthRule, f::Length},
    {"character_length", 1, 1, LengthRule, f::Length},
    {"substring", 2, 3, SubstringRule, f::Substring},
    {"substr", 2, 3, SubstringRule, f::Substring},
    {"concat", 0, kAnyNumber, ConcatRule, f::Concat, false, kAll},

    // Dates and times.
    {"date_format", 2, 2, DateFormatRule, f::FormatTimestamps, kCanFail},
    {"to_date", 1, 2, ToDateRule, f::ParseTimestamps, kCanFail},
    {"to_timestamp", 1, 2, ToTimestampRule, f::ParseTimestamps, kCanFail},
    {"year", 1, 1, DatePartRule, f::Year},
    {"month", 1, 1, DatePartRule, f::Month},
    {"day", 1, 1, DatePartRule, f::Day},
    {"dayofmonth", 1, 1, DatePartRule, f::Day},
    {"hour", 1, 1, TimePartRule, f::Hour},
    {"minute", 1, 1, TimePartRule, f::Minute},
    {"second", 1, 1, TimePartRule, f::Second},
    {"current_timestamp", 0, 0, CurrentTimestampRule, f::CurrentTimestamp},
    {"now", 0, 0, CurrentTimestampRule, f::CurrentTimestamp},
    {"current_date", 0, 0, CurrentDateRule, f::CurrentDate},
    {"curdate", 0, 0, CurrentDateRule, f::CurrentDate},

    // Types as functions: CAST by another name.
    {"boolean", 1, 1, CastRule},
    {"tinyint", 1, 1, CastRule},
    {"smallint", 1, 1, CastRule},
    {"int", 1, 1, CastRule},
    {"bigint", 1, 1, CastRule},
    {"float", 1, 1, CastRule},
    {"double", 1, 1, CastRule},
    {"decimal", 1, 1, CastRule},
    {"string", 1, 1, CastRule},
    {"binary", 1, 1, CastRule},
    {"date", 1, 1, CastRule},
    {"timestamp", 1, 1, CastRule},
};

bool IsCallable(const Function& function) {
  return function.name.size() > 2 && function.name.find('|') == std::string_view::npos &&
         function.name != "istrue" && function.name != "isfalse" && function.name != "isunknown" &&
         function.name != "<=>";
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  const auto found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                  [name](const Function& f) { return f.name == name; });
  return found == std::end(kFunctions) ? nullptr : &*found;
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const Function& function : kFunctions) {
    if (IsCallable(function) || function.name == "if") names.emplace_back(function.name);
  }
  return names;
}

}  // namespace spillway::expression
