#include "pipeline/row_pruner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "memory/allocator.h"
#include "pipeline/believable_bounds.h"
#include "pipeline/pinned_table.h"
#include "pipeline/table_scan.h"

namespace spillway::pipeline {
namespace {

using expression::KnownColumn;
using expression::PossibleResults;
using ScalarPointer = std::shared_ptr<arrow::Scalar>;

// A footer's bound as a value of the column, where the file has it in a form that orders alike.
ScalarPointer ConvertBound(const ScalarPointer& value,
                           const std::shared_ptr<arrow::DataType>& type) {
  if (value == nullptr || !value->is_valid) return nullptr;
  const arrow::Type::type from = value->type->id();
  if (arrow::is_signed_integer(type->id()) && arrow::is_signed_integer(from)) {
    return value->CastTo(type).ValueOr(nullptr);
  }
  if (arrow::is_binary_like(type->id()) && arrow::is_binary_like(from)) {
    const auto& text = static_cast<const arrow::BaseBinaryScalar&>(*value);
    return std::make_shared<arrow::StringScalar>(text.value, arrow::utf8());
  }
  const bool is_time = from == arrow::Type::DATE32 || from == arrow::Type::TIMESTAMP;
  return is_time && value->type->Equals(*type) ? value : nullptr;
}

// Adds what a column chunk's bounds say to what is known.
void AddBounds(const parquet::ChunkStatistics& chunk, const std::shared_ptr<arrow::DataType>& type,
               KnownColumn* known) {
  const ScalarPointer minimum = ConvertBound(chunk.minimum, type);
  const ScalarPointer maximum = ConvertBound(chunk.maximum, type);
  if (minimum == nullptr || maximum == nullptr || IsBeforeCommonTime(*minimum)) return;
  if (IsAbove(*minimum, *maximum)) return;
  known->minimum = minimum;
  known->maximum = maximum;
}

}  // namespace

RowPruner::RowPruner(const expression::BoundExpression& condition, const delta::Snapshot& snapshot,
                     const std::vector<int>& columns, bool trusts_statistics)
    : condition_(condition), snapshot_(snapshot), trusts_statistics_(trusts_statistics) {
  for (const int number : condition.columns()) {
    const int column = columns[static_cast<size_t>(number)];
    columns_.push_back(column);
    logged_.push_back({snapshot.PhysicalName(column), snapshot.schema()->field(column)->type()});
    is_partition_.push_back(IsPartitionColumn(snapshot, column));
    (is_partition_.back() ? has_partition_ : has_other_) = true;
  }
}

std::vector<KnownColumn> RowPruner::PartitionValues(const delta::DataFile& file) const {
  std::vector<KnownColumn> known(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!is_partition_[i]) continue;
    // One that cannot be read is the scan's to report.
    const Result<ScalarPointer> scalar =
        PartitionValueOf(file, *snapshot_.schema()->field(columns_[i]));
    if (!scalar.ok() || *scalar == nullptr) continue;
    const bool is_value = (*scalar)->is_valid;
    known[i] = {.may_be_null = !is_value, .may_be_value = is_value};
    if (is_value) known[i].minimum = known[i].maximum = *scalar;
  }
  return known;
}

PossibleResults RowPruner::ResultsFor(const std::vector<KnownColumn>& known) const {
  return expression::FindPossibleResults(condition_, known, memory::BackingPool());
}

RowPruner::Keeps RowPruner::OfFile(const delta::DataFile& file) const {
  std::vector<KnownColumn> known = PartitionValues(file);
  if (has_partition_) {
    const PossibleResults results = ResultsFor(known);
    if (!results.can_be_true) return Keeps::kNone;
    if (!results.can_be_false && !results.can_be_null && !results.can_fail) return Keeps::kAll;
  }
  if (!trusts_statistics_ || !has_other_ || file.stats_json.empty()) return Keeps::kSome;
  std::vector<KnownColumn> logged = ReadLogStatistics(file.stats_json, logged_);
  for (size_t i = 0; i < known.size(); ++i) {
    if (!is_partition_[i]) known[i] = std::move(logged[i]);
  }
  const PossibleResults results = ResultsFor(known);
  return !results.can_be_true && !results.can_fail ? Keeps::kNone : Keeps::kSome;
}

Status RowPruner::LeaveOut(const delta::DataFile& file, const parquet::FileReader& reader,
                           std::span<PinnedRowGroup> row_groups) const {
  if (!trusts_statistics_ || !has_other_) return Status::OK();
  const std::vector<KnownColumn> of_file = PartitionValues(file);
  std::vector<std::vector<size_t>> leaves(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!is_partition_[i]) leaves[i] = reader.LeavesOf(FileColumn(snapshot_, columns_[i]));
  }
  for (size_t group = 0; group < row_groups.size(); ++group) {
    std::vector<KnownColumn> known = of_file;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (leaves[i].size() != 1) continue;
      ARROW_ASSIGN_OR_RAISE(const auto statistics, reader.StatisticsOf(group, leaves[i][0]));
      AddBounds(statistics, logged_[i].type, &known[i]);
    }
    const PossibleResults results = ResultsFor(known);
    row_groups[group].left_out = !results.can_be_true && !results.can_fail;
  }
  return Status::OK();
}

}  // namespace spillway::pipeline
