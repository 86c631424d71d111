#include "pipeline/written_files.h"

#include <iterator>
#include <utility>

#include "storage/durable_file.h"

namespace spillway::pipeline {

WrittenFiles::WrittenFiles(WrittenFiles&&) noexcept = default;

WrittenFiles& WrittenFiles::operator=(WrittenFiles&& other) noexcept {
  // The files of this one go with `other`.
  std::swap(rows, other.rows);
  std::swap(copied_bytes, other.copied_bytes);
  std::swap(shared_bytes, other.shared_bytes);
  std::swap(spliced_row_groups, other.spliced_row_groups);
  std::swap(expectations, other.expectations);
  std::swap(is_kept_, other.is_kept_);
  std::swap(table_path_, other.table_path_);
  std::swap(files_, other.files_);
  return *this;
}

WrittenFiles::~WrittenFiles() {
  if (is_kept_) return;
  for (const delta::AddedFile& file : files_) {
    // A file that stays is only wasted room: no commit refers to it, and vacuum removes it.
    static_cast<void>(storage::RemoveFile(table_path_ + "/" + file.relative_path));
  }
}

void WrittenFiles::Add(const std::string& table_path, delta::AddedFile file) {
  table_path_ = table_path;
  files_.push_back(std::move(file));
}

void WrittenFiles::Append(WrittenFiles more) {
  rows += more.rows;
  copied_bytes += more.copied_bytes;
  shared_bytes += more.shared_bytes;
  spliced_row_groups += more.spliced_row_groups;
  AddCounts(more.expectations, &expectations);
  is_kept_ = is_kept_ || more.is_kept_;
  if (table_path_.empty()) table_path_ = more.table_path_;
  std::move(more.files_.begin(), more.files_.end(), std::back_inserter(files_));
  more.files_.clear();
}

std::vector<delta::AddedFile> WrittenFiles::Release() { return std::exchange(files_, {}); }

}  // namespace spillway::pipeline
