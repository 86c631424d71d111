// Decompresses the first bytes of a page and stops there, from no more of its compressed bytes than
// that takes. GZIP, ZSTD and BROTLI go through Arrow's streaming decompressors; Snappy's raw format
// and LZ4 blocks, for which there are none, through decoders of our own. The state of a streaming
// decompressor comes from malloc, as with parquet-cpp.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <arrow/util/compression.h>

#include "base/status.h"

namespace spillway::parquet {

class PartialDecompressor {
 public:
  // For pages compressed with `codec`, which is not UNCOMPRESSED and which parquet-cpp supports.
  static Result<PartialDecompressor> Make(arrow::Compression::type codec);

  // False for a codec of which only whole pages can be decompressed (LZ4 as Hadoop frames it).
  static bool StopsEarly(arrow::Compression::type codec);

  // Compressed bytes without which a codec may give nothing at all.
  static int64_t BlockBytes(arrow::Compression::type codec);

  // Fills `output` from the start of a page, as far as its compressed bytes in `input` go, which
  // may be cut off anywhere. Returns the bytes written; fewer than `output` has mean that more
  // input is needed, or that the page ends. Unless the codec stops early, both must have the size
  // of the whole page. Fails with an uncoded status where the input is malformed.
  Result<int64_t> Decompress(std::span<const uint8_t> input, std::span<uint8_t> output);

 private:
  PartialDecompressor(arrow::Compression::type codec, std::unique_ptr<arrow::util::Codec> whole,
                      std::shared_ptr<arrow::util::Decompressor> stream);

  Result<int64_t> DecompressStream(std::span<const uint8_t> input, std::span<uint8_t> output);

  arrow::Compression::type codec_;
  std::unique_ptr<arrow::util::Codec> whole_;
  std::shared_ptr<arrow::util::Decompressor> stream_;  // null unless the codec has one
};

}  // namespace spillway::parquet
