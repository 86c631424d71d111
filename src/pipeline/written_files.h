// Data files that were written below a table's root and belong to no commit yet.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delta/transaction.h"

namespace spillway::pipeline {

class WrittenFiles {
 public:
  WrittenFiles() = default;
  WrittenFiles(WrittenFiles&&) noexcept;
  WrittenFiles& operator=(WrittenFiles&&) noexcept;

  // Removes the files that were not released: no commit will refer to them.
  ~WrittenFiles();

  void Add(const std::string& table_path, delta::AddedFile file);
  void Append(WrittenFiles more);

  const std::vector<delta::AddedFile>& files() const { return files_; }

  // From here on the files are a commit's, whatever becomes of it: it may succeed although its
  // reply is lost.
  std::vector<delta::AddedFile> Release();

  int64_t rows = 0;
  int64_t copied_bytes = 0;  // of source files, into these
  int64_t shared_bytes = 0;  // of those; they take no room on the disk
  int64_t spliced_row_groups = 0;

 private:
  std::string table_path_;
  std::vector<delta::AddedFile> files_;
};

}  // namespace spillway::pipeline
