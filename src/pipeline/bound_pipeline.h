// The pipeline bound to its tables: every name looked up, every expression typed, every column that
// nothing needs left out. Made before a byte of data is read; what cannot run fails here.
//
// The rows pass through a running schema that only grows until the end:
//
//   source columns -> [where] -> + payload of lookup 1 -> + payload of lookup 2 .. -> + derived ->
//   [expectations] -> output
//
// Thread rule: immutable; any number of threads may evaluate it at the same time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "base/status.h"
#include "expression/expression.h"
#include "join/lookup_index.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// A column made from a batch: one of its columns as it is (of any type), or an expression.
struct Projection {
  std::shared_ptr<arrow::Field> field;  // its name and type in the result
  int column = -1;                      // of the batch, where there is no expression
  std::optional<expression::BoundExpression> expression;
  spec::LocatedText text = {};  // of the expression
  bool as_sort_key = false;     // the values as SortKeysOf encodes them
};

// How a lookup is read, indexed and probed.
struct BoundLookup {
  std::string name;
  join::JoinType type = join::JoinType::kLeftOuter;
  join::DuplicatePolicy duplicates = join::DuplicatePolicy::kExpand;
  std::vector<int> table_columns;  // of the lookup table's schema, ascending: what is read
  // Of the columns read: first the key, then the payload, then the rows' order if they have one.
  std::vector<Projection> projections;
  bool has_order = false;
  std::shared_ptr<arrow::Schema> build_schema;  // of the projections
  std::vector<int> source_keys;                 // of the running schema, in key order
  // By key: the cast to the lookup's type, of a batch with that column alone; none where the types
  // are the same.
  std::vector<std::optional<expression::BoundExpression>> source_casts = {};
  std::vector<spec::LocatedText> source_key_names = {};  // as the pipeline file has them

  int num_keys() const { return static_cast<int>(source_keys.size()); }
  std::span<const Projection> payload() const {
    const size_t keys = source_keys.size();
    return std::span(projections).subspan(keys, projections.size() - keys - (has_order ? 1 : 0));
  }
  std::optional<int> order_column() const {  // of build_schema
    if (!has_order) return std::nullopt;
    return static_cast<int>(projections.size()) - 1;
  }
  bool casts_source() const;
};

// A derived column: put at `position` of the running schema, in place of the column of that name,
// or at its end.
struct DerivedColumn {
  std::shared_ptr<arrow::Field> field;
  expression::BoundExpression expression;
  int position;
  spec::LocatedText text = {};  // of the expression
};

// A condition on a row of the last running schema, which includes the columns that the output does
// not want. Met where it is true; NULL is not true.
struct BoundExpectation {
  std::string name;
  expression::BoundExpression condition;
  spec::ExpectationAction action;
  spec::LocatedText text = {};  // of the condition
};

struct BoundPipeline {
  std::vector<int> source_columns;  // of the source table's schema, ascending: what is read
  std::shared_ptr<arrow::Schema> source_schema;  // of those
  std::optional<expression::BoundExpression> where;
  std::vector<BoundLookup> lookups;
  std::vector<DerivedColumn> derived;
  std::vector<BoundExpectation> expectations;
  std::vector<int> output_columns;  // of the last running schema
  // All nullable, as Spark's writer makes them; inside, as the tables have them, until the plan
  // knows what the target is.
  std::shared_ptr<arrow::Schema> output_schema;

  // How each output column depends on when the chunk was computed, and which rows there are at all.
  std::vector<expression::TimeDependence> output_time_dependence;
  expression::TimeDependence rows_time_dependence = expression::TimeDependence::kNever;

  // Whether an expectation leaves out rows that do not meet it.
  bool drops_unmet() const;
};

// Binds `spec` to the tables' schemas; `lookups` in the order of spec.lookups. Errors:
// kUnknownColumn, kKeyColumnMissing, kKeyTypeMismatch, kColumnNameCollision, kUnsupportedType, and
// those of expression::Bind, each with its place in the pipeline file.
Result<std::unique_ptr<BoundPipeline>> BindPipeline(
    const spec::Spec& spec, const arrow::Schema& source,
    const std::vector<std::shared_ptr<arrow::Schema>>& lookups);

}  // namespace spillway::pipeline
