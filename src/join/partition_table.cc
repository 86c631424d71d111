#include "join/partition_table.h"

#include <cstring>

namespace spillway::join {

Status PartitionTable::Reset(int64_t hashes) {
  const int64_t slots = SlotsFor(hashes);
  const int64_t bytes = slots * int64_t{sizeof(Slot)};
  if (buffer_ == nullptr || buffer_->size() < bytes) {
    Release();
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
  }
  std::memset(buffer_->mutable_data(), 0xFF, static_cast<size_t>(bytes));
  slots_ = reinterpret_cast<Slot*>(buffer_->mutable_data());
  num_slots_ = static_cast<uint32_t>(slots);
  hashes_ = 0;
  most_hashes_ = hashes;
  return Status::OK();
}

void PartitionTable::Release() {
  buffer_.reset();
  slots_ = nullptr;
  num_slots_ = 0;
  hashes_ = 0;
  most_hashes_ = 0;
}

}  // namespace spillway::join
