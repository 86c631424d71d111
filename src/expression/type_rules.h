// The type rules of the function table: how Spark in ANSI mode converts a call's arguments, and
// what type the result has.
//
// Thread rule: pure functions.
#pragma once

#include "expression/call_binding.h"

namespace spillway::expression {

// arithmetic_rules.cc
Result<NodePointer> AddRule(CallBinding& call);
Result<NodePointer> SubtractRule(CallBinding& call);
Result<NodePointer> MultiplyRule(CallBinding& call);
Result<NodePointer> DivideRule(CallBinding& call);
Result<NodePointer> DivideIntegralRule(CallBinding& call);
Result<NodePointer> RemainderRule(CallBinding& call);
Result<NodePointer> SignRule(CallBinding& call);
Result<NodePointer> PositiveRule(CallBinding& call);
Result<NodePointer> RoundRule(CallBinding& call);
Result<NodePointer> FloorRule(CallBinding& call);
Result<NodePointer> CeilRule(CallBinding& call);

// logic_rules.cc
Result<NodePointer> ComparisonRule(CallBinding& call);
Result<NodePointer> NullSafeEqualRule(CallBinding& call);
Result<NodePointer> AndRule(CallBinding& call);
Result<NodePointer> OrRule(CallBinding& call);
Result<NodePointer> BooleanRule(CallBinding& call);
Result<NodePointer> TruthRule(CallBinding& call);
Result<NodePointer> CoalesceRule(CallBinding& call);
Result<NodePointer> IfRule(CallBinding& call);
Result<NodePointer> NullTestRule(CallBinding& call);
Result<NodePointer> IsNaNRule(CallBinding& call);
Result<NodePointer> ExtremeRule(CallBinding& call);

// text_rules.cc
Result<NodePointer> TextRule(CallBinding& call);
Result<NodePointer> CaseRule(CallBinding& call);
Result<NodePointer> LengthRule(CallBinding& call);
Result<NodePointer> SubstringRule(CallBinding& call);
Result<NodePointer> ConcatRule(CallBinding& call);
Result<NodePointer> LikeRule(CallBinding& call);
Result<NodePointer> CastRule(CallBinding& call);

// datetime_rules.cc
Result<NodePointer> DateFormatRule(CallBinding& call);
Result<NodePointer> ToDateRule(CallBinding& call);
Result<NodePointer> ToTimestampRule(CallBinding& call);
Result<NodePointer> DatePartRule(CallBinding& call);
Result<NodePointer> TimePartRule(CallBinding& call);
Result<NodePointer> CurrentTimestampRule(CallBinding& call);
Result<NodePointer> CurrentDateRule(CallBinding& call);

// Converts two arguments to the type in which Spark compares them; false if there is none.
bool MeetForComparison(CallBinding& call);

}  // namespace spillway::expression
