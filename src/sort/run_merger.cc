// Cursor i is leaf i + n of a tree whose node k has the children 2k and 2k + 1. Each inner node has
// the cursor that lost there, so that a new record of the winner is compared with those on its path
// alone: log n comparisons for each record.
#include "sort/run_merger.h"

#include <utility>

namespace spillway::sort {

Status RunCursor::Open() {
  reader_.Open(*run_.streams, run_.stream);
  return ReadBlock();
}

Status RunCursor::ReadBlock() {
  done_ = reader_.done();
  if (done_) {
    if (!keeps_) run_.streams->Free(run_.stream);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(block_, reader_.Next());
  record_ = RecordView(block_.data());
  return Status::OK();
}

Status RunCursor::Pass() {
  block_ = block_.subspan(static_cast<size_t>(record_.bytes()));
  if (block_.empty()) return ReadBlock();
  record_ = RecordView(block_.data());
  return Status::OK();
}

Result<std::unique_ptr<RunMerger>> RunMerger::Make(std::span<const SortedRun> runs, bool keeps,
                                                   arrow::MemoryPool* pool) {
  std::unique_ptr<RunMerger> merger(new RunMerger());
  merger->cursors_.reserve(runs.size());
  for (const SortedRun& run : runs) {
    ARROW_RETURN_NOT_OK(merger->cursors_.emplace_back(run, keeps, pool).Open());
  }
  merger->BuildTree();
  return merger;
}

bool RunMerger::IsBefore(size_t left, size_t right) const {
  const RunCursor& one = cursors_[left];
  const RunCursor& other = cursors_[right];
  if (one.done() || other.done()) return !one.done();
  const int order = Compare(one.record().key_and_number(), other.record().key_and_number());
  return order != 0 ? order < 0 : left < right;
}

void RunMerger::BuildTree() {
  const size_t count = cursors_.size();
  losers_.resize(count);
  std::vector<size_t> winners(2 * count);
  for (size_t leaf = 0; leaf < count; ++leaf) winners[count + leaf] = leaf;
  for (size_t node = count; node-- > 1;) {
    winners[node] = winners[2 * node];
    losers_[node] = winners[2 * node + 1];
    if (IsBefore(losers_[node], winners[node])) std::swap(losers_[node], winners[node]);
  }
  winner_ = count > 1 ? winners[1] : 0;
}

Status RunMerger::Pass() {
  ARROW_RETURN_NOT_OK(cursors_[winner_].Pass());
  for (size_t node = (winner_ + cursors_.size()) / 2; node > 0; node /= 2) {
    if (IsBefore(losers_[node], winner_)) std::swap(losers_[node], winner_);
  }
  return Status::OK();
}

int64_t RunMerger::EstimateRunBytes(int64_t largest_block_bytes, bool compress) {
  constexpr int64_t kCursorBytes = 256;
  return spill::StreamReader::EstimateBytes(largest_block_bytes, compress) + kCursorBytes;
}

}  // namespace spillway::sort
