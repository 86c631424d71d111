#include "join/piece_table.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace spillway::join {
namespace {

constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

}  // namespace

PieceTable::PieceTable(int64_t pieces, int bucket_bits, std::unique_ptr<arrow::Buffer> buffer,
                       arrow::MemoryPool* pool)
    : num_pieces_(pieces),
      bucket_bits_(bucket_bits),
      pool_(pool),
      buffer_(std::move(buffer)),
      pieces_(reinterpret_cast<Piece*>(buffer_->mutable_data())) {
  std::fill_n(pieces_, pieces, Piece{});
}

Result<std::unique_ptr<PieceTable>> PieceTable::Make(int64_t pieces, int bucket_bits,
                                                     arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(pieces * int64_t{sizeof(Piece)}, pool));
  return std::unique_ptr<PieceTable>(new PieceTable(pieces, bucket_bits, std::move(buffer), pool));
}

int64_t PieceTable::EstimateBytes(int64_t pieces, int64_t buckets) {
  return pieces * int64_t{sizeof(Piece)} + buckets * int64_t{sizeof(uint32_t)} +
         2 * kAlignmentBytes;
}

int64_t PieceTable::MostBuckets(int64_t rows, int64_t pieces, int bucket_bits) {
  // Each piece may leave its last bucket nearly empty. But small pieces share buckets, of which at
  // most every other one is less than half full, except before a long piece.
  const int64_t full = (rows >> bucket_bits) + 1;
  return std::min(full + pieces, 3 * full + 2);
}

void PieceTable::SetMultiple(int64_t piece) {
  const std::atomic_ref<uint8_t> multiple(pieces_[piece].multiple);
  if (multiple.load(std::memory_order_relaxed) == 0) {
    multiple.store(1, std::memory_order_relaxed);
  }
}

bool PieceTable::HasMultiple(int64_t piece) const {
  return std::atomic_ref<uint8_t>(pieces_[piece].multiple).load(std::memory_order_relaxed) != 0;
}

Status PieceTable::AssignBuckets() {
  int64_t bucket = 0;  // the one that is open
  int64_t used = 0;    // its rows
  for (int64_t i = 0; i < num_pieces_; ++i) {
    Piece& piece = pieces_[i];
    if (piece.rows == 0) continue;
    if (used > 0 && used + piece.rows > bucket_rows()) {
      ++bucket;
      used = 0;
    }
    if (bucket + (piece.rows >> bucket_bits_) >= UINT32_MAX) {
      return Status::CapacityError("a source of more than 2^32 buckets");
    }
    piece.first_bucket = static_cast<uint32_t>(bucket);
    piece.offset = static_cast<uint32_t>(used);
    used += piece.rows;
    if (used > bucket_rows()) {  // a long piece shares no bucket
      bucket += (used + bucket_rows() - 1) >> bucket_bits_;
      used = 0;
    }
  }
  num_buckets_ = static_cast<uint32_t>(bucket + (used > 0 ? 1 : 0));
  ARROW_ASSIGN_OR_RAISE(owner_buffer_,
                        arrow::AllocateBuffer(num_buckets_ * int64_t{sizeof(uint32_t)}, pool_));
  owners_ = reinterpret_cast<uint32_t*>(owner_buffer_->mutable_data());
  std::fill_n(owners_, num_buckets_, 0);
  for (int64_t i = 0; i < num_pieces_; ++i) {
    if (pieces_[i].rows == 0) continue;
    const uint32_t end = Find(i, pieces_[i].rows - 1).bucket + 1;
    for (uint32_t b = pieces_[i].first_bucket; b < end; ++b) ++owners_[b];
  }
  return Status::OK();
}

}  // namespace spillway::join
