// Hands out the matches of a run of source rows in bounded runs, when the first match of each is
// known. A hot key can multiply a batch without limit, so matches are never made all at once.
//
// `Lists` knows the others: After(source_row, row) is the next row that matches `source_row` (an
// index into the heads) behind `row`, or -1, and unique() whether there is never one.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/error.h"
#include "base/status.h"
#include "join/matches.h"

namespace spillway::join {

template <typename Lists>
class MatchRuns {
 public:
  // `heads` has the first match of each of `source_rows` source rows, -1 for none; the source row
  // of the first one is called `first_source_row`.
  MatchRuns(Lists lists, JoinType type, std::shared_ptr<arrow::Buffer> heads, int64_t source_rows,
            int64_t first_source_row, arrow::MemoryPool* pool)
      : lists_(std::move(lists)),
        type_(type),
        pool_(pool),
        heads_(std::move(heads)),
        source_rows_(source_rows),
        first_source_row_(first_source_row) {
    MoveTo(0);
  }

  bool done() const { return source_row_ == source_rows_; }

  // See Prober::Next.
  Result<Matches> Next(int64_t max_output_rows) {
    if (done() || max_output_rows <= 0) {
      return MakeError({.code = ErrorCode::kInternal, .what = "a join was asked for no matches"});
    }
    const int64_t rows = MeasureOneToOne(max_output_rows);
    const bool ends = rows == max_output_rows || rows == source_rows_ - source_row_;
    return ends ? TakeOneToOne(rows) : TakeExpanded(max_output_rows);
  }

 private:
  static constexpr int64_t kNoRow = -1;
  static constexpr int64_t kRowBytes = sizeof(int64_t);

  static std::shared_ptr<arrow::Int64Array> RowArray(std::shared_ptr<arrow::Buffer> rows) {
    const int64_t length = rows->size() / kRowBytes;
    return std::make_shared<arrow::Int64Array>(length, std::move(rows), nullptr, 0);
  }

  int64_t Head(int64_t source_row) const {
    return reinterpret_cast<const int64_t*>(heads_->data())[source_row];
  }

  // Sets the cursor on the first match of `source_row` or of the next one that has any.
  void MoveTo(int64_t source_row) {
    source_row_ = source_row;
    if (type_ == JoinType::kInner) {
      while (!done() && Head(source_row_) == kNoRow) ++source_row_;
    }
    lookup_row_ = done() ? kNoRow : Head(source_row_);
  }

  // Sets the cursor on the next match.
  void Advance() {
    if (lookup_row_ != kNoRow) lookup_row_ = lists_.After(source_row_, lookup_row_);
    if (lookup_row_ == kNoRow) MoveTo(source_row_ + 1);
  }

  // The number of source rows from the cursor on, at most `most`, that have exactly one output row.
  // A cursor inside a list stands on a row with more than one.
  int64_t MeasureOneToOne(int64_t most) const {
    most = std::min(most, source_rows_ - source_row_);
    if (lists_.unique() && type_ == JoinType::kLeftOuter) return most;
    for (int64_t i = 0; i < most; ++i) {
      const int64_t head = Head(source_row_ + i);
      if (head == kNoRow ? type_ == JoinType::kInner
                         : lists_.After(source_row_ + i, head) != kNoRow) {
        return i;
      }
    }
    return most;
  }

  Matches TakeOneToOne(int64_t rows) {
    Matches matches;
    matches.one_to_one = true;
    matches.first_source_row = first_source_row_ + source_row_;
    matches.lookup_rows =
        RowArray(arrow::SliceBuffer(heads_, source_row_ * kRowBytes, rows * kRowBytes));
    const int64_t* heads = matches.lookup_rows->raw_values();
    matches.unmatched = std::count(heads, heads + rows, kNoRow);
    MoveTo(source_row_ + rows);
    return matches;
  }

  Result<Matches> TakeExpanded(int64_t max_output_rows) {
    const int64_t rows = CountMatches(max_output_rows);
    ARROW_ASSIGN_OR_RAISE(auto source_rows, arrow::AllocateBuffer(rows * kRowBytes, pool_));
    ARROW_ASSIGN_OR_RAISE(auto lookup_rows, arrow::AllocateBuffer(rows * kRowBytes, pool_));
    auto* source_row = reinterpret_cast<int64_t*>(source_rows->mutable_data());
    auto* lookup_row = reinterpret_cast<int64_t*>(lookup_rows->mutable_data());
    Matches matches;
    matches.first_source_row = first_source_row_ + source_row_;
    for (int64_t i = 0; i < rows; ++i) {
      source_row[i] = first_source_row_ + source_row_;
      lookup_row[i] = lookup_row_;
      matches.unmatched += lookup_row_ == kNoRow ? 1 : 0;
      Advance();
    }
    matches.source_rows = RowArray(std::move(source_rows));
    matches.lookup_rows = RowArray(std::move(lookup_rows));
    return matches;
  }

  // The number of matches from the cursor on, at most `most`; leaves the cursor where it is.
  int64_t CountMatches(int64_t most) {
    const int64_t source_row = source_row_;
    const int64_t lookup_row = lookup_row_;
    int64_t count = 0;
    for (; count < most && !done(); ++count) Advance();
    source_row_ = source_row;
    lookup_row_ = lookup_row;
    return count;
  }

  Lists lists_;
  JoinType type_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::Buffer> heads_;  // int64 per source row
  int64_t source_rows_;
  int64_t first_source_row_;
  int64_t source_row_ = 0;   // the cursor: the source row whose matches come next,
  int64_t lookup_row_ = -1;  // and the lookup row of the first of them
};

}  // namespace spillway::join
