#include "delta/table_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "storage/durable_file.h"
#include "storage/table_location.h"

namespace spillway::delta {
namespace {

namespace fs = std::filesystem;

// "00000000000000000007.json", "00000000000000000010.checkpoint.parquet" and the like.
bool IsLogFileName(const std::string& name) {
  constexpr size_t kVersionDigits = 20;
  const bool has_version = name.size() > kVersionDigits && name[kVersionDigits] == '.' &&
                           std::all_of(name.begin(), name.begin() + kVersionDigits,
                                       [](char c) { return c >= '0' && c <= '9'; });
  return has_version && (name.ends_with(".json") || name.ends_with(".parquet"));
}

// Whether a path that is no folder is simply not there, rather than hidden from us.
bool IsAbsence(const std::error_code& error) {
  return !error || error == std::errc::no_such_file_or_directory ||
         error == std::errc::not_a_directory;
}

Status LookError(const std::error_code& error, const fs::path& path) {
  return storage::StorageError(error.value(), "read the folder", path.string());
}

}  // namespace

Result<std::string> TablePath(const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(storage::TableLocation location, storage::ParseTableLocation(table, "."));
  return location.path;
}

Result<FolderContent> LookAtFolder(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return IsAbsence(error) ? Result<FolderContent>(FolderContent::kNothing)
                            : LookError(error, path);
  }
  const fs::path log = fs::path(path) / "_delta_log";
  if (!fs::is_directory(log, error)) {
    return IsAbsence(error) ? Result<FolderContent>(FolderContent::kNoLog) : LookError(error, log);
  }
  fs::directory_iterator entry(log, error);
  while (!error && entry != fs::directory_iterator()) {
    if (IsLogFileName(entry->path().filename().string())) return FolderContent::kLog;
    entry.increment(error);
  }
  if (error) return LookError(error, log);
  return FolderContent::kNoLog;
}

}  // namespace spillway::delta
