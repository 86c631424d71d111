// Finds out before a run whether it will be able to write its target.
//
// Thread rule: a free function without state.
#pragma once

#include <string>

#include "base/status.h"

namespace spillway::storage {

// Whether `folder` takes a new file, or, where it does not exist, the nearest folder above it that
// does. It really writes one, because permission bits say nothing about a read-only mount and do
// not bind root; the file has no name and leaves no trace where the file system can do that
// (O_TMPFILE), and is removed at once where not. Fails with kReadOnlyStorage, kStorageFull or
// kStorage (for example a file where the folder should be).
Status CheckWritable(const std::string& folder);

}  // namespace spillway::storage
