// One batch of source keys joined with a lookup. A hot key can multiply a batch without limit, so
// the matches are handed out in bounded runs:
//
//   ARROW_ASSIGN_OR_RAISE(auto prober, index.Probe(keys, JoinType::kLeftOuter, pool));
//   while (!prober->done()) {
//     ARROW_ASSIGN_OR_RAISE(Matches matches, prober->Next(max_output_rows));
//     ..
//   }
//
// Takes 8 bytes of `pool` per source row, and each run of matches 8 (one to one) or 16 per match.
//
// Thread rule: one thread. Many probers may share an index, which must outlive them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/key_table.h"
#include "join/match_runs.h"
#include "join/matches.h"

namespace spillway::join {

class Prober {
 public:
  // Finds the first lookup row of every source key. `keys` are arrays of one length and of the
  // lookup's key types (kKeyTypeMismatch otherwise); they are not needed afterwards.
  static Result<std::unique_ptr<Prober>> Make(const KeyTable& table, const arrow::ArrayVector& keys,
                                              JoinType type, arrow::MemoryPool* pool);

  // Whether all matches have been handed out. A batch without a match is done at once in an inner
  // join, and an empty batch is done at once in both.
  bool done() const { return runs_.done(); }

  // The next matches: at least one and at most `max_output_rows` (> 0). Not when done().
  Result<Matches> Next(int64_t max_output_rows) { return runs_.Next(max_output_rows); }

 private:
  // The rows of one key, as the table links them.
  struct KeyLists {
    const KeyTable* table;
    int64_t After(int64_t /*source_row*/, int64_t row) const { return table->After(row); }
    bool unique() const { return table->unique(); }
  };

  explicit Prober(MatchRuns<KeyLists> runs) : runs_(std::move(runs)) {}

  MatchRuns<KeyLists> runs_;
};

}  // namespace spillway::join
