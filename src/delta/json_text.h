// JSON as text, for the few things that delta/ writes itself.
//
// Thread rule: free functions; a JsonObject belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace spillway::delta {

// `text` in quotes, escaped. `text` must be UTF-8.
std::string JsonString(std::string_view text);

// A JSON list of strings.
std::string JsonList(const std::vector<std::string>& texts);

// A JSON object whose members stand in the order in which they first came.
class JsonObject {
 public:
  JsonObject();
  ~JsonObject();
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(JsonObject&&) noexcept;

  // Sets the member at `path`, making the objects on the way, to `value`, which is JSON. Fails with
  // kInternal on an empty path and on a path through, or to, a member that has a value already.
  Status Set(const std::vector<std::string>& path, std::string value);

  bool empty() const { return members_.empty(); }
  std::string ToString() const;

 private:
  struct Member;

  Status SetFrom(const std::vector<std::string>& path, size_t depth, std::string value);

  std::vector<std::pair<std::string, std::unique_ptr<Member>>> members_;
};

}  // namespace spillway::delta
