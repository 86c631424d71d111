#include "pipeline/expectation_judge.h"

#include <algorithm>

#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/units.h"
#include "pipeline/expression_place.h"
#include "pipeline/value_text.h"

namespace spillway::pipeline {
namespace {

int64_t FirstNotMet(const arrow::BooleanArray& met) {
  int64_t row = 0;
  while (met.IsValid(row) && met.Value(row)) ++row;
  return row;
}

}  // namespace

Result<std::shared_ptr<arrow::BooleanArray>> ExpectationJudge::Judge(RunningColumns& columns) {
  std::shared_ptr<arrow::BooleanArray> kept;
  arrow::compute::ExecContext execution(context_.pool);
  for (size_t i = 0; i < expectations_.size(); ++i) {
    const BoundExpectation& expectation = expectations_[i];
    ARROW_ASSIGN_OR_RAISE(const auto met, Met(expectation, columns));
    const int64_t not_met = columns.num_rows() - met->true_count();
    if (counts_ != nullptr) {
      (*counts_)[i].rows += columns.num_rows();
      (*counts_)[i].not_met += not_met;
    }
    if (not_met == 0) continue;
    if (expectation.action == spec::ExpectationAction::kFail && may_fail_) {
      return NotMet(expectation, *met, columns);
    }
    if (expectation.action != spec::ExpectationAction::kDrop) continue;
    if (kept == nullptr) {
      kept = met;
    } else {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum both, arrow::compute::And(kept, met, &execution));
      kept = both.array_as<arrow::BooleanArray>();
    }
  }
  return kept;
}

Result<std::shared_ptr<arrow::BooleanArray>> ExpectationJudge::Met(
    const BoundExpectation& expectation, RunningColumns& columns) const {
  const bool is_constant = columns.IsConstant(expectation.condition);
  ARROW_ASSIGN_OR_RAISE(const auto read, columns.ReadFor(expectation.condition));
  Result<arrow::Datum> value = expectation.condition.Evaluate(read, context_);
  if (!value.ok()) return PlaceInFile(value.status(), expectation.text);
  if (is_constant && value->is_array()) {
    ARROW_ASSIGN_OR_RAISE(value, value->make_array()->GetScalar(0));
  }
  if (value->is_array()) return value->array_as<arrow::BooleanArray>();
  ARROW_ASSIGN_OR_RAISE(
      const auto repeated,
      arrow::MakeArrayFromScalar(*value->scalar(), columns.num_rows(), context_.pool));
  return std::static_pointer_cast<arrow::BooleanArray>(repeated);
}

Status ExpectationJudge::NotMet(const BoundExpectation& expectation, const arrow::BooleanArray& met,
                                RunningColumns& columns) const {
  const int64_t row = FirstNotMet(met);
  const std::vector<int>& null_tests = expectation.condition.null_test_only_columns();
  std::vector<std::string> values;
  for (const int column : expectation.condition.columns()) {
    ARROW_ASSIGN_OR_RAISE(const auto rows, columns.Rows(column));
    if (std::ranges::binary_search(null_tests, column) && rows->IsValid(row)) {
      values.push_back(columns.NameOf(column) + " not NULL");  // the value may not have been read
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const std::string value, ValueText(*rows, row));
    values.push_back(fmt::format("{} = {}", columns.NameOf(column), value));
  }
  const std::string example =
      values.empty() ? "" : fmt::format(", one of them with {}", fmt::join(values, ", "));
  return MakeError({.code = ErrorCode::kExpectationNotMet,
                    .what = fmt::format("rows do not meet the expectation {}", expectation.name),
                    .where = expectation.text.Where(),
                    .why = fmt::format("{} of {} rows that were checked together{}",
                                       FormatCount(met.length() - met.true_count()),
                                       FormatCount(met.length()), example),
                    .cure = "correct the rows, or set action to warn or drop"});
}

}  // namespace spillway::pipeline
