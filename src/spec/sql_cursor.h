// Walks over Spark SQL just closely enough to know what is code, what is quoted and what is
// comment: variables are put in differently in each of them. It does not judge the text.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace spillway::spec {

enum class SqlRegion { kCode, kString, kRawString, kQuotedName, kLineComment, kBlockComment };

class SqlCursor {
 public:
  // Moves over what stands at byte `position` of `text` (positions must be visited in order, from
  // 0) and returns its length: 2 for an escape or a comment's mark, else 1. region() is then that
  // of what follows.
  size_t Step(std::string_view text, size_t position);

  SqlRegion region() const { return region_; }

  // The quote that will end a string or quoted name.
  char quote() const { return quote_; }

 private:
  size_t StepInCode(std::string_view text, size_t position);
  size_t StepInComment(std::string_view text, size_t position);

  SqlRegion region_ = SqlRegion::kCode;
  char quote_ = '\0';
  int comment_depth_ = 0;
};

}  // namespace spillway::spec
