// Paths of data files: as the log writes them (a URL-encoded reference, relative to the table's
// root), and as the file system has them.
//
// Thread rule: free functions, but for LinkCheck.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace spillway::delta {

// The absolute local path of a file that the log of the table in folder `root` calls `logged`. A
// file outside `root` (another scheme, another folder, "..") is refused with kUnsupportedFeature
// and named: it belongs to another table, of which this one is a shallow clone. %00 gives
// kCorruptLog.
Result<std::string> ResolveDataPath(const std::string& root, std::string_view logged);

// Finds links that lead from a path below the table's root out of it. What `root` is called by does
// not matter; links inside it, and the root itself being one, are fine.
//
// Thread rule: one thread at a time.
class LinkCheck {
 public:
  // `root` as ResolveDataPath wants it.
  explicit LinkCheck(std::string root) : root_(std::move(root)) {}

  // Refuses `path`, which ResolveDataPath gave, with kUnsupportedFeature where a link leads out of
  // the root. A path that is not there passes. Looks at each folder once, and at the file itself.
  Status Check(const std::string& path);

 private:
  Status CheckReal(const std::string& path, const std::string& named) const;

  const std::string root_;
  std::set<std::string> folders_;  // that are inside
};

// `relative_path`, a path below the table's root, as the log writes it. Fails with kValueOutOfRange
// on a path that is empty, absolute, leaves the root, or cannot be a file's.
Result<std::string> EncodeDataPath(std::string_view relative_path);

}  // namespace spillway::delta
