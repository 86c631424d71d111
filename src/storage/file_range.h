// Puts a range of one local file into another: by sharing its blocks where the file system can
// (XFS, btrfs), else by copying its bytes.
//
// Thread rule: free functions without state; descriptors are borrowed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace spillway::storage {

// An open file, and the path that errors name.
struct OpenFile {
  int descriptor = -1;
  const std::string& path;
};

// Copies `size` bytes through `buffer` (not empty), whatever the file's own position. Fails with
// kStorage where `source` cannot be read or ends early, and with what StorageError says where
// `target` cannot be written.
//
// Read and write through a buffer that stays in the processor's cache cost less than
// copy_file_range, which moves a page at a time (docs/decisions/0006).
Status CopyRange(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                 int64_t target_offset, int64_t size, std::span<uint8_t> buffer);

// Shares whole blocks: offsets and size are multiples of the block size. Fails as CopyRange does
// where the system refuses.
Status ShareRange(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                  int64_t target_offset, int64_t size);

// The size of the blocks that files in `target_folder` can share with the file at `source_path`,
// found out by trying with a file that has no name; 0 where they can share none.
int64_t ShareableBlockBytes(const std::string& source_path, const std::string& target_folder);

// Bytes of the file at `path` whose blocks belong to another file too, as far as the file system
// says so; 0 where it does not.
int64_t SharedBytes(const std::string& path);

}  // namespace spillway::storage
