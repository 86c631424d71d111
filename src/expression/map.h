// Loops that kernels are made of: one function of C values, applied to every row in a tight loop.
// Rows that are null are computed too (on whatever their slots hold) and masked by the validity; a
// function that can fail says so by its return value, and the loop then looks for the first row
// that fails and is not null.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/util/bitmap_generate.h>

#include "expression/kernel.h"

namespace spillway::expression {

template <typename T>
Result<std::shared_ptr<arrow::Buffer>> AllocateValues(int64_t rows, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T)), pool));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

template <typename T>
T* MutableValues(arrow::Buffer* buffer) {
  return reinterpret_cast<T*>(buffer->mutable_data());
}

// A boolean column whose row i is get(i), null where an argument is.
template <typename Get>
Result<Value> MapToBoolean(const KernelInput& input, Get get) {
  ARROW_ASSIGN_OR_RAISE(auto validity, MergeValidity(input.arguments, input.rows, input.pool()));
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, input.rows,
                                        [&] { return get(row++); });
  return MakeColumn(input.result, input.rows, std::move(validity), std::move(bits));
}

// A column of Out whose row i is get(i), null where an argument is.
template <typename Out, typename Get>
Result<Value> MapRows(const KernelInput& input, Get get) {
  ARROW_ASSIGN_OR_RAISE(auto validity, MergeValidity(input.arguments, input.rows, input.pool()));
  ARROW_ASSIGN_OR_RAISE(auto values, AllocateValues<Out>(input.rows, input.pool()));
  Out* out = MutableValues<Out>(values.get());
  for (int64_t row = 0; row < input.rows; ++row) out[row] = get(row);
  return MakeColumn(input.result, input.rows, std::move(validity), std::move(values));
}

// Clears the bits of the rows that `failed`, in a tolerant call.
template <typename Failed>
Result<std::shared_ptr<arrow::Buffer>> MaskFailures(const KernelInput& input,
                                                    std::shared_ptr<arrow::Buffer> validity,
                                                    Failed failed) {
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(input.rows, input.pool()));
  const uint8_t* old = validity == nullptr ? nullptr : validity->data();
  for (int64_t row = 0; row < input.rows; ++row) {
    const bool valid = (old == nullptr || arrow::bit_util::GetBit(old, row)) && !failed(row);
    arrow::bit_util::SetBitTo(bits->mutable_data(), row, valid);
  }
  return bits;
}

// As MapRows; compute(row, &out) returns false where it fails, and describe(row) is the error then.
template <typename Out, typename Compute, typename Describe>
Result<Value> TryMapRows(const KernelInput& input, Compute compute, Describe describe) {
  ARROW_ASSIGN_OR_RAISE(auto validity, MergeValidity(input.arguments, input.rows, input.pool()));
  ARROW_ASSIGN_OR_RAISE(auto values, AllocateValues<Out>(input.rows, input.pool()));
  Out* out = MutableValues<Out>(values.get());
  bool all_fine = true;
  for (int64_t row = 0; row < input.rows; ++row) all_fine &= compute(row, &out[row]);
  if (!all_fine) {
    const auto failed = [&](int64_t row) { return !compute(row, &out[row]); };
    const uint8_t* valid = validity == nullptr ? nullptr : validity->data();
    if (input.tolerant) {
      ARROW_ASSIGN_OR_RAISE(validity, MaskFailures(input, std::move(validity), failed));
    } else {
      for (int64_t row = 0; row < input.rows; ++row) {
        if (valid != nullptr && !arrow::bit_util::GetBit(valid, row)) continue;
        if (failed(row)) return describe(row);
      }
    }
  }
  return MakeColumn(input.result, input.rows, std::move(validity), std::move(values));
}

// A column of texts: append(row, &writer) writes row's text; null rows are skipped.
template <typename AppendRow>
Result<Value> MapToText(const KernelInput& input, int64_t expected_bytes, AppendRow append) {
  ARROW_ASSIGN_OR_RAISE(auto validity, MergeValidity(input.arguments, input.rows, input.pool()));
  ARROW_ASSIGN_OR_RAISE(TextWriter writer,
                        TextWriter::Make(input.rows, expected_bytes, input.pool()));
  const uint8_t* valid = validity == nullptr ? nullptr : validity->data();
  for (int64_t row = 0; row < input.rows; ++row) {
    if (valid != nullptr && !arrow::bit_util::GetBit(valid, row)) {
      writer.AppendNothing();
    } else {
      ARROW_RETURN_NOT_OK(append(row, &writer));
    }
  }
  return writer.Finish(input.result, std::move(validity));
}

// A column of Out from values that are costly to compute: null rows are skipped. compute(row, &out)
// returns false where the row fails, and describe(row) is the error then.
template <typename Out, typename Compute, typename Describe>
Result<Value> TryMapValidRows(const KernelInput& input, Compute compute, Describe describe) {
  const auto merged = MergeValidity(input.arguments, input.rows, input.pool());
  ARROW_RETURN_NOT_OK(merged.status());
  const uint8_t* valid = *merged == nullptr ? nullptr : (*merged)->data();
  const auto skipping = [&](int64_t row, Out* out) {
    if (valid != nullptr && !arrow::bit_util::GetBit(valid, row)) {
      *out = Out{};
      return true;
    }
    return compute(row, out);
  };
  return TryMapRows<Out>(input, skipping, describe);
}

}  // namespace spillway::expression
