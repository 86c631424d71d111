// Data files that were written below a table's root and belong to no commit yet.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delta/transaction.h"
#include "pipeline/expectation_count.h"

namespace spillway::pipeline {

class WrittenFiles {
 public:
  WrittenFiles() = default;
  WrittenFiles(WrittenFiles&&) noexcept;
  WrittenFiles& operator=(WrittenFiles&&) noexcept;

  // Removes the files that were neither released nor kept: no commit will refer to them.
  ~WrittenFiles();

  void Add(const std::string& table_path, delta::AddedFile file);
  // Takes over the files of `more`. Once some are kept, all are.
  void Append(WrittenFiles more);

  // From here on the files stay, although no commit may refer to them.
  void Keep() { is_kept_ = true; }

  const std::vector<delta::AddedFile>& files() const { return files_; }

  // From here on the files are a commit's, whatever becomes of it: it may succeed although its
  // reply is lost.
  std::vector<delta::AddedFile> Release();

  int64_t rows = 0;
  int64_t copied_bytes = 0;  // of source files, into these
  int64_t shared_bytes = 0;  // of those; they take no room on the disk
  int64_t spliced_row_groups = 0;
  ExpectationCounts expectations;

 private:
  std::string table_path_;
  bool is_kept_ = false;
  std::vector<delta::AddedFile> files_;
};

}  // namespace spillway::pipeline
