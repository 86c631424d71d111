// Judges rows by the pipeline's expectations.
//
// Thread rule: one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/array/array_primitive.h>

#include "base/status.h"
#include "expression/expression.h"
#include "pipeline/bound_pipeline.h"
#include "pipeline/expectation_count.h"
#include "pipeline/running_columns.h"

namespace spillway::pipeline {

class ExpectationJudge {
 public:
  // What is given outlives the judge. `may_fail`: an expectation whose action is to fail does; else
  // it is only counted. `counts` (null: nobody wants them) are added to.
  ExpectationJudge(const std::vector<BoundExpectation>& expectations,
                   const expression::EvaluationContext& context, bool may_fail,
                   ExpectationCounts* counts)
      : expectations_(expectations), context_(context), may_fail_(may_fail), counts_(counts) {}

  // By row, whether it stays; null where all do. Each expectation is judged in all rows, also in
  // those that another one leaves out. Errors: kExpectationNotMet, and those of evaluation.
  Result<std::shared_ptr<arrow::BooleanArray>> Judge(RunningColumns& columns);

 private:
  // By row, whether it meets the expectation; NULL is no.
  Result<std::shared_ptr<arrow::BooleanArray>> Met(const BoundExpectation& expectation,
                                                   RunningColumns& columns) const;
  Status NotMet(const BoundExpectation& expectation, const arrow::BooleanArray& met,
                RunningColumns& columns) const;

  const std::vector<BoundExpectation>& expectations_;
  const expression::EvaluationContext& context_;
  const bool may_fail_;
  ExpectationCounts* const counts_;
};

}  // namespace spillway::pipeline
