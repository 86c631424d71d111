// Patterns of date_format, to_date and to_timestamp: the letters of java.time's DateTimeFormatter,
// as far as Spark accepts them, for the locale en-US and the zone UTC.
//
// Thread rule: immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expression/time_zone.h"

namespace spillway::expression {

enum class PatternUse : uint8_t { kFormatting, kParsing };

struct PatternElement {
  enum class Kind : uint8_t { kLiteral, kField, kOptional };
  Kind kind = Kind::kLiteral;
  char letter = 0;                         // of a field, as written; 'u' for a year without an era
  int count = 0;                           // how often it stands there
  std::string text = {};                   // of a literal
  std::vector<PatternElement> inner = {};  // of an optional part
  // While parsing: digits that the fixed-width numbers right behind this number need; -1 if this is
  // such a fixed-width number itself.
  int following_digits = 0;
};

class DatetimePattern {
 public:
  // Fails with kEvaluation on a pattern that Spark refuses, naming the letter, and with
  // kExpressionUnsupported on one that is Spark's but not ours.
  static Result<DatetimePattern> Make(std::string_view pattern, PatternUse use);

  // Appends the text of the moment `micros` (since 1970-01-01 00:00 UTC).
  void Format(int64_t micros, std::string* out) const;

  // The moment that all of `text` stands for; nullopt if it is none. Fields that the pattern lacks
  // are those of 1970-01-01 00:00.
  std::optional<int64_t> Parse(std::string_view text, ZoneDatabase* zones) const;

 private:
  std::vector<PatternElement> elements_;
};

}  // namespace spillway::expression
