// Dates and timestamps as text, in the forms that Spark's CAST reads and writes.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "expression/time_zone.h"

namespace spillway::expression {

// Blanks and ISO control characters at both ends are what Spark's casts trim.
std::string_view TrimBlanks(std::string_view text);

// "2020", "2020-1", "2020-1-1", "+10000-01-01", "2020-01-01 anything", "2020-01-01T..": days since
// 1970-01-01.
std::optional<int32_t> ParseDate(std::string_view text);

// A date, a date and a time, or a time alone (of the day of `now_micros`), with up to six digits of
// fraction (more are cut off) and an optional zone; UTC where none is written. Microseconds since
// 1970-01-01 00:00 UTC.
std::optional<int64_t> ParseTimestamp(std::string_view text, int64_t now_micros,
                                      ZoneDatabase* zones);

// True for a time without a date, which ParseTimestamp takes for one of today.
bool IsTimeAlone(std::string_view text);

// The same without a zone: one that is written is checked and ignored; a time alone is refused.
std::optional<int64_t> ParseTimestampNtz(std::string_view text, ZoneDatabase* zones);

// "2020-01-01"; "-0001-01-01", "+10000-01-01". Returns the end of the text; needs 20 bytes.
char* FormatDate(int64_t days, char* out);

// "2020-01-01 12:34:56.789": the fraction without trailing zeros. Needs 40 bytes.
char* FormatTimestamp(int64_t micros, char* out);

}  // namespace spillway::expression
