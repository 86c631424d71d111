#include "spec/yaml_value.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <nlohmann/json.hpp>

namespace spillway::spec {
namespace {

// Words that YAML reads as a boolean or as nothing, in any case.
bool IsYamlWord(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {"true", "false", "null", "yes", "no",
                                                      "on",   "off",   "y",    "n"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kWords, lower) != kWords.end();
}

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '/' || c == '.' || c == '-';
}

}  // namespace

// A JSON string is a YAML value in double quotes.
std::string YamlValue(std::string_view text) {
  const bool is_relative_path = text.starts_with("./") || text.starts_with("../");
  const bool begins_plain = !text.empty() && !std::isdigit(static_cast<unsigned char>(text[0])) &&
                            text[0] != '-' && (text[0] != '.' || is_relative_path);
  if (begins_plain && std::ranges::all_of(text, IsPlain) && !IsYamlWord(text)) {
    return std::string(text);
  }
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/false,
                                   nlohmann::json::error_handler_t::replace);
}

std::string WithoutVariables(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '$' ? std::string("$$") : std::string(1, c);
  return escaped;
}

}  // namespace spillway::spec
