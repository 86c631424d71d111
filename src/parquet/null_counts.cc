#include "parquet/null_counts.h"

#include <algorithm>
#include <array>

#include <parquet/schema.h>
#include <parquet/statistics.h>

#include "parquet/footer_statistics.h"
#include "parquet/page_levels.h"

namespace spillway::parquet {
namespace {

// Of a zstd page nothing is decompressed before 128 KiB of it are.
bool AreLevelsDear(arrow::Compression::type codec) {
  if (codec == arrow::Compression::UNCOMPRESSED) return false;
  return codec == arrow::Compression::ZSTD || !PartialDecompressor::StopsEarly(codec);
}

}  // namespace

// From versions on that are some years old: older ones are counted, whatever they say.
bool CountsNullsRight(const ::parquet::FileMetaData& metadata) {
  using Version = ::parquet::ApplicationVersion;
  static const std::array<Version, 4> kFirst = {
      Version("spillway", 0, 0, 0), Version("parquet-mr", 1, 10, 0),
      Version("parquet-cpp-arrow", 14, 0, 0), Version("parquet-rs", 40, 0, 0)};
  const Version& writer = metadata.writer_version();
  return std::ranges::any_of(kFirst, [&writer](const Version& first) {
    return writer.application_ == first.application_ && !writer.VersionLt(first);
  });
}

Result<int64_t> CountNulls(const DataFile& file, int row_group, int leaf, arrow::MemoryPool* pool) {
  if (file.metadata->schema()->Column(leaf)->max_definition_level() == 0) return 0;
  const auto chunk = file.metadata->RowGroup(row_group)->ColumnChunk(leaf);
  if (AreLevelsDear(chunk->compression()) && CountsNullsRight(*file.metadata)) {
    const auto statistics = ReadableStatistics(*chunk);
    if (statistics != nullptr && statistics->HasNullCount()) return statistics->null_count();
  }
  ARROW_ASSIGN_OR_RAISE(const auto levels, PageLevels::Open(file, row_group, leaf, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t valid, levels->CountValid());
  return chunk->num_values() - valid;
}

}  // namespace spillway::parquet
