// Writing through FileWriter, for its tests.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include "parquet/random_rows.h"
#include "parquet/writer.h"

namespace spillway::parquet {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

inline WriteOptions DefaultOptions(arrow::MemoryPool* pool = arrow::default_memory_pool()) {
  WriteOptions options;
  options.pool = pool;
  return options;
}

inline Result<WrittenFile> WriteFile(const std::string& path,
                                     const std::shared_ptr<arrow::Schema>& schema,
                                     const Batches& batches, const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, FileWriter::Open(path, schema, options));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer->Write(*batch));
  return writer->Close();
}

inline WrittenFile MustWrite(const std::string& path, const Batches& batches,
                             const WriteOptions& options = DefaultOptions()) {
  auto written = WriteFile(path, batches.front()->schema(), batches, options);
  EXPECT_TRUE(written.ok()) << written.status().ToString();
  return written.ok() ? *written : WrittenFile{};
}

// Incompressible rows of `value_bytes` bytes.
inline Batches Noise(int64_t rows, int64_t value_bytes, int64_t rows_of_batch) {
  Engine engine(7);
  Batches batches;
  for (int64_t first = 0; first < rows; first += rows_of_batch) {
    arrow::BinaryBuilder builder;
    std::string value(static_cast<size_t>(value_bytes), 0);
    for (int64_t i = 0; i < rows_of_batch; ++i) {
      for (size_t byte = 0; byte + 8 <= value.size(); byte += 8) {
        const uint64_t bits = engine();
        value.replace(byte, 8, reinterpret_cast<const char*>(&bits), 8);
      }
      EXPECT_TRUE(builder.Append(value).ok());
    }
    batches.push_back(
        arrow::RecordBatch::Make(arrow::schema({arrow::field("content", arrow::binary())}),
                                 rows_of_batch, {builder.Finish().ValueOrDie()}));
  }
  return batches;
}

}  // namespace spillway::parquet
