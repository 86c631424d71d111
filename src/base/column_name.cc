#include "base/column_name.h"

#include <algorithm>
#include <memory>

#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/datum.h>
#include <arrow/scalar.h>
#include <arrow/util/string.h>
#include <arrow/util/utf8.h>

namespace spillway {
namespace {

// Letters that Java lowers in another way than Arrow's table, and what to fold them to.
struct OddLetter {
  std::string_view letter;
  std::string_view folded;
};
constexpr OddLetter kOddLetters[] = {
    {"\u0130", "i\u0307"},  // a capital I with a dot: two letters
    {"\u03C2",
     "\u03C3"},  // a sigma at the end of a word, which is what a capital one becomes there
};

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char character) { return (character & 0x80) == 0; });
}

std::string FoldOddLetters(std::string_view name) {
  std::string text(name);
  for (const auto& [letter, folded] : kOddLetters) {
    for (size_t place = 0; (place = text.find(letter, place)) != std::string::npos;) {
      text.replace(place, letter.size(), folded);
    }
  }
  return text;
}

}  // namespace

std::string FoldName(std::string_view name) {
  if (IsAscii(name)) return arrow::internal::AsciiToLower(name);
  arrow::util::InitializeUTF8();
  // A name that is no UTF-8 is a damaged file's: only the same bytes are the same name.
  if (!arrow::util::ValidateUTF8(name) || !arrow::compute::Initialize().ok()) {
    return std::string(name);
  }
  const auto lowered = arrow::compute::CallFunction(
      "utf8_lower", {arrow::Datum(std::make_shared<arrow::StringScalar>(FoldOddLetters(name)))});
  return lowered.ok() ? lowered->scalar()->ToString() : std::string(name);
}

bool SameName(std::string_view left, std::string_view right) {
  if (left == right) return true;
  if (IsAscii(left) && IsAscii(right)) {
    return arrow::internal::AsciiEqualsCaseInsensitive(left, right);
  }
  return FoldName(left) == FoldName(right);
}

}  // namespace spillway
