// A spill file that is not as it was written. The input is a list of what is written over the
// intact file:
//   a letter      r: raw blocks; R: with their checksums mended afterwards; c, C: compressed ones
//   a number      of pages that are cut off the end
//   then          a position (two numbers, the low one first), a length, bytes; again and again
// A number is a byte that counts from the character 0, so that inputs can be written as text.
// Without mended checksums a block is what was written, or it is refused. With them any payload
// reaches the decompressor: what it gives must not depend on what was in memory before.
#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/temporary_folder.h"
#include "expectation.h"
#include "memory/allocator.h"
#include "spill/block_memory.h"
#include "spill/spill_writer.h"
#include "spill/stream_reader.h"
#include "storage/file_descriptor.h"

namespace spillway::fuzz {
namespace {

using Bytes = std::vector<uint8_t>;

// Two streams that share a file: as many more are empty as bring them there.
constexpr uint32_t kStreams = spill::kSpillFiles + 1;
constexpr uint32_t kUsedStreams = 2;
constexpr int kPieces = 12;
constexpr int64_t kBlockBytes = 2 * spill::kPageBytes;

// Of different lengths, and of few different bytes, so that blocks become shorter.
Bytes PieceOf(uint32_t stream, int piece) {
  Bytes bytes(static_cast<size_t>(400 + 200 * piece));
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>('a' + stream + (i / 64) % (static_cast<size_t>(piece) + 1));
  }
  return bytes;
}

Status Write(spill::SpillWriter* writer) {
  for (int piece = 0; piece < kPieces; ++piece) {
    for (uint32_t stream = 0; stream < kUsedStreams; ++stream) {
      const Bytes bytes = PieceOf(stream, piece);
      const auto size = static_cast<int64_t>(bytes.size());
      uint8_t* room = writer->TryExtend(stream, size);
      if (room == nullptr) {
        ARROW_RETURN_NOT_OK(writer->StartBlock(stream, size));
        room = writer->TryExtend(stream, size);
      }
      std::memcpy(room, bytes.data(), bytes.size());
    }
  }
  return Status::OK();
}

// Streams in one file, of which the intact bytes are known.
class SpilledFile {
 public:
  explicit SpilledFile(bool compress) {
    directory_ = spill::SpillDirectory::Make({folder_.File("spill")}, "fuzz").ValueOrDie();
    auto writer = spill::SpillWriter::Make(directory_.get(), {.purpose = "rows",
                                                              .streams = kStreams,
                                                              .block_bytes = kBlockBytes,
                                                              .write_bytes = kBlockBytes,
                                                              .compress = compress,
                                                              .pool = memory::BackingPool()})
                      .ValueOrDie();
    Expect(Write(writer.get()).ok(), "streams cannot be written");
    streams_ = writer->Finish().ValueOrDie();
    for (const auto& entry : std::filesystem::directory_iterator(directory_->path())) {
      if (entry.path().filename() == "lock") continue;
      Expect(!file_.is_open(), "streams in two files");
      file_ = storage::FileDescriptor(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
      intact_.resize(entry.file_size());
    }
    Expect(::pread(file_.get(), intact_.data(), intact_.size(), 0) ==
               static_cast<ssize_t>(intact_.size()),
           "a spill file cannot be read");
  }

  const Bytes& intact() const { return intact_; }
  const spill::SpilledStreams& streams() const { return *streams_; }

  void Replace(const Bytes& bytes) {
    Expect(::ftruncate(file_.get(), static_cast<off_t>(bytes.size())) == 0 &&
               ::pwrite(file_.get(), bytes.data(), bytes.size(), 0) ==
                   static_cast<ssize_t>(bytes.size()),
           "a spill file cannot be replaced");
  }

  // Gives each block that is whole the header that its stored bytes would have.
  void MendHeaders(Bytes* bytes) const {
    for (uint32_t stream = 0; stream < kUsedStreams; ++stream) {
      for (uint32_t number = streams_->FirstBlock(stream); number != spill::BlockLog::kNoBlock;
           number = streams_->Block(number).next) {
        const spill::LoggedBlock& block = streams_->Block(number);
        const auto begin = static_cast<size_t>(block.place * spill::kPageBytes);
        const size_t payload = begin + spill::kHeaderBytes;
        if (payload + block.stored_bytes > bytes->size()) continue;
        const spill::BlockHeader header = spill::MakeHeader({.stream = stream,
                                                             .bytes = block.bytes,
                                                             .stored_bytes = block.stored_bytes,
                                                             .number = number},
                                                            bytes->data() + payload);
        std::memcpy(bytes->data() + begin, &header, sizeof(header));
      }
    }
  }

 private:
  const TemporaryFolder folder_;
  std::unique_ptr<spill::SpillDirectory> directory_;
  std::unique_ptr<spill::SpilledStreams> streams_;
  storage::FileDescriptor file_;
  Bytes intact_;
};

size_t NumberOf(uint8_t byte) { return byte ^ uint8_t{'0'}; }

void WriteOver(std::span<const uint8_t> edits, Bytes* bytes) {
  constexpr size_t kHead = 3;
  while (edits.size() > kHead) {
    const size_t at = (NumberOf(edits[0]) | NumberOf(edits[1]) << 8) % bytes->size();
    const size_t length = std::min({NumberOf(edits[2]), edits.size() - kHead, bytes->size() - at});
    std::ranges::copy(edits.subspan(kHead, length), bytes->begin() + static_cast<ptrdiff_t>(at));
    edits = edits.subspan(kHead + length);
  }
}

// The blocks of a stream, read into memory full of `fill`, up to one that is refused.
std::vector<Bytes> ReadBlocks(const spill::SpilledStreams& streams, uint32_t stream, uint8_t fill) {
  std::vector<Bytes> blocks;
  spill::StreamReader reader(memory::BackingPool());
  for (reader.Open(streams, stream); !reader.done();) {
    Bytes block(static_cast<size_t>(reader.next_bytes() + spill::kBlockSlackBytes), fill);
    const Status status = reader.ReadNext(block.data());
    if (!status.ok()) {
      ExpectError(status, {ErrorCode::kSpillDamaged});
      break;
    }
    block.resize(block.size() - spill::kBlockSlackBytes);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

void CheckStream(const spill::SpilledStreams& streams, uint32_t stream, bool is_mended) {
  const std::vector<Bytes> blocks = ReadBlocks(streams, stream, 0);
  if (is_mended) {
    Expect(ReadBlocks(streams, stream, 0xFF) == blocks, "a block has bytes that were not written");
    return;
  }
  Bytes written;
  for (int piece = 0; piece < kPieces; ++piece) {
    const Bytes bytes = PieceOf(stream, piece);
    written.insert(written.end(), bytes.begin(), bytes.end());
  }
  size_t at = 0;
  for (const Bytes& block : blocks) {
    Expect(block.size() <= written.size() - at &&
               std::equal(block.begin(), block.end(), written.begin() + static_cast<ptrdiff_t>(at)),
           "damage that was not found");
    at += block.size();
  }
}

}  // namespace
}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway::fuzz;  // NOLINT(google-build-using-namespace)
  static std::array<SpilledFile, 2> files = {SpilledFile(false), SpilledFile(true)};
  constexpr size_t kHead = 2;
  if (size < kHead) return 0;
  const bool is_mended = data[0] == 'R' || data[0] == 'C';
  SpilledFile& file = files[data[0] == 'c' || data[0] == 'C' ? 1 : 0];
  Bytes bytes = file.intact();
  WriteOver({data + kHead, size - kHead}, &bytes);
  if (is_mended) file.MendHeaders(&bytes);
  bytes.resize(bytes.size() -
               std::min(bytes.size(), NumberOf(data[1]) * spillway::spill::kPageBytes));
  file.Replace(bytes);
  for (uint32_t stream = 0; stream < kUsedStreams; ++stream) {
    CheckStream(file.streams(), stream, is_mended);
  }
  return 0;
}
