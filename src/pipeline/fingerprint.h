// All that is kept of one side of a validation: sums of hashes of its rows and of each column,
// which do not depend on the order of the rows, and what the columns' values are like.
//
// Thread rule: one thread; several fingerprints may share buckets.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "pipeline/compared_rows.h"
#include "pipeline/row_buckets.h"
#include "pipeline/row_hash.h"
#include "pipeline/value_summary.h"

namespace spillway::pipeline {

struct ColumnFingerprint {
  MultisetHash values;  // of the rows that are compared
  int64_t nulls = 0;    // among them
};

// The buckets of one side. There are two sets where it is not known beforehand which columns depend
// on the time, see RowHashes.
struct SideBuckets {
  RowBuckets rows;
  RowBuckets timeless_rows;

  static Result<SideBuckets> Make(const Comparison& comparison, int64_t rows,
                                  arrow::MemoryPool* pool);
};

class Fingerprint {
 public:
  // A column behind this many others is compared, but not summarised: each summary takes memory.
  static constexpr size_t kMostSummaries = 256;

  // `buckets` may be shared by the lanes of one side.
  Fingerprint(const Comparison& comparison, SideBuckets* buckets);

  Status Add(const ComparedRows& rows);
  void Merge(const Fingerprint& other);

  const MultisetHash& rows() const { return rows_; }
  const MultisetHash& timeless_rows() const {
    return comparison_->may_depend_on_time() ? timeless_rows_ : rows_;
  }
  int64_t sampled_rows() const { return sampled_rows_; }
  const std::vector<ColumnFingerprint>& columns() const { return columns_; }
  // By column; of derived columns of the expected side, of the sample alone.
  const std::vector<ValueSummary>& summaries() const { return summaries_; }

 private:
  Status Summarise(const ComparedRows& rows, size_t column, const std::vector<uint64_t>& hashes);

  const Comparison* comparison_;
  SideBuckets* buckets_;
  MultisetHash rows_;
  MultisetHash timeless_rows_;
  int64_t sampled_rows_ = 0;
  std::vector<ColumnFingerprint> columns_;
  std::vector<ValueSummary> summaries_;
};

}  // namespace spillway::pipeline
