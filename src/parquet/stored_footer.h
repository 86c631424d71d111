// The footer of a Parquet file as it is stored. Parsed by parquet-cpp a footer takes ten times its
// bytes and more, and whoever reads a row group needs no other one: so row groups are parsed a few
// at a time, as they are needed, and the rest stays bytes.
//
// Thread rule: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/io/type_fwd.h>

#include "base/status.h"
#include "parquet/data_file.h"

namespace spillway::parquet {

// Row groups that follow each other.
struct RowGroupRange {
  int first = 0;
  int count = 0;
};

class StoredFooter {
 public:
  struct RowGroup {
    int64_t first_row = 0;  // ordinal within the file
    int64_t num_rows = 0;
  };

  // Reads the footer of the file at `path` and looks where its row groups are.
  // `expected_size_bytes` is the size that the table's log gives, or -1. Errors: those of
  // ReadFooter, except for what is wrong within a row group.
  static Result<std::unique_ptr<const StoredFooter>> Read(const std::string& path,
                                                          int64_t expected_size_bytes);

  const std::string& path() const { return path_; }
  int64_t file_bytes() const { return file_bytes_; }
  int64_t footer_bytes() const { return static_cast<int64_t>(bytes_.size()); }
  int64_t num_rows() const { return num_rows_; }
  int64_t largest_chunk_bytes() const { return largest_chunk_bytes_; }  // of a column, as stored
  const std::vector<RowGroup>& row_groups() const { return row_groups_; }

  // Cuts row groups into ranges that are parsed at a time: each is small, or one row group.
  std::vector<RowGroupRange> Cut(RowGroupRange row_groups) const;
  RowGroupRange all_row_groups() const { return {0, static_cast<int>(row_groups_.size())}; }

  // What a DataFile of these row groups takes in memory, with the facts of a Footer; see
  // docs/decisions/0016-footers.md.
  int64_t ParsedBytes(RowGroupRange row_groups) const;
  // The most that one of Cut(all_row_groups()) takes, with the stored bytes.
  int64_t memory_bytes() const;

  // The file as if it had these row groups alone, numbered from 0. Checks them as ReadFooter does.
  Result<DataFile> Open(RowGroupRange row_groups, ::parquet::ReaderProperties properties) const;

 private:
  // A part of the footer: of a field of its struct, the value; of a list, an element.
  struct Part {
    int64_t begin = 0;
    int64_t end = 0;
  };
  struct Field {
    int64_t id = 0;
    uint8_t type = 0;
    Part value;
  };
  class Indexer;

  StoredFooter(std::string path, int64_t file_bytes)
      : path_(std::move(path)), file_bytes_(file_bytes) {}
  Status ReadBytes();
  Status Index();
  std::string Excerpt(RowGroupRange row_groups) const;
  std::string_view Bytes(const Part& part) const {
    return std::string_view(bytes_).substr(static_cast<size_t>(part.begin),
                                           static_cast<size_t>(part.end - part.begin));
  }
  int64_t BytesOf(RowGroupRange row_groups) const;

  const std::string path_;
  const int64_t file_bytes_;
  std::shared_ptr<arrow::io::RandomAccessFile> source_;
  std::string bytes_;
  std::vector<Field> fields_;
  std::vector<Part> stored_row_groups_;  // as row_groups_
  std::vector<Part> key_values_;         // but for Arrow's own schema
  std::vector<RowGroup> row_groups_;
  int64_t num_rows_ = 0;
  int64_t num_columns_ = 0;  // of its largest row group
  int64_t largest_chunk_bytes_ = 0;
};

}  // namespace spillway::parquet
