// A join as a stage of the pipeline sees it, wherever the lookup is: the source comes batch by
// batch, and its matches with their payload go out in bounded runs.
//
//   ARROW_RETURN_NOT_OK(matcher->Start(keys of a batch));
//   while (!matcher->done()) {
//     ARROW_ASSIGN_OR_RAISE(MatchedRows rows, matcher->Next(max_output_rows));
//     ..
//   }
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/matches.h"

namespace spillway::join {

class LookupIndex;

// A run of output rows, in the order of the source rows and within one in lookup order.
struct MatchedRows {
  int64_t num_rows = 0;
  // As in Matches: one to one, or the source row of each output row in `source_rows`.
  bool one_to_one = false;
  int64_t first_source_row = 0;
  std::shared_ptr<arrow::Int64Array> source_rows;
  int64_t unmatched = 0;
  // NULL where there is no match. Texts may come as a dictionary, as LookupIndex::Gather says.
  arrow::ArrayVector payload;
};

class Matcher {
 public:
  virtual ~Matcher() = default;

  // Starts the join of the next batch; the last one need not be done. `keys` are arrays of one
  // length and of the lookup's key types (kKeyTypeMismatch otherwise).
  virtual Status Start(const arrow::ArrayVector& keys) = 0;

  // Whether the batch has no more output rows.
  virtual bool done() const = 0;

  // The next output rows: at least one and at most `max_output_rows` (> 0). Not when done(). A
  // CapacityError where the strings of one column exceed 2 GiB: ask for fewer rows.
  virtual Result<MatchedRows> Next(int64_t max_output_rows) = 0;

  // Whether no source row has more than one match, so that a left outer join is one to one. False
  // may also mean that this is not known.
  virtual bool unique() const = 0;

  // The lookup's schema without the key columns; see LookupIndex::payload_schema.
  virtual const std::shared_ptr<arrow::Schema>& payload_schema() const = 0;
};

// A matcher for a lookup in memory. The index must outlive it; all it makes comes from `pool`.
std::unique_ptr<Matcher> MakeIndexMatcher(const LookupIndex& index, JoinType type,
                                          arrow::MemoryPool* pool);

}  // namespace spillway::join
