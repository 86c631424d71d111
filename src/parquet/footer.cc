#include "parquet/footer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/page_index.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include "base/error.h"
#include "base/saturating.h"
#include "parquet/data_file.h"
#include "parquet/footer_statistics.h"
#include "parquet/null_counts.h"
#include "parquet/throw_boundary.h"

namespace spillway::parquet {
namespace {

// What a value of `leaf` takes once it is decoded to Arrow.
int32_t DecodedTypeBytes(const ::parquet::ColumnDescriptor& leaf) {
  constexpr int32_t kDecimal128Bytes = 16;
  if (leaf.logical_type()->is_decimal()) return std::max(kDecimal128Bytes, leaf.type_length());
  switch (leaf.physical_type()) {
    case ::parquet::Type::BOOLEAN:
      return 1;
    case ::parquet::Type::INT32:
    case ::parquet::Type::FLOAT:
      return 4;
    case ::parquet::Type::INT64:
    case ::parquet::Type::INT96:
    case ::parquet::Type::DOUBLE:
      return 8;
    case ::parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return leaf.type_length();
    default:
      return 0;
  }
}

int32_t LevelBits(const ::parquet::ColumnDescriptor& leaf) {
  return std::bit_width(static_cast<uint16_t>(leaf.max_definition_level())) +
         std::bit_width(static_cast<uint16_t>(leaf.max_repetition_level()));
}

LeafColumn DescribeLeaf(const ::parquet::ColumnDescriptor& leaf, int32_t root) {
  return {.path = leaf.path()->ToDotVector(),
          .physical_type = ::parquet::TypeToString(leaf.physical_type()),
          .type_bytes = DecodedTypeBytes(leaf),
          .root = root,
          .repeated = leaf.max_repetition_level() > 0,
          .level_bits = LevelBits(leaf)};
}

bool IsDictionary(::parquet::Encoding::type encoding) {
  return encoding == ::parquet::Encoding::RLE_DICTIONARY ||
         encoding == ::parquet::Encoding::PLAIN_DICTIONARY;
}

bool IsAsLargeAsValues(::parquet::Encoding::type encoding) {
  return encoding == ::parquet::Encoding::PLAIN || encoding == ::parquet::Encoding::RLE ||
         encoding == ::parquet::Encoding::BIT_PACKED ||
         encoding == ::parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY;
}

ColumnChunkFacts DescribeChunk(const ::parquet::ColumnChunkMetaData& chunk) {
  ColumnChunkFacts facts{.num_values = chunk.num_values(),
                         .first_byte = FirstByte(chunk),
                         .compressed_bytes = chunk.total_compressed_size(),
                         .uncompressed_bytes = AddBytes(chunk.total_uncompressed_size(), 0),
                         .codec = chunk.compression()};
  facts.is_plain = std::ranges::all_of(chunk.encodings(), IsAsLargeAsValues);
  facts.has_dictionary =
      chunk.has_dictionary_page() || std::ranges::any_of(chunk.encodings(), IsDictionary);
  facts.is_all_dictionary = facts.has_dictionary && !chunk.encoding_stats().empty();
  for (const ::parquet::PageEncodingStats& pages : chunk.encoding_stats()) {
    const bool is_data = pages.page_type != ::parquet::PageType::DICTIONARY_PAGE;
    facts.gave_up_dictionary |=
        facts.has_dictionary && is_data && !IsDictionary(pages.encoding) && pages.count > 0;
  }
  facts.is_all_dictionary &= !facts.gave_up_dictionary;
  if (const auto sizes = chunk.size_statistics()) {
    const std::optional<int64_t>& bytes = sizes->unencoded_byte_array_data_bytes;
    if (bytes && *bytes >= 0) facts.unencoded_bytes = AddBytes(*bytes, 0);
  }
  return facts;
}

// The rows of page `index`, or where the index contradicts itself those of the whole row group.
int64_t RowsOfPage(const std::vector<::parquet::PageLocation>& pages, size_t index,
                   int64_t num_rows) {
  const int64_t first = pages[index].first_row_index;
  const int64_t end = index + 1 < pages.size() ? pages[index + 1].first_row_index : num_rows;
  return 0 <= first && first <= end && end <= num_rows ? end - first : num_rows;
}

void DescribePages(::parquet::RowGroupPageIndexReader& index, RowGroupFacts& row_group) {
  for (size_t leaf = 0; leaf < row_group.columns.size(); ++leaf) {
    const auto offsets = index.GetOffsetIndex(static_cast<int32_t>(leaf));
    if (offsets == nullptr) continue;
    ColumnChunkFacts& facts = row_group.columns[leaf];
    const std::vector<::parquet::PageLocation>& pages = offsets->page_locations();
    facts.num_pages = static_cast<int64_t>(pages.size());
    facts.largest_page_bytes = facts.longest_page_rows = 0;
    for (size_t i = 0; i < pages.size(); ++i) {
      facts.longest_page_rows =
          std::max(*facts.longest_page_rows, RowsOfPage(pages, i, row_group.num_rows));
      facts.largest_page_bytes =
          std::max<int64_t>(*facts.largest_page_bytes, pages[i].compressed_page_size);
    }
  }
}

// Whether the offset indexes that a row group points to are inside the file.
bool HasOffsetIndex(const DataFile& file, const ::parquet::RowGroupMetaData& row_group) {
  for (int leaf = 0; leaf < row_group.num_columns(); ++leaf) {
    const auto location = row_group.ColumnChunk(leaf)->GetOffsetIndexLocation();
    if (!location) continue;
    if (location->offset < 0 || location->length < 0 || location->offset > file.file_bytes ||
        location->length > file.file_bytes - location->offset) {
      return false;
    }
  }
  return true;
}

// Page sizes are hints too: an index that cannot be read leaves them unknown.
Status DescribeAllPages(const DataFile& file, Footer& footer) {
  const auto reader =
      ::parquet::ParquetFileReader::Open(file.source, file.properties, file.metadata);
  const auto index = reader->GetPageIndexReader();
  if (index == nullptr) return Status::OK();
  for (size_t i = 0; i < footer.row_groups.size(); ++i) {
    const int ordinal = static_cast<int>(i);
    if (!HasOffsetIndex(file, *file.metadata->RowGroup(ordinal))) continue;
    const Status status = CatchParquet([&]() -> Status {
      const auto row_group = index->RowGroup(ordinal);
      if (row_group != nullptr) DescribePages(*row_group, footer.row_groups[i]);
      return Status::OK();
    });
    if (status.IsOutOfMemory()) return status;
  }
  return Status::OK();
}

Result<Footer> DescribeMetadata(const DataFile& file) {
  const ::parquet::FileMetaData& metadata = *file.metadata;
  Footer footer{.path = file.path,
                .file_bytes = file.file_bytes,
                .footer_bytes = file.footer_bytes,
                .created_by = metadata.created_by(),
                .counts_nulls_right = CountsNullsRight(metadata)};
  ARROW_RETURN_NOT_OK(::parquet::arrow::FromParquetSchema(
      metadata.schema(), ::parquet::default_arrow_reader_properties(), &footer.schema));
  for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
    const ::parquet::schema::Node& root = *metadata.schema()->GetColumnRoot(leaf);
    footer.leaves.push_back(DescribeLeaf(*metadata.schema()->Column(leaf),
                                         metadata.schema()->group_node()->FieldIndex(root)));
  }
  int64_t first_row = file.first_row;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto row_group = metadata.RowGroup(i);
    RowGroupFacts facts{.first_row = first_row, .num_rows = row_group->num_rows()};
    for (int leaf = 0; leaf < metadata.num_columns(); ++leaf) {
      ColumnChunkFacts chunk = DescribeChunk(*row_group->ColumnChunk(leaf));
      facts.compressed_bytes = AddBytes(facts.compressed_bytes, chunk.compressed_bytes);
      facts.uncompressed_bytes = AddBytes(facts.uncompressed_bytes, chunk.uncompressed_bytes);
      facts.columns.push_back(std::move(chunk));
    }
    first_row += facts.num_rows;
    footer.num_rows += facts.num_rows;
    footer.row_groups.push_back(std::move(facts));
  }
  return footer;
}

}  // namespace

