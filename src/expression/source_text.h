// The text of an expression, and coded errors that point into it.
//
// Thread rule: immutable free functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"

namespace spillway::expression {

// A piece of an expression's text: bytes [begin, end).
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

// A coded error at `span` of `text`. `info.where` becomes the place ("column 17 of the
// expression"), and the line of the text with a caret below it is put in front of `info.why`.
Status ErrorAt(std::string_view text, Span span, ErrorInfo info);

// Gives a failed `status` its place, if it has none yet: see ErrorAt. An uncoded failure becomes
// kEvaluation, out of memory kBudgetExceeded. OK stays OK.
Status WithPlace(const Status& status, std::string_view text, Span span);

}  // namespace spillway::expression
