// Reading only the validity of columns, and what it is compared with, for this folder's tests.
//
// Thread rule: free functions without state.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/json/from_string.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "parquet/reader.h"
#include "parquet/test_files.h"

namespace spillway::parquet {

inline std::vector<ReadColumn> ValidityOf(const arrow::Schema& schema) {
  std::vector<ReadColumn> columns = ColumnsOf(schema);
  for (ReadColumn& column : columns) column.validity_only = true;
  return columns;
}

// 'V' for each valid row, 'n' for each NULL.
inline std::string NullsOf(const arrow::ChunkedArray& column) {
  std::string nulls;
  for (const auto& chunk : column.chunks()) {
    for (int64_t i = 0; i < chunk->length(); ++i) nulls += chunk->IsNull(i) ? 'n' : 'V';
  }
  return nulls;
}

// Both have the same fields, rows, and NULLs in each column.
inline void ExpectSameNulls(const arrow::Table& actual, const arrow::Table& expected) {
  EXPECT_TRUE(actual.schema()->Equals(*expected.schema(), false)) << actual.schema()->ToString();
  for (int i = 0; i < expected.num_columns(); ++i) {
    const arrow::Status valid = actual.column(i)->ValidateFull();
    EXPECT_TRUE(valid.ok()) << expected.field(i)->ToString() << valid.ToString();
    EXPECT_EQ(NullsOf(*actual.column(i)), NullsOf(*expected.column(i)))
        << expected.field(i)->ToString();
    EXPECT_EQ(actual.column(i)->null_count(), expected.column(i)->null_count());
  }
}

// A file of one column "c" in one page, neither compressed nor with a dictionary: bytes to change.
struct PlainFile {
  std::string path;
  std::shared_ptr<arrow::Schema> schema;
  std::string bytes;
  size_t page = 0;  // where its data page starts
};

inline PlainFile WritePlain(const TemporaryFolder& folder,
                            const std::shared_ptr<arrow::DataType>& type, const std::string& json,
                            bool statistics) {
  PlainFile file{.path = folder.File("plain.parquet"),
                 .schema = arrow::schema({arrow::field("c", type)})};
  const auto values = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  Properties properties;
  properties.disable_dictionary()->disable_write_page_index();
  properties.compression(arrow::Compression::UNCOMPRESSED);
  if (!statistics) properties.disable_statistics();
  WriteWithArrow(*arrow::Table::Make(file.schema, {values}), file.path, values->length(),
                 properties.build());
  file.bytes = ReadBytes(file.path);
  const auto reader = ::parquet::ParquetFileReader::OpenFile(file.path);
  const auto row_group = reader->metadata()->RowGroup(0);
  file.page = static_cast<size_t>(row_group->ColumnChunk(0)->data_page_offset());
  return file;
}

// Overwrites the start of the first `old_bytes` in the page.
inline void Change(PlainFile& file, const std::string& old_bytes, const std::string& new_bytes) {
  const size_t place = file.bytes.find(old_bytes, file.page);
  ASSERT_NE(place, std::string::npos);
  file.bytes.replace(place, new_bytes.size(), new_bytes);
  WriteBytes(file.path, file.bytes);
}

}  // namespace spillway::parquet
