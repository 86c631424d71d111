// A lookup that is joined by ranges of keys: one range's index at a time, made when the first of
// its pieces comes. Pieces come about in order, so that each index is made once; a piece that is
// read again later has its range's index made again.
//
// Thread rule: thread-safe. A thread that holds a matcher asks for none of another range.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "join/lookup_index.h"
#include "join/matcher.h"
#include "pipeline/key_ranges.h"
#include "pipeline/piece.h"
#include "pipeline/run_context.h"

namespace spillway::pipeline {

class RangedLookup {
 public:
  // `context` outlives the lookup, and so does what `moment` points at.
  RangedLookup(const RunContext& context, size_t lookup, const KeyRangePlan& plan, Moment moment);

  // A matcher for rows of `piece`. Waits until no matcher for another range is left.
  Result<std::unique_ptr<join::Matcher>> MakeMatcher(const Piece& piece, join::JoinType type,
                                                     arrow::MemoryPool* pool);

 private:
  // While it lives, the index stays.
  class Use;

  Result<std::shared_ptr<Use>> Enter(size_t range);
  Status Build(size_t range);

  const RunContext& context_;
  const size_t lookup_;
  const KeyRangePlan& plan_;
  const Moment moment_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<size_t> current_;  // the range of index_, or the one that is made; guarded, as all
  bool is_building_ = false;
  int64_t uses_ = 0;
  std::unique_ptr<join::LookupIndex> index_;
};

}  // namespace spillway::pipeline
