#include "spec/located_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "spec/utf8.h"

namespace spillway::spec {

TextAnchor LocatedText::PlaceOf(size_t offset) const {
  offset = std::min(offset, text.size());
  const auto after = std::upper_bound(
      anchors.begin(), anchors.end(), offset,
      [](size_t wanted, const TextAnchor& anchor) { return wanted < anchor.offset; });
  if (after == anchors.begin()) return TextAnchor{.offset = offset};
  TextAnchor place = *(after - 1);
  if (!place.fixed) {
    const std::string_view before = std::string_view(text).substr(place.offset);
    place.column += static_cast<int>(CountCharacters(before.substr(0, offset - place.offset)));
  }
  place.offset = offset;
  return place;
}

std::string LocatedText::WithVariableNames() const {
  std::string names;
  size_t copied = 0;
  for (const VariablePart& part : variable_parts) {
    names += fmt::format("{}${{{}}}", std::string_view(text).substr(copied, part.begin - copied),
                         part.name);
    copied = part.end;
  }
  return names + text.substr(copied);
}

std::string LocatedText::Where(size_t offset) const {
  const TextAnchor place = PlaceOf(offset);
  if (in_file) return fmt::format("{}:{}:{}", origin, place.line, place.column);
  if (place.line > 1) {
    return fmt::format("{}, line {}, character {}", origin, place.line, place.column);
  }
  return offset == 0 ? origin : fmt::format("{}, character {}", origin, place.column);
}

}  // namespace spillway::spec
