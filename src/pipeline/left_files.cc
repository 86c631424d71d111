#include "pipeline/left_files.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "delta/commit_stream.h"
#include "delta/snapshot.h"
#include "delta/table_folder.h"
#include "storage/durable_file.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

// The names of the files with one of the run's tags.
Result<std::set<std::string>> FilesWith(const std::vector<std::string>& tags,
                                        const std::string& table_path) {
  std::set<std::string> files;
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> names, storage::NamesIn(table_path));
  for (const std::string& name : names) {
    const bool is_ours = std::ranges::any_of(
        tags, [&name](const std::string& tag) { return name.find(tag) != std::string::npos; });
    if (is_ours) files.insert(name);
  }
  return files;
}

// Takes the files that the table has, or that a commit from version `first` on refers to, out of
// `names`. False where the log has not all of these commits.
Result<bool> KeepCommitted(const delta::Snapshot& table, int64_t first,
                           std::set<std::string>* names) {
  ARROW_ASSIGN_OR_RAISE(const auto files, table.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) break;
    names->erase(fs::path(file->path).filename().string());
  }
  for (int64_t version = first; version <= table.version() && !names->empty(); ++version) {
    ARROW_ASSIGN_OR_RAISE(const auto commit, delta::CommitStream::Open(table, version));
    if (commit == nullptr) return false;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const auto action, commit->Next());
      if (!action) break;
      if (action->kind == delta::CommitAction::Kind::kAdd ||
          action->kind == delta::CommitAction::Kind::kRemove) {
        names->erase(fs::path(action->text).filename().string());
      }
    }
  }
  return true;
}

}  // namespace

Result<int64_t> RemoveLeftFiles(const std::string& table_path, const state::RunRecord& record,
                                const std::vector<KeptPiece>& kept) {
  ARROW_ASSIGN_OR_RAISE(std::set<std::string> names, FilesWith(record.file_tags, table_path));
  for (const KeptPiece& piece : kept) {
    for (const delta::AddedFile& file : piece.files) names.erase(file.relative_path);
  }
  if (names.empty()) return 0;
  ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(table_path));
  if (exists) {
    ARROW_ASSIGN_OR_RAISE(const auto table, delta::Snapshot::Open(table_path));
    ARROW_ASSIGN_OR_RAISE(const bool is_known, KeepCommitted(*table, record.first_version, &names));
    if (!is_known) return 0;
  }
  for (const std::string& name : names) {
    ARROW_RETURN_NOT_OK(storage::RemoveFile(fmt::format("{}/{}", table_path, name)));
  }
  return static_cast<int64_t>(names.size());
}

}  // namespace spillway::pipeline
