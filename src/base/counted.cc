#include "base/counted.h"

#include <fmt/format.h>

#include "base/units.h"

namespace spillway {

std::string Counted(int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", FormatCount(count), noun, count == 1 ? "" : "s");
}

}  // namespace spillway
