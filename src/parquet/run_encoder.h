// Parquet's hybrid of run-length encoding and bit packing, for levels and dictionary indices: runs
// of one value are written once, and what lies between them with as many bits as the greatest value
// needs (format specification, Encodings.md, RLE = 3).
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>
#include <span>

#include <arrow/buffer_builder.h>

#include "base/status.h"

namespace spillway::parquet {

// The bits that the greatest index of so many values needs; at least one.
int IndexBitWidth(int64_t num_values);

// Appends `count` (> 0) times one value below 2^bit_width to `out`.
Status EncodeRun(uint32_t value, int64_t count, int bit_width, arrow::BufferBuilder* out);

// Appends the values, each below 2^bit_width, to `out`. 1 <= bit_width <= 32.
Status EncodeRuns(std::span<const uint32_t> values, int bit_width, arrow::BufferBuilder* out);

// Appends `count` values of one bit, all 1 where `bitmap` is null. Its last byte may have other
// bits behind them.
Status EncodeBitRuns(const uint8_t* bitmap, int64_t count, arrow::BufferBuilder* out);

}  // namespace spillway::parquet
