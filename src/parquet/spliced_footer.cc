#include "parquet/spliced_footer.h"

#include <map>
#include <utility>

#include <arrow/io/interfaces.h>
#include <parquet/file_writer.h>
#include <parquet/geospatial/statistics.h>
#include <parquet/size_statistics.h>
#include <parquet/statistics.h>

#include "base/saturating.h"
#include "parquet/batch_encoder.h"
#include "parquet/data_file.h"
#include "parquet/footer_statistics.h"

namespace spillway::parquet {
namespace {

using ::parquet::ColumnChunkMetaData;
using ::parquet::IndexLocation;

using PagesByEncoding = std::map<::parquet::Encoding::type, int32_t>;

// Dictionary pages and data pages by encoding. Where a footer does not count them, each encoding of
// the chunk counts as one data page, which promises readers the least.
std::pair<PagesByEncoding, PagesByEncoding> CountPages(const ColumnChunkMetaData& chunk) {
  PagesByEncoding dictionary;
  PagesByEncoding data;
  for (const ::parquet::PageEncodingStats& pages : chunk.encoding_stats()) {
    const bool is_dictionary = pages.page_type == ::parquet::PageType::DICTIONARY_PAGE;
    (is_dictionary ? dictionary : data)[pages.encoding] += pages.count;
  }
  if (chunk.encoding_stats().empty()) {
    for (const ::parquet::Encoding::type encoding : chunk.encodings()) data[encoding] = 1;
  }
  return {std::move(dictionary), std::move(data)};
}

void DescribeStatistics(const ColumnChunkMetaData& chunk, const std::optional<int64_t>& null_count,
                        ::parquet::ColumnChunkMetaDataBuilder& builder) {
  if (null_count) {
    builder.SetStatistics(CopiedStatistics(chunk, *null_count));
  } else if (const auto statistics = chunk.encoded_statistics()) {
    builder.SetStatistics(*statistics);
  }
}

void Describe(const ColumnChunkMetaData& chunk, int64_t shift,
              ::parquet::ColumnChunkMetaDataBuilder& builder) {
  if (const auto sizes = chunk.size_statistics()) builder.SetSizeStatistics(*sizes);
  if (const auto geometry = chunk.geo_statistics()) {
    if (const auto encoded = geometry->Encode()) builder.SetGeoStatistics(*encoded);
  }
  if (const auto& added = chunk.key_value_metadata()) builder.SetKeyValueMetadata(added);
  // Whether there is a dictionary page is said by where the chunk begins: some writers set the flag
  // or the offset alone.
  const bool has_dictionary = FirstByte(chunk) < chunk.data_page_offset();
  const auto [dictionary_pages, data_pages] = CountPages(chunk);
  builder.Finish(chunk.num_values(), has_dictionary ? FirstByte(chunk) + shift : -1, -1,
                 chunk.data_page_offset() + shift, chunk.total_compressed_size(),
                 chunk.total_uncompressed_size(), has_dictionary, false, dictionary_pages,
                 data_pages);
}

// Calls `locate(chunk)`, which gives the location of one kind of index, or none, for every chunk.
template <typename Locate>
Result<::parquet::IndexLocations> LocateIndexes(const std::vector<RowGroupPart>& row_groups,
                                                Locate&& locate) {
  ::parquet::IndexLocations locations;
  for (size_t group = 0; group < row_groups.size(); ++group) {
    const std::vector<ChunkPart>& chunks = row_groups[group].chunks;
    for (size_t leaf = 0; leaf < chunks.size(); ++leaf) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<IndexLocation> location, locate(chunks[leaf]));
      if (!location) continue;
      locations.emplace_back(
          ::parquet::ColumnChunkId{static_cast<int32_t>(group), static_cast<int32_t>(leaf)},
          *location);
    }
  }
  return locations;
}

Result<std::optional<IndexLocation>> WriteIndex(const std::shared_ptr<arrow::Buffer>& index,
                                                arrow::io::OutputStream* sink) {
  if (index == nullptr) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, sink->Tell());
  ARROW_RETURN_NOT_OK(sink->Write(index));
  return IndexLocation{begin, static_cast<int32_t>(index->size())};
}

}  // namespace

std::shared_ptr<::parquet::WriterProperties> FooterProperties(
    const ::parquet::SchemaDescriptor& schema, const std::vector<ChunkPart>& chunks) {
  ::parquet::WriterProperties::Builder builder;
  builder.created_by(kCreatedBy)->version(::parquet::ParquetVersion::PARQUET_2_6);
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const ChunkPart& part = chunks[static_cast<size_t>(leaf)];
    const auto row_group = part.metadata->RowGroup(part.row_group);
    builder.compression(schema.Column(leaf)->path(),
                        row_group->ColumnChunk(part.leaf)->compression());
  }
  return builder.build();
}

Result<std::shared_ptr<::parquet::FileMetaData>> WriteFooter(
    const ::parquet::SchemaDescriptor& schema, const std::vector<RowGroupPart>& row_groups,
    const std::shared_ptr<::parquet::WriterProperties>& properties, arrow::io::OutputStream* sink) {
  const auto builder = ::parquet::FileMetaDataBuilder::Make(&schema, properties);
  for (size_t group = 0; group < row_groups.size(); ++group) {
    ::parquet::RowGroupMetaDataBuilder* const row_group = builder->AppendRowGroup();
    row_group->set_num_rows(row_groups[group].num_rows);
    int64_t bytes = 0;
    for (const ChunkPart& part : row_groups[group].chunks) {
      const auto source = part.metadata->RowGroup(part.row_group);
      const auto chunk = source->ColumnChunk(part.leaf);
      ::parquet::ColumnChunkMetaDataBuilder& column = *row_group->NextColumnChunk();
      DescribeStatistics(*chunk, part.null_count, column);
      Describe(*chunk, part.shift, column);
      bytes = AddBytes(bytes, chunk->total_uncompressed_size());
    }
    row_group->Finish(bytes, static_cast<int16_t>(group));
  }
  ARROW_ASSIGN_OR_RAISE(const auto column_indexes,
                        LocateIndexes(row_groups, [sink](const ChunkPart& part) {
                          return WriteIndex(part.column_index, sink);
                        }));
  ARROW_ASSIGN_OR_RAISE(const auto offset_indexes,
                        LocateIndexes(row_groups, [sink](const ChunkPart& part) {
                          return WriteIndex(part.offset_index, sink);
                        }));
  ARROW_ASSIGN_OR_RAISE(
      const auto bloom_filters,
      LocateIndexes(row_groups, [](const ChunkPart& part) -> Result<std::optional<IndexLocation>> {
        return part.bloom_filter;
      }));
  builder->SetIndexLocations(::parquet::IndexKind::kColumnIndex, column_indexes);
  builder->SetIndexLocations(::parquet::IndexKind::kOffsetIndex, offset_indexes);
  builder->SetIndexLocations(::parquet::IndexKind::kBloomFilter, bloom_filters);
  std::shared_ptr<::parquet::FileMetaData> metadata = builder->Finish();
  ::parquet::WriteFileMetaData(*metadata, sink);
  return metadata;
}

}  // namespace spillway::parquet
