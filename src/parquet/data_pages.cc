// How many compressed bytes hold the wanted ones cannot be known beforehand. So the start of a page
// is decompressed from what has been read, and where that does not do, once more from twice as
// much: all tries together cost less than twice the last one. The next pages are read in the size
// that did at last, so that they take one read each.
#include "parquet/data_pages.h"

#include <algorithm>
#include <utility>

namespace spillway::parquet {
namespace {

constexpr int64_t kLargestHeaderBytes = 16 * 1024 * 1024;  // parquet-cpp's limit too

// How much larger than its compressed form a page can be that is only decompressed whole (LZ4).
constexpr int64_t kLargestRatio = 255;

// Gives `buffer` the size `bytes`. What it holds is of no use any more, and is not moved.
Status Renew(arrow::ResizableBuffer& buffer, int64_t bytes) {
  if (bytes > buffer.capacity()) ARROW_RETURN_NOT_OK(buffer.Resize(0));
  return buffer.Resize(bytes, /*shrink_to_fit=*/false);
}

}  // namespace

DataPages::DataPages(PageRange range, std::optional<PartialDecompressor> decompressor,
                     std::unique_ptr<arrow::ResizableBuffer> window,
                     std::unique_ptr<arrow::ResizableBuffer> body)
    : range_(std::move(range)),
      end_(range_.first_byte + range_.bytes),
      decompressor_(std::move(decompressor)),
      next_(range_.first_byte),
      window_(std::move(window)),
      read_bytes_(kLeastBytes),
      body_(std::move(body)) {}

Result<DataPages> DataPages::Make(PageRange range, arrow::MemoryPool* pool) {
  std::optional<PartialDecompressor> decompressor;
  if (range.codec != arrow::Compression::UNCOMPRESSED) {
    ARROW_ASSIGN_OR_RAISE(decompressor, PartialDecompressor::Make(range.codec));
  }
  ARROW_ASSIGN_OR_RAISE(auto window, arrow::AllocateResizableBuffer(0, pool));
  ARROW_ASSIGN_OR_RAISE(auto body,
                        arrow::AllocateResizableBuffer(decompressor ? kLeastBytes : 0, pool));
  return DataPages(std::move(range), std::move(decompressor), std::move(window), std::move(body));
}

Result<std::optional<PageHeader>> DataPages::NextOfAnyKind() {
  if (next_ == end_) return std::nullopt;
  page_start_ = next_;
  ARROW_ASSIGN_OR_RAISE(header_, ReadHeader());
  body_start_ = next_ + header_.header_bytes;
  if (header_.compressed_bytes > end_ - body_start_) {
    return Status::Invalid("a page reaches beyond its column chunk");
  }
  next_ = body_start_ + header_.compressed_bytes;
  decompressed_bytes_ = 0;
  return header_;
}

Result<PageHeader> DataPages::Next() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto header, NextOfAnyKind());
    if (!header) return Status::Invalid("a column chunk has fewer values than the footer says");
    if (header->kind != PageKind::kOther && header->num_values > 0) return *header;
  }
}

Result<PageHeader> DataPages::ReadHeader() {
  const int64_t left = end_ - next_;
  for (int64_t wanted = 1;; wanted *= 2) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadAt(next_, std::min(wanted, left)));
    ARROW_ASSIGN_OR_RAISE(const auto header, ParsePageHeader(bytes));
    if (header) return *header;
    wanted = static_cast<int64_t>(bytes.size());
    if (wanted == left || wanted >= kLargestHeaderBytes) {
      return Status::Invalid("a page header has no end");
    }
  }
}

Result<std::span<const uint8_t>> DataPages::Body(int64_t bytes) {
  const bool compressed = decompressor_ && header_.kind == PageKind::kData;
  if (bytes > (compressed ? header_.uncompressed_bytes : header_.compressed_bytes)) {
    return Status::Invalid("a page is shorter than its levels");
  }
  if (!compressed) return ReadAt(body_start_, bytes);
  if (bytes > decompressed_bytes_) ARROW_RETURN_NOT_OK(Decompress(bytes));
  return std::span(body_->data(), static_cast<size_t>(decompressed_bytes_));
}

Status DataPages::Decompress(int64_t at_least) {
  int64_t wanted = std::min(1, header_.compressed_bytes);  // what the window has will often do
  if (!PartialDecompressor::StopsEarly(range_.codec)) {
    wanted = header_.compressed_bytes;
    if (header_.uncompressed_bytes > wanted * kLargestRatio) {
      return Status::Invalid("a page cannot be as large as its header says");
    }
    ARROW_RETURN_NOT_OK(Renew(*body_, header_.uncompressed_bytes));
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto input, ReadAt(body_start_, wanted));
    input = input.first(std::min(input.size(), static_cast<size_t>(header_.compressed_bytes)));
    const int64_t room = std::min<int64_t>(body_->size(), header_.uncompressed_bytes);
    ARROW_ASSIGN_OR_RAISE(
        decompressed_bytes_,
        decompressor_->Decompress(input, {body_->mutable_data(), static_cast<size_t>(room)}));
    if (decompressed_bytes_ >= at_least) return Status::OK();
    const int64_t input_bytes = static_cast<int64_t>(input.size());
    if (decompressed_bytes_ == room) {
      ARROW_RETURN_NOT_OK(Renew(*body_, 2 * room));
    } else if (input_bytes < header_.compressed_bytes) {
      wanted = std::max(2 * input_bytes, PartialDecompressor::BlockBytes(range_.codec));
      wanted = std::min<int64_t>(wanted, header_.compressed_bytes);
    } else {
      return Status::Invalid("a page is shorter than its levels");
    }
  }
}

Result<std::span<const uint8_t>> DataPages::ReadAt(int64_t position, int64_t bytes) {
  int64_t skipped = position - window_start_;
  if (skipped < 0 || bytes > window_bytes_ - skipped) {
    read_bytes_ = std::max(read_bytes_, position - page_start_ + bytes);
    const int64_t wanted = std::min(read_bytes_, end_ - position);
    window_bytes_ = 0;
    ARROW_RETURN_NOT_OK(Renew(*window_, wanted));
    ARROW_ASSIGN_OR_RAISE(window_bytes_,
                          range_.source->ReadAt(position, wanted, window_->mutable_data()));
    if (window_bytes_ < bytes)
      return Status::Invalid("the file was cut short while it was being read");
    window_start_ = position;
    skipped = 0;
  }
  return std::span(window_->data() + skipped, static_cast<size_t>(window_bytes_ - skipped));
}

}  // namespace spillway::parquet
