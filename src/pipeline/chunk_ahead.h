// Writes chunks one after another, each in a thread of its own while the one before it is
// committed. What ChunkQueue is for rows in source order, where a chunk's rows can be told before
// they are read; here a chunk begins where the one before it ended.
//
// Thread rule: one thread; `write` is called from another one, one call at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <utility>

#include "base/status.h"
#include "pipeline/chunk.h"
#include "pipeline/progress.h"
#include "pipeline/written_files.h"

namespace spillway::pipeline {

class ChunkAhead {
 public:
  // Writes the chunk's files, and may change where it ends.
  using Write = std::function<Result<WrittenFiles>(Chunk* chunk)>;

  // When `stop` is kStopAfterChunk no chunk is begun any more, nor behind one that ends as the last
  // of `chunks` does. All arguments outlive this object, whose destructor waits for the chunk that
  // is being written.
  ChunkAhead(std::span<const Chunk> chunks, Write write, const StopSignal& stop)
      : chunks_(chunks), write_(std::move(write)), stop_(stop) {}

  // Waits for the next chunk, begins the one behind it, and returns its files with `chunk` set;
  // none where it was not begun before a stop.
  Result<std::optional<WrittenFiles>> Next(Chunk* chunk);

 private:
  struct Written {
    Chunk chunk;
    Result<WrittenFiles> files;
  };

  Status Begin();

  std::span<const Chunk> chunks_;  // that are not begun
  const Write write_;
  const StopSignal& stop_;
  std::future<Written> next_;  // last, so that all it uses is there
};

}  // namespace spillway::pipeline
