#include "pipeline/sort_keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/buffer.h>
#include <arrow/type.h>

#include "sort/key_encoder.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kGroup = 1024;

}  // namespace

Result<std::shared_ptr<arrow::Array>> SortKeysOf(const arrow::Array& column,
                                                 arrow::MemoryPool* pool) {
  const int64_t rows = column.length();
  sort::KeyEncoder encoder({column.type()});
  encoder.StartBatch({column.data().get()});
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> ends,
                        arrow::AllocateBuffer((rows + 1) * int64_t{sizeof(int32_t)}, pool));
  auto* const offsets = reinterpret_cast<int32_t*>(ends->mutable_data());
  std::array<int64_t, kGroup> sizes;
  int64_t bytes = 0;
  offsets[0] = 0;
  for (int64_t first = 0; first < rows; first += kGroup) {
    const int64_t count = std::min(kGroup, rows - first);
    encoder.Measure(first, count, sizes.data());
    for (int64_t i = 0; i < count; ++i) {
      bytes += sizes[static_cast<size_t>(i)];
      if (bytes > std::numeric_limits<int32_t>::max()) {
        return Status::CapacityError("the sort keys of a batch exceed 2 GiB");
      }
      offsets[first + i + 1] = static_cast<int32_t>(bytes);
    }
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(bytes, pool));
  std::array<uint8_t*, kGroup> at;
  for (int64_t first = 0; first < rows; first += kGroup) {
    const int64_t count = std::min(kGroup, rows - first);
    for (int64_t i = 0; i < count; ++i) {
      at[static_cast<size_t>(i)] = values->mutable_data() + offsets[first + i];
    }
    encoder.Write(first, count, at.data());
  }
  return std::make_shared<arrow::BinaryArray>(rows, std::move(ends), std::move(values));
}

}  // namespace spillway::pipeline
