#include "parquet/small_block_pool.h"

#include <algorithm>
#include <cstring>

namespace spillway::parquet {
namespace {

constexpr int64_t kSmallBlockBytes = 64 * 1024;

arrow::MemoryPool* Lender() { return arrow::system_memory_pool(); }

}  // namespace

Status SmallBlockPool::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

bool SmallBlockPool::IsLent(const uint8_t* buffer) const {
  const std::lock_guard lock(mutex_);
  return lent_.contains(buffer);
}

Status SmallBlockPool::Lend(const Status& status, int64_t size, int64_t alignment, uint8_t** out) {
  const std::lock_guard lock(mutex_);
  if (refusal_.ok()) refusal_ = status;
  if (size > kSmallBlockBytes) return status;
  ARROW_RETURN_NOT_OK(Lender()->Allocate(size, alignment, out));
  lent_.insert(*out);
  return Status::OK();
}

Status SmallBlockPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  const Status status = backing_->Allocate(size, alignment, out);
  return status.ok() ? status : Lend(status, size, alignment, out);
}

Status SmallBlockPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                  uint8_t** ptr) {
  if (!IsLent(*ptr)) {
    const Status status = backing_->Reallocate(old_size, new_size, alignment, ptr);
    if (status.ok()) return status;
    uint8_t* moved = nullptr;
    ARROW_RETURN_NOT_OK(Lend(status, new_size, alignment, &moved));
    std::memcpy(moved, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
    backing_->Free(*ptr, old_size, alignment);
    *ptr = moved;
    return Status::OK();
  }
  if (new_size > kSmallBlockBytes) return refusal();
  const std::lock_guard lock(mutex_);
  lent_.erase(*ptr);
  const Status status = Lender()->Reallocate(old_size, new_size, alignment, ptr);
  lent_.insert(*ptr);
  return status;
}

void SmallBlockPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  {
    const std::lock_guard lock(mutex_);
    if (lent_.erase(buffer) == 0) {
      backing_->Free(buffer, size, alignment);
      return;
    }
  }
  Lender()->Free(buffer, size, alignment);
}

}  // namespace spillway::parquet
