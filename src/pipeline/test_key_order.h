// The order of the rows of a table in key order, for tests: `key` is its key, and `id` the source's
// order.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pipeline/test_tables.h"

namespace spillway::pipeline::test {

// The rows of one file of a table, in order: the key as text, and the id.
struct FileRows {
  std::vector<std::string> keys;
  std::vector<int64_t> ids;
};

inline std::vector<FileRows> RowsOfFiles(const std::string& path) {
  std::vector<FileRows> files;
  for (const delta::DataFile& file : FilesOf(path)) {
    const auto input = arrow::io::ReadableFile::Open(file.path).ValueOrDie();
    const auto reader =
        ::parquet::arrow::OpenFile(input, arrow::default_memory_pool()).ValueOrDie();
    const auto table = reader->ReadTable().ValueOrDie();
    FileRows& rows = files.emplace_back();
    for (int64_t row = 0; row < table->num_rows(); ++row) {
      const auto key = table->GetColumnByName("key")->GetScalar(row).ValueOrDie();
      const auto id = table->GetColumnByName("id")->GetScalar(row).ValueOrDie();
      rows.keys.push_back(key->is_valid ? "=" + key->ToString() : "");  // NULL is first
      rows.ids.push_back(static_cast<const arrow::Int64Scalar&>(*id).value);
    }
  }
  std::ranges::sort(files, {}, [](const FileRows& rows) {
    return std::pair(rows.keys.front(), rows.ids.front());
  });
  return files;
}

// That all files together are in the order of key and id, which none of them shares with another.
inline void ExpectOrdered(const std::string& path) {
  std::pair<std::string, int64_t> latest = {"", -1};
  for (const FileRows& file : RowsOfFiles(path)) {
    for (size_t row = 0; row < file.keys.size(); ++row) {
      const std::pair next(file.keys[row], file.ids[row]);
      const bool is_first = row == 0;
      // One source row's rows are in one file.
      ASSERT_TRUE(is_first ? latest < next : latest <= next)
          << latest.first << " " << latest.second << ", " << next.first << " " << next.second;
      latest = next;
    }
  }
}

}  // namespace spillway::pipeline::test
