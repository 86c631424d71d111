// The header in front of every page of a column chunk: what the page is, how large its body is, and
// how the levels of a data page are stored. parquet-cpp reads a header only together with its page.
//
// Thread rule: immutable values and a free function.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/status.h"

namespace spillway::parquet {

enum class PageKind { kData, kDataV2, kOther };  // other: a dictionary, an index, or unknown

struct PageHeader {
  PageKind kind = PageKind::kOther;
  int64_t header_bytes = 0;
  // Of the body behind the header. Not negative, and not checked further.
  int32_t compressed_bytes = 0;
  int32_t uncompressed_bytes = 0;

  // Of data pages, nulls included, more than the rows below a list or map; not negative. Of a
  // dictionary its different values; -1 of other pages.
  int32_t num_values = 0;

  // Of data pages. Not negative.
  int32_t encoding = 0;             // a number of ::parquet::Encoding, or anything else
  int32_t repetition_encoding = 0;  // kData: a number of ::parquet::Encoding, or anything else
  int32_t definition_encoding = 0;
  int32_t repetition_bytes = 0;  // kDataV2: of the levels, which stand first in the body
  int32_t definition_bytes = 0;
};

// Parses the header at the start of `bytes`, which may go on behind it. Nothing if `bytes` end
// within the header: more are needed. Fails with an uncoded Invalid status where they can be the
// start of no header. Allocates nothing; looks at each byte once.
Result<std::optional<PageHeader>> ParsePageHeader(std::span<const uint8_t> bytes);

}  // namespace spillway::parquet
