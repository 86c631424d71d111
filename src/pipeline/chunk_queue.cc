#include "pipeline/chunk_queue.h"

#include <chrono>
#include <utility>

namespace spillway::pipeline {
namespace {

constexpr std::chrono::milliseconds kShortWait{50};

}  // namespace

ChunkQueue::ChunkQueue(const std::vector<Piece>& pieces, int lanes, Work work,
                       const StopSignal& stop, const std::atomic<bool>& is_short)
    : pieces_(pieces),
      work_(std::move(work)),
      stop_(stop),
      is_short_(is_short),
      chunks_ahead_(static_cast<size_t>(lanes) - 1),
      done_(pieces.size()) {
  for (size_t piece = 0; piece < pieces.size(); ++piece) {
    if (pieces[piece].chunk == chunk_begins_.size()) chunk_begins_.push_back(piece);
  }
  chunk_begins_.push_back(pieces.size());
  for (int lane = 0; lane < lanes; ++lane) lanes_.emplace_back([this] { RunLane(); });
}

ChunkQueue::~ChunkQueue() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  lanes_.clear();  // before the rest of this object
}

void ChunkQueue::RunLane() {
  std::unique_lock lock(mutex_);
  while (const std::optional<size_t> piece = TakePiece(lock)) {
    lock.unlock();
    Result<WrittenFiles> written = work_(pieces_[*piece]);
    lock.lock();
    --busy_lanes_;
    Done& done = done_[*piece];
    done.is_done = true;
    done.status = written.status();
    if (written.ok()) {
      done.files = *std::move(written);
    } else {
      ended_ = true;  // what comes behind a failure cannot be committed
    }
    changed_.notify_all();
  }
  changed_.notify_all();
}

// The next piece that may be begun, or none when the lane is to end.
std::optional<size_t> ChunkQueue::TakePiece(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (ended_ || next_piece_ == pieces_.size()) return std::nullopt;
    const size_t chunk = pieces_[next_piece_].chunk;
    if (next_piece_ == chunk_begins_[chunk] &&
        stop_.load(std::memory_order_relaxed) >= kStopAfterChunk) {
      ended_ = true;
      return std::nullopt;
    }
    if (busy_lanes_ > 0 && is_short_.load(std::memory_order_relaxed)) {
      changed_.wait_for(lock, kShortWait);  // nobody tells when it is over
    } else if (chunk <= next_chunk_ + chunks_ahead_) {
      ++busy_lanes_;
      return next_piece_++;
    } else {
      changed_.wait(lock);
    }
  }
}

// Whether nothing more will happen to `chunk`: its pieces are done, or will not be begun.
bool ChunkQueue::IsComplete(size_t chunk) const {
  for (size_t piece = chunk_begins_[chunk]; piece < chunk_begins_[chunk + 1]; ++piece) {
    const bool may_be_done = piece < next_piece_ || !ended_;
    if (!done_[piece].is_done && may_be_done) return false;
  }
  return true;
}

Result<WrittenFiles> ChunkQueue::Collect(size_t chunk) {
  WrittenFiles files;
  for (size_t piece = chunk_begins_[chunk]; piece < chunk_begins_[chunk + 1]; ++piece) {
    ARROW_RETURN_NOT_OK(done_[piece].status);
    if (!done_[piece].is_done) return Status::Cancelled("not begun");
    files.Append(std::move(done_[piece].files));
  }
  return files;
}

Result<std::optional<WrittenFiles>> ChunkQueue::Next() {
  std::unique_lock lock(mutex_);
  if (next_chunk_ + 1 == chunk_begins_.size()) return std::nullopt;
  const size_t chunk = next_chunk_;
  changed_.wait(lock, [&] { return IsComplete(chunk); });
  Result<WrittenFiles> files = Collect(chunk);
  if (files.ok()) {
    ++next_chunk_;
    changed_.notify_all();
    return *std::move(files);
  }
  if (!files.status().IsCancelled() || stop_.load() >= kStopNow) return files.status();
  return std::nullopt;
}

}  // namespace spillway::pipeline
