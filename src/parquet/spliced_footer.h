// The footer of a spliced file, put together from those of its parts.
//
// Thread rule: one thread at a time. Functions fail with uncoded statuses and throw what
// parquet-cpp throws.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <parquet/index_location.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "base/status.h"

namespace spillway::parquet {

// One column chunk of the new file, described by a footer that has it at another place.
struct ChunkPart {
  std::shared_ptr<::parquet::FileMetaData> metadata;
  int row_group = 0;  // of `metadata`
  int leaf = 0;       // of `metadata`
  int64_t shift = 0;  // what its offsets there lack to be those in the new file
  // Of a copied chunk, as they were counted; none of one that was encoded, whose footer is ours.
  std::optional<int64_t> null_count = {};
  // Serialised, with offsets in the new file; null = none.
  std::shared_ptr<arrow::Buffer> column_index = {};
  std::shared_ptr<arrow::Buffer> offset_index = {};
  std::optional<::parquet::IndexLocation> bloom_filter = {};  // in the new file
};

struct RowGroupPart {
  int64_t num_rows = 0;
  std::vector<ChunkPart> chunks;  // one for each leaf of the new file
};

// The properties that state the codecs of the first row group's chunks.
std::shared_ptr<::parquet::WriterProperties> FooterProperties(
    const ::parquet::SchemaDescriptor& schema, const std::vector<ChunkPart>& chunks);

// Writes page indexes and footer to `sink`, which stands behind the last column chunk. Returns the
// new footer.
Result<std::shared_ptr<::parquet::FileMetaData>> WriteFooter(
    const ::parquet::SchemaDescriptor& schema, const std::vector<RowGroupPart>& row_groups,
    const std::shared_ptr<::parquet::WriterProperties>& properties, arrow::io::OutputStream* sink);

}  // namespace spillway::parquet
