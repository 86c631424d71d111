#include "parquet/page_sizes.h"

#include <algorithm>

#include "parquet/data_pages.h"

namespace spillway::parquet {
namespace {

Result<ColumnChunkFacts> Measure(const DataFile& file, ColumnChunkFacts chunk) {
  ARROW_ASSIGN_OR_RAISE(auto pages, DataPages::Make({.source = file.source,
                                                     .first_byte = chunk.first_byte,
                                                     .bytes = chunk.compressed_bytes,
                                                     .codec = chunk.codec},
                                                    file.properties.memory_pool()));
  const bool is_indexed = chunk.num_pages.has_value();
  chunk.dictionary_bytes = 0;
  if (!is_indexed) {
    chunk.num_pages = chunk.largest_page_bytes = chunk.longest_page_rows = 0;
    chunk.largest_page_decompressed_bytes = 0;
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto page, pages.NextOfAnyKind());
    if (!page) return chunk;
    if (page->kind == PageKind::kOther) {
      chunk.dictionary_bytes = std::max<int64_t>(*chunk.dictionary_bytes, page->uncompressed_bytes);
      continue;
    }
    if (is_indexed) return chunk;  // the dictionary stands before the data pages
    ++*chunk.num_pages;
    chunk.largest_page_bytes =
        std::max(*chunk.largest_page_bytes, page->header_bytes + int64_t{page->compressed_bytes});
    chunk.largest_page_decompressed_bytes =
        std::max<int64_t>(*chunk.largest_page_decompressed_bytes, page->uncompressed_bytes);
    chunk.longest_page_rows = std::max<int64_t>(*chunk.longest_page_rows, page->num_values);
  }
}

}  // namespace

Status MeasurePages(const DataFile& file, ColumnChunkFacts& chunk) {
  const Status status = Measure(file, chunk).Value(&chunk);
  return status.IsOutOfMemory() ? status : Status::OK();
}

}  // namespace spillway::parquet
