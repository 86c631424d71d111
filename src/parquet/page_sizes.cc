#include "parquet/page_sizes.h"

#include <algorithm>

#include <parquet/types.h>

#include "parquet/data_pages.h"

namespace spillway::parquet {
namespace {

bool HasIndices(const PageHeader& page) {
  return page.encoding == ::parquet::Encoding::RLE_DICTIONARY ||
         page.encoding == ::parquet::Encoding::PLAIN_DICTIONARY;
}

Result<ColumnChunkFacts> Measure(const DataFile& file, ColumnChunkFacts chunk) {
  ARROW_ASSIGN_OR_RAISE(auto pages, DataPages::Make({.source = file.source,
                                                     .first_byte = chunk.first_byte,
                                                     .bytes = chunk.compressed_bytes,
                                                     .codec = chunk.codec},
                                                    file.properties.memory_pool()));
  const bool is_indexed = chunk.num_pages.has_value();
  const bool is_dictionary_known =
      !chunk.has_dictionary || chunk.is_all_dictionary || chunk.gave_up_dictionary;
  bool all_have_indices = true;
  chunk.dictionary_bytes = 0;
  if (!is_indexed) {
    chunk.num_pages = chunk.largest_page_bytes = chunk.longest_page_rows = 0;
    chunk.largest_page_decompressed_bytes = 0;
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto page, pages.NextOfAnyKind());
    if (!page) {
      if (!is_dictionary_known) chunk.is_all_dictionary = all_have_indices;
      if (!is_dictionary_known) chunk.gave_up_dictionary = !all_have_indices;
      return chunk;
    }
    if (page->kind == PageKind::kOther) {
      chunk.dictionary_bytes = std::max<int64_t>(*chunk.dictionary_bytes, page->uncompressed_bytes);
      if (page->num_values > 0) chunk.dictionary_values = page->num_values;
      continue;
    }
    // The dictionary stands before the data pages.
    if (is_indexed && is_dictionary_known) return chunk;
    all_have_indices &= HasIndices(*page);
    if (is_indexed) continue;
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
