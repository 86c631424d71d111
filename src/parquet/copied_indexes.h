// Reads the indexes of a column chunk that is copied to another place. They are hints of an
// untrusted file: one that contradicts the chunk is left out.
//
// Thread rule: free functions. They throw what parquet-cpp throws.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "base/status.h"
#include "parquet/data_file.h"

namespace spillway::parquet {

// Serialised; both null where the chunk has no offset index. The column index is null too where
// the footer's statistics are not to be relied on, of which it is a finer form, or where it has not
// the `null_count` NULLs that were counted.
struct PageIndexes {
  std::shared_ptr<arrow::Buffer> column_index;
  std::shared_ptr<arrow::Buffer> offset_index;  // with `shift` added to its offsets
};

Result<PageIndexes> ReadPageIndexes(const DataFile& file, int row_group, int leaf, int64_t shift,
                                    int64_t null_count, arrow::MemoryPool* pool);

// The bloom filter, serialised with its header; null where the chunk has none, or one of another
// size than the footer says: as much of it as its own header tells would hide rows.
Result<std::shared_ptr<arrow::Buffer>> ReadBloomFilter(const DataFile& file, int row_group,
                                                       int leaf, arrow::MemoryPool* pool);

}  // namespace spillway::parquet
