// The loops that copy scattered rows of stored columns into Arrow buffers. Each asks for memory
// some rows ahead, because that is where the time goes.
//
// Thread rule: free functions that only read what they are given.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/blocks.h"
#include "join/payload.h"
#include "join/stored_bits.h"
#include "join/stored_bytes.h"

namespace spillway::join {

// The values of `rows`, zero where a row is -1.
template <typename Word>
Result<std::shared_ptr<arrow::Buffer>> GatherWords(const Words<Word>& words, const GatherRows& rows,
                                                   arrow::MemoryPool* pool);

// The bits of `rows`, 0 where a row is -1.
Result<std::shared_ptr<arrow::Buffer>> GatherBits(const StoredBits& bits, const GatherRows& rows,
                                                  arrow::MemoryPool* pool);

// Where the gathered values are not NULL; null if all are.
Result<std::shared_ptr<arrow::Buffer>> GatherValidity(const StoredValidity& validity,
                                                      const GatherRows& rows,
                                                      arrow::MemoryPool* pool);

struct GatheredBytes {
  std::shared_ptr<arrow::Buffer> offsets;  // int32, one more than there are rows
  std::shared_ptr<arrow::Buffer> bytes;
};
// The values of `rows`, empty where a row is -1. A CapacityError above 2 GiB.
Result<GatheredBytes> GatherBytes(const StoredBytes& values, const GatherRows& rows,
                                  arrow::MemoryPool* pool);

// A bit per row, set where it is not -1.
Result<std::shared_ptr<arrow::Buffer>> MatchedBits(const int64_t* rows, int64_t count,
                                                   arrow::MemoryPool* pool);

}  // namespace spillway::join
