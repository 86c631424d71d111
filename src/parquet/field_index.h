// The fields of a file, or of a struct in it, by the ways in which a table finds them there: by id
// where it maps its columns so, else by name, without regard to case, as Spark does.
//
// Thread rule: immutable once all fields are added.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spillway::parquet {

class FieldIndex {
 public:
  // Adds the next field; none is its id where it has none.
  void Add(std::string_view name, const std::optional<int32_t>& id);

  // The places of all fields with that id or, without one, of that name, ascending. More than one
  // is ambiguous, even where one of them has the name exactly.
  std::vector<int> Find(const std::optional<int32_t>& id, std::string_view name) const;

  bool has_ids() const { return !by_id_.empty(); }

 private:
  int size_ = 0;
  std::unordered_map<std::string, std::vector<int>> by_name_;  // folded
  std::unordered_map<int32_t, std::vector<int>> by_id_;
};

}  // namespace spillway::parquet
