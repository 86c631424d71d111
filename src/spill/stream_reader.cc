#include "spill/stream_reader.h"

#include <cstring>

#include "spill/block_memory.h"

namespace spillway::spill {
namespace {

// Enough that a disk is busy while a block is worked on.
constexpr int64_t kAheadBytes = 512 * 1024;

}  // namespace

void StreamReader::Open(const SpilledStreams& streams, uint32_t stream) {
  streams_ = &streams;
  stream_ = stream;
  block_ = ahead_ = streams.FirstBlock(stream);
  ahead_bytes_ = 0;
  ReadAhead();
}

void StreamReader::Advance() {
  ahead_bytes_ -= streams_->BytesInFile(block_);
  block_ = streams_->Block(block_).next;
  ReadAhead();
}

void StreamReader::ReadAhead() {
  const auto more = streams_->WillRead(stream_, ahead_, kAheadBytes - ahead_bytes_);
  ahead_ = more.next;
  ahead_bytes_ += more.bytes;
}

Status StreamReader::MakeRoom(int64_t bytes) {
  if (buffer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes, pool_));
    return Status::OK();
  }
  if (buffer_->size() >= bytes) return Status::OK();
  // Nothing in it is wanted any more, so it need not be copied.
  ARROW_RETURN_NOT_OK(buffer_->Resize(0, /*shrink_to_fit=*/true));
  return buffer_->Resize(bytes);
}

Result<std::span<const uint8_t>> StreamReader::Next() {
  const auto bytes = static_cast<size_t>(next_bytes());
  if (const uint8_t* kept = streams_->KeptPayload(block_)) {
    Advance();
    return std::span<const uint8_t>(kept, bytes);
  }
  ARROW_RETURN_NOT_OK(MakeRoom(next_bytes() + kBlockSlackBytes));
  ARROW_RETURN_NOT_OK(ReadNext(buffer_->mutable_data()));
  return std::span<const uint8_t>(buffer_->data(), bytes);
}

Status StreamReader::ReadNext(uint8_t* out) {
  if (const uint8_t* kept = streams_->KeptPayload(block_)) {
    std::memcpy(out, kept, static_cast<size_t>(next_bytes()));
  } else {
    ARROW_RETURN_NOT_OK(streams_->ReadBlock(stream_, block_, &codec_, out));
  }
  Advance();
  return Status::OK();
}

int64_t StreamReader::EstimateBytes(int64_t block_bytes, bool compressed) {
  return block_bytes + kBlockSlackBytes + (compressed ? BlockCodec::EstimateBytes(block_bytes) : 0);
}

}  // namespace spillway::spill
