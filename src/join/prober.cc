#include "join/prober.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "join/key_table.h"

namespace spillway::join {
namespace {

constexpr int64_t kRowBytes = sizeof(int64_t);

Status CheckKeys(const arrow::ArrayVector& keys, const arrow::DataTypeVector& types) {
  if (keys.size() != types.size()) {
    return MakeError(
        {.code = ErrorCode::kInternal,
         .what = fmt::format("a join by {} key columns was given {}", types.size(), keys.size())});
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i]->type()->Equals(*types[i])) {
      return MakeError(
          {.code = ErrorCode::kKeyTypeMismatch,
           .what = fmt::format("key part {} is {} in the source and {} in the lookup", i + 1,
                               keys[i]->type()->ToString(), types[i]->ToString())});
    }
    if (keys[i]->length() != keys[0]->length()) {
      return MakeError(
          {.code = ErrorCode::kInternal, .what = "the arrays of a composite key differ in length"});
    }
  }
  return Status::OK();
}

std::shared_ptr<arrow::Int64Array> RowArray(std::shared_ptr<arrow::Buffer> rows) {
  const int64_t length = rows->size() / kRowBytes;
  return std::make_shared<arrow::Int64Array>(length, std::move(rows), nullptr, 0);
}

}  // namespace

int64_t Matches::num_rows() const { return lookup_rows->length(); }

Prober::Prober(const KeyTable& table, JoinType type, arrow::MemoryPool* pool,
               std::shared_ptr<arrow::Buffer> heads, int64_t source_rows)
    : table_(table), type_(type), pool_(pool), heads_(std::move(heads)), source_rows_(source_rows) {
  MoveTo(0);
}

Result<std::unique_ptr<Prober>> Prober::Make(const KeyTable& table, const arrow::ArrayVector& keys,
                                             JoinType type, arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckKeys(keys, table.types()));
  const int64_t rows = keys[0]->length();
  ARROW_ASSIGN_OR_RAISE(auto heads, arrow::AllocateBuffer(rows * kRowBytes, pool));
  table.FindFirst(keys, rows, reinterpret_cast<int64_t*>(heads->mutable_data()));
  return std::unique_ptr<Prober>(new Prober(table, type, pool, std::move(heads), rows));
}

int64_t Prober::Head(int64_t source_row) const {
  return reinterpret_cast<const int64_t*>(heads_->data())[source_row];
}

// Sets the cursor on the first match of `source_row` or of the next one that has any.
void Prober::MoveTo(int64_t source_row) {
  source_row_ = source_row;
  if (type_ == JoinType::kInner) {
    while (!done() && Head(source_row_) == KeyTable::kNoRow) ++source_row_;
  }
  lookup_row_ = done() ? KeyTable::kNoRow : Head(source_row_);
}

// Sets the cursor on the next match.
void Prober::Advance() {
  if (lookup_row_ != KeyTable::kNoRow) lookup_row_ = table_.After(lookup_row_);
  if (lookup_row_ == KeyTable::kNoRow) MoveTo(source_row_ + 1);
}

// The number of source rows from the cursor on, at most `most`, that have exactly one output row. A
// cursor inside a list stands on a row with more than one.
int64_t Prober::MeasureOneToOne(int64_t most) const {
  most = std::min(most, source_rows_ - source_row_);
  if (table_.unique() && type_ == JoinType::kLeftOuter) return most;
  for (int64_t i = 0; i < most; ++i) {
    const int64_t head = Head(source_row_ + i);
    if (head == KeyTable::kNoRow ? type_ == JoinType::kInner
                                 : table_.After(head) != KeyTable::kNoRow) {
      return i;
    }
  }
  return most;
}

Result<Matches> Prober::Next(int64_t max_output_rows) {
  if (done() || max_output_rows <= 0) {
    return MakeError({.code = ErrorCode::kInternal, .what = "a join was asked for no matches"});
  }
  const int64_t rows = MeasureOneToOne(max_output_rows);
  const bool ends = rows == max_output_rows || rows == source_rows_ - source_row_;
  return ends ? TakeOneToOne(rows) : TakeExpanded(max_output_rows);
}

Matches Prober::TakeOneToOne(int64_t rows) {
  Matches matches;
  matches.one_to_one = true;
  matches.first_source_row = source_row_;
  matches.lookup_rows =
      RowArray(arrow::SliceBuffer(heads_, source_row_ * kRowBytes, rows * kRowBytes));
  const int64_t* heads = matches.lookup_rows->raw_values();
  matches.unmatched = std::count(heads, heads + rows, KeyTable::kNoRow);
  MoveTo(source_row_ + rows);
  return matches;
}

Result<Matches> Prober::TakeExpanded(int64_t max_output_rows) {
  const int64_t rows = CountMatches(max_output_rows);
  ARROW_ASSIGN_OR_RAISE(auto source_rows, arrow::AllocateBuffer(rows * kRowBytes, pool_));
  ARROW_ASSIGN_OR_RAISE(auto lookup_rows, arrow::AllocateBuffer(rows * kRowBytes, pool_));
  auto* source_row = reinterpret_cast<int64_t*>(source_rows->mutable_data());
  auto* lookup_row = reinterpret_cast<int64_t*>(lookup_rows->mutable_data());
  Matches matches;
  matches.first_source_row = source_row_;
  for (int64_t i = 0; i < rows; ++i) {
    source_row[i] = source_row_;
    lookup_row[i] = lookup_row_;
    matches.unmatched += lookup_row_ == KeyTable::kNoRow ? 1 : 0;
    Advance();
  }
  matches.source_rows = RowArray(std::move(source_rows));
  matches.lookup_rows = RowArray(std::move(lookup_rows));
  return matches;
}

// The number of matches from the cursor on, at most `most`; leaves the cursor where it is.
int64_t Prober::CountMatches(int64_t most) {
  const int64_t source_row = source_row_;
  const int64_t lookup_row = lookup_row_;
  int64_t count = 0;
  for (; count < most && !done(); ++count) Advance();
  source_row_ = source_row;
  lookup_row_ = lookup_row;
  return count;
}

}  // namespace spillway::join
