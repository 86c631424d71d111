#include "pipeline/source_use.h"

#include <algorithm>

namespace spillway::pipeline {
namespace {

// The running schema begins with the source's columns; `replaced` are those of them that a derived
// column has taken the place of by now.
class UseCollector {
 public:
  explicit UseCollector(int source_columns)
      : computed_(static_cast<size_t>(source_columns), ColumnUse::kNone),
        replaced_(static_cast<size_t>(source_columns), false) {}

  void AddKeys(const std::vector<int>& columns) {
    for (const int column : columns) Add(column, ColumnUse::kValues);
  }

  void AddExpression(const expression::BoundExpression& expression) {
    const std::vector<int>& null_tests = expression.null_test_only_columns();
    for (const int column : expression.columns()) {
      const bool is_null_test = std::ranges::binary_search(null_tests, column);
      Add(column, is_null_test ? ColumnUse::kNulls : ColumnUse::kValues);
    }
  }

  void Replace(int column) {
    if (IsSource(column)) replaced_[static_cast<size_t>(column)] = true;
  }

  bool IsUnchanged(int column) const {
    return IsSource(column) && !replaced_[static_cast<size_t>(column)];
  }

  std::vector<ColumnUse> TakeComputed() { return std::move(computed_); }

 private:
  bool IsSource(int column) const { return static_cast<size_t>(column) < computed_.size(); }

  void Add(int column, ColumnUse use) {
    if (!IsUnchanged(column)) return;
    ColumnUse& most = computed_[static_cast<size_t>(column)];
    most = std::max(most, use);
  }

  std::vector<ColumnUse> computed_;
  std::vector<bool> replaced_;
};

void AddJoins(const BoundPipeline& pipeline, size_t lookups, UseCollector* collector) {
  if (pipeline.where) collector->AddExpression(*pipeline.where);
  for (size_t i = 0; i < lookups; ++i) collector->AddKeys(pipeline.lookups[i].source_keys);
}

}  // namespace

SourceUse UseOfSource(const BoundPipeline& pipeline) {
  UseCollector collector(pipeline.source_schema->num_fields());
  AddJoins(pipeline, pipeline.lookups.size(), &collector);
  for (const DerivedColumn& derived : pipeline.derived) {
    collector.AddExpression(derived.expression);
    collector.Replace(derived.position);
  }
  for (const BoundExpectation& expectation : pipeline.expectations) {
    collector.AddExpression(expectation.condition);
  }
  SourceUse use;
  for (const int column : pipeline.output_columns) {
    use.unchanged.push_back(collector.IsUnchanged(column) ? column : -1);
  }
  use.computed = collector.TakeComputed();
  return use;
}

std::vector<ColumnUse> UseOfSourceKeys(const BoundPipeline& pipeline, size_t last_lookup) {
  UseCollector collector(pipeline.source_schema->num_fields());
  AddJoins(pipeline, last_lookup + 1, &collector);
  return collector.TakeComputed();
}

}  // namespace spillway::pipeline
