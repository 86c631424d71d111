// Locks on files, of which a process holds one until it closes the file or dies.
//
// Thread rule: a free function.
#pragma once

#include <cerrno>
#include <sys/file.h>

#include "storage/file_descriptor.h"

namespace spillway::storage {

// Whether the file is locked for this process now; it never waits. If not, errno is EWOULDBLOCK
// where another process holds the lock, else why there is none.
inline bool TryLock(const FileDescriptor& file) {
  int result = 0;
  do {
    result = ::flock(file.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace spillway::storage
