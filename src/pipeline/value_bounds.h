// Between which values a column is in a row group, as plans keep it.
//
// Thread rule: plain values and a free function.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include <arrow/type_fwd.h>

#include "parquet/footer.h"

namespace spillway::pipeline {

// NULLs aside. Only of integers, dates and microseconds, and of texts and bytes, which compare as
// such; others are not known.
struct ValueBounds {
  bool is_known = false;
  bool only_nulls = false;
  std::variant<int64_t, std::string> minimum;  // or less
  std::variant<int64_t, std::string> maximum;  // or more
};

// The bounds of a column of `type`, which is one leaf outside of lists, in a row group with
// `num_rows` rows. Its NULLs count only with `counts_nulls_right`, see parquet::Footer.
ValueBounds MakeBounds(const parquet::ChunkStatistics& chunk, int64_t num_rows,
                       const arrow::DataType& type, bool counts_nulls_right);

}  // namespace spillway::pipeline
