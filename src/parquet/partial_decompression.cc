// Snappy and LZ4 are alike: a sequence of literals (bytes to take over) and copies (of bytes that
// were written before). Both decoders go through it once, byte by byte of the input, and end where
// the input or the output does. Copies reach back any distance, so the output is one block.
#include "parquet/partial_decompression.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace spillway::parquet {
namespace {

using Bytes = std::span<const uint8_t>;

// A ZSTD block is decompressed once it is there: its content is at most 128 KiB and it is never
// larger compressed; frame and block headers take up to 21 bytes.
constexpr int64_t kZstdBlockBytes = 128 * 1024 + 21;

class Input {
 public:
  explicit Input(Bytes bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }

  // The next bytes, fewer where the input ends.
  Bytes Take(size_t count) {
    const Bytes taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

  // A little-endian number of `width` bytes, or nothing where the input ends.
  std::optional<size_t> Number(size_t width) {
    const Bytes taken = Take(width);
    if (taken.size() < width) return std::nullopt;
    size_t number = 0;
    std::memcpy(&number, taken.data(), width);
    return number;
  }

 private:
  Bytes bytes_;
};

class Output {
 public:
  explicit Output(std::span<uint8_t> bytes) : bytes_(bytes) {}

  bool full() const { return size_ == bytes_.size(); }
  int64_t size() const { return static_cast<int64_t>(size_); }

  void Append(Bytes literal) {
    const size_t count = std::min(literal.size(), bytes_.size() - size_);
    if (count > 0) std::memcpy(bytes_.data() + size_, literal.data(), count);
    size_ += count;
  }

  // Appends `count` bytes again from `distance` back, those among them that it has just appended.
  // False where the distance reaches before the start.
  bool Repeat(size_t distance, size_t count) {
    if (distance == 0 || distance > size_) return false;
    const size_t end = size_ + std::min(count, bytes_.size() - size_);
    for (; size_ < end; ++size_) bytes_[size_] = bytes_[size_ - distance];
    return true;
  }

 private:
  const std::span<uint8_t> bytes_;
  size_t size_ = 0;
};

Status Malformed() { return Status::Invalid("compressed data is malformed"); }

// The decompressed size in front of Snappy's raw format, or nothing where the input ends.
Result<std::optional<size_t>> SnappySize(Input& input) {
  size_t size = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = input.Number(1);
    if (!byte) return std::nullopt;
    size |= (*byte & 0x7F) << shift;
    if (*byte < 0x80) return size;
  }
  return Malformed();
}

Result<int64_t> DecompressSnappy(Bytes bytes, std::span<uint8_t> destination) {
  Input input(bytes);
  ARROW_ASSIGN_OR_RAISE(const auto size, SnappySize(input));
  if (!size) return 0;
  Output output(destination.first(std::min(*size, destination.size())));
  while (!output.full() && !input.empty()) {
    // The kind of an element is in the two lowest bits of its first byte, its length in the others:
    // of a literal up to 60 bytes, or how wide the number is that is its length.
    const size_t tag = *input.Number(1);
    const size_t kind = tag & 3;
    size_t length = (tag >> 2) + 1;
    if (kind == 0) {
      if (length > 60) {
        const auto wide = input.Number(length - 60);
        if (!wide) break;
        length = *wide + 1;
      }
      output.Append(input.Take(length));
      continue;
    }
    auto distance = input.Number(kind == 3 ? 4 : kind);
    if (!distance) break;
    if (kind == 1) {
      *distance |= tag >> 5 << 8;
      length = (tag >> 2 & 7) + 4;
    }
    if (!output.Repeat(*distance, length)) return Malformed();
  }
  return output.size();
}

// A length of LZ4: four bits, and where they are all set, bytes to add up to the first that is not
// 255. Nothing where the input ends.
std::optional<size_t> Lz4Length(size_t four_bits, Input& input) {
  size_t length = four_bits;
  if (four_bits < 15) return length;
  while (const auto byte = input.Number(1)) {
    length += *byte;
    if (*byte < 255) return length;
  }
  return std::nullopt;
}

Result<int64_t> DecompressLz4(Bytes bytes, std::span<uint8_t> destination) {
  constexpr size_t kLeastCopy = 4;
  Input input(bytes);
  Output output(destination);
  while (!output.full() && !input.empty()) {
    const size_t token = *input.Number(1);
    const auto literal = Lz4Length(token >> 4, input);
    if (!literal) break;
    output.Append(input.Take(*literal));
    const auto distance = input.Number(2);
    if (!distance) break;  // a block ends with literals
    const auto copy = Lz4Length(token & 15, input);
    if (!copy) break;
    if (!output.full() && !output.Repeat(*distance, *copy + kLeastCopy)) return Malformed();
  }
  return output.size();
}

bool HasStream(arrow::Compression::type codec) {
  return codec == arrow::Compression::GZIP || codec == arrow::Compression::ZSTD ||
         codec == arrow::Compression::BROTLI;
}

}  // namespace

PartialDecompressor::PartialDecompressor(arrow::Compression::type codec,
                                         std::unique_ptr<arrow::util::Codec> whole,
                                         std::shared_ptr<arrow::util::Decompressor> stream)
    : codec_(codec), whole_(std::move(whole)), stream_(std::move(stream)) {}

Result<PartialDecompressor> PartialDecompressor::Make(arrow::Compression::type codec) {
  ARROW_ASSIGN_OR_RAISE(auto whole, arrow::util::Codec::Create(codec));
  std::shared_ptr<arrow::util::Decompressor> stream;
  if (HasStream(codec)) {
    ARROW_ASSIGN_OR_RAISE(stream, whole->MakeDecompressor());
  }
  return PartialDecompressor(codec, std::move(whole), std::move(stream));
}

bool PartialDecompressor::StopsEarly(arrow::Compression::type codec) {
  return HasStream(codec) || codec == arrow::Compression::SNAPPY ||
         codec == arrow::Compression::LZ4;
}

int64_t PartialDecompressor::BlockBytes(arrow::Compression::type codec) {
  return codec == arrow::Compression::ZSTD ? kZstdBlockBytes : 1;
}

Result<int64_t> PartialDecompressor::Decompress(std::span<const uint8_t> input,
                                                std::span<uint8_t> output) {
  if (stream_ != nullptr) return DecompressStream(input, output);
  switch (codec_) {
    case arrow::Compression::SNAPPY:
      return DecompressSnappy(input, output);
    case arrow::Compression::LZ4:
      return DecompressLz4(input, output);
    default:
      return whole_->Decompress(static_cast<int64_t>(input.size()), input.data(),
                                static_cast<int64_t>(output.size()), output.data());
  }
}

Result<int64_t> PartialDecompressor::DecompressStream(std::span<const uint8_t> input,
                                                      std::span<uint8_t> output) {
  ARROW_RETURN_NOT_OK(stream_->Reset());
  const size_t output_bytes = output.size();
  while (!output.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto step,
                          stream_->Decompress(static_cast<int64_t>(input.size()), input.data(),
                                              static_cast<int64_t>(output.size()), output.data()));
    input = input.subspan(static_cast<size_t>(step.bytes_read));
    output = output.subspan(static_cast<size_t>(step.bytes_written));
    if (stream_->IsFinished() || (step.bytes_read == 0 && step.bytes_written == 0)) break;
  }
  return static_cast<int64_t>(output_bytes - output.size());
}

}  // namespace spillway::parquet
