#include "parquet/leaf_ranges.h"

namespace spillway::parquet {
namespace {

int CountLeavesBelow(const ::parquet::schema::Node& node) {
  if (node.is_primitive()) return 1;
  const auto& group = static_cast<const ::parquet::schema::GroupNode&>(node);
  int leaves = 0;
  for (int i = 0; i < group.field_count(); ++i) leaves += CountLeavesBelow(*group.field(i));
  return leaves;
}

}  // namespace

std::vector<LeafRange> LeafRangesOf(const ::parquet::SchemaDescriptor& schema) {
  const ::parquet::schema::GroupNode& root = *schema.group_node();
  std::vector<LeafRange> ranges;
  ranges.reserve(static_cast<size_t>(root.field_count()));
  int next = 0;
  for (int i = 0; i < root.field_count(); ++i) {
    ranges.push_back({.first = next, .count = CountLeavesBelow(*root.field(i))});
    next += ranges.back().count;
  }
  return ranges;
}

}  // namespace spillway::parquet
