// The columns of a lookup while its rows come in.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/key_table.h"
#include "join/lookup_index.h"
#include "join/payload_store.h"
#include "join/stored_bits.h"

namespace spillway::join {

class IndexBuilder {
 public:
  // `options` must outlive the builder. Errors as LookupIndex::Build.
  static Result<IndexBuilder> Make(const arrow::Schema& schema, const BuildOptions& options);

  // Appends the rows whose key has no NULL.
  Status Append(const arrow::RecordBatch& batch);

  // What an error calls a row of the input, by its place there.
  using RowNumber = std::function<int64_t(int64_t input_row)>;

  // After the last batch: makes the key table. Then keys and payload may be taken. Without
  // `row_number` errors call rows by their places.
  Status Finish(const RowNumber& row_number = nullptr);
  std::unique_ptr<KeyTable> TakeKeys() { return std::move(keys_); }
  std::unique_ptr<PayloadStore> TakePayload() { return std::move(payload_); }

  int64_t null_key_rows() const { return null_key_rows_; }

 private:
  IndexBuilder(const BuildOptions& options, std::vector<int> payload_columns,
               std::unique_ptr<KeyTable> keys, std::unique_ptr<PayloadStore> payload);

  int64_t InputRow(int64_t row) const;
  Status DuplicateError(const KeyTable::Duplicate& duplicate, const RowNumber& row_number) const;

  const BuildOptions& options_;
  std::vector<int> payload_columns_;  // of the reader's schema
  std::unique_ptr<KeyTable> keys_;
  std::unique_ptr<PayloadStore> payload_;
  int64_t null_key_rows_ = 0;
  StoredBits kept_;  // under kError: which rows of the input are stored
};

}  // namespace spillway::join
