// The point in time that a user gives to read a table as it was.
//
// Thread rule: a free function.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace spillway::delta {

// Milliseconds since 1970, UTC, of a date ("2026-08-22"), a date and time with a blank or a T
// between them and a fraction of up to six digits, or one with an offset ("Z", "+02:00"). Without
// an offset it is UTC. Parts of a millisecond are dropped. Fails with kValueOutOfRange.
Result<int64_t> ParseTableTime(std::string_view text);

}  // namespace spillway::delta
