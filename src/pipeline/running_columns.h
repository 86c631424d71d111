// The columns of a batch as the derived ones come to it.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/status.h"
#include "expression/expression.h"

namespace spillway::pipeline {

// A column with one value for all rows is made into an array only where somebody wants to see its
// rows. The context outlives it.
class RunningColumns {
 public:
  RunningColumns(const arrow::RecordBatch& batch, const expression::EvaluationContext& context);

  int64_t num_rows() const { return rows_; }
  const std::string& NameOf(int column) const {
    return fields_[static_cast<size_t>(column)]->name();
  }

  // Puts `value` at `position`, in place of what is there, or at the end.
  void Put(int position, const std::shared_ptr<arrow::Field>& field, const arrow::Datum& value);

  bool IsConstant(const expression::BoundExpression& expression) const;

  // What `expression` is evaluated on: one row where it is constant.
  Result<expression::ReadRows> ReadFor(const expression::BoundExpression& expression);

  Result<std::shared_ptr<arrow::Array>> Rows(int column);

  // The column as a writer takes it: a dictionary as it is, and a value that is the same in all
  // rows as a dictionary of one.
  Result<std::shared_ptr<arrow::Array>> RowsForWriting(int column);

 private:
  arrow::FieldVector fields_;
  arrow::ArrayVector arrays_;      // null: not made yet of the constant
  arrow::ScalarVector constants_;  // null: the column varies
  arrow::ArrayVector plain_;       // arrays_ without dictionaries, where they were asked for
  const int64_t rows_;
  const expression::EvaluationContext& context_;
};

}  // namespace spillway::pipeline
