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

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/matches.h"

namespace spillway::join {

class KeyTable;

class Prober {
 public:
  // Finds the first lookup row of every source key. `keys` are arrays of one length and of the
  // lookup's key types (kKeyTypeMismatch otherwise); they are not needed afterwards.
  static Result<std::unique_ptr<Prober>> Make(const KeyTable& table, const arrow::ArrayVector& keys,
                                              JoinType type, arrow::MemoryPool* pool);

  // Whether all matches have been handed out. A batch without a match is done at once in an inner
  // join, and an empty batch is done at once in both.
  bool done() const { return source_row_ == source_rows_; }

  // The next matches: at least one and at most `max_output_rows` (> 0). Not when done().
  Result<Matches> Next(int64_t max_output_rows);

 private:
  Prober(const KeyTable& table, JoinType type, arrow::MemoryPool* pool,
         std::shared_ptr<arrow::Buffer> heads, int64_t source_rows);

  int64_t Head(int64_t source_row) const;
  void MoveTo(int64_t source_row);
  void Advance();
  int64_t MeasureOneToOne(int64_t most) const;
  int64_t CountMatches(int64_t most);
  Matches TakeOneToOne(int64_t rows);
  Result<Matches> TakeExpanded(int64_t max_output_rows);

  const KeyTable& table_;
  const JoinType type_;
  arrow::MemoryPool* const pool_;
  const std::shared_ptr<arrow::Buffer> heads_;  // int64 per source row: first lookup row, or -1
  const int64_t source_rows_;
  int64_t source_row_ = 0;   // the cursor: the source row whose matches come next,
  int64_t lookup_row_ = -1;  // and the lookup row of the first of them
};

}  // namespace spillway::join
