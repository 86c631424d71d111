#include "parquet/data_file.h"

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "parquet/stored_footer.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kSmallestPage = 9;  // the fields that a header must have; at most 2^31 - 1 values

Status CheckChunk(const DataFile& file, const ::parquet::ColumnChunkMetaData& chunk,
                  const ::parquet::ColumnDescriptor& leaf, int64_t num_rows) {
  const auto damaged = [&](std::string_view why) {
    return Damaged(file.path, fmt::format("column {}: {}", leaf.path()->ToDotString(), why));
  };
  if (!chunk.file_path().empty()) return damaged("its pages are in another file");
  const int64_t bytes = chunk.total_compressed_size();
  const int64_t data_end = file.file_bytes - file.footer_bytes - kFooterTailBytes;
  const int64_t first = FirstByte(chunk);
  if (first < 0 || bytes < 0 || first > data_end || bytes > data_end - first ||
      chunk.total_uncompressed_size() < 0) {
    return damaged("its pages lie outside the file");
  }
  if (chunk.num_values() / std::numeric_limits<int32_t>::max() > bytes / kSmallestPage) {
    return damaged(
        fmt::format("{} bytes of pages cannot hold {} values", bytes, chunk.num_values()));
  }
  const bool repeated = leaf.max_repetition_level() > 0;
  if (repeated ? chunk.num_values() < num_rows : chunk.num_values() != num_rows) {
    return damaged(fmt::format("{} values for {} rows", chunk.num_values(), num_rows));
  }
  return Status::OK();
}

}  // namespace

Status Damaged(const std::string& path, std::string why) {
  return MakeError({.code = ErrorCode::kCorruptDataFile,
                    .what = "a data file is damaged",
                    .where = path,
                    .why = std::move(why)});
}

Status Unsupported(const std::string& path, std::string what) {
  return MakeError(
      {.code = ErrorCode::kUnsupportedFeature, .what = std::move(what), .where = path});
}

Status CheckRowGroups(const DataFile& file) {
  const ::parquet::FileMetaData& metadata = *file.metadata;
  if (metadata.is_encryption_algorithm_set()) {
    return Unsupported(file.path, "a data file is encrypted");
  }
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto row_group = metadata.RowGroup(i);
    if (row_group->num_columns() != metadata.num_columns()) {
      return Damaged(file.path, "a row group lacks columns");
    }
    for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
      const auto chunk = row_group->ColumnChunk(leaf);
      ARROW_RETURN_NOT_OK(
          CheckChunk(file, *chunk, *metadata.schema()->Column(leaf), row_group->num_rows()));
      if (!chunk->can_decompress()) {
        return Unsupported(file.path, "a data file uses a compression that Spillway cannot read");
      }
    }
  }
  return Status::OK();
}

::parquet::ReaderProperties MakeReaderProperties(arrow::MemoryPool* pool, int64_t buffer_bytes) {
  ::parquet::ReaderProperties properties(pool);
  properties.enable_buffered_stream();
  properties.set_buffer_size(buffer_bytes);
  properties.set_page_checksum_verification(true);
  return properties;
}

Result<DataFile> OpenDataFile(const std::string& path, int64_t expected_size_bytes,
                              ::parquet::ReaderProperties properties) {
  ARROW_ASSIGN_OR_RAISE(const auto footer, StoredFooter::Read(path, expected_size_bytes));
  return footer->Open(footer->all_row_groups(), std::move(properties));
}

int64_t FirstByte(const ::parquet::ColumnChunkMetaData& chunk) {
  const int64_t data = chunk.data_page_offset();
  const int64_t dictionary = chunk.dictionary_page_offset();
  // Some writers set the offset of a dictionary that they did not write to 0.
  return chunk.has_dictionary_page() && dictionary > 0 && dictionary < data ? dictionary : data;
}

}  // namespace spillway::parquet
