#include "pipeline/fingerprint.h"

#include <algorithm>

namespace spillway::pipeline {
namespace {

std::vector<uint64_t> At(const std::vector<uint64_t>& hashes, const std::vector<int64_t>& places) {
  std::vector<uint64_t> chosen;
  chosen.reserve(places.size());
  for (const int64_t place : places) chosen.push_back(hashes[static_cast<size_t>(place)]);
  return chosen;
}

}  // namespace

Result<SideBuckets> SideBuckets::Make(const Comparison& comparison, int64_t rows,
                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(RowBuckets all, RowBuckets::Make(rows, pool));
  const int64_t timeless_rows = comparison.may_depend_on_time() ? rows : 0;
  ARROW_ASSIGN_OR_RAISE(RowBuckets timeless, RowBuckets::Make(timeless_rows, pool));
  return SideBuckets{.rows = std::move(all), .timeless_rows = std::move(timeless)};
}

Fingerprint::Fingerprint(const Comparison& comparison, SideBuckets* buckets)
    : comparison_(&comparison), buckets_(buckets), columns_(comparison.num_columns()) {
  for (size_t i = 0; i < std::min(kMostSummaries, comparison.num_columns()); ++i) {
    summaries_.emplace_back(comparison.schema->field(static_cast<int>(i))->type());
  }
}

Status Fingerprint::Add(const ComparedRows& rows) {
  Status summarised;
  const auto visit = [&](size_t column, const std::vector<uint64_t>& hashes) {
    columns_[column].values.Add(hashes);
    columns_[column].nulls += rows.compared[column]->null_count();
    if (summarised.ok()) summarised = Summarise(rows, column, hashes);
  };
  ARROW_ASSIGN_OR_RAISE(const RowHashes hashes, HashRows(*comparison_, rows, visit));
  ARROW_RETURN_NOT_OK(summarised);
  rows_.Add(hashes.rows);
  sampled_rows_ += static_cast<int64_t>(rows.sampled.size());
  const bool has_identity = !rows.identity.empty();
  buckets_->rows.Add(has_identity ? rows.identity : hashes.rows, hashes.rows);
  if (comparison_->may_depend_on_time()) {
    timeless_rows_.Add(hashes.timeless_rows);
    buckets_->timeless_rows.Add(has_identity ? rows.identity : hashes.timeless_rows,
                                hashes.timeless_rows);
  }
  for (size_t i = 0; i < summaries_.size(); ++i) {
    if (rows.all[i] != nullptr) {
      summaries_[i].Sample(*rows.all[i], hashes.rows);
    } else {
      summaries_[i].Sample(*rows.compared[i], At(hashes.rows, rows.sampled));
    }
  }
  return Status::OK();
}

// `hashes` are those of the compared values, or of their NULLs alone.
Status Fingerprint::Summarise(const ComparedRows& rows, size_t column,
                              const std::vector<uint64_t>& hashes) {
  if (column >= summaries_.size()) return Status::OK();
  ValueSummary& summary = summaries_[column];
  const auto& values = rows.all[column] != nullptr ? rows.all[column] : rows.compared[column];
  if (!summary.wants_hashes()) return summary.Add(*values, {});
  if (values == rows.compared[column] &&
      comparison_->dependence[column] != expression::TimeDependence::kAlways) {
    return summary.Add(*values, hashes);
  }
  ARROW_ASSIGN_OR_RAISE(const auto own_hashes, HashColumn(*values));
  return summary.Add(*values, own_hashes);
}

void Fingerprint::Merge(const Fingerprint& other) {
  rows_.Add(other.rows_);
  timeless_rows_.Add(other.timeless_rows_);
  sampled_rows_ += other.sampled_rows_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].values.Add(other.columns_[i].values);
    columns_[i].nulls += other.columns_[i].nulls;
  }
  for (size_t i = 0; i < summaries_.size(); ++i) summaries_[i].Merge(other.summaries_[i]);
}

}  // namespace spillway::pipeline
