// The keys of all rows of a lookup, and the table that finds rows by them.
//
// Thread rule: one thread appends and finishes; after that, any number may read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/bucket_table.h"
#include "join/key.h"
#include "join/matches.h"
#include "join/stored_bytes.h"

namespace spillway::join {

class KeyTable {
 public:
  static constexpr int64_t kNoRow = -1;

  // `types` all pass KindOf. Where rows `have_order`, it decides which of a key is joined.
  KeyTable(arrow::DataTypeVector types, bool have_order, arrow::MemoryPool* pool,
           int64_t expected_rows);

  // The most that appending `rows` rows and Finish take at any moment, without their order.
  // `value_bytes` is per part.
  static int64_t EstimateBytes(int64_t rows, const arrow::DataTypeVector& types,
                               const std::vector<int64_t>& value_bytes, DuplicatePolicy duplicates);

  // Appends the rows [first, first + count) of the key's parts, none of them NULL. `order` is a
  // binary array whose values order the rows as memcmp does; null where they have none.
  Status Append(const std::vector<const arrow::ArrayData*>& parts, const arrow::ArrayData* order,
                int64_t first, int64_t count);

  // Two rows of one key.
  struct Duplicate {
    int64_t first_row;
    int64_t second_row;
  };
  // Makes the table, after the last row, on so many threads. Under kError the first row that is a
  // duplicate is returned, if there is one.
  Result<std::optional<Duplicate>> Finish(DuplicatePolicy duplicates, int threads);

  // For each of the `rows` keys, whose parts are arrays of types(): the first row of that key, or
  // kNoRow. Wants Finish.
  void FindFirst(const arrow::ArrayVector& parts, int64_t rows, int64_t* first_rows) const;

  // The next row, in lookup order, of the key of `row`, or kNoRow.
  int64_t After(int64_t row) const {
    return std::visit([row](const auto& table) { return table.After(row); }, *table_);
  }

  // The key of a row as a message shows it.
  Result<std::string> Show(int64_t row) const;

  const arrow::DataTypeVector& types() const { return types_; }
  int64_t num_rows() const { return num_rows_; }
  bool unique() const;  // no key leads to two rows
  int64_t allocated_bytes() const;

 private:
  using Table = std::variant<BucketTable<uint32_t>, BucketTable<uint64_t>>;

  void HashRows(int64_t first, int64_t count, uint64_t* hashes) const;
  bool EqualRows(int64_t left, int64_t right) const;
  int CompareOrder(int64_t left, int64_t right) const;  // as TakesPlace wants it
  template <typename BucketTable>
  Result<std::optional<Duplicate>> Fill(DuplicatePolicy duplicates, int threads,
                                        BucketTable* table) const;
  template <typename BucketTable>
  struct Part;
  template <typename BucketTable>
  Status FillPart(DuplicatePolicy duplicates, Part<BucketTable>* part) const;

  arrow::DataTypeVector types_;
  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<KeyColumn>> columns_;
  std::optional<StoredBytes> order_;
  int64_t num_rows_ = 0;
  std::optional<Table> table_;
};

}  // namespace spillway::join
