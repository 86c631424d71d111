// Which leaf columns of a Parquet file each of its top-level columns has.
//
// Thread rule: plain values and a free function.
#pragma once

#include <vector>

#include <parquet/schema.h>

namespace spillway::parquet {

// The leaves [first, first + count) of a schema.
struct LeafRange {
  int first = 0;
  int count = 0;
};

// By top-level field. Looks at each leaf once.
std::vector<LeafRange> LeafRangesOf(const ::parquet::SchemaDescriptor& schema);

}  // namespace spillway::parquet
