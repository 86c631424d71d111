// A batch of source rows is probed at once; its matches come in runs. Where a run is one to one the
// source columns are sliced, not copied, and only the payload is gathered.
#include <algorithm>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>

#include "join/text_codes.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {
namespace {

int64_t LargestRowBytes(const arrow::Array& column);

template <typename ArrayType>
int64_t LongestValue(const arrow::Array& column) {
  const auto& values = static_cast<const ArrayType&>(column);
  int64_t longest = 0;
  for (int64_t row = 0; row < values.length(); ++row) {
    longest = std::max<int64_t>(longest, values.value_length(row));
  }
  return longest;
}

template <typename ListType>
int64_t LargestListBytes(const arrow::Array& column) {
  const int64_t element_bytes = LargestRowBytes(*static_cast<const ListType&>(column).values());
  return LongestValue<ListType>(column) * element_bytes + 8;
}

// An upper bound of the bytes of one row of `column`; of a list, its longest one full of its
// largest elements.
int64_t LargestRowBytes(const arrow::Array& column) {
  switch (column.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return LongestValue<arrow::BinaryArray>(column) + 4;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return LongestValue<arrow::LargeBinaryArray>(column) + 8;
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return LargestListBytes<arrow::ListArray>(column);
    case arrow::Type::LARGE_LIST:
      return LargestListBytes<arrow::LargeListArray>(column);
    case arrow::Type::STRUCT: {
      int64_t bytes = 1;
      const auto& structs = static_cast<const arrow::StructArray&>(column);
      for (const auto& child : structs.fields()) bytes += LargestRowBytes(*child);
      return bytes;
    }
    default:
      if (arrow::is_fixed_width(column.type_id()))
        return std::max(column.type()->bit_width() / 8, 1);
      return arrow::util::TotalBufferSize(column);
  }
}

class LookupStage : public arrow::RecordBatchReader {
 public:
  LookupStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema, const BoundLookup& lookup,
              std::unique_ptr<join::Matcher> matcher, const LookupStageOptions& options)
      : input_(std::move(input)),
        schema_(std::move(schema)),
        lookup_(lookup),
        matcher_(std::move(matcher)),
        options_(options),
        execution_(options.pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    while (source_ == nullptr || matcher_->done()) {
      source_.reset();
      ARROW_RETURN_NOT_OK(input_->ReadNext(&source_));
      if (source_ == nullptr) {
        batch->reset();
        return Status::OK();
      }
      ARROW_RETURN_NOT_OK(StartBatch());
    }
    ARROW_ASSIGN_OR_RAISE(join::MatchedRows rows, matcher_->Next(run_rows_));
    ARROW_RETURN_NOT_OK(CheckRowsStay(rows));
    if (options_.counts != nullptr) Count(rows);
    ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, SourceColumns(rows));
    for (auto& payload : rows.payload) {
      if (!options_.for_writing) {
        ARROW_ASSIGN_OR_RAISE(payload, join::PlainTexts(payload, options_.pool));
      }
      columns.insert(columns.end() - (options_.numbered ? 1 : 0), std::move(payload));
    }
    *batch = arrow::RecordBatch::Make(schema_, rows.num_rows, std::move(columns));
    return Status::OK();
  }

  Status Close() override { return input_->Close(); }

 private:
  Status StartBatch() {
    arrow::ArrayVector keys;
    for (const int column : lookup_.source_keys) {
      ARROW_ASSIGN_OR_RAISE(auto key, join::PlainTexts(source_->column(column), options_.pool));
      keys.push_back(std::move(key));
    }
    ARROW_RETURN_NOT_OK(matcher_->Start(keys));
    next_row_ = 0;
    last_row_ = -1;
    if (options_.counts != nullptr) options_.counts->rows += source_->num_rows();
    run_rows_ = std::max<int64_t>(source_->num_rows(), 1);
    if (matcher_->unique()) return Status::OK();
    int64_t row_bytes = 1;
    for (const auto& column : source_->columns()) row_bytes += LargestRowBytes(*column);
    run_rows_ = std::clamp<int64_t>(options_.batch_bytes / row_bytes, 1, run_rows_);
    return Status::OK();
  }

  // Each source row has to come once, in its place, where the caller says so.
  Status CheckRowsStay(const join::MatchedRows& rows) {
    if (options_.rows_changed == nullptr || rows.one_to_one) return Status::OK();
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      *options_.rows_changed = rows.source_rows->Value(i) != next_row_++;
      if (*options_.rows_changed) return Status::Invalid("the rows do not stay one to one");
    }
    return Status::OK();
  }

  // A source row without a match is one output row, or none; the others count once, although their
  // output rows may be many and in several runs.
  void Count(const join::MatchedRows& rows) {
    LookupCounts& counts = *options_.counts;
    counts.output_rows += rows.num_rows;
    counts.matched -= rows.unmatched;
    if (rows.one_to_one) {
      counts.matched += rows.num_rows;
      return;
    }
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      const int64_t row = rows.source_rows->Value(i);
      counts.matched += row == last_row_ ? 0 : 1;
      last_row_ = row;
    }
  }

  Result<arrow::ArrayVector> SourceColumns(const join::MatchedRows& rows) {
    if (rows.one_to_one) return source_->Slice(rows.first_source_row, rows.num_rows)->columns();
    arrow::ArrayVector columns;
    for (const auto& column : source_->columns()) {
      ARROW_ASSIGN_OR_RAISE(
          const arrow::Datum taken,
          arrow::compute::Take(column, rows.source_rows,
                               arrow::compute::TakeOptions::NoBoundsCheck(), &execution_));
      columns.push_back(taken.make_array());
    }
    return columns;
  }

  const ReaderPointer input_;
  const std::shared_ptr<arrow::Schema> schema_;
  const BoundLookup& lookup_;
  const std::unique_ptr<join::Matcher> matcher_;
  const LookupStageOptions options_;
  arrow::compute::ExecContext execution_;
  std::shared_ptr<arrow::RecordBatch> source_;
  int64_t run_rows_ = 0;   // the most rows of one output batch
  int64_t next_row_ = 0;   // of the source batch, that has to come if the rows stay
  int64_t last_row_ = -1;  // of the source batch, that was counted
};

}  // namespace

ReaderPointer MakeLookupStage(ReaderPointer input, const BoundLookup& lookup,
                              std::unique_ptr<join::Matcher> matcher,
                              const LookupStageOptions& options) {
  arrow::FieldVector fields = input->schema()->fields();
  for (const auto& field : matcher->payload_schema()->fields()) {
    fields.insert(fields.end() - (options.numbered ? 1 : 0), field->WithNullable(true));
  }
  std::shared_ptr<arrow::Schema> schema = arrow::schema(std::move(fields));
  return std::make_unique<LookupStage>(std::move(input), std::move(schema), lookup,
                                       std::move(matcher), options);
}

}  // namespace spillway::pipeline
