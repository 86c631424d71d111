// The pieces of the source (runs of its rows that are read together), and in which bucket the
// matches of each of their rows are collected. A bucket is what a lane reads back at a time: 2^bits
// rows of one piece, or several small pieces together.
//
// Thread rule: SetRows and SetMultiple may be called from any thread, each piece's rows once;
// AssignBuckets by one thread between them; after that the rest is thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

// Where a row of the source stands among the buckets.
struct BucketRow {
  uint32_t bucket;
  uint32_t row;  // in the bucket
};

class PieceTable {
 public:
  static Result<std::unique_ptr<PieceTable>> Make(int64_t pieces, int bucket_bits,
                                                  arrow::MemoryPool* pool);
  static int64_t EstimateBytes(int64_t pieces, int64_t buckets);
  // The most buckets that a source of so many rows gets.
  static int64_t MostBuckets(int64_t rows, int64_t pieces, int bucket_bits);

  int64_t num_pieces() const { return num_pieces_; }
  int64_t Rows(int64_t piece) const { return pieces_[piece].rows; }
  void SetRows(int64_t piece, int64_t rows) { pieces_[piece].rows = rows; }

  // Says that a row of the piece has more than one match.
  void SetMultiple(int64_t piece);
  bool HasMultiple(int64_t piece) const;

  // Cuts the pieces into buckets, once the rows of all are known.
  Status AssignBuckets();
  uint32_t num_buckets() const { return num_buckets_; }
  int64_t bucket_rows() const { return int64_t{1} << bucket_bits_; }

  BucketRow Find(int64_t piece, int64_t row) const {
    const Piece& p = pieces_[piece];
    return {p.first_bucket + static_cast<uint32_t>(row >> bucket_bits_),
            p.offset + static_cast<uint32_t>(row & (bucket_rows() - 1))};
  }

  // Calls `drop(bucket)` for those of the piece's buckets that no other piece wants any more. A
  // piece is released once.
  template <typename Drop>
  void Release(int64_t piece, Drop&& drop) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Piece& p = pieces_[piece];
    if (p.rows == 0) return;
    const uint32_t end = Find(piece, p.rows - 1).bucket + 1;
    for (uint32_t bucket = p.first_bucket; bucket < end; ++bucket) {
      if (--owners_[bucket] == 0) drop(bucket);
    }
  }

 private:
  struct Piece {
    int64_t rows;
    uint32_t first_bucket;
    uint32_t offset;  // of the piece's first row in its bucket: not 0 only where pieces share one
    uint8_t multiple;
  };

  PieceTable(int64_t pieces, int bucket_bits, std::unique_ptr<arrow::Buffer> buffer,
             arrow::MemoryPool* pool);

  const int64_t num_pieces_;
  const int bucket_bits_;
  arrow::MemoryPool* const pool_;
  const std::unique_ptr<arrow::Buffer> buffer_;  // of pieces_
  Piece* const pieces_;
  uint32_t num_buckets_ = 0;
  std::mutex mutex_;
  std::unique_ptr<arrow::Buffer> owner_buffer_;  // of owners_
  uint32_t* owners_ = nullptr;                   // pieces with rows in a bucket; guarded by mutex_
};

}  // namespace spillway::join
