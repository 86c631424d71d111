// Spark SQL expressions on Arrow batches: text is bound and typed against a schema before any data
// is read, then evaluated column by column. The meaning is that of Apache Spark 4.2 in ANSI mode
// with the session time zone UTC; docs/expressions.md lists what is in and what is refused.
//
// Column types: boolean, int8, int16, int32, int64, float, double, decimal128, utf8, large_utf8,
// binary, large_binary, date32, timestamp with a time zone (an instant) and without one (Spark's
// timestamp_ntz), and structs of these by `column.field`. A column of another type may only stand
// in IS [NOT] NULL. Results are of the plain types (utf8, binary, timestamp[us, "UTC"],
// timestamp[us]).
//
// Thread rule: a BoundExpression is immutable; threads may evaluate one at the same time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/datum.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"

namespace spillway::expression {

struct BoundNode;
struct Rows;
class ConstantChoice;

inline constexpr int64_t kMaximumTextBytes = 64 * 1024;
inline constexpr int kMaximumDepth = 500;

// Whether a value depends on when it is computed.
enum class TimeDependence : uint8_t {
  kNever,
  kByText,  // a text is cast to TIMESTAMP: one without a date, '12:30:00', is of today
  kAlways,  // current_timestamp or current_date
};

struct BindOptions {
  // Holds the values of constants, which live as long as the BoundExpression.
  arrow::MemoryPool* pool = arrow::default_memory_pool();
};

struct EvaluationContext {
  arrow::MemoryPool* pool = arrow::default_memory_pool();
  // What current_timestamp() gives, in microseconds since 1970-01-01 00:00 UTC; current_date() is
  // its day. One value per chunk, so that a chunk that is computed again gives the same rows.
  int64_t now_micros = 0;
  // Becomes true where a text without a date was taken for a time of today; may be null.
  std::atomic<bool>* found_time_of_today = nullptr;
};

// What an expression reads of some rows: an array for each of BoundExpression::columns().
struct ReadRows {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  int64_t count = 0;  // of rows
};

class BoundExpression {
 public:
  BoundExpression(BoundExpression&&) noexcept;
  BoundExpression& operator=(BoundExpression&&) noexcept;
  ~BoundExpression();

  const std::string& text() const { return text_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

  // False if no row can give NULL, from the nullability of the schema's fields.
  bool nullable() const { return nullable_; }

  // True if the value is the same for every row and every context; Evaluate then gives it for a
  // batch of any length.
  bool constant() const { return constant_; }

  // The strongest of its parts.
  TimeDependence time_dependence() const { return time_dependence_; }

  // Indices of the schema's top-level fields that are read, ascending, without repetition.
  const std::vector<int>& columns() const { return columns_; }

  // The part of columns() of which only the validity is read, because the column stands nowhere but
  // in IS [NOT] NULL, isnull or isnotnull. Evaluate takes any array in their place, of any type,
  // whose slots are null in the same rows (its values may be absent), so that a reader can leave
  // the values undecoded.
  const std::vector<int>& null_test_only_columns() const { return null_test_only_columns_; }

  // The bound tree, for the other files of expression/, and of each of columns() the number by
  // which its nodes know it.
  const BoundNode& root() const { return *root_; }
  const std::vector<int>& numbers() const { return numbers_; }

  // Evaluates on `batch`, which has the fields of the schema given to Bind, in its order; the
  // columns that columns() does not name are not touched and may be anything, null pointers too.
  // Returns a Scalar of type() where nothing varies by row, else an Array of batch.num_rows() rows.
  // Fails with kEvaluation where Spark in ANSI mode fails on a row: overflow, division by zero,
  // malformed text; and with kBudgetExceeded where `context.pool` refuses.
  Result<arrow::Datum> Evaluate(const arrow::RecordBatch& batch,
                                const EvaluationContext& context) const;
  // The same on the columns alone that are read, however wide the table.
  Result<arrow::Datum> Evaluate(const ReadRows& read, const EvaluationContext& context) const;

  // Whether EvaluateDictionary may be called: it is a CASE whose values are constants, and
  // neither booleans nor decimals.
  bool gives_dictionary() const { return constant_choice_ != nullptr; }

  // As Evaluate, but always an array, of dictionary(int32, type()): its dictionary is the same for
  // every batch.
  Result<std::shared_ptr<arrow::Array>> EvaluateDictionary(const ReadRows& read,
                                                           const EvaluationContext& context) const;

  // Of a batch, what is read.
  ReadRows ReadFrom(const arrow::RecordBatch& batch) const;

 private:
  friend Result<BoundExpression> Bind(std::string_view text, const arrow::FieldVector& fields,
                                      const BindOptions& options);
  BoundExpression(std::string text, std::unique_ptr<BoundNode> root);
  Result<Rows> RowsOf(const ReadRows& read, const EvaluationContext& context) const;

  std::string text_;
  std::shared_ptr<arrow::DataType> type_;
  bool nullable_ = true;
  bool constant_ = false;
  TimeDependence time_dependence_ = TimeDependence::kNever;
  std::vector<int> columns_;
  std::vector<int> numbers_;  // of columns_, in the tree
  std::vector<int> null_test_only_columns_;
  std::unique_ptr<const BoundNode> root_;
  std::unique_ptr<const ConstantChoice> constant_choice_;  // null where there is none
};

// Parses `text`, which is UTF-8, looks its names up in `schema` (without regard to case, as Spark
// does), types it and computes its constant parts. Fails with kExpressionSyntax, kUnknownColumn,
// kUnknownFunction, kExpressionType, kAmbiguousColumn, kExpressionUnsupported (valid Spark SQL that
// is not computed here) or kEvaluation (a constant part fails, as 1/0 does); `where` then says the
// column of the text, counted in characters from 1, and `why` shows the place.
Result<BoundExpression> Bind(std::string_view text, const arrow::FieldVector& fields,
                             const BindOptions& options = {});
Result<BoundExpression> Bind(std::string_view text, const arrow::Schema& schema,
                             const BindOptions& options = {});

// The byte of `text` at which a failed Bind(text, ..) found the fault; none for a status without
// one.
std::optional<size_t> ErrorOffset(const Status& status, std::string_view text);

}  // namespace spillway::expression
