#include "spill/spill_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace spillway::spill {
namespace {

constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

constexpr int64_t kMostPayloadBytes = UINT32_MAX - 2 * kPageBytes;

int64_t RoundUpToPages(int64_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

}  // namespace

SpillWriter::SpillWriter(SpillDirectory* directory, SpillWriterOptions options,
                         std::unique_ptr<arrow::Buffer> buffer, BlockLog log)
    : directory_(directory),
      options_(std::move(options)),
      buffer_(std::move(buffer)),
      streams_(reinterpret_cast<Stream*>(buffer_->mutable_data())),
      log_(std::move(log)),
      files_(kSpillFiles),
      codec_(options_.pool) {
  std::fill_n(streams_, options_.streams, Stream{});
}

SpillWriter::~SpillWriter() {
  for (uint32_t stream = 0; stream < options_.streams; ++stream) {
    const Stream& s = streams_[stream];
    if (s.block != nullptr) FreeBlock(s.block, s.block_bytes(), options_.pool);
  }
  for (const PendingBlock& pending : pending_) {
    FreeBlock(pending.block, pending.block_bytes, options_.pool);
  }
  FreeSpare();
  for (const KeptBlock& kept : kept_) {
    FreeBlock(kept.block, kept.block_bytes, options_.pool);
    options_.quota->Give(kept.block_bytes);
  }
}

Result<std::unique_ptr<SpillWriter>> SpillWriter::Make(SpillDirectory* directory,
                                                       SpillWriterOptions options) {
  const auto bytes = static_cast<int64_t>(options.streams * sizeof(Stream));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(bytes, options.pool));
  ARROW_ASSIGN_OR_RAISE(BlockLog log, BlockLog::Make(options.streams, options.pool));
  return std::unique_ptr<SpillWriter>(
      new SpillWriter(directory, std::move(options), std::move(buffer), std::move(log)));
}

int64_t SpillWriter::EstimateBytes(uint32_t streams, int64_t block_bytes, int64_t write_bytes,
                                   bool compress) {
  const int64_t blocks = streams + write_bytes / block_bytes + 1;
  return static_cast<int64_t>(streams * sizeof(Stream)) + kAlignmentBytes + blocks * block_bytes +
         (compress ? BlockCodec::EstimateBytes(block_bytes) : 0);
}

Status SpillWriter::StartBlock(uint32_t stream, int64_t bytes) {
  ARROW_RETURN_NOT_OK(EndBlock(stream, /*last=*/false));
  Stream& s = streams_[stream];
  if (bytes > kMostPayloadBytes) {
    return Status::CapacityError("a value of ", bytes, " bytes is too long to be spilled");
  }
  const int64_t block_bytes = std::max(options_.block_bytes, BlockBytesFor(bytes));
  if (s.block != nullptr) {  // an empty one
    if (s.block_bytes() >= block_bytes) return Status::OK();
    Recycle(s.block, s.block_bytes());
    s = {};
  }
  if (block_bytes == options_.block_bytes && !spare_.empty()) {
    s.block = spare_.back();
    spare_.pop_back();
  } else {
    ARROW_ASSIGN_OR_RAISE(s.block, AllocateBlock(block_bytes, options_.pool));
  }
  s.at = PayloadOf(s.block);
  s.end = s.at + PayloadRoom(block_bytes);
  return Status::OK();
}

// Keeps the stream's block, or puts it among those that wait for their write; an empty one stays.
// The last block of a stream need not be full: kept, it gives back what it does not use.
Status SpillWriter::EndBlock(uint32_t stream, bool last) {
  Stream& s = streams_[stream];
  if (s.block == nullptr || s.at == PayloadOf(s.block)) return Status::OK();
  ARROW_RETURN_NOT_OK(log_.Reserve(1));
  const int64_t bytes = s.at - PayloadOf(s.block);
  if (TryKeep(stream, last ? BlockBytesFor(bytes) : s.block_bytes())) return Status::OK();
  pending_.push_back({stream, s.block, s.block_bytes(), bytes});
  pending_bytes_ += s.block_bytes();
  s = {};
  return pending_bytes_ >= options_.write_bytes ? WritePending() : Status::OK();
}

bool SpillWriter::IsPending(uint32_t stream) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [stream](const PendingBlock& pending) { return pending.stream == stream; });
}

