// Sums of rows by buckets of their identity. Where two tables differ, the buckets that differ say
// in which few rows to look for it.
//
// Thread rule: Add is thread-safe; the rest by one thread, when nobody adds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>

#include "base/status.h"

namespace spillway::pipeline {

class RowBuckets {
 public:
  // Buckets for about `rows` rows, a few dozen in each; at most 4 MiB, from `pool`. Two tables are
  // comparable whose buckets were made for the same number.
  static Result<RowBuckets> Make(int64_t rows, arrow::MemoryPool* pool);

  // Adds rows with these hashes to the buckets of their identities, which are random numbers.
  void Add(const std::vector<uint64_t>& identities, const std::vector<uint64_t>& hashes);

  size_t size() const { return buckets_.size(); }
  // The bucket of an identity is what is left of it behind so many bits.
  int shift() const { return shift_; }
  int64_t rows(size_t bucket) const { return buckets_[bucket].rows; }

  // The buckets in which the two tables differ, ascending.
  static std::vector<size_t> Different(const RowBuckets& left, const RowBuckets& right);

 private:
  struct Bucket {
    uint64_t sum = 0;
    int64_t rows = 0;
    bool operator==(const Bucket&) const = default;
  };

  RowBuckets(std::unique_ptr<arrow::Buffer> memory, std::span<Bucket> buckets, int shift)
      : memory_(std::move(memory)), buckets_(buckets), shift_(shift) {}

  std::unique_ptr<arrow::Buffer> memory_;
  std::span<Bucket> buckets_;
  int shift_;
};

}  // namespace spillway::pipeline
