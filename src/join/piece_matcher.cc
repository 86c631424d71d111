#include "join/piece_matcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/external_join_state.h"
#include "join/key_columns.h"

namespace spillway::join {

PieceMatcher::PieceMatcher(const ExternalJoinState& state, JoinType type, arrow::MemoryPool* pool)
    : state_(state),
      type_(type),
      pool_(pool),
      reader_(state),
      keys_(state.format),
      decoder_(state.format, state.seen_nulls) {
  for (const KeyField& field : state.format.keys()) key_types_.push_back(field.type);
}

Status PieceMatcher::StartPiece(int64_t piece) {
  if (piece < 0 || piece >= state_.pieces->num_pieces()) {
    return MakeError(
        {.code = ErrorCode::kInternal, .what = fmt::format("the source has no piece {}", piece)});
  }
  runs_.reset();
  piece_ = piece;
  first_row_ = batch_rows_ = batch_row_ = 0;
  ahead_of_bucket_ = BucketReader::kNone;
  if (state_.pieces->Rows(piece) > 0) reader_.WillSeek(state_.pieces->Find(piece, 0).bucket);
  return Status::OK();
}

bool PieceMatcher::unique() const {
  return state_.options.duplicates != DuplicatePolicy::kExpand ||
         !state_.pieces->HasMultiple(piece_);
}

const std::shared_ptr<arrow::Schema>& PieceMatcher::payload_schema() const {
  return state_.payload_schema;
}

Status PieceMatcher::Start(const arrow::ArrayVector& keys) {
  ARROW_RETURN_NOT_OK(CheckKeys(keys, key_types_));
  runs_.reset();
  first_row_ += batch_rows_;
  batch_rows_ = keys[0]->length();
  batch_row_ = 0;
  in_parts_ = false;
  if (first_row_ + batch_rows_ > state_.pieces->Rows(piece_)) {
    return MakeError({.code = ErrorCode::kInternal,
                      .what = fmt::format("piece {} of the source has more rows than its {} were",
                                          piece_, state_.pieces->Rows(piece_))});
  }
  keys_.Start(keys);
  return FindRuns();
}

Result<MatchedRows> PieceMatcher::Next(int64_t max_output_rows) {
  if (done()) {
    return MakeError({.code = ErrorCode::kInternal, .what = "a join was asked for no matches"});
  }
  const MatchRuns<BucketLists> start = *runs_;
  ARROW_ASSIGN_OR_RAISE(const Matches matches, runs_->Next(max_output_rows));
  MatchedRows rows{.num_rows = matches.num_rows(),
                   .one_to_one = matches.one_to_one,
                   .first_source_row = matches.first_source_row,
                   .source_rows = matches.source_rows,
                   .unmatched = matches.unmatched};
  Result<arrow::ArrayVector> payload =
      decoder_.Decode({.base = reader_.rows(),
                       .positions = matches.lookup_rows->raw_values(),
                       .count = rows.num_rows,
                       .unmatched = rows.unmatched},
                      pool_);
  if (!payload.ok()) *runs_ = start;
  ARROW_ASSIGN_OR_RAISE(rows.payload, std::move(payload));
  if (const auto order = state_.format.order(); order) {
    rows.payload.erase(rows.payload.begin() + static_cast<ptrdiff_t>(*order));
  }
  // The window may go now: nothing that was given out points into it.
  if (runs_->done()) ARROW_RETURN_NOT_OK(FindRuns());
  return rows;
}

// Finds the next rows of the batch that have output, up to the end of a window; none if there are
// none.
Status PieceMatcher::FindRuns() {
  runs_.reset();
  while (in_parts_ || batch_row_ < batch_rows_) {
    const int64_t piece_row = first_row_ + batch_row_;
    const BucketRow at = state_.pieces->Find(piece_, piece_row);
    if (in_parts_) {
      ARROW_RETURN_NOT_OK(reader_.NextPart());
    } else {
      ARROW_RETURN_NOT_OK(reader_.Seek(at.bucket, at.row));
      WillSeekBehind(at.bucket);
      part_matched_ = false;
    }
    if (in_parts_ || reader_.has_more_parts()) {
      ARROW_RETURN_NOT_OK(FindRunsOfPart(at));
    } else {
      const int64_t count = std::min<int64_t>(batch_rows_ - batch_row_, reader_.end_row() - at.row);
      ARROW_ASSIGN_OR_RAISE(auto heads, FindHeads(at.row, count));
      runs_.emplace(BucketLists{&reader_, at.row}, type_, std::move(heads), count, batch_row_,
                    pool_);
      batch_row_ += count;
    }
    if (!runs_->done()) return Status::OK();
    runs_.reset();
  }
  return Status::OK();
}

// Has the piece's next bucket fetched while this one is used; its blocks are scattered on the disk.
void PieceMatcher::WillSeekBehind(uint32_t bucket) {
  if (bucket == ahead_of_bucket_) return;
  ahead_of_bucket_ = bucket;
  const uint32_t last = state_.pieces->Find(piece_, state_.pieces->Rows(piece_) - 1).bucket;
  if (bucket < last) reader_.WillSeek(bucket + 1);
}

// The matches of one row that are loaded. Whether it has none is known with the last of them.
Status PieceMatcher::FindRunsOfPart(const BucketRow& at) {
  const bool joins_one = state_.options.duplicates != DuplicatePolicy::kExpand;
  if (joins_one) ARROW_RETURN_NOT_OK(SeekJoinedPart(at));
  ARROW_ASSIGN_OR_RAISE(auto heads, FindHeads(at.row, 1));
  const bool matches = *reinterpret_cast<const int64_t*>(heads->data()) >= 0;
  in_parts_ = reader_.has_more_parts() && !joins_one;
  const JoinType type = in_parts_ || part_matched_ ? JoinType::kInner : type_;
  part_matched_ |= matches;
  runs_.emplace(BucketLists{&reader_, at.row}, type, std::move(heads), 1, batch_row_, pool_);
  if (!in_parts_) ++batch_row_;
  return Status::OK();
}

// Loads that part of a row's matches which has the one that is joined; any where there is none.
Status PieceMatcher::SeekJoinedPart(const BucketRow& at) {
  const RowFormat& format = state_.format;
  const DuplicatePolicy duplicates = state_.options.duplicates;
  const bool first_is_joined = duplicates != DuplicatePolicy::kLast && !format.order();
  std::vector<uint8_t> joined;  // a copy of the row
  int64_t joined_part = 0;
  int64_t part = 0;
  for (;; ++part) {
    ARROW_ASSIGN_OR_RAISE(const auto heads, FindHeads(at.row, 1));
    const int64_t head = *reinterpret_cast<const int64_t*>(heads->data());
    const uint8_t* const row = reader_.rows() + std::max<int64_t>(head, 0);
    if (head >= 0 &&
        (joined.empty() || TakesPlace(duplicates, format.CompareOrder(row, joined.data())))) {
      joined.assign(row, row + format.SizeOf(row));
      joined_part = part;
    }
    if (!reader_.has_more_parts() || (first_is_joined && !joined.empty())) break;
    ARROW_RETURN_NOT_OK(reader_.NextPart());
  }
  if (part == joined_part) return Status::OK();
  ARROW_RETURN_NOT_OK(reader_.Seek(at.bucket, at.row));
  for (int64_t i = 0; i < joined_part; ++i) ARROW_RETURN_NOT_OK(reader_.NextPart());
  return Status::OK();
}

// The position of the first match, or -1, of the `count` rows from the batch's next one on, which
// is `first_row` of the bucket.
Result<std::shared_ptr<arrow::Buffer>> PieceMatcher::FindHeads(uint32_t first_row, int64_t count) {
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(int64_t)), pool_));
  auto* heads = reinterpret_cast<int64_t*>(buffer->mutable_data());
  for (int64_t first = 0; first < count; first += kGroupRows) {
    FindHeadsOfGroup(first_row + static_cast<uint32_t>(first), batch_row_ + first,
                     std::min(kGroupRows, count - first), heads + first);
  }
  return buffer;
}

