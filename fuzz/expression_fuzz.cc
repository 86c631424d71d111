// An expression: any text is refused with its place, or bound; and what is bound gives for a batch
// what it gives for its rows one by one.
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include "base/units.h"
#include "expectation.h"
#include "expression/expression.h"

namespace spillway::fuzz {
namespace {

using expression::BoundExpression;

constexpr int64_t kPoolBytes = 64 * kMiB;
constexpr int64_t kNowMicros = 1'779'012'672'131'415;

struct Column {
  std::string_view name;
  std::shared_ptr<arrow::DataType> type;
  std::string_view rows;
};

// Each type that an expression may read, with NULL, limits and odd texts.
std::shared_ptr<arrow::RecordBatch> MakeBatch() {
  const Column columns[] = {
      {"b", arrow::boolean(), "[true, false, null, true]"},
      {"t", arrow::int8(), "[-128, 127, null, 0]"},
      {"s", arrow::int16(), "[-32768, 32767, null, 3]"},
      {"i", arrow::int32(), "[-2147483648, 2147483647, null, 2]"},
      {"l", arrow::int64(), "[-9223372036854775808, 9223372036854775807, null, 1]"},
      {"f", arrow::float32(), "[NaN, 3.4e38, null, -0.0]"},
      {"d", arrow::float64(), "[NaN, -Inf, null, 0.5]"},
      {"m", arrow::decimal128(10, 2), R"(["-99999999.99", "0.01", null, "12.50"])"},
      {"h", arrow::decimal128(38, 10),
       R"(["9999999999999999999999999999.9999999999", "0.0000000000", null, "-1.0000000000"])"},
      {"u", arrow::utf8(), R"(["", "Äpfel 日本 x%y_\\", null, "2024-02-29 12:30:00"])"},
      {"n", arrow::utf8(), R"([" -12.5e3 ", "true", null, "12"])"},
      {"x", arrow::binary(), R"(["", "bytes", null, "0"])"},
      {"y", arrow::date32(), "[-719162, 2932896, null, 19782]"},
      {"z", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
       "[-62135596800000000, 253402300799999999, null, 1709209800000000]"},
      {"w", arrow::timestamp(arrow::TimeUnit::MICRO), "[-1, 0, null, 1709209800000000]"},
      {"p", arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())}),
       R"([{"x": 1, "y": "a"}, {"x": null, "y": null}, null, {"x": -1, "y": "z"}])"},
      {"g", arrow::list(arrow::int32()), "[[1], [], null, [2, 3]]"},
      {"k", arrow::int32(), "[1, 2, 3, 4]"},
  };
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Column& column : columns) {
    arrays.push_back(arrow::json::ArrayFromJSONString(column.type, column.rows).ValueOrDie());
    const bool nullable = arrays.back()->null_count() > 0;
    fields.push_back(arrow::field(std::string(column.name), column.type, nullable));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 4, std::move(arrays));
}

