// The folder that a table lives in, before the log is read.
//
// Thread rule: free functions.
#pragma once

#include <string>

#include "base/status.h"

namespace spillway::delta {

enum class FolderContent { kNothing, kNoLog, kLog };  // no folder, a folder, a folder with a log

// The absolute path of `table`, a path or file:// URL. Errors: kUnsupportedUrl, kValueOutOfRange.
Result<std::string> TablePath(const std::string& table);

// What is at `path`. A log is a _delta_log with a commit or a checkpoint in it. Errors: kStorage,
// kReadOnlyStorage (no permission to look).
Result<FolderContent> LookAtFolder(const std::string& path);

}  // namespace spillway::delta
