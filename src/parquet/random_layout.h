// Layouts of Parquet files for this folder's tests, drawn at random.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>
#include <vector>

#include <parquet/properties.h>

#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {

// Drawn from all the ways that Arrow's writer knows, for the columns of EveryType() by name.
inline std::shared_ptr<::parquet::WriterProperties> RandomLayout(Engine& engine) {
  Properties properties;
  properties.data_pagesize(Draw(engine, 1, 4000))->max_rows_per_page(Draw(engine, 1, 300));
  properties.write_batch_size(Draw(engine, 1, 100));
  properties.dictionary_pagesize_limit(Draw(engine, 1, 3000));
  if (Draw(engine, 0, 1) == 0) properties.disable_dictionary();
  if (Draw(engine, 0, 1) == 0) properties.enable_store_decimal_as_integer();
  if (Draw(engine, 0, 1) == 0) properties.disable_write_page_index();
  if (Draw(engine, 0, 1) == 0) properties.disable_statistics();
  if (Draw(engine, 0, 1) == 0) properties.enable_page_checksum();
  if (Draw(engine, 0, 1) == 0) {
    properties.data_page_version(::parquet::ParquetDataPageVersion::V2);
  }
  static const std::vector<arrow::Compression::type> kCodecs = {
      arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY, arrow::Compression::GZIP,
      arrow::Compression::ZSTD,         arrow::Compression::LZ4,    arrow::Compression::BROTLI,
      arrow::Compression::LZ4_HADOOP};
  properties.compression(kCodecs[static_cast<size_t>(Draw(engine, 0, 6))]);
  properties.encoding("text", ::parquet::Encoding::DELTA_BYTE_ARRAY);
  properties.encoding("content", ::parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
  properties.encoding("medium", ::parquet::Encoding::DELTA_BINARY_PACKED);
  properties.encoding("real", ::parquet::Encoding::BYTE_STREAM_SPLIT);
  return properties.build();
}

}  // namespace spillway::parquet
