// Where a table is: the text that a user wrote (a path or a file:// URL) as an absolute local path.
// This version reads local disks only; other schemes are refused by name.
//
// Thread rule: free functions without state; immutable values.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace spillway::storage {

struct TableLocation {
  std::string path;     // absolute, symbolic links of what exists resolved, no trailing slash
  std::string display;  // as the user wrote it, but for secrets; for messages
};

// Resolves `text` against `base_folder` (the pipeline file's folder; itself relative to the working
// directory if it is not absolute). The table need not exist. `text` is a path, file:///path,
// file://localhost/path or file:/path; in URLs %20 and the like are decoded. Fails with
// kUnsupportedUrl on another scheme, host, or a malformed URL, with kValueOutOfRange on a text that
// is empty or has a NUL byte.
Result<TableLocation> ParseTableLocation(std::string_view text, const std::string& base_folder);

// A table's address as a message may have it: what stands before the @ of a URL's host, and behind
// its ?, may be a password, a signature or a token, and is replaced by dots.
std::string WithoutSecrets(std::string_view address);

// Whether two locations are one table, whatever their spelling: the same folder on disk if both
// exist, else the same path.
bool IsSameTable(const TableLocation& left, const TableLocation& right);

// The file:// URL of an absolute path, percent-encoded.
std::string FileUrl(std::string_view absolute_path);

}  // namespace spillway::storage
