#include "join/bucket_reader.h"

#include <algorithm>
#include <utility>

#include "join/external_join_state.h"
#include "spill/block_memory.h"

namespace spillway::join {
namespace {

constexpr uint32_t kSplitParts = 32;
constexpr int64_t kMostWindowBytes = int64_t{1} << 31;  // positions have 32 bits

}  // namespace

BucketReader::BucketReader(const ExternalJoinState& state)
    : state_(state), reader_(state.options.pool) {}

int64_t BucketReader::EstimateBytes(int64_t bucket_bytes, int bucket_bits, int64_t block_bytes,
                                    int64_t write_bytes, bool compress) {
  const int64_t lasts = (int64_t{sizeof(uint32_t)} << bucket_bits) + 64;
  const int64_t window = bucket_bytes + spill::kBlockSlackBytes;
  const int64_t split =
      spill::SpillWriter::EstimateBytes(kSplitParts, block_bytes, write_bytes, compress);
  return lasts + std::max(window, split) +
         spill::StreamReader::EstimateBytes(block_bytes, compress);
}

Status BucketReader::Seek(uint32_t bucket, uint32_t row) {
  // The parts of a row are read once; to see the first one again it is loaded again.
  const bool is_in_parts = !part_streams_.empty();
  if (bucket != bucket_ || row < first_row_ || (row == first_row_ && is_in_parts)) {
    OpenBucket(bucket);
  }
  while (row >= end_row_) {
    const Status status = LoadNextWindow();
    if (status.ok()) continue;
    bucket_ = kNone;  // what is loaded is of no use
    return status;
  }
  return Status::OK();
}

void BucketReader::WillSeek(uint32_t bucket) const {
  for (const auto& streams : state_.matches) streams->WillRead(bucket);
}

void BucketReader::OpenBucket(uint32_t bucket) {
  bucket_ = bucket;
  first_row_ = end_row_ = 0;
  part_streams_.clear();
  part_stream_ = 0;
  Range whole = {0, static_cast<uint32_t>(state_.pieces->bucket_rows()), {}};
  for (const auto& streams : state_.matches) whole.streams.push_back({streams.get(), bucket, {}});
  ranges_.clear();
  ranges_.push_back(std::move(whole));
}

Status BucketReader::LoadNextWindow() {
  const Range range = std::move(ranges_.back());
  ranges_.pop_back();
  int64_t bytes = 0;
  for (const Stream& stream : range.streams) bytes += stream.streams->StreamBytes(stream.number);
  const int64_t most_bytes = std::min(state_.options.sizes.bucket_bytes, kMostWindowBytes);
  part_streams_.clear();
  part_stream_ = 0;
  if (bytes <= most_bytes) return LoadWindow(range, bytes);
  if (range.end_row - range.first_row > 1) return Split(range);
  first_row_ = range.first_row;
  end_row_ = range.end_row;
  part_streams_ = range.streams;
  reader_.Open(*part_streams_[0].streams, part_streams_[0].number);
  return NextPart();
}

Status BucketReader::LoadWindow(const Range& range, int64_t bytes) {
  first_row_ = range.first_row;
  end_row_ = range.end_row;
  ARROW_RETURN_NOT_OK(MakeRoom(bytes));
  uint8_t* at = rows_;
  for (const Stream& stream : range.streams) {
    for (reader_.Open(*stream.streams, stream.number); !reader_.done();) {
      const int64_t block_bytes = reader_.next_bytes();
      ARROW_RETURN_NOT_OK(reader_.ReadNext(at));
      at += block_bytes;
    }
  }
  return Link(bytes);
}

// Loads as many blocks of the row as fit, at least one.
Status BucketReader::NextPart() {
  int64_t bytes = 0;
  while (has_more_parts()) {
    if (reader_.done()) {
      if (++part_stream_ == part_streams_.size()) break;
      reader_.Open(*part_streams_[part_stream_].streams, part_streams_[part_stream_].number);
      continue;
    }
    const int64_t block_bytes = reader_.next_bytes();
    if (bytes > 0 && bytes + block_bytes > state_.options.sizes.bucket_bytes) break;
    if (bytes == 0) {
      ARROW_RETURN_NOT_OK(MakeRoom(std::max(block_bytes, state_.options.sizes.bucket_bytes)));
    }
    ARROW_RETURN_NOT_OK(reader_.ReadNext(rows_ + bytes));
    bytes += block_bytes;
  }
  return Link(bytes);
}

Status BucketReader::MakeRoom(int64_t bytes) {
  const int64_t needed = bytes + spill::kBlockSlackBytes;
  if (row_buffer_ != nullptr && row_buffer_->size() >= needed) return Status::OK();
  row_buffer_.reset();
  ARROW_ASSIGN_OR_RAISE(row_buffer_, arrow::AllocateBuffer(needed, state_.options.pool));
  rows_ = row_buffer_->mutable_data();
  return Status::OK();
}

// Makes the rings of the rows that were loaded, whose link is the source row still. Rows of one
// source row stand in lookup order: they come from one partition, which one lane joined.
Status BucketReader::Link(int64_t bytes) {
  if (last_buffer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(last_buffer_, arrow::AllocateBuffer(state_.pieces->bucket_rows() *
                                                                  int64_t{sizeof(uint32_t)},
                                                              state_.options.pool));
    lasts_ = reinterpret_cast<uint32_t*>(last_buffer_->mutable_data());
  }
  std::fill_n(lasts_, end_row_ - first_row_, kNone);
  has_lists_ = false;
  for (int64_t at = 0; at < bytes; at += state_.format.SizeOf(rows_ + at)) {
    const auto position = static_cast<uint32_t>(at);
    uint32_t& last = lasts_[Load<uint32_t>(rows_ + at) - first_row_];
    if (last == kNone) {
      Store(rows_ + at, position);
    } else {
      Store(rows_ + at, Load<uint32_t>(rows_ + last));
      Store(rows_ + last, position);
      has_lists_ = true;
    }
    last = position;
  }
  return Status::OK();
}

// Replaces the range by up to kSplitParts smaller ones.
Status BucketReader::Split(const Range& range) {
  row_buffer_.reset();
  const uint32_t rows = range.end_row - range.first_row;
  const uint32_t width = (rows + kSplitParts - 1) / kSplitParts;
  const uint32_t parts = (rows + width - 1) / width;
  ARROW_ASSIGN_OR_RAISE(
      const auto writer,
      spill::SpillWriter::Make(state_.options.directory,
                               {.purpose = "split-matches",
                                .streams = parts,
                                .block_bytes = state_.options.sizes.match_block_bytes,
                                .write_bytes = state_.options.sizes.write_bytes,
                                .compress = state_.options.compress,
                                .pool = state_.options.pool}));
  ARROW_RETURN_NOT_OK(Distribute(range, width, writer.get()));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<spill::SpilledStreams> split, writer->Finish());
  for (uint32_t part = parts; part-- > 0;) {
    const uint32_t first_row = range.first_row + part * width;
    ranges_.push_back(
        {first_row, std::min(first_row + width, range.end_row), {{split.get(), part, split}}});
  }
  return Status::OK();
}

// Writes the rows of a range to the parts that have `width` source rows each. What was split before
// is not wanted any more then.
Status BucketReader::Distribute(const Range& range, uint32_t width, spill::SpillWriter* parts) {
  for (const Stream& stream : range.streams) {
    for (reader_.Open(*stream.streams, stream.number); !reader_.done();) {
      ARROW_ASSIGN_OR_RAISE(const std::span<const uint8_t> block, reader_.Next());
      const uint8_t* const end = block.data() + block.size();
      for (const uint8_t* row = block.data(); row < end;) {
        const int64_t size = state_.format.SizeOf(row);
        const uint32_t part = (Load<uint32_t>(row) - range.first_row) / width;
        uint8_t* room = parts->TryExtend(part, size);
        if (room == nullptr) {
          ARROW_RETURN_NOT_OK(parts->StartBlock(part, size));
          room = parts->TryExtend(part, size);
        }
        CopyRow(room, row, size);
        row += size;
      }
    }
    if (stream.owner != nullptr) stream.owner->Free(stream.number);
  }
  return Status::OK();
}

}  // namespace spillway::join
