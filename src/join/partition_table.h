// The hash table of one partition of an external join: open addressing, at most half full, 8 bytes
// a slot with 32 bits of the hash and the position of a row. A slot stands for one hash: the rows
// that have it form a list, whether their keys are equal or not.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

class PartitionTable {
 public:
  static constexpr uint32_t kEmpty = UINT32_MAX;

  struct Slot {
    uint32_t hash;
    uint32_t position;  // kEmpty: the slot is free
  };

  explicit PartitionTable(arrow::MemoryPool* pool) : pool_(pool) {}

  // The bytes of a table for `hashes` hashes.
  static int64_t BytesFor(int64_t hashes) { return SlotsFor(hashes) * int64_t{sizeof(Slot)}; }

  // Empties the table and gives it room for `hashes` hashes.
  Status Reset(int64_t hashes);

  // Whether it has as many hashes as it was given room for.
  bool full() const { return hashes_ == most_hashes_; }

  void Prefetch(uint32_t hash) const { __builtin_prefetch(&slots_[Home(hash)]); }

  // The slot of `hash`, or the free one where it belongs.
  Slot& Find(uint32_t hash) {
    uint32_t slot = Home(hash);
    while (slots_[slot].position != kEmpty && slots_[slot].hash != hash) {
      slot = slot + 1 == num_slots_ ? 0 : slot + 1;
    }
    return slots_[slot];
  }

  // Puts a hash into its free slot. Not when full().
  void Fill(Slot* slot, uint32_t hash, uint32_t position) {
    *slot = {hash, position};
    ++hashes_;
  }

  int64_t size_bytes() const { return buffer_ ? buffer_->size() : 0; }

  // Gives its memory back.
  void Release();

 private:
  static int64_t SlotsFor(int64_t hashes) { return 2 * hashes + 8; }
  uint32_t Home(uint32_t hash) const {
    return static_cast<uint32_t>((uint64_t{hash} * uint64_t{num_slots_}) >> 32);
  }

  arrow::MemoryPool* const pool_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  Slot* slots_ = nullptr;
  uint32_t num_slots_ = 0;
  int64_t hashes_ = 0;
  int64_t most_hashes_ = 0;
};

}  // namespace spillway::join
