#include "parquet/field_index.h"

#include "base/column_name.h"

namespace spillway::parquet {
namespace {

template <typename Key>
std::vector<int> PlacesOf(const std::unordered_map<Key, std::vector<int>>& places, const Key& key) {
  const auto found = places.find(key);
  return found == places.end() ? std::vector<int>() : found->second;
}

}  // namespace

void FieldIndex::Add(std::string_view name, const std::optional<int32_t>& id) {
  by_name_[FoldName(name)].push_back(size_);
  if (id) by_id_[*id].push_back(size_);
  ++size_;
}

std::vector<int> FieldIndex::Find(const std::optional<int32_t>& id, std::string_view name) const {
  return id ? PlacesOf(by_id_, *id) : PlacesOf(by_name_, FoldName(name));
}

}  // namespace spillway::parquet
