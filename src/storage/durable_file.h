// Small steps that a commit stands on: make folders and files, and be sure that they are on the
// disk before the next step. A name is durable only when the folder that holds it is synced too.
//
// Thread rule: free functions without state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::storage {

// The coded error for a failed system call: kReadOnlyStorage for EROFS, EACCES and EPERM,
// kStorageFull for ENOSPC and EDQUOT, else kStorage. `action` completes "cannot ..": "create the
// folder", "write the file"; the message names `path` and the system's text.
Status StorageError(int error_number, std::string_view action, std::string_view path);

// Flushes a file's data and size, or a folder's names, to the disk.
Status SyncFile(const std::string& path);
Status SyncFolder(const std::string& path);

// Makes `path` and the folders above it that are missing, each durable. It is no error when some or
// all exist, or when others make them at the same time.
Status MakeFolders(const std::string& path);

// Removes a file. It is no error when there is none. Durable after SyncFolder of its folder.
Status RemoveFile(const std::string& path);

// Writes all of `contents` where `file` stands; `path` is for its error.
Status WriteAll(const FileDescriptor& file, std::string_view contents, const std::string& path);

// All that is in a file; none where there is no file.
Result<std::optional<std::string>> ReadFile(const std::string& path);

// The names in a folder; none where there is no folder.
Result<std::vector<std::string>> NamesIn(const std::string& folder);

// Writes `contents` to `path`, in place of what was there: readers, and a crash at any moment, find
// the old file or the new one, whole. The folder must exist. The file is durable on return. Only
// its owner may read it: it is state of a run, which tells what is in its tables.
Status WriteFileAtomically(const std::string& path, std::string_view contents);

// Removes what processes left that were killed while they wrote a file of `folder` atomically whose
// name starts with `prefix`. What cannot be removed stays.
void RemoveUnfinished(const std::string& folder, std::string_view prefix);

}  // namespace spillway::storage
