#include "parquet/copied_indexes.h"

#include <utility>

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

}  // namespace

Result<PageIndexes> ReadPageIndexes(const DataFile& file, int row_group, int leaf, int64_t shift,
                                    arrow::MemoryPool* pool) {
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
  // A footer's statistics that are not trusted are as wrong in the pages' index.
  if (ReadableStatistics(*chunk) == nullptr) return indexes;
  ARROW_ASSIGN_OR_RAISE(indexes.column_index, ReadIndex(file, chunk->GetColumnIndexLocation()));
  return indexes;
}

Result<std::shared_ptr<arrow::Buffer>> ReadBloomFilter(const DataFile& file, int row_group,
                                                       int leaf, arrow::MemoryPool* pool) {
  const auto group = file.metadata->RowGroup(row_group);
  if (!group->ColumnChunk(leaf)->bloom_filter_offset()) return nullptr;
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
  return status.ok() ? bytes : nullptr;
}

}  // namespace spillway::parquet
