#include "pipeline/chunk_ahead.h"

#include "base/start_thread.h"

namespace spillway::pipeline {

Status ChunkAhead::Begin() {
  if (chunks_.empty() || stop_.load(std::memory_order_relaxed) >= kStopAfterChunk) {
    return Status::OK();
  }
  return StartTask([this, chunk = chunks_.front()]() mutable {
           Result<WrittenFiles> files = write_(&chunk);
           return Written{chunk, std::move(files)};
         })
      .Value(&next_);
}

Result<std::optional<WrittenFiles>> ChunkAhead::Next(Chunk* chunk) {
  if (!next_.valid()) ARROW_RETURN_NOT_OK(Begin());
  if (!next_.valid()) return std::nullopt;
  Written written = next_.get();
  ARROW_RETURN_NOT_OK(written.files.status());
  *chunk = written.chunk;
  const bool is_last = chunk->end_ordinal >= chunks_.back().end_ordinal;
  chunks_ = is_last ? std::span<const Chunk>() : chunks_.subspan(1);
  ARROW_RETURN_NOT_OK(Begin());
  return *std::move(written.files);
}

}  // namespace spillway::pipeline
