// Append-only bytes in blocks of one power-of-two size. Full blocks never move, so growing costs no
// copy and no second peak, and a position is a block and an offset by a shift and a mask. Only the
// first block grows, by doubling, so that a small lookup takes little.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <bit>
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
  // Blocks of 2^block_bits bytes; the first one starts with `first_bytes` (a hint, clamped).
  Blocks(arrow::MemoryPool* pool, int block_bits, int64_t first_bytes);

  // Appends at least 1 and at most `bytes` bytes, as many as fit the current block, and returns
  // where to write them. Callers with values of 2^n bytes get whole values.
  Result<std::span<uint8_t>> Extend(int64_t bytes);

  // Appends `bytes` bytes from `data`, over as many blocks as it takes.
  Status Append(const uint8_t* data, int64_t bytes);

  // Gives back what the last block does not use.
  Status Finish();

  const uint8_t* At(int64_t position) const {
    return starts_[static_cast<size_t>(position >> block_bits_)] + (position & (block_bytes() - 1));
  }
  uint8_t* MutableAt(int64_t position) { return const_cast<uint8_t*>(At(position)); }

  // Calls `visit(const uint8_t*, int64_t bytes)` for each contiguous part of a range.
  template <typename Visit>
  void ForEachPart(int64_t position, int64_t bytes, Visit&& visit) const {
    while (bytes > 0) {
      const int64_t room = block_bytes() - (position & (block_bytes() - 1));
      const int64_t part = bytes < room ? bytes : room;
      visit(At(position), part);
      position += part;
      bytes -= part;
    }
  }

  // Whether a range lies in one block, so that At() reaches all of it.
  bool IsContiguous(int64_t position, int64_t bytes) const {
    return (position & (block_bytes() - 1)) + bytes <= block_bytes();
  }

  int64_t block_bytes() const { return int64_t{1} << block_bits_; }
  int64_t size_bytes() const { return size_bytes_; }
  int64_t allocated_bytes() const;

  // The most that `size_bytes` bytes take at any moment while they are appended.
  static int64_t EstimateBytes(int64_t size_bytes, int block_bits);

 private:
  Status AddRoom();

  arrow::MemoryPool* pool_;
  int block_bits_;
  int64_t first_bytes_;
  int64_t size_bytes_ = 0;
  int64_t room_bytes_ = 0;  // of all blocks together
  std::vector<const uint8_t*> starts_;
  std::vector<std::unique_ptr<arrow::ResizableBuffer>> blocks_;
};

// Blocks of values of one fixed-width type, 2^16 a block.
template <typename Word>
class Words {
 public:
  static_assert((sizeof(Word) & (sizeof(Word) - 1)) == 0, "values must not straddle blocks");

  Words(arrow::MemoryPool* pool, int64_t expected_rows)
      : blocks_(pool, kBlockBits, expected_rows * kWidth) {}

  // Appends `count` values, the i-th being `value(i)`.
  template <typename Value>
  Status Append(int64_t count, Value&& value) {
    int64_t done = 0;
    while (done < count) {
      ARROW_ASSIGN_OR_RAISE(const std::span<uint8_t> room, blocks_.Extend((count - done) * kWidth));
      Word* out = reinterpret_cast<Word*>(room.data());
      const int64_t part = static_cast<int64_t>(room.size()) / kWidth;
      for (int64_t i = 0; i < part; ++i) out[i] = value(done + i);
      done += part;
    }
    return Status::OK();
  }

  Status Finish() { return blocks_.Finish(); }
  const Word& operator[](int64_t row) const {
    return *reinterpret_cast<const Word*>(blocks_.At(row * kWidth));
  }
  int64_t size() const { return blocks_.size_bytes() / kWidth; }
  int64_t allocated_bytes() const { return blocks_.allocated_bytes(); }
  static int64_t EstimateBytes(int64_t rows) {
    return Blocks::EstimateBytes(rows * kWidth, kBlockBits);
  }

 private:
  static constexpr int64_t kWidth = sizeof(Word);
  static constexpr int kBlockBits = 16 + std::countr_zero(sizeof(Word));

  Blocks blocks_;
};

}  // namespace spillway::join
