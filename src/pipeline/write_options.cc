#include "pipeline/write_options.h"

#include <algorithm>
#include <set>
#include <string>

#include <arrow/util/compression.h>

#include "pipeline/source_use.h"

namespace spillway::pipeline {
namespace {

// What `keep` writes of a column that the source's files compress so: never LZ4 as Hadoop frames
// it, which DuckDB and others do not read; Parquet's own LZ4 takes its place.
arrow::Compression::type KeptCodec(arrow::Compression::type codec) {
  if (!arrow::util::Codec::IsAvailable(codec)) return arrow::Compression::SNAPPY;
  return codec == arrow::Compression::LZ4_HADOOP ? arrow::Compression::LZ4 : codec;
}

parquet::ColumnCompression CompressionOf(const spec::Compression& wanted,
                                         arrow::Compression::type source_codec) {
  switch (wanted.codec) {
    case spec::Compression::Codec::kKeep:
      return {.type = source_codec};
    case spec::Compression::Codec::kSnappy:
      return {.type = arrow::Compression::SNAPPY};
    case spec::Compression::Codec::kZstd:
      return {.type = arrow::Compression::ZSTD, .level = wanted.level};
    case spec::Compression::Codec::kLz4:
      return {.type = arrow::Compression::LZ4};
    case spec::Compression::Codec::kNone:
      return {.type = arrow::Compression::UNCOMPRESSED};
  }
  return {.type = arrow::Compression::SNAPPY};
}

// Columns by the names that they have in files. Whether a dictionary pays is known of the columns
// that come out of files: it did there, or not.
void AddPlainColumns(const Plan& plan, const std::vector<int>& unchanged,
                     std::set<std::string>* plain) {
  const BoundPipeline& pipeline = *plan.pipeline;
  for (size_t i = 0; i < unchanged.size(); ++i) {
    if (unchanged[i] < 0) continue;
    if (!plan.source->weights()[static_cast<size_t>(unchanged[i])].is_plain) continue;
    plain->insert(plan.file_schema->field(static_cast<int>(i))->name());
  }
  for (size_t i = 0; i < pipeline.lookups.size(); ++i) {
    for (const Projection& projection : pipeline.lookups[i].payload()) {
      if (projection.expression) continue;
      const auto column = static_cast<size_t>(projection.column);
      if (!plan.lookups[i]->weights()[column].is_plain) continue;
      const int output = pipeline.output_schema->GetFieldIndex(projection.field->name());
      if (output >= 0) plain->insert(plan.file_schema->field(output)->name());
    }
  }
}

}  // namespace

parquet::WriteOptions WriteOptionsFor(const Plan& plan, const WorkSizes& sizes,
                                      arrow::MemoryPool* pool) {
  const BoundPipeline& pipeline = *plan.pipeline;
  const std::vector<ColumnWeight>& source = plan.source->weights();
  // A partition column is in no file.
  const auto is_stored = [](const ColumnWeight& column) { return column.compressed_bytes > 0; };
  const auto first = std::ranges::find_if(source, is_stored);
  const parquet::ColumnCompression added =
      CompressionOf(plan.spec.target.compression,
                    first == source.end() ? arrow::Compression::SNAPPY : KeptCodec(first->codec));
  parquet::WriteOptions options{.pool = pool,
                                .compression = added.type,
                                .compression_level = added.level,
                                .row_group_bytes = sizes.row_group_bytes,
                                .page_bytes = sizes.page_bytes,
                                .dictionary_page_bytes = sizes.page_bytes};
  const std::vector<int> unchanged = UseOfSource(pipeline).unchanged;
  AddPlainColumns(plan, unchanged, &options.plain_columns);
  for (size_t i = 0; i < unchanged.size(); ++i) {
    if (unchanged[i] < 0) continue;
    const auto column = static_cast<size_t>(unchanged[i]);
    if (!is_stored(source[column])) continue;
    options.column_compression[plan.file_schema->field(static_cast<int>(i))->name()] = {
        .type = KeptCodec(source[column].codec)};
  }
  return options;
}

}  // namespace spillway::pipeline
