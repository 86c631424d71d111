#include "join/key_table.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>

#include "base/start_thread.h"
#include "join/key_columns.h"
#include "join/key_search.h"

namespace spillway::join {
namespace {

// Rows whose buckets are asked for together.
constexpr int64_t kGroup = 256;

}  // namespace

KeyTable::KeyTable(arrow::DataTypeVector types, bool have_order, arrow::MemoryPool* pool,
                   int64_t expected_rows)
    : types_(std::move(types)), pool_(pool) {
  if (have_order) order_.emplace(pool, expected_rows);
  for (const auto& type : types_) columns_.push_back(KeyColumn::Make(type, pool, expected_rows));
}

int64_t KeyTable::EstimateBytes(int64_t rows, const arrow::DataTypeVector& types,
                                const std::vector<int64_t>& value_bytes,
                                DuplicatePolicy duplicates) {
  const bool lists = duplicates == DuplicatePolicy::kExpand;
  int64_t bytes = rows <= BucketTable<uint32_t>::kMostRows
                      ? BucketTable<uint32_t>::EstimateBytes(rows, lists)
                      : BucketTable<uint64_t>::EstimateBytes(rows, lists);
  for (size_t i = 0; i < types.size(); ++i) {
    bytes += KeyColumn::EstimateBytes(*types[i], rows, value_bytes[i]);
  }
  return bytes;
}

Status KeyTable::Append(const std::vector<const arrow::ArrayData*>& parts,
                        const arrow::ArrayData* order, int64_t first, int64_t count) {
  if (order_) ARROW_RETURN_NOT_OK(order_->Append(*order, first, count));
  for (size_t i = 0; i < columns_.size(); ++i) {
    ARROW_RETURN_NOT_OK(columns_[i]->Append(*parts[i], first, count));
  }
  num_rows_ += count;
  return Status::OK();
}

Result<std::optional<KeyTable::Duplicate>> KeyTable::Finish(DuplicatePolicy duplicates,
                                                            int threads) {
  for (const auto& column : columns_) ARROW_RETURN_NOT_OK(column->Finish());
  if (order_) ARROW_RETURN_NOT_OK(order_->Finish());
  if (num_rows_ <= BucketTable<uint32_t>::kMostRows) {
    ARROW_ASSIGN_OR_RAISE(table_, BucketTable<uint32_t>::Make(num_rows_, pool_));
  } else {
    ARROW_ASSIGN_OR_RAISE(table_, BucketTable<uint64_t>::Make(num_rows_, pool_));
  }
  return std::visit([&](auto& table) { return Fill(duplicates, threads, &table); }, *table_);
}

void KeyTable::HashRows(int64_t first, int64_t count, uint64_t* hashes) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i]->Hash(first, count, /*combine=*/i > 0, hashes);
  }
}

bool KeyTable::EqualRows(int64_t left, int64_t right) const {
  return std::all_of(columns_.begin(), columns_.end(),
                     [left, right](const auto& column) { return column->EqualRows(left, right); });
}

int KeyTable::CompareOrder(int64_t left, int64_t right) const {
  return order_ ? order_->CompareRows(left, right) : 0;
}

// A range of the table's buckets, which one thread fills.
template <typename BucketTable>
struct KeyTable::Part {
  const KeyTable* keys;
  BucketTable* table;
  std::mutex* lists;  // of the table's lists, while they are made
  typename BucketTable::Range range;
  std::vector<int64_t> beyond = {};  // rows that belong behind the range, in the order of filling
  std::optional<Duplicate> duplicate = std::nullopt;
  Status status = Status::OK();

  // What follows from where a row went: `place` is that of its key's head, or null.
  Status Inserted(int64_t row, typename BucketTable::Row* place, DuplicatePolicy duplicates) {
    if (place == nullptr) return Status::OK();
    if (JoinsOneRow(duplicates)) {
      const int order = keys->CompareOrder(row, static_cast<int64_t>(*place));
      if (TakesPlace(duplicates, order)) *place = static_cast<typename BucketTable::Row>(row);
      return Status::OK();
    }
    if (duplicates == DuplicatePolicy::kError) {
      if (!duplicate || row < duplicate->second_row) {
        duplicate = {static_cast<int64_t>(*place), row};
      }
      return Status::OK();
    }
    const std::lock_guard lock(*lists);
    return table->Prepend(row, place);
  }
};