Result<Footer> DescribeFooter(const DataFile& file, bool page_sizes) {
  Footer footer;
  ARROW_RETURN_NOT_OK(ReadError(CatchParquet([&]() -> Status {
                                  ARROW_ASSIGN_OR_RAISE(footer, DescribeMetadata(file));
                                  return page_sizes ? DescribeAllPages(file, footer) : Status::OK();
                                }),
                                file.path));
  return footer;
}

Result<ChunkStatistics> DescribeStatistics(const DataFile& file, int row_group, int leaf) {
  ChunkStatistics described;
  const Status status = CatchParquet([&]() -> Status {
    const auto chunk = file.metadata->RowGroup(row_group)->ColumnChunk(leaf);
    const auto statistics = ReadableStatistics(*chunk);
    if (statistics == nullptr) return Status::OK();
    if (statistics->HasNullCount()) described.null_count = statistics->null_count();
    if (!statistics->HasMinMax() || !HasTypesOrder(*statistics)) return Status::OK();
    return ::parquet::arrow::StatisticsAsScalars(*statistics, &described.minimum,
                                                 &described.maximum);
  });
  if (status.IsOutOfMemory()) return status;
  if (!status.ok()) described.minimum = described.maximum = nullptr;
  return described;
}

Result<Footer> ReadFooter(const std::string& path, int64_t expected_size_bytes,
                          const FooterOptions& options) {
  constexpr int64_t kBufferBytes = 16 * 1024;
  ARROW_ASSIGN_OR_RAISE(
      const DataFile file,
      OpenDataFile(path, expected_size_bytes, MakeReaderProperties(options.pool, kBufferBytes)));
  return DescribeFooter(file, options.page_sizes);
}

}  // namespace spillway::parquet
