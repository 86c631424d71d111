#include "join/key_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>

#include "join/key_columns.h"
#include "join/key_search.h"

namespace spillway::join {
namespace {

// Rows whose buckets are asked for together.
constexpr int64_t kGroup = 256;

}  // namespace

KeyTable::KeyTable(arrow::DataTypeVector types, arrow::MemoryPool* pool, int64_t expected_rows)
    : types_(std::move(types)), pool_(pool) {
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

Status KeyTable::Append(const std::vector<const arrow::ArrayData*>& parts, int64_t first,
                        int64_t count) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    ARROW_RETURN_NOT_OK(columns_[i]->Append(*parts[i], first, count));
  }
  num_rows_ += count;
  return Status::OK();
}

Result<std::optional<KeyTable::Duplicate>> KeyTable::Finish(DuplicatePolicy duplicates) {
  for (const auto& column : columns_) ARROW_RETURN_NOT_OK(column->Finish());
  if (num_rows_ <= BucketTable<uint32_t>::kMostRows) {
    ARROW_ASSIGN_OR_RAISE(table_, BucketTable<uint32_t>::Make(num_rows_, pool_));
  } else {
    ARROW_ASSIGN_OR_RAISE(table_, BucketTable<uint64_t>::Make(num_rows_, pool_));
  }
  return std::visit(
      [&](auto& table) -> Result<std::optional<Duplicate>> {
        if (duplicates != DuplicatePolicy::kExpand) return InsertFirsts(duplicates, &table);
        ARROW_RETURN_NOT_OK(InsertBackwards(&table));
        return std::nullopt;
      },
      *table_);
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

// From the last row to the first, each row put before those of its key: so lists end up in lookup
// order, and even a key that all rows have takes constant time a row.
template <typename BucketTable>
Status KeyTable::InsertBackwards(BucketTable* table) const {
  std::array<uint64_t, kGroup> hashes;
  for (int64_t end = num_rows_; end > 0; end -= std::min(end, kGroup)) {
    const int64_t first = std::max(int64_t{0}, end - kGroup);
    HashRows(first, end - first, hashes.data());
    for (int64_t i = 0; i < end - first; ++i) table->Prefetch(hashes[static_cast<size_t>(i)]);
    for (int64_t row = end - 1; row >= first; --row) {
      auto* place = table->Insert(row, hashes[static_cast<size_t>(row - first)],
                                  [this, row](int64_t head) { return EqualRows(row, head); });
      if (place != nullptr) ARROW_RETURN_NOT_OK(table->Prepend(row, place));
    }
  }
  return Status::OK();
}

// In order, the first row of each key only.
template <typename BucketTable>
std::optional<KeyTable::Duplicate> KeyTable::InsertFirsts(DuplicatePolicy duplicates,
                                                          BucketTable* table) const {
  std::array<uint64_t, kGroup> hashes;
  for (int64_t first = 0; first < num_rows_; first += kGroup) {
    const int64_t end = std::min(num_rows_, first + kGroup);
    HashRows(first, end - first, hashes.data());
    for (int64_t i = 0; i < end - first; ++i) table->Prefetch(hashes[static_cast<size_t>(i)]);
    for (int64_t row = first; row < end; ++row) {
      const auto* place = table->Insert(row, hashes[static_cast<size_t>(row - first)],
                                        [this, row](int64_t head) { return EqualRows(row, head); });
      if (place != nullptr && duplicates == DuplicatePolicy::kError) {
        return Duplicate{static_cast<int64_t>(*place), row};
      }
    }
  }
  return std::nullopt;
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
