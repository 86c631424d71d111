// A batch of source rows is probed at once; its matches come in runs. Where a run is one to one the
// source columns are sliced, not copied, and only the payload is gathered.
//
// Nobody knows beforehand how long the texts are that a batch finds. Where they are too many bytes
// for a column or for the memory that is free, fewer rows are asked for; and a run whose texts came
// as a dictionary, which takes nothing, goes out in parts, since whoever reads it may make plain
// texts of it.
#include <algorithm>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "join/text_codes.h"
#include "pipeline/stages.h"

namespace spillway::pipeline {
namespace {

// A batch is not cut for fewer bytes of text.
constexpr int64_t kLeastTextBytes = kMiB;

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

// What the texts of a dictionary column take one after another; nothing of any other column.
int64_t PlainBytes(const arrow::Array& column) {
  if (column.type_id() != arrow::Type::DICTIONARY) return 0;
  const auto& coded = static_cast<const arrow::DictionaryArray&>(column);
  const auto& texts = static_cast<const arrow::BinaryArray&>(*coded.dictionary());
  const auto* codes = coded.indices()->data()->GetValues<uint16_t>(1);
  int64_t bytes = 0;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsValid(row)) bytes += texts.value_length(codes[row]);
  }
  return bytes;
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
        execution_(options.evaluation.pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    while (given_rows_ == run_.num_rows) {
      run_ = {};
      given_rows_ = 0;
      if (source_ == nullptr || matcher_->done()) {
        source_.reset();
        ARROW_RETURN_NOT_OK(input_->ReadNext(&source_));
        if (source_ == nullptr) return Status::OK();
        ARROW_RETURN_NOT_OK(StartBatch());
      } else {
        ARROW_RETURN_NOT_OK(FindRun());
      }
    }
    ARROW_ASSIGN_OR_RAISE(*batch, NextPart());
    given_rows_ += (*batch)->num_rows();
    if (given_rows_ == run_.num_rows) run_.payload.clear();
    return Status::OK();
  }

  Status Close() override { return input_->Close(); }

 private:
  Status StartBatch() {
    ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector keys,
                          KeysOf(lookup_, *source_, options_.evaluation));
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

  // The next matches; of fewer rows where those that were asked for take too much.
  Status FindRun() {
    for (;;) {
      Result<join::MatchedRows> run = matcher_->Next(run_rows_);
      if (!run.ok() && !matcher_->done() && AsksForFewer(run.status(), &run_rows_)) continue;
      ARROW_ASSIGN_OR_RAISE(run_, std::move(run));
      break;
    }
    ARROW_RETURN_NOT_OK(CheckRowsStay(run_));
    if (options_.counts != nullptr) Count(run_);
    int64_t text_bytes = 0;
    for (const auto& payload : run_.payload) text_bytes += PlainBytes(*payload);
    const int64_t parts = text_bytes / std::max(options_.batch_bytes, kLeastTextBytes) + 1;
    part_rows_ = std::max<int64_t>(run_.num_rows / parts, 1);
    return Status::OK();
  }

  // Where a column's bytes are too many fewer rows may do, and where memory is short a quarter of
  // them, so that there is some left for what is made of them.
  static bool AsksForFewer(const Status& status, int64_t* rows) {
    const bool is_short = status.IsOutOfMemory();
    if (*rows <= 1 || !(is_short || status.IsCapacityError())) return false;
    *rows = std::max<int64_t>(*rows / (is_short ? 4 : 2), 1);
    return true;
  }

  // Rows of the run that are not given out yet.
  Result<std::shared_ptr<arrow::RecordBatch>> NextPart() {
    for (;;) {
      const join::MatchedRows part =
          PartOf(run_, given_rows_, std::min(part_rows_, run_.num_rows - given_rows_));
      Result<arrow::ArrayVector> columns = ColumnsOf(part);
      part_rows_ = part.num_rows;
      if (!columns.ok() && AsksForFewer(columns.status(), &part_rows_)) continue;
      ARROW_RETURN_NOT_OK(columns.status());
      return arrow::RecordBatch::Make(schema_, part.num_rows, columns.MoveValueUnsafe());
    }
  }

  static join::MatchedRows PartOf(const join::MatchedRows& run, int64_t first, int64_t count) {
    if (count == run.num_rows) return run;
    join::MatchedRows part = {.num_rows = count,
                              .one_to_one = run.one_to_one,
                              .first_source_row = run.first_source_row + first};
    if (run.source_rows != nullptr) {
      part.source_rows =
          std::static_pointer_cast<arrow::Int64Array>(run.source_rows->Slice(first, count));
    }
    for (const auto& payload : run.payload) part.payload.push_back(payload->Slice(first, count));
    return part;
  }

  // Those of the source, and then the payload's.
  Result<arrow::ArrayVector> ColumnsOf(const join::MatchedRows& rows) {
    ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector columns, SourceColumns(rows));
    for (auto payload : rows.payload) {
      if (!options_.for_writing) {
        ARROW_ASSIGN_OR_RAISE(payload, join::PlainTexts(payload, options_.evaluation.pool));
      }
      columns.insert(columns.end() - (options_.numbered ? 1 : 0), std::move(payload));
    }
    return columns;
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
  int64_t run_rows_ = 0;    // the most rows that are asked for
  join::MatchedRows run_;   // the matches that were found last,
  int64_t given_rows_ = 0;  // so many of which went out,
  int64_t part_rows_ = 0;   // at most so many at a time
  int64_t next_row_ = 0;    // of the source batch, that has to come if the rows stay
  int64_t last_row_ = -1;   // of the source batch, that was counted
};

// A key whose text is no number, say.
Status CannotCast(const Status& status, const spec::LocatedText& name,
                  const arrow::DataType& type) {
  const std::optional<ErrorInfo> error = FindError(status);
  if (!error || error->code != ErrorCode::kEvaluation) return status;
  return MakeError({.code = ErrorCode::kEvaluation,
                    .what = fmt::format("a value of the key \"{}\" cannot be cast to {}, the type "
                                        "in which both sides are compared",
                                        name.text, type.ToString()),
                    .where = name.Where(),
                    .why = error->what,
                    .cure = "leave such rows out with `where`, or write both tables' keys with one "
                            "type"});
}

}  // namespace

Result<arrow::ArrayVector> KeysOf(const BoundLookup& lookup, const arrow::RecordBatch& batch,
                                  const expression::EvaluationContext& context) {
  arrow::ArrayVector keys;
  for (size_t i = 0; i < lookup.source_keys.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto key,
                          join::PlainTexts(batch.column(lookup.source_keys[i]), context.pool));
    if (i < lookup.source_casts.size() && lookup.source_casts[i]) {
      const expression::BoundExpression& cast = *lookup.source_casts[i];
      const auto column = arrow::RecordBatch::Make(
          arrow::schema({arrow::field("key", key->type())}), batch.num_rows(), {key});
      const Result<arrow::Datum> value = cast.Evaluate(*column, context);
      if (!value.ok()) {
        return CannotCast(value.status(), lookup.source_key_names[i], *cast.type());
      }
      key = value->make_array();
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

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
