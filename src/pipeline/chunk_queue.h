// Lanes: threads that work on the pieces of chunks, in the order of the source, a bounded number of
// chunks ahead of the one that is to be committed next. What a lane does to a piece is its
// caller's.
//
// Thread rule: Next belongs to one thread; `work` is called from the lanes', several at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/status.h"
#include "pipeline/piece.h"
#include "pipeline/progress.h"
#include "pipeline/written_files.h"

namespace spillway::pipeline {

class ChunkQueue {
 public:
  using Work = std::function<Result<WrittenFiles>(const Piece& piece)>;

  // Starts `lanes` threads. When `stop` is kStopAfterChunk no chunk is begun any more; while
  // `is_short` one lane alone begins pieces. All arguments outlive the queue.
  ChunkQueue(const std::vector<Piece>& pieces, int lanes, Work work, const StopSignal& stop,
             const std::atomic<bool>& is_short);

  // Ends the lanes as soon as their pieces are done.
  ~ChunkQueue();
  ChunkQueue(const ChunkQueue&) = delete;
  ChunkQueue& operator=(const ChunkQueue&) = delete;

  // Waits for the next chunk, and returns its files; none where there is no chunk left, or it was
  // not begun before a stop. Fails with the status of the chunk's first piece that failed.
  Result<std::optional<WrittenFiles>> Next();

 private:
  struct Done {
    bool is_done = false;
    Status status;
    WrittenFiles files;
  };

  void RunLane();
  std::optional<size_t> TakePiece(std::unique_lock<std::mutex>& lock);
  bool IsComplete(size_t chunk) const;
  Result<WrittenFiles> Collect(size_t chunk);

  const std::vector<Piece>& pieces_;
  const Work work_;
  const StopSignal& stop_;
  const std::atomic<bool>& is_short_;
  std::vector<size_t> chunk_begins_;  // by chunk, its first piece; and behind the last one
  const size_t chunks_ahead_;         // of the next one to be returned, that may be begun

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Done> done_;  // by piece; this and the rest are guarded by mutex_
  size_t next_piece_ = 0;
  size_t next_chunk_ = 0;  // to be returned by Next
  int busy_lanes_ = 0;     // with a piece
  bool ended_ = false;     // no lane takes another piece
  std::vector<std::jthread> lanes_;
};

}  // namespace spillway::pipeline
