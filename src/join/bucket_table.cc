#include "join/bucket_table.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>

namespace spillway::join {
namespace {

// A probe reads one line anywhere in the table, so that with small pages nearly each one misses the
// TLB as well as the caches. Every page of the table gets used: large pages take no more memory.
void AskForHugePages([[maybe_unused]] uint8_t* start, [[maybe_unused]] int64_t bytes) {
#if defined(MADV_HUGEPAGE)
  constexpr uintptr_t kHugePageBytes = uintptr_t{1} << 21;
  const auto address = reinterpret_cast<uintptr_t>(start);
  const uintptr_t first = (address + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  const uintptr_t end = (address + static_cast<uintptr_t>(bytes)) & ~(kHugePageBytes - 1);
  // Advice only: where the kernel does not take it, nothing is lost.
  if (first < end) ::madvise(start + (first - address), end - first, MADV_HUGEPAGE);
#endif
}

}  // namespace

template <typename RowType>
BucketTable<RowType>::BucketTable(int64_t rows, uint64_t count,
                                  std::unique_ptr<arrow::Buffer> buffer, arrow::MemoryPool* pool)
    : rows_(rows),
      count_(count),
      bucket_buffer_(std::move(buffer)),
      buckets_(reinterpret_cast<Bucket<Row>*>(bucket_buffer_->mutable_data())),
      pool_(pool) {}

template <typename RowType>
Result<BucketTable<RowType>> BucketTable<RowType>::Make(int64_t rows, arrow::MemoryPool* pool) {
  const uint64_t count = BucketsFor(rows);
  const auto bytes = static_cast<int64_t>(count * sizeof(Bucket<Row>));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(bytes, pool));
  AskForHugePages(buffer->mutable_data(), bytes);
  std::memset(buffer->mutable_data(), 0, static_cast<size_t>(bytes));
  return BucketTable(rows, count, std::move(buffer), pool);
}

template <typename RowType>
Status BucketTable<RowType>::Prepend(int64_t row, Row* place) {
  if (next_ == nullptr) {
    const int64_t bytes = rows_ * static_cast<int64_t>(sizeof(Row));
    ARROW_ASSIGN_OR_RAISE(next_buffer_, arrow::AllocateBuffer(bytes, pool_));
    next_ = reinterpret_cast<Row*>(next_buffer_->mutable_data());
    std::fill_n(next_, rows_, kEnd);
  }
  next_[row] = *place;
  *place = static_cast<Row>(row);
  return Status::OK();
}

template <typename RowType>
int64_t BucketTable<RowType>::EstimateBytes(int64_t rows, bool duplicates) {
  constexpr int64_t kAlignmentBytes = 64;
  const auto lists = duplicates ? rows * static_cast<int64_t>(sizeof(Row)) + kAlignmentBytes : 0;
  return static_cast<int64_t>(BucketsFor(rows) * sizeof(Bucket<Row>)) + lists;
}

template class BucketTable<uint32_t>;
template class BucketTable<uint64_t>;

}  // namespace spillway::join
