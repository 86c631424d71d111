#include "join/index_builder.h"

#include <algorithm>
#include <string>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_run_reader.h>

#include "join/key_columns.h"

namespace spillway::join {

IndexBuilder::IndexBuilder(const BuildOptions& options, std::vector<int> payload_columns,
                           std::unique_ptr<KeyTable> keys, std::unique_ptr<PayloadStore> payload)
    : options_(options),
      payload_columns_(std::move(payload_columns)),
      keys_(std::move(keys)),
      payload_(std::move(payload)),
      kept_(options.pool) {}

Result<IndexBuilder> IndexBuilder::Make(const arrow::Schema& schema, const BuildOptions& options) {
  ARROW_RETURN_NOT_OK(CheckKeyColumns(schema, options.name, options.key_columns));
  arrow::DataTypeVector key_types;
  for (const int column : options.key_columns) key_types.push_back(schema.field(column)->type());
  auto keys = std::make_unique<KeyTable>(std::move(key_types), options.order_column.has_value(),
                                         options.pool, options.expected_rows);

  std::vector<int> payload_columns =
      PayloadColumnsOf(schema, options.key_columns, options.order_column);
  arrow::FieldVector fields;
  std::vector<bool> coded;
  for (const int column : payload_columns) {
    fields.push_back(schema.field(column));
    coded.push_back(std::ranges::find(options.coded_columns, column) !=
                    options.coded_columns.end());
  }
  ARROW_ASSIGN_OR_RAISE(auto payload, PayloadStore::Make(arrow::schema(std::move(fields)), coded,
                                                         options.pool, options.expected_rows));
  return IndexBuilder(options, std::move(payload_columns), std::move(keys), std::move(payload));
}

Status IndexBuilder::Append(const arrow::RecordBatch& batch) {
  std::vector<const arrow::ArrayData*> parts;
  for (const int column : options_.key_columns) parts.push_back(batch.column_data(column).get());
  arrow::ArrayDataVector payload;
  for (const int column : payload_columns_) payload.push_back(batch.column_data(column));
  ARROW_ASSIGN_OR_RAISE(const auto valid, ValidKeys(parts, batch.num_rows(), options_.pool));
  const uint8_t* bits = valid ? valid->data() : nullptr;
  if (options_.duplicates == DuplicatePolicy::kError) {
    ARROW_RETURN_NOT_OK(kept_.Append(bits, 0, batch.num_rows()));
  }
  const arrow::ArrayData* const order =
      options_.order_column ? batch.column_data(*options_.order_column).get() : nullptr;
  const int64_t rows_before = keys_->num_rows();
  ARROW_RETURN_NOT_OK(arrow::internal::VisitSetBitRuns(
      bits, 0, batch.num_rows(), [&](int64_t first, int64_t count) -> Status {
        ARROW_RETURN_NOT_OK(keys_->Append(parts, order, first, count));
        return payload_->Append(payload, first, count);
      }));
  null_key_rows_ += batch.num_rows() - (keys_->num_rows() - rows_before);
  return Status::OK();
}

Status IndexBuilder::Finish(const RowNumber& row_number) {
  ARROW_RETURN_NOT_OK(payload_->Finish());
  ARROW_ASSIGN_OR_RAISE(const auto duplicate, keys_->Finish(options_.duplicates, options_.threads));
  return duplicate ? DuplicateError(*duplicate, row_number) : Status::OK();
}

// The row of the input that became the stored row `row`.
int64_t IndexBuilder::InputRow(int64_t row) const {
  int64_t input_row = 0;
  for (int64_t kept = 0;; ++input_row) {
    kept += kept_[input_row] ? 1 : 0;
    if (kept > row) return input_row;
  }
}

Status IndexBuilder::DuplicateError(const KeyTable::Duplicate& duplicate,
                                    const RowNumber& row_number) const {
  ARROW_ASSIGN_OR_RAISE(const std::string key, keys_->Show(duplicate.first_row));
  const auto number_of = [&](int64_t row) {
    const int64_t input_row = InputRow(row);
    return row_number ? row_number(input_row) : input_row;
  };
  return DuplicateKeyError(options_.name, key, number_of(duplicate.first_row),
                           number_of(duplicate.second_row));
}

}  // namespace spillway::join
