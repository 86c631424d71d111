// Walks the data pages of one column chunk, from header to header, and reads of each only the first
// bytes of its body that are asked for: of a page of any size a few KiB. Dictionaries are passed
// over. The offset index would save nothing: a page's header is needed anyway, stands right before
// the bytes that are wanted, and says where the next page is.
//
// A page's checksum covers all of its bytes, so it cannot be verified here. Every length is checked
// against the column chunk, and no buffer is larger than twice what the file really yielded; only
// LZ4 as Hadoop frames it is decompressed whole, into the size that the header says.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/util/compression.h>

#include "base/status.h"
#include "parquet/page_header.h"
#include "parquet/partial_decompression.h"

namespace spillway::parquet {

struct PageRange {
  std::shared_ptr<arrow::io::RandomAccessFile> source;
  int64_t first_byte = 0;
  int64_t bytes = 0;  // of all pages with their headers; they lie inside the file
  arrow::Compression::type codec{};
};

class DataPages {
 public:
  // Read, and decompressed, at a time at least.
  static constexpr int64_t kLeastBytes = 4096;

  static Result<DataPages> Make(PageRange range, arrow::MemoryPool* pool);

  // Moves on to the next page, of whatever kind; nothing behind the last one. Fails with an uncoded
  // status where a header is malformed or its page reaches beyond the column chunk, and where the
  // file cannot be read.
  Result<std::optional<PageHeader>> NextOfAnyKind();

  // Moves on to the next data page that holds values. Fails likewise, and where there is none.
  Result<PageHeader> Next();

  // The body of the current page: at least its first `bytes` bytes, decompressed if it is a kData
  // page. (The levels of a kDataV2 page, with which it starts, are never compressed.) They are
  // valid until the next call to Next or Body. Fails with an uncoded status where the page is
  // shorter or malformed.
  Result<std::span<const uint8_t>> Body(int64_t bytes);

 private:
  DataPages(PageRange range, std::optional<PartialDecompressor> decompressor,
            std::unique_ptr<arrow::ResizableBuffer> window,
            std::unique_ptr<arrow::ResizableBuffer> body);

  Result<PageHeader> ReadHeader();
  // Decompresses the start of the current page: at least so many bytes of it.
  Status Decompress(int64_t at_least);
  // The file's bytes from `position`: at least `bytes`, which the column chunk must have there.
  Result<std::span<const uint8_t>> ReadAt(int64_t position, int64_t bytes);

  PageRange range_;
  int64_t end_;                                      // of the column chunk, in the file
  std::optional<PartialDecompressor> decompressor_;  // none where nothing is compressed

  PageHeader header_;       // of the current page
  int64_t page_start_ = 0;  // where it is in the file,
  int64_t body_start_ = 0;  // its body behind the header,
  int64_t next_ = 0;        // and the next page

  std::unique_ptr<arrow::ResizableBuffer> window_;  // bytes of the file, as it has them
  int64_t window_start_ = 0;
  int64_t window_bytes_ = 0;
  int64_t read_bytes_;  // at a time: header and body of the page that took most so far

  std::unique_ptr<arrow::ResizableBuffer> body_;  // the start of the current page, decompressed
  int64_t decompressed_bytes_ = 0;
};

}  // namespace spillway::parquet
