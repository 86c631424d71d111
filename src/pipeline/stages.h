// The stages of a pipeline: each takes batches of the running schema and makes the next one's.
//
// Thread rule: a stage belongs to one thread; the bound pipeline and the lookups that its matchers
// look into are shared and outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/record_batch.h>

#include "expression/expression.h"
#include "join/matcher.h"
#include "pipeline/bound_pipeline.h"
#include "pipeline/expectation_count.h"

namespace spillway::pipeline {

using ReaderPointer = std::unique_ptr<arrow::RecordBatchReader>;

// Keeps the rows for which `condition` is true; NULL is not true. `text` is the condition's.
ReaderPointer MakeFilterStage(ReaderPointer input, const expression::BoundExpression& condition,
                              const spec::LocatedText& text,
                              const expression::EvaluationContext& context);

// Makes the columns of `projections`, whose fields are `schema`.
ReaderPointer MakeProjectionStage(ReaderPointer input, std::shared_ptr<arrow::Schema> schema,
                                  const std::vector<Projection>& projections,
                                  const expression::EvaluationContext& context);

// The columns of `batch` that `lookup` is probed with: texts plain, and cast where the lookup's key
// has another type. Errors: kEvaluation, with the key's place, for a value that cannot be cast.
Result<arrow::ArrayVector> KeysOf(const BoundLookup& lookup, const arrow::RecordBatch& batch,
                                  const expression::EvaluationContext& context);

// What a lookup did with the rows that came to it.
struct LookupCounts {
  int64_t rows = 0;     // that came
  int64_t matched = 0;  // of those
  int64_t output_rows = 0;

  void Add(const LookupCounts& other) {
    rows += other.rows;
    matched += other.matched;
    output_rows += other.output_rows;
  }
};

struct LookupStageOptions {
  // A source row may give many rows: batches are cut so that none holds more than about so many
  // bytes, or one row.
  int64_t batch_bytes = 0;
  expression::EvaluationContext evaluation = {};  // its pool is the stage's
  // If given, the rows have to stay one to one: the stage sets it and fails where they do not.
  bool* rows_changed = nullptr;
  // The input's last column is that of MakeNumberStage, and stays the last one.
  bool numbered = false;
  // A text column of the payload may come as a dictionary of its type, as MakeDeriveStage takes it.
  bool for_writing = false;
  LookupCounts* counts = nullptr;  // added to
};

// Joins with what `matcher` finds and adds its payload.
ReaderPointer MakeLookupStage(ReaderPointer input, const BoundLookup& lookup,
                              std::unique_ptr<join::Matcher> matcher,
                              const LookupStageOptions& options);

// Adds a column that numbers the rows from `first` on.
ReaderPointer MakeNumberStage(ReaderPointer input, int64_t first, arrow::MemoryPool* pool);

struct DeriveOptions {
  // A column may come as a dictionary of its type, which a writer takes as it is
  // (parquet/writer.h).
  bool for_writing = false;
  // As ExpectationJudge has them.
  bool may_fail = false;
  ExpectationCounts* expectations = nullptr;
};

// Adds the derived columns, judges the rows by the expectations, and keeps the columns that the
// output wants.
ReaderPointer MakeDeriveStage(ReaderPointer input, const BoundPipeline& pipeline,
                              const expression::EvaluationContext& context,
                              const DeriveOptions& options);

}  // namespace spillway::pipeline
