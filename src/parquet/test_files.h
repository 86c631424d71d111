// Files and comparisons that this folder's tests share. The independent reader and writer are
// Arrow's own, used directly.
//
// Thread rule: one thread at a time.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/file_writer.h>
#include <parquet/statistics.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "parquet/reader.h"

namespace spillway::parquet {

inline int64_t FileSize(const std::string& path) {
  return static_cast<int64_t>(std::filesystem::file_size(path));
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The code of a coded error; fails the test and returns kInternal where there is none.
inline ErrorCode CodeOf(const Status& status) {
  const auto error = FindError(status);
  EXPECT_TRUE(error) << "uncoded: " << status.ToString();
  return error ? error->code : ErrorCode::kInternal;
}

using Properties = ::parquet::WriterProperties::Builder;
using ArrowProperties = ::parquet::ArrowWriterProperties::Builder;

inline void WriteWithArrow(const arrow::Table& table, const std::string& path,
                           int64_t row_group_rows,
                           const std::shared_ptr<::parquet::WriterProperties>& properties,
                           const std::shared_ptr<::parquet::ArrowWriterProperties>&
                               arrow_properties = ArrowProperties().build()) {
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const Status status = ::parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink,
                                                     row_group_rows, properties, arrow_properties);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_TRUE(sink->Close().ok());
}

inline std::shared_ptr<arrow::Table> ReadWithArrow(const std::string& path) {
  const auto source = arrow::io::ReadableFile::Open(path).ValueOrDie();
  auto reader = ::parquet::arrow::OpenFile(source, arrow::default_memory_pool()).ValueOrDie();
  return reader->ReadTable().ValueOrDie();
}

inline std::shared_ptr<arrow::Table> ToTable(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
    const std::shared_ptr<arrow::Schema>& schema) {
  return arrow::Table::FromRecordBatches(schema, batches).ValueOrDie();
}

// The columns of `schema` under their own names.
inline std::vector<ReadColumn> ColumnsOf(const arrow::Schema& schema) {
  std::vector<ReadColumn> columns;
  for (const auto& field : schema.fields()) {
    columns.push_back({.physical_name = field->name(), .field = field});
  }
  return columns;
}

// Reads `columns` of the whole file, checking each batch in full on the way.
inline Result<std::shared_ptr<arrow::Table>> ReadFile(const std::string& path,
                                                      const std::vector<ReadColumn>& columns,
                                                      const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, FileReader::Open(path, -1, options));
  const int row_groups = static_cast<int>(reader->footer().row_groups.size());
  ARROW_ASSIGN_OR_RAISE(const auto stream, reader->Read(columns, 0, row_groups));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) break;
    EXPECT_GT(batch->num_rows(), 0);
    EXPECT_LE(batch->num_rows(), options.batch_rows);
    batches.push_back(batch);
  }
  return arrow::Table::FromRecordBatches(stream->schema(), batches);
}

inline void ExpectEqual(const arrow::Table& actual, const arrow::Table& expected) {
  EXPECT_TRUE(actual.schema()->Equals(*expected.schema(), false))
      << actual.schema()->ToString() << "\nexpected\n"
      << expected.schema()->ToString();
  ASSERT_EQ(actual.num_rows(), expected.num_rows());
  for (int i = 0; i < expected.num_columns(); ++i) {
    EXPECT_TRUE(actual.column(i)->ValidateFull().ok()) << expected.field(i)->name();
    EXPECT_TRUE(actual.column(i)->Equals(*expected.column(i)))
        << expected.field(i)->ToString() << "\n"
        << actual.column(i)->ToString() << "\nexpected\n"
        << expected.column(i)->ToString();
  }
}

// Writes the footer of a file again, as if `created_by` had written it, with the statistics of leaf
// columns that `edit(leaf, statistics)` leaves. Indexes are forgotten.
inline void RestateFooter(const std::string& path, const std::string& created_by,
                          const std::function<void(int, ::parquet::EncodedStatistics&)>& edit) {
  const auto reader = ::parquet::ParquetFileReader::OpenFile(path);
  const ::parquet::FileMetaData& old = *reader->metadata();
  Properties properties;
  properties.created_by(created_by);
  for (int leaf = 0; old.num_row_groups() > 0 && leaf < old.num_columns(); ++leaf) {
    properties.compression(old.schema()->Column(leaf)->path(),
                           old.RowGroup(0)->ColumnChunk(leaf)->compression());
  }
  const auto builder = ::parquet::FileMetaDataBuilder::Make(old.schema(), properties.build());
  for (int group = 0; group < old.num_row_groups(); ++group) {
    auto* const row_group = builder->AppendRowGroup();
    row_group->set_num_rows(old.RowGroup(group)->num_rows());
    for (int leaf = 0; leaf < old.num_columns(); ++leaf) {
      const auto chunk = old.RowGroup(group)->ColumnChunk(leaf);
      auto* const column = row_group->NextColumnChunk();
      const auto statistics = chunk->encoded_statistics();
      auto edited = statistics == nullptr ? ::parquet::EncodedStatistics() : *statistics;
      edit(leaf, edited);
      if (edited.is_set()) column->SetStatistics(edited);
      column->Finish(chunk->num_values(),
                     chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : -1, -1,
                     chunk->data_page_offset(), chunk->total_compressed_size(),
                     chunk->total_uncompressed_size(), chunk->has_dictionary_page(), false, {}, {});
    }
    row_group->Finish(old.RowGroup(group)->total_byte_size(), static_cast<int16_t>(group));
  }
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  ::parquet::WriteFileMetaData(*builder->Finish(), sink.get());
  std::string bytes = ReadBytes(path);
  bytes.resize(bytes.size() - 8 - old.size());
  WriteBytes(path, bytes + sink->Finish().ValueOrDie()->ToString());
}

}  // namespace spillway::parquet
