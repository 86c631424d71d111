// Merges sorted runs: a tree of losers over their next records.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "sort/record.h"
#include "sort/sort_state.h"
#include "spill/stream_reader.h"

namespace spillway::sort {

// Reads the records of one run, and frees it behind the last one, or keeps it.
class RunCursor {
 public:
  RunCursor(const SortedRun& run, bool keeps, arrow::MemoryPool* pool)
      : run_(run), keeps_(keeps), reader_(pool) {}

  Status Open();  // goes to the first record
  Status Pass();  // goes to the next one

  bool done() const { return done_; }
  const RecordView& record() const { return record_; }  // not when done()

 private:
  Status ReadBlock();

  SortedRun run_;
  bool keeps_;
  spill::StreamReader reader_;
  std::span<const uint8_t> block_;  // from the record on
  RecordView record_;
  bool done_ = false;
};

class RunMerger {
 public:
  // The streams of `runs` must outlive it, which `keeps` them or frees each behind its last record.
  // Of equal records, those of an earlier run come first.
  static Result<std::unique_ptr<RunMerger>> Make(std::span<const SortedRun> runs, bool keeps,
                                                 arrow::MemoryPool* pool);

  bool done() const { return cursors_.empty() || cursors_[winner_].done(); }
  const RecordView& record() const { return cursors_[winner_].record(); }  // not when done()
  Status Pass();                                                           // goes to the next one

  // The most that merging takes for each run whose blocks are of `largest_block_bytes`.
  static int64_t EstimateRunBytes(int64_t largest_block_bytes, bool compress);

 private:
  RunMerger() = default;

  bool IsBefore(size_t left, size_t right) const;
  void BuildTree();

  std::vector<RunCursor> cursors_;
  std::vector<size_t> losers_;  // by inner node of the tree; node 1 is its root
  size_t winner_ = 0;
};

}  // namespace spillway::sort