bool Same(const arrow::Scalar& one, const arrow::Scalar& other) {
  return one.Equals(other,
                    arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

std::shared_ptr<arrow::Scalar> At(const arrow::Datum& value, int64_t row) {
  return value.is_scalar() ? value.scalar() : value.make_array()->GetScalar(row).ValueOrDie();
}

void ExpectOffset(const Status& status, std::string_view text) {
  const ErrorCode code = ExpectUserError(status);
  const bool is_of_expressions =
      code >= ErrorCode::kExpressionSyntax && code <= ErrorCode::kExpressionUnsupported;
  Expect(is_of_expressions || code == ErrorCode::kEvaluation || code == ErrorCode::kBudgetExceeded,
         "an error of another kind: " + RenderError(status));
  const auto offset = expression::ErrorOffset(status, text);
  Expect(!offset || *offset <= text.size(), "an error behind the text");
}

void ExpectSound(const BoundExpression& bound, const arrow::RecordBatch& batch) {
  Expect(std::ranges::is_sorted(bound.columns()), "columns out of order");
  Expect(std::ranges::includes(bound.columns(), bound.null_test_only_columns()),
         "a column that is tested and not read");
  Expect(bound.columns().empty() || bound.columns().back() < batch.num_columns(), "no such column");
}

// What Evaluate promises of a value.
void ExpectSound(const BoundExpression& bound, const arrow::Datum& value, int64_t rows) {
  Expect(value.type()->Equals(*bound.type()), "a value of another type: " + bound.text());
  if (value.is_scalar()) {
    Expect(value.scalar()->ValidateFull().ok(), "an invalid scalar: " + bound.text());
    Expect(bound.nullable() || value.scalar()->is_valid, "NULL out of nowhere: " + bound.text());
    return;
  }
  const auto array = value.make_array();
  Expect(!bound.constant(), "a constant that varies: " + bound.text());
  Expect(array->length() == rows, "rows too few or too many: " + bound.text());
  const Status valid = array->ValidateFull();
  Expect(valid.ok(), "an invalid array: " + bound.text() + ": " + valid.ToString());
  Expect(bound.nullable() || array->null_count() == 0, "NULL out of nowhere: " + bound.text());
}

bool IsOutOfMemory(const Status& status) {
  const auto error = FindError(status);
  return error && error->code == ErrorCode::kBudgetExceeded;
}

// The batch fails where, and only where, one of its rows does, and else has its rows' values.
void ExpectRowsAlone(const BoundExpression& bound, const arrow::RecordBatch& batch,
                     const Result<arrow::Datum>& whole,
                     const expression::EvaluationContext& context) {
  bool fails = false;
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    const auto alone = bound.Evaluate(*batch.Slice(row, 1), context);
    if (IsOutOfMemory(alone.status())) return;
    fails |= !alone.ok();
    if (!alone.ok() || !whole.ok()) continue;
    Expect(Same(*At(*alone, 0), *At(*whole, row)),
           fmt::format("row {} of {} is {} alone and {} in the batch", row, bound.text(),
                       At(*alone, 0)->ToString(), At(*whole, row)->ToString()));
  }
  Expect(fails == !whole.ok(), "a batch and its rows differ in whether they fail: " + bound.text());
}

void ExpectSameDictionary(const BoundExpression& bound, const arrow::RecordBatch& batch,
                          const Result<arrow::Datum>& whole,
                          const expression::EvaluationContext& context) {
  const auto encoded = bound.EvaluateDictionary(bound.ReadFrom(batch), context);
  if (IsOutOfMemory(encoded.status())) return;
  Expect(encoded.ok() == whole.ok(), "a dictionary differs in whether it fails: " + bound.text());
  if (!encoded.ok()) return;
  Expect((*encoded)->ValidateFull().ok(), "an invalid dictionary: " + bound.text());
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    const auto scalar = (*encoded)->GetScalar(row).ValueOrDie();
    const auto value = static_cast<const arrow::DictionaryScalar&>(*scalar).GetEncodedValue();
    Expect(Same(**value, *At(*whole, row)), "a dictionary has other values: " + bound.text());
  }
}

}  // namespace
}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;  // NOLINT(google-build-using-namespace)
  static const auto batch = fuzz::MakeBatch();
  arrow::util::InitializeUTF8();
  const std::string_view text = fuzz::TextOf(data, size);
  if (!arrow::util::ValidateUTF8(text)) return 0;  // what Bind asks of its callers
  arrow::CappedMemoryPool pool(arrow::system_memory_pool(),
                               arrow::system_memory_pool()->bytes_allocated() + fuzz::kPoolBytes);
  const auto bound = expression::Bind(text, *batch->schema(), {.pool = &pool});
  if (!bound.ok()) {
    fuzz::ExpectOffset(bound.status(), text);
    return 0;
  }
  fuzz::ExpectSound(*bound, *batch);
  const expression::EvaluationContext context{.pool = &pool, .now_micros = fuzz::kNowMicros};
  const auto whole = bound->Evaluate(*batch, context);
  if (whole.ok()) {
    fuzz::ExpectSound(*bound, *whole, batch->num_rows());
  } else {
    fuzz::ExpectError(whole.status(), {ErrorCode::kEvaluation, ErrorCode::kBudgetExceeded});
  }
  if (fuzz::IsOutOfMemory(whole.status())) return 0;
  fuzz::ExpectRowsAlone(*bound, *batch, whole, context);
  if (bound->gives_dictionary()) fuzz::ExpectSameDictionary(*bound, *batch, whole, context);
  return 0;
}
