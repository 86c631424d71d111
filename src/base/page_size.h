// The pages in which the system maps memory and files.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <unistd.h>

namespace spillway {

inline int64_t PageBytes() {
  static const int64_t page = ::sysconf(_SC_PAGESIZE);
  return page;
}

// `size` (not negative), rounded up to whole pages.
inline size_t PageRounded(int64_t size) {
  return static_cast<size_t>((size + PageBytes() - 1) / PageBytes() * PageBytes());
}

}  // namespace spillway
