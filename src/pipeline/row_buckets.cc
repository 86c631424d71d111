#include "pipeline/row_buckets.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <new>

#include "base/units.h"

namespace spillway::pipeline {

Result<RowBuckets> RowBuckets::Make(int64_t rows, arrow::MemoryPool* pool) {
  constexpr int64_t kRowsPerBucket = 64;
  constexpr uint64_t kFewest = 1 << 10;
  constexpr uint64_t kMost = 4 * kMiB / sizeof(Bucket);
  const uint64_t count =
      std::clamp(std::bit_ceil(static_cast<uint64_t>(rows / kRowsPerBucket)), kFewest, kMost);
  ARROW_ASSIGN_OR_RAISE(auto memory,
                        arrow::AllocateBuffer(static_cast<int64_t>(count * sizeof(Bucket)), pool));
  auto* first = reinterpret_cast<Bucket*>(memory->mutable_data());
  std::uninitialized_fill_n(first, count, Bucket{});
  return RowBuckets(std::move(memory), std::span(first, count), 64 - std::countr_zero(count));
}

void RowBuckets::Add(const std::vector<uint64_t>& identities, const std::vector<uint64_t>& hashes) {
  for (size_t row = 0; row < hashes.size(); ++row) {
    Bucket& bucket = buckets_[identities[row] >> shift_];
    std::atomic_ref(bucket.sum).fetch_add(hashes[row], std::memory_order_relaxed);
    std::atomic_ref(bucket.rows).fetch_add(1, std::memory_order_relaxed);
  }
}

std::vector<size_t> RowBuckets::Different(const RowBuckets& left, const RowBuckets& right) {
  std::vector<size_t> different;
  for (size_t i = 0; i < left.size(); ++i) {
    if (left.buckets_[i] != right.buckets_[i]) different.push_back(i);
  }
  return different;
}

}  // namespace spillway::pipeline