void PieceMatcher::FindHeadsOfGroup(uint32_t first_row, int64_t batch_row, int64_t count,
                                    int64_t* heads) {
  size_t candidates = 0;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t last = reader_.Last(first_row + static_cast<uint32_t>(i));
    heads[i] = last == BucketReader::kNone ? -1 : int64_t{last};
    if (last == BucketReader::kNone) continue;
    positions_[candidates] = batch_row + i;
    rows_[candidates] = reader_.rows() + last;
    __builtin_prefetch(rows_[candidates]);
    __builtin_prefetch(rows_[candidates] + state_.format.fixed_bytes());
    ++candidates;
  }
  keys_.Compare(positions_.data(), rows_.data(), static_cast<int64_t>(candidates), equal_.data());
  for (size_t c = 0; c < candidates; ++c) {
    const int64_t i = positions_[c] - batch_row;
    const uint32_t row = first_row + static_cast<uint32_t>(i);
    const auto last = static_cast<uint32_t>(heads[i]);
    if (reader_.After(last) != last) {
      heads[i] = FilterRing(row, positions_[c]);
    } else if (!equal_[c]) {
      heads[i] = -1;
    }
  }
}

// Takes out of a row's ring what does not have its key, and of duplicates what is not joined.
// Returns the position of the first that stays, or -1.
int64_t PieceMatcher::FilterRing(uint32_t row, int64_t batch_row) {
  const uint32_t last = reader_.Last(row);
  const DuplicatePolicy duplicates = state_.options.duplicates;
  uint32_t first_kept = BucketReader::kNone;
  uint32_t last_kept = BucketReader::kNone;
  uint32_t position = last;
  do {
    position = reader_.After(position);
    const uint8_t* candidate = reader_.rows() + position;
    uint8_t equal = 0;
    keys_.Compare(&batch_row, &candidate, 1, &equal);
    if (!equal) continue;
    if (duplicates != DuplicatePolicy::kExpand && first_kept != BucketReader::kNone) {
      const int order = state_.format.CompareOrder(candidate, reader_.rows() + first_kept);
      if (TakesPlace(duplicates, order)) first_kept = last_kept = position;
      continue;
    }
    if (first_kept == BucketReader::kNone) {
      first_kept = position;
    } else {
      reader_.SetAfter(last_kept, position);
    }
    last_kept = position;
  } while (position != last);
  reader_.SetLast(row, last_kept);
  if (first_kept == BucketReader::kNone) return -1;
  reader_.SetAfter(last_kept, first_kept);
  return first_kept;
}

}  // namespace spillway::join
