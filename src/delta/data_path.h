// Paths of data files: as the log writes them (a URL-encoded reference, relative to the table's
// root), and as the file system has them.
//
// Thread rule: free functions.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace spillway::delta {

// The absolute local path of a file that the log of the table in folder `root` calls `logged`. A
// file outside `root` (another scheme, another folder, "..") is refused with kUnsupportedFeature
// and named: it belongs to another table, of which this one is a shallow clone. %00 gives
// kCorruptLog.
Result<std::string> ResolveDataPath(const std::string& root, std::string_view logged);

// `relative_path`, a path below the table's root, as the log writes it. Fails with kValueOutOfRange
// on a path that is empty, absolute, or leaves the root.
Result<std::string> EncodeDataPath(std::string_view relative_path);

}  // namespace spillway::delta
