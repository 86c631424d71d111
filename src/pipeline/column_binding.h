// Binds columns and expressions of the pipeline file to the columns of a table or of the running
// schema.
//
// Thread rule: free functions.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "expression/expression.h"
#include "pipeline/bound_pipeline.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// The expression `text`; errors as expression::Bind, at their place in the file.
Result<expression::BoundExpression> BindText(const spec::LocatedText& text,
                                             const arrow::FieldVector& fields);

// The same for an expression that makes a column: kExpressionType where it has no type.
Result<expression::BoundExpression> BindColumn(const spec::NamedExpression& named,
                                               const arrow::FieldVector& fields);

// A field as the target has it: nullable, as Spark's writer makes all, and without the table's own
// column mapping.
std::shared_ptr<arrow::Field> PlainField(const arrow::Field& field);

// What a lookup adds, in the order of the pipeline file: of all its payload columns those that are
// `wanted`. `table_keys` are the columns of `table` that are its key.
Result<std::vector<Projection>> ProjectPayload(const spec::Lookup& lookup,
                                               const arrow::Schema& table,
                                               const std::vector<int>& table_keys,
                                               const std::vector<bool>& wanted);

// What tells which row of a key is the first and which the last: `lookup.order_by`, which there is.
// kUnsupportedType for a type without an order.
Result<Projection> ProjectOrder(const spec::Lookup& lookup, const arrow::Schema& table);

// The columns of a table that its key and `projections` read, ascending.
std::vector<int> ColumnsRead(const std::vector<int>& table_keys,
                             const std::vector<Projection>& projections);

// Binds the projection's expression to the columns that are read.
Status BindAgain(const arrow::FieldVector& read_fields, Projection* projection);

}  // namespace spillway::pipeline
