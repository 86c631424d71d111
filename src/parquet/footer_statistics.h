// What the footer of a file says of one leaf column over all row groups, as a Delta log wants it.
//
// Thread rule: free functions. They throw what parquet-cpp throws.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include "base/status.h"
#include "parquet/column_statistics.h"

namespace spillway::parquet {

struct LeafStatistics {
  int64_t null_count = 0;  // kUnknownCount where a row group has none
  // Null where the file has no value or the bounds are unknown.
  std::shared_ptr<::parquet::Statistics> bounds;
};

// What the footer says of the values of a chunk; null where it says nothing, or what cannot be: a
// source's footer may say anything.
std::shared_ptr<::parquet::Statistics> ReadableStatistics(
    const ::parquet::ColumnChunkMetaData& chunk);

// Whether the bounds, if there are any, are in the order of the leaf's type. Those of older writers
// (`min` and `max`, before `min_value` and `max_value`) compare all bytes as signed ones, which is
// right for numbers alone; readers set the others aside, as parquet-mr does.
bool HasTypesOrder(const ::parquet::Statistics& statistics);

// What the footer of another file may say of a chunk that is copied there, of which `null_count`
// values were counted to be NULL. A footer that says another number is believed in nothing.
::parquet::EncodedStatistics CopiedStatistics(const ::parquet::ColumnChunkMetaData& chunk,
                                              int64_t null_count);

LeafStatistics GatherLeaf(const ::parquet::FileMetaData& metadata, int leaf);

// Fills the bounds of a column of `type` from those of its leaf, or leaves them unknown.
Status FillBounds(const ::parquet::Statistics& bounds, const std::shared_ptr<arrow::DataType>& type,
                  ColumnStatistics& statistics);

// Appends the statistics of a column that was copied, whose first leaf is `leaf`, and of the fields
// inside it. Nothing is known of lists and maps, nor of floating-point bounds, which leave NaN out,
// nor of bounds that cannot be read.
Status AddCopiedStatistics(const arrow::Field& field, std::vector<std::string> path,
                           const ::parquet::FileMetaData& metadata, int leaf,
                           std::vector<ColumnStatistics>& all);

// How many leaf columns a column of `type` becomes.
int CountLeaves(const arrow::DataType& type);

}  // namespace spillway::parquet
