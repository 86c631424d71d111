// An open-addressing hash table from a key's hash to the number of a row. A bucket is one cache
// line of tags and row numbers, so that a look-up of an absent key reads one line and one of a
// present key that line and the key:
//
//   up to 2^32-2 rows:  | 12 tags | full | 3 unused | 12 rows of 32 bits |
//   more:               |  7 tags | full |             7 rows of 64 bits |
//
// A key goes to the first free slot of its home bucket or, that being full, of the buckets after
// it; `full` says that a key had to go on. The table is made for a known number of rows, 8 (or 4)
// to a bucket on average (2/3 and 4/7 of the slots), and never grows: 8 (16) bytes a row. The
// number of buckets need not be a power of two, which would double the memory at the wrong sizes.
//
// Rows of one key form a list: the slot has its head, and `next` the others; it is allocated for
// all rows when the first duplicate appears.
//
// Thread rule: one thread inserts, or one for each of several ranges; after that, any number may
// read.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/key_hash.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace spillway::join {

template <typename RowType>
struct alignas(64) Bucket {
  using Row = RowType;
  static constexpr int kSlots = sizeof(Row) == 4 ? 12 : 7;
  static constexpr int64_t kMeanRows = sizeof(Row) == 4 ? 8 : 4;

  uint8_t tags[kSlots];  // 0: empty
  uint8_t full;
  Row rows[kSlots];

  // A bit for each slot whose tag is `tag`.
  uint32_t Match(uint8_t tag) const {
#if defined(__SSE2__)
    const auto* header = reinterpret_cast<const __m128i*>(this);
    const __m128i wanted = _mm_set1_epi8(static_cast<char>(tag));
    const __m128i found = sizeof(Row) == 4 ? _mm_load_si128(header) : _mm_loadl_epi64(header);
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(found, wanted))) &
           ((1U << kSlots) - 1);
#else
    uint32_t mask = 0;
    for (int i = 0; i < kSlots; ++i) mask |= static_cast<uint32_t>(tags[i] == tag) << i;
    return mask;
#endif
  }
};
static_assert(sizeof(Bucket<uint32_t>) == 64 && sizeof(Bucket<uint64_t>) == 64);

// Where a search is: the candidates that it has not looked at are bits of `mask` in `bucket`.
struct BucketSearch {
  uint64_t bucket;
  uint32_t mask;
  uint8_t tag;
};

template <typename RowType>
class BucketTable {
 public:
  using Row = RowType;
  static constexpr int64_t kNoRow = -1;
  static constexpr int64_t kMostRows =
      std::min<uint64_t>(std::numeric_limits<Row>::max() - 1, std::numeric_limits<int64_t>::max());

  // A table for the rows 0 .. rows-1, empty.
  static Result<BucketTable> Make(int64_t rows, arrow::MemoryPool* pool);
  static int64_t EstimateBytes(int64_t rows, bool duplicates);

  void Prefetch(uint64_t hash) const { __builtin_prefetch(&buckets_[BucketOf(hash, count_)]); }

  BucketSearch Start(uint64_t hash) const {
    const uint64_t bucket = BucketOf(hash, count_);
    return {bucket, buckets_[bucket].Match(TagOf(hash)), TagOf(hash)};
  }

  // The next row whose key may be the wanted one, or kNoRow.
  int64_t Next(BucketSearch* search) const {
    while (search->mask == 0) {
      if (!buckets_[search->bucket].full) return kNoRow;
      search->bucket = search->bucket + 1 == count_ ? 0 : search->bucket + 1;
      search->mask = buckets_[search->bucket].Match(search->tag);
    }
    const int slot = std::countr_zero(search->mask);
    search->mask &= search->mask - 1;
    return static_cast<int64_t>(buckets_[search->bucket].rows[slot]);
  }

  // Puts `row` into the table, unless `equal(head)` says of a row that it has the same key. Returns
  // the place of that row in the table, or null if `row` was new.
  template <typename Equal>
  Row* Insert(int64_t row, uint64_t hash, Equal&& equal);

  // Buckets side by side.
  struct Range {
    uint64_t first;
    uint64_t end;
  };
  // Number `part` of `parts` ranges that have all buckets between them.
  Range RangeOf(int part, int parts) const {
    const auto bound = [&](int i) {
      return count_ * static_cast<uint64_t>(i) / static_cast<uint64_t>(parts);
    };
    return {bound(part), bound(part + 1)};
  }
  bool IsIn(const Range& range, uint64_t hash) const {
    const uint64_t bucket = BucketOf(hash, count_);
    return range.first <= bucket && bucket < range.end;
  }
  // Insert within a range that has the hash's bucket, so that threads can fill ranges at the same
  // time. Nothing where the row belongs behind the range's end, as then do all rows of its key:
  // Insert them when the ranges are filled.
  template <typename Equal>
  std::optional<Row*> InsertWithin(const Range& range, int64_t row, uint64_t hash, Equal&& equal);

  // Makes `row` the head of the list whose head is at `place`.
  Status Prepend(int64_t row, Row* place);

  // The row after `row` in the list of its key, or kNoRow.
  int64_t After(int64_t row) const {
    if (next_ == nullptr) return kNoRow;
    const Row after = next_[row];
    return after == kEnd ? kNoRow : static_cast<int64_t>(after);
  }

  bool has_lists() const { return next_ != nullptr; }
  int64_t allocated_bytes() const {
    return bucket_buffer_->capacity() + (next_buffer_ ? next_buffer_->capacity() : 0);
  }

 private:
  static constexpr Row kEnd = std::numeric_limits<Row>::max();

  BucketTable(int64_t rows, uint64_t count, std::unique_ptr<arrow::Buffer> buffer,
              arrow::MemoryPool* pool);
  static uint64_t BucketsFor(int64_t rows) {
    return static_cast<uint64_t>(rows / Bucket<Row>::kMeanRows + 1);
  }

  int64_t rows_;
  uint64_t count_;
  std::unique_ptr<arrow::Buffer> bucket_buffer_;
  Bucket<Row>* buckets_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<arrow::Buffer> next_buffer_;
  Row* next_ = nullptr;
};

template <typename RowType>
template <typename Equal>
RowType* BucketTable<RowType>::Insert(int64_t row, uint64_t hash, Equal&& equal) {
  return *InsertWithin({0, count_}, row, hash, equal);
}

template <typename RowType>
template <typename Equal>
std::optional<RowType*> BucketTable<RowType>::InsertWithin(const Range& range, int64_t row,
                                                           uint64_t hash, Equal&& equal) {
  const bool is_whole = range.first == 0 && range.end == count_;
  const uint8_t tag = TagOf(hash);
  uint64_t at = BucketOf(hash, count_);
  while (true) {
    Bucket<Row>& bucket = buckets_[at];
    for (uint32_t mask = bucket.Match(tag); mask != 0; mask &= mask - 1) {
      Row* head = &bucket.rows[std::countr_zero(mask)];
      if (equal(static_cast<int64_t>(*head))) return head;
    }
    if (const uint32_t empty = bucket.Match(0); empty != 0) {
      const int slot = std::countr_zero(empty);
      bucket.tags[slot] = tag;
      bucket.rows[slot] = static_cast<Row>(row);
      return static_cast<Row*>(nullptr);
    }
    bucket.full = 1;
    if (++at < range.end) continue;
    if (!is_whole) return std::nullopt;
    at = 0;
  }
}

extern template class BucketTable<uint32_t>;
extern template class BucketTable<uint64_t>;

}  // namespace spillway::join
