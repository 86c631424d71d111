#include "parquet/copied_indexes.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include <arrow/io/memory.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/page_index.h>

#include "parquet/footer_statistics.h"
#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

bool IsInside(const DataFile& file, const ::parquet::IndexLocation& location) {
  return location.offset >= 0 && location.length > 0 && location.offset <= file.file_bytes &&
         location.length <= file.file_bytes - location.offset;
}

// The bytes at `location`, or null where they are not there.
Result<std::shared_ptr<arrow::Buffer>> ReadIndex(
    const DataFile& file, const std::optional<::parquet::IndexLocation>& location) {
  if (!location || !IsInside(file, *location)) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bytes, file.source->ReadAt(location->offset, location->length));
  if (bytes->size() != location->length) return nullptr;
  return bytes;
}

// Whether the pages lie one after another inside the chunk, and their rows too.
bool FitsChunk(const ::parquet::OffsetIndex& index, const ::parquet::ColumnChunkMetaData& chunk,
               int64_t num_rows) {
  int64_t next_byte = FirstByte(chunk);
  int64_t next_row = 0;
  for (const ::parquet::PageLocation& page : index.page_locations()) {
    if (page.offset < next_byte || page.compressed_page_size <= 0) return false;
    if (page.first_row_index < next_row || page.first_row_index > num_rows) return false;
    next_byte = page.offset + page.compressed_page_size;
    next_row = page.first_row_index;
  }
  return !index.page_locations().empty() &&
         next_byte <= FirstByte(chunk) + chunk.total_compressed_size();
}

Result<std::shared_ptr<arrow::Buffer>> Shift(const ::parquet::OffsetIndex& index, int64_t shift,
                                             arrow::MemoryPool* pool) {
  const auto builder = ::parquet::OffsetIndexBuilder::Make();
  const auto& pages = index.page_locations();
  const auto& sizes = index.unencoded_byte_array_data_bytes();
  for (size_t i = 0; i < pages.size(); ++i) {
    const std::optional<int64_t> size =
        sizes.size() == pages.size() ? std::optional(sizes[i]) : std::nullopt;
    builder->AddPage(pages[i].offset, pages[i].compressed_page_size, pages[i].first_row_index,
                     size);
  }
  builder->Finish(shift);
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create(4096, pool));
  builder->WriteTo(sink.get());
  return sink->Finish();
}

// Whether the index says of all pages together what was counted in them.
bool AgreesWith(const ::parquet::ColumnIndex& index, int64_t null_count) {
  if (!index.has_null_counts()) return false;
  const std::vector<int64_t>& counts = index.null_counts();
  return std::ranges::all_of(counts, [](int64_t count) { return count >= 0; }) &&
         std::accumulate(counts.begin(), counts.end(), int64_t{0}) == null_count;
}

// The bytes of the column index; null where it is not to be relied on.
Result<std::shared_ptr<arrow::Buffer>> ReadColumnIndex(const DataFile& file,
                                                       const ::parquet::ColumnChunkMetaData& chunk,
                                                       int leaf, int64_t null_count) {
  const auto statistics = ReadableStatistics(chunk);
  if (statistics == nullptr || !HasTypesOrder(*statistics)) return nullptr;
  if (statistics->HasNullCount() && statistics->null_count() != null_count) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadIndex(file, chunk.GetColumnIndexLocation()));
  if (bytes == nullptr) return nullptr;
  bool agrees = false;
  const Status status = CatchParquet([&]() -> Status {
    agrees = AgreesWith(
        *::parquet::ColumnIndex::Make(*file.metadata->schema()->Column(leaf), bytes->data(),
                                      static_cast<uint32_t>(bytes->size()), file.properties),
        null_count);
    return Status::OK();
  });
  if (status.IsOutOfMemory()) return status;
  return agrees ? bytes : nullptr;
}

}  // namespace

Result<PageIndexes> ReadPageIndexes(const DataFile& file, int row_group, int leaf, int64_t shift,
                                    int64_t null_count, arrow::MemoryPool* pool) {
  const auto group = file.metadata->RowGroup(row_group);
  const auto chunk = group->ColumnChunk(leaf);
  ARROW_ASSIGN_OR_RAISE(const auto offsets, ReadIndex(file, chunk->GetOffsetIndexLocation()));
  if (offsets == nullptr) return PageIndexes{};
  PageIndexes indexes;
  const Status status = CatchParquet([&]() -> Status {
    const auto index =
        ::parquet::OffsetIndex::Make(offsets->data(), offsets->size(), file.properties);
    if (!FitsChunk(*index, *chunk, group->num_rows())) return Status::OK();
    return Shift(*index, shift, pool).Value(&indexes.offset_index);
  });
  if (status.IsOutOfMemory()) return status;
  if (!status.ok() || indexes.offset_index == nullptr) return PageIndexes{};
  ARROW_ASSIGN_OR_RAISE(indexes.column_index, ReadColumnIndex(file, *chunk, leaf, null_count));
  return indexes;
}

Result<std::shared_ptr<arrow::Buffer>> ReadBloomFilter(const DataFile& file, int row_group,
                                                       int leaf, arrow::MemoryPool* pool) {
  const auto group = file.metadata->RowGroup(row_group);
  const auto chunk = group->ColumnChunk(leaf);
  if (!chunk->bloom_filter_offset()) return nullptr;
  std::shared_ptr<arrow::Buffer> bytes;
  const Status status = CatchParquet([&]() -> Status {
    const auto reader =
        ::parquet::BloomFilterReader::Make(file.source, file.metadata, file.properties);
    const auto row_group_reader = reader->RowGroup(row_group);
    if (row_group_reader == nullptr) return Status::OK();
    const auto filter = row_group_reader->GetColumnBloomFilter(leaf);
    if (filter == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create(4096, pool));
    filter->WriteTo(sink.get());
    return sink->Finish().Value(&bytes);
  });
  if (status.IsOutOfMemory()) return status;
  const std::optional<int64_t> length = chunk->bloom_filter_length();
  const bool is_whole = status.ok() && bytes != nullptr && (!length || *length == bytes->size());
  return is_whole ? bytes : nullptr;
}

}  // namespace spillway::parquet
