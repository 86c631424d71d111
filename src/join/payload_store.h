// All payload columns of a lookup in memory: those of fixed width, and the codes of those with few
// texts, as records; the others one by one.
//
// Thread rule: one thread appends and finishes; after that, any number may gather.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/payload.h"
#include "join/payload_records.h"
#include "join/text_codes.h"

namespace spillway::join {

class PayloadStore {
 public:
  // `coded` says of each column of `schema` whether it holds few different texts. Should they be
  // more than there are codes, it goes on as any other column, with what it has.
  static Result<std::unique_ptr<PayloadStore>> Make(std::shared_ptr<arrow::Schema> schema,
                                                    const std::vector<bool>& coded,
                                                    arrow::MemoryPool* pool, int64_t expected_rows);

  // The most that `rows` rows take at any moment while they are appended, of columns of which
  // those are coded for which IsCoded.
  static int64_t EstimateBytes(int64_t rows, const std::vector<ColumnSize>& columns);
  static bool IsCoded(const ColumnSize& column, int64_t rows);

  // Appends the rows [first, first + count) of the columns.
  Status Append(const arrow::ArrayDataVector& columns, int64_t first, int64_t count);
  Status Finish();

  // Coded columns come as TextCodes::Decode makes them.
  Result<arrow::ArrayVector> Gather(const GatherRows& rows, arrow::MemoryPool* pool) const;

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t allocated_bytes() const;

 private:
  // One of: a column of the records, with or without texts for its codes; a column by itself.
  struct Column {
    std::unique_ptr<TextCodes> texts = nullptr;
    std::unique_ptr<PayloadColumn> other = nullptr;
  };

  PayloadStore(std::shared_ptr<arrow::Schema> schema, std::vector<Column> columns,
               std::vector<size_t> in_records, PayloadRecords records, arrow::MemoryPool* pool);

  Status AppendRecords(const arrow::ArrayDataVector& columns, int64_t first, int64_t rows);
  Status GoOnPlain(size_t number);

  std::shared_ptr<arrow::Schema> schema_;
  std::vector<Column> columns_;     // of schema_
  std::vector<size_t> in_records_;  // the columns that are, or were, in the records
  PayloadRecords records_;
  arrow::MemoryPool* pool_;
};

}  // namespace spillway::join
