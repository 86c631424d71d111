// The part of the budget that no pool sees: the program's own pages, thread stacks, Rust (the Delta
// kernel and its tokio threads), Thrift footers, YAML, and what small blocks leave unused in
// malloc.
//
// Thread rule: a constant.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace spillway::memory {

// RssAnon + RssShmem outside of the pools, in MiB, measured with ConfigureAllocator's settings:
//    5   the program with Arrow, Parquet and the kernel loaded, one table opened
//    6   three tables opened, their threads running
//    8   a table with a log of 2,000 commits replayed
//   22   a table of 100,000 files, while its log is replayed (about 170 bytes a file)
//   26   the most by which RssAnon passed the pools' bytes in the workload of
//        docs/decisions/0004-memory-governor.md
// The first and the last are always there; the rest is room for the log.
inline constexpr int64_t kProcessOverheadBytes = 48 * kMiB;

}  // namespace spillway::memory
