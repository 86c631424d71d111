// Puts a range of one local file into another: by sharing its blocks where the file system can
// (XFS, btrfs), by writing them from the page cache to the disk, or by copying its bytes.
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

// How the whole blocks inside a range get into another file.
enum class BlockTransfer {
  kCopy,    // not as blocks: they are copied as the rest is
  kShare,   // both files have them
  kDirect,  // the disk reads them out of the source's pages: nothing is copied in memory
};

struct TransferMethod {
  BlockTransfer blocks = BlockTransfer::kCopy;
  int64_t block_bytes = 0;  // of which both files' offsets are multiples; 0 for kCopy
};

// The best method for files in `target_folder` and the file at `source_path`, found out by trying
// with a file that has no name.
TransferMethod FindTransferMethod(const std::string& source_path, const std::string& target_folder);

// Shares whole blocks: offsets and size are multiples of the block size. False where the system
// refuses.
bool ShareRange(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                int64_t target_offset, int64_t size);

// Writes whole blocks to `target`, which is open with O_DIRECT: offsets and size are multiples of
// the block size. False, and any part may be written, where the system refuses to do it that way.
// Fails with what StorageError says where the target cannot be written.
//
// It costs a third of a copy: no page of the target is filled, cleaned and freed
// (docs/decisions/0006).
Result<bool> WriteDirectly(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                           int64_t target_offset, int64_t size);

// Bytes of the file at `path` whose blocks belong to another file too, as far as the file system
// says so; 0 where it does not.
int64_t SharedBytes(const std::string& path);

}  // namespace spillway::storage
