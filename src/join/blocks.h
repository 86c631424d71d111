// Append-only memory in blocks of one size: units of a fixed number of bytes, a power of two of
// them to a block. Full blocks never move, so growing costs no copy and no second peak, and a
// position, which counts units, is a block and a place in it by a shift and a mask. Only the first
// block grows, by doubling, so that a small lookup takes little.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

class Blocks {
 public:
  // Blocks of 2^block_bits units; the first one starts with `first_units` (a hint, clamped).
  Blocks(arrow::MemoryPool* pool, int block_bits, int64_t first_units, int64_t unit_bytes = 1);

  // Appends at least 1 and at most `units` units, as many as fit the current block, and returns
  // where to write them.
  Result<std::span<uint8_t>> Extend(int64_t units);

  // Appends `units` units from `data`, over as many blocks as it takes.
  Status Append(const uint8_t* data, int64_t units);

  // Gives back what the last block does not use.
  Status Finish();

  const uint8_t* At(int64_t position) const {
    return starts_[static_cast<size_t>(position >> block_bits_)] +
           (position & (block_units() - 1)) * unit_bytes_;
  }
  uint8_t* MutableAt(int64_t position) { return const_cast<uint8_t*>(At(position)); }

  // Calls `visit(const uint8_t*, int64_t units)` for each contiguous part of a range.
  template <typename Visit>
  void ForEachPart(int64_t position, int64_t units, Visit&& visit) const {
    while (units > 0) {
      const int64_t room = block_units() - (position & (block_units() - 1));
      const int64_t part = units < room ? units : room;
      visit(At(position), part);
      position += part;
      units -= part;
    }
  }

  // Whether a range lies in one block, so that At() reaches all of it.
  bool IsContiguous(int64_t position, int64_t units) const {
    return (position & (block_units() - 1)) + units <= block_units();
  }

  int64_t block_units() const { return int64_t{1} << block_bits_; }
  int64_t size() const { return size_; }  // in units
  int64_t allocated_bytes() const;

  // The most that `units` units take at any moment while they are appended.
  static int64_t EstimateBytes(int64_t units, int block_bits, int64_t unit_bytes = 1);

 private:
  Status AddRoom();

  arrow::MemoryPool* pool_;
  int block_bits_;
  int64_t unit_bytes_;
  int64_t first_units_;
  int64_t size_ = 0;
  int64_t room_ = 0;  // of all blocks together
  std::vector<const uint8_t*> starts_;
  std::vector<std::unique_ptr<arrow::ResizableBuffer>> blocks_;
};

// Blocks of values of one fixed-width type, 2^16 a block.
template <typename Word>
class Words {
 public:
  Words(arrow::MemoryPool* pool, int64_t expected_rows)
      : blocks_(pool, kBlockBits, expected_rows, kWidth) {}

  // Appends `count` values, the i-th being `value(i)`.
  template <typename Value>
  Status Append(int64_t count, Value&& value) {
    int64_t done = 0;
    while (done < count) {
      ARROW_ASSIGN_OR_RAISE(const std::span<uint8_t> room, blocks_.Extend(count - done));
      Word* out = reinterpret_cast<Word*>(room.data());
      const int64_t part = static_cast<int64_t>(room.size()) / kWidth;
      for (int64_t i = 0; i < part; ++i) out[i] = value(done + i);
      done += part;
    }
    return Status::OK();
  }

  Status Finish() { return blocks_.Finish(); }
  const Word& operator[](int64_t row) const {
    return *reinterpret_cast<const Word*>(blocks_.At(row));
  }
  int64_t size() const { return blocks_.size(); }
  int64_t allocated_bytes() const { return blocks_.allocated_bytes(); }
  static int64_t EstimateBytes(int64_t rows) {
    return Blocks::EstimateBytes(rows, kBlockBits, kWidth);
  }

 private:
  static constexpr int64_t kWidth = sizeof(Word);
  static constexpr int kBlockBits = 16;

  Blocks blocks_;
};

}  // namespace spillway::join