// Keeps the stream's block, cut to `block_bytes`, if the quota has room for it and none before it
// waits to be written: the log has a stream's blocks in their order. Wants room in the log.
bool SpillWriter::TryKeep(uint32_t stream, int64_t block_bytes) {
  Stream& s = streams_[stream];
  if (options_.quota == nullptr || IsPending(stream)) return false;
  if (!options_.quota->TryTake(block_bytes)) return false;
  const int64_t bytes = s.at - PayloadOf(s.block);
  if (block_bytes < s.block_bytes()) {
    uint8_t* block = s.block;
    if (!TrimBlock(s.block_bytes(), block_bytes, options_.pool, &block).ok()) {
      options_.quota->Give(block_bytes);
      return false;
    }
    s.block = block;
  }
  log_.Add(stream, {.place = static_cast<uint32_t>(kept_.size()),
                    .stored_bytes = 0,
                    .bytes = static_cast<uint32_t>(bytes)});
  kept_.push_back({s.block, block_bytes});
  s = {};
  return true;
}

Status SpillWriter::WritePending() {
  ARROW_RETURN_NOT_OK(log_.Reserve(static_cast<int64_t>(pending_.size())));
  std::stable_sort(
      pending_.begin(), pending_.end(),
      [](const PendingBlock& a, const PendingBlock& b) { return a.stream < b.stream; });
  std::span<PendingBlock> rest = pending_;
  while (!rest.empty()) {
    const uint32_t file = FileOf(rest[0].stream, options_.streams);
    const auto end = std::ranges::find_if(rest, [&](const PendingBlock& pending) {
      return FileOf(pending.stream, options_.streams) != file;
    });
    const auto count = static_cast<size_t>(end - rest.begin());
    ARROW_RETURN_NOT_OK(WriteBlocks(rest.first(count)));
    rest = rest.subspan(count);
  }
  for (const PendingBlock& pending : pending_) Recycle(pending.block, pending.block_bytes);
  pending_.clear();
  pending_bytes_ = 0;
  return Status::OK();
}

// Writes blocks that go to one file. Wants room in the log.
Status SpillWriter::WriteBlocks(std::span<PendingBlock> blocks) {
  std::unique_ptr<SpillFile>& file = files_[FileOf(blocks[0].stream, options_.streams)];
  if (file == nullptr) {
    ARROW_ASSIGN_OR_RAISE(file, directory_->CreateFile(options_.purpose));
  }
  std::vector<iovec> parts;
  int64_t place = file->size_bytes() / kPageBytes;
  for (PendingBlock& pending : blocks) {
    if (place > UINT32_MAX) return Status::CapacityError("a spill file of more than 16 TiB");
    ARROW_ASSIGN_OR_RAISE(const int64_t stored, Store(&pending, log_.num_blocks()));
    const int64_t bytes = RoundUpToPages(kHeaderBytes + stored);
    parts.push_back({pending.block, static_cast<size_t>(bytes)});
    log_.Add(pending.stream, {.place = static_cast<uint32_t>(place),
                              .stored_bytes = static_cast<uint32_t>(stored),
                              .bytes = static_cast<uint32_t>(pending.bytes)});
    place += bytes / kPageBytes;
  }
  return file->Append(parts);
}

// Makes of a block what the file shall have: the header, the stored payload, zeros up to the end of
// the page. Returns the length of the stored payload.
Result<int64_t> SpillWriter::Store(PendingBlock* pending, uint64_t number) {
  uint8_t* payload = PayloadOf(pending->block);
  int64_t stored = pending->bytes;
  if (options_.compress) {
    ARROW_ASSIGN_OR_RAISE(stored, codec_.Shrink(payload, pending->bytes));
  }
  const BlockHeader header = MakeHeader({.stream = pending->stream,
                                         .bytes = static_cast<uint32_t>(pending->bytes),
                                         .stored_bytes = static_cast<uint32_t>(stored),
                                         .number = number},
                                        payload);
  std::memcpy(pending->block, &header, sizeof(header));
  const int64_t used = kHeaderBytes + stored;
  std::memset(pending->block + used, 0, static_cast<size_t>(RoundUpToPages(used) - used));
  return stored;
}

void SpillWriter::Recycle(uint8_t* block, int64_t block_bytes) {
  if (block_bytes == options_.block_bytes) {
    spare_.push_back(block);
  } else {
    FreeBlock(block, block_bytes, options_.pool);
  }
}

void SpillWriter::FreeSpare() {
  for (uint8_t* block : spare_) FreeBlock(block, options_.block_bytes, options_.pool);
  spare_.clear();
}

Result<std::unique_ptr<SpilledStreams>> SpillWriter::Finish() {
  for (uint32_t stream = 0; stream < options_.streams; ++stream) {
    ARROW_RETURN_NOT_OK(EndBlock(stream, /*last=*/true));
  }
  ARROW_RETURN_NOT_OK(WritePending());
  FreeSpare();
  ARROW_RETURN_NOT_OK(log_.Trim());
  return std::make_unique<SpilledStreams>(SpilledStreams::Parts{.log = std::move(log_),
                                                                .kept = std::exchange(kept_, {}),
                                                                .files = std::move(files_),
                                                                .quota = options_.quota,
                                                                .pool = options_.pool});
}

}  // namespace spillway::spill