// Under kExpand from the last row to the first, each row put before those of its key: so lists end
// up in lookup order, and even a key that all rows have takes constant time a row. Else in order,
// one row of each key only.
template <typename BucketTable>
Status KeyTable::FillPart(DuplicatePolicy duplicates, Part<BucketTable>* part) const {
  const bool is_backwards = duplicates == DuplicatePolicy::kExpand;
  std::array<uint64_t, kGroup> hashes;
  std::array<int64_t, kGroup> rows;  // of the group, those of the range
  for (int64_t done = 0; done < num_rows_ && !part->duplicate; done += kGroup) {
    const int64_t count = std::min(kGroup, num_rows_ - done);
    const int64_t first = is_backwards ? num_rows_ - done - count : done;
    HashRows(first, count, hashes.data());
    size_t wanted = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t at = is_backwards ? count - 1 - i : i;
      const uint64_t hash = hashes[static_cast<size_t>(at)];
      if (!part->table->IsIn(part->range, hash)) continue;
      part->table->Prefetch(hash);
      rows[wanted++] = first + at;
    }
    for (const int64_t row : std::span(rows).first(wanted)) {
      const auto place =
          part->table->InsertWithin(part->range, row, hashes[static_cast<size_t>(row - first)],
                                    [this, row](int64_t head) { return EqualRows(row, head); });
      if (place) {
        ARROW_RETURN_NOT_OK(part->Inserted(row, *place, duplicates));
      } else {
        part->beyond.push_back(row);
      }
    }
  }
  return Status::OK();
}

template <typename BucketTable>
Result<std::optional<KeyTable::Duplicate>> KeyTable::Fill(DuplicatePolicy duplicates, int threads,
                                                          BucketTable* table) const {
  std::mutex lists;
  std::vector<Part<BucketTable>> parts;
  for (int part = 0; part < threads; ++part) {
    parts.push_back(
        {.keys = this, .table = table, .lists = &lists, .range = table->RangeOf(part, threads)});
  }
  {
    std::vector<std::jthread> others;
    for (size_t part = 1; part < parts.size(); ++part) {
      ARROW_ASSIGN_OR_RAISE(std::jthread other,
                            StartThread([this, duplicates, &filled = parts[part]] {
                              filled.status = FillPart(duplicates, &filled);
                            }));
      others.push_back(std::move(other));
    }
    parts[0].status = FillPart(duplicates, parts.data());
  }

  Part<BucketTable> whole = {
      .keys = this, .table = table, .lists = &lists, .range = table->RangeOf(0, 1)};
  for (const Part<BucketTable>& part : parts) {
    ARROW_RETURN_NOT_OK(part.status);
    if (!part.duplicate) continue;
    if (whole.duplicate && whole.duplicate->second_row < part.duplicate->second_row) continue;
    whole.duplicate = part.duplicate;
  }
  for (const Part<BucketTable>& part : parts) {
    for (const int64_t row : part.beyond) {
      uint64_t hash = 0;
      HashRows(row, 1, &hash);
      auto* place =
          table->Insert(row, hash, [this, row](int64_t head) { return EqualRows(row, head); });
      ARROW_RETURN_NOT_OK(whole.Inserted(row, place, duplicates));
    }
  }
  return whole.duplicate;
}

void KeyTable::FindFirst(const arrow::ArrayVector& parts, int64_t rows, int64_t* first_rows) const {
  std::visit(
      [&](const auto& table) { FindFirstRows(table, columns_, types_, parts, rows, first_rows); },
      *table_);
}

bool KeyTable::unique() const {
  return !std::visit([](const auto& table) { return table.has_lists(); }, *table_);
}

int64_t KeyTable::allocated_bytes() const {
  int64_t bytes = 0;
  for (const auto& column : columns_) bytes += column->allocated_bytes();
  if (order_) bytes += order_->allocated_bytes();
  if (table_) {
    bytes += std::visit([](const auto& table) { return table.allocated_bytes(); }, *table_);
  }
  return bytes;
}

Result<std::string> KeyTable::Show(int64_t row) const {
  arrow::ScalarVector parts;
  for (const auto& column : columns_) {
    ARROW_ASSIGN_OR_RAISE(auto part, column->ValueOf(row));
    parts.push_back(std::move(part));
  }
  return ShowKey(parts);
}

}  // namespace spillway::join
