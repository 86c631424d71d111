#include "spec/spec.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace spillway::spec {
namespace {

// "s3://bucket", "file:///path", and "file:/path", as Spark has it. One letter before the colon is
// a file's name, not a scheme.
bool IsUrl(std::string_view text) {
  const size_t colon = text.find(":/");
  if (colon == std::string_view::npos || colon < 2) return false;
  const auto is_scheme_character = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
  };
  return std::isalpha(static_cast<unsigned char>(text.front())) &&
         std::ranges::all_of(text.substr(0, colon), is_scheme_character);
}

}  // namespace

std::string_view ActionName(ExpectationAction action) {
  switch (action) {
    case ExpectationAction::kWarn:
      return "warn";
    case ExpectationAction::kDrop:
      return "drop";
    case ExpectationAction::kFail:
      return "fail";
  }
  return "";
}

std::string Spec::Resolve(const LocatedText& path) const {
  if (IsUrl(path.text)) return path.text;
  std::string resolved = (std::filesystem::path(directory) / path.text).lexically_normal().string();
  while (resolved.size() > 1 && resolved.ends_with('/')) resolved.pop_back();
  return resolved;
}

}  // namespace spillway::spec
