#include "delta/json_text.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"

namespace spillway::delta {

// A value, or an object of its own where there is none.
struct JsonObject::Member {
  std::optional<std::string> value;
  JsonObject object;
};

JsonObject::JsonObject() = default;
JsonObject::~JsonObject() = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;

std::string JsonString(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          quoted.push_back(c);
        }
    }
  }
  quoted.push_back('"');
  return quoted;
}

std::string JsonList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list.push_back(',');
    list += JsonString(text);
  }
  list.push_back(']');
  return list;
}

Status JsonObject::Set(const std::vector<std::string>& path, std::string value) {
  if (path.empty()) {
    return MakeError({.code = ErrorCode::kInternal, .what = "a JSON member without a name"});
  }
  return SetFrom(path, 0, std::move(value));
}

Status JsonObject::SetFrom(const std::vector<std::string>& path, size_t depth, std::string value) {
  const std::string& name = path[depth];
  auto found = std::find_if(members_.begin(), members_.end(),
                            [&name](const auto& member) { return member.first == name; });
  const bool is_last = depth + 1 == path.size();
  const bool is_new = found == members_.end();
  if (!is_new && (is_last || found->second->value.has_value())) {
    return MakeError({.code = ErrorCode::kInternal,
                      .what = fmt::format("the JSON member {} is set twice", JsonString(name))});
  }
  if (is_new) {
    members_.emplace_back(name, std::make_unique<Member>());
    found = members_.end() - 1;
  }
  if (!is_last) return found->second->object.SetFrom(path, depth + 1, std::move(value));
  found->second->value = std::move(value);
  return Status::OK();
}

std::string JsonObject::ToString() const {
  std::string text = "{";
  for (const auto& [name, member] : members_) {
    if (text.size() > 1) text.push_back(',');
    text += JsonString(name);
    text.push_back(':');
    text += member->value ? *member->value : member->object.ToString();
  }
  text.push_back('}');
  return text;
}

}  // namespace spillway::delta
