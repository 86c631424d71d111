// What the tests of this folder share: a strict pool, arrays from JSON, random columns, and a naive
// model of the join. Included by tests only.
//
// Thread rule: one thread, but StrictPool, which any number may use.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>
#include <arrow/json/from_string.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <gtest/gtest.h>

#include "join/lookup_index.h"

namespace spillway::join {

// A pool that copies on every reallocation, so that its peak is the worst that any pool can have,
// that fills new memory with a pattern, and that refuses its Nth request if told so.
class StrictPool : public arrow::MemoryPool {
 public:
  explicit StrictPool(int64_t fail_at = 0) : fail_at_(fail_at) {}

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    if (++requests_ == fail_at_) return Status::OutOfMemory("refused by the test");
    ARROW_RETURN_NOT_OK(backing_->Allocate(size, alignment, out));
    std::memset(*out, 0xA5, static_cast<size_t>(size));
    const int64_t now = bytes_ += size;
    int64_t peak = peak_;
    while (peak < now && !peak_.compare_exchange_weak(peak, now)) {
    }
    return Status::OK();
  }

  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override {
    uint8_t* copy = nullptr;
    ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &copy));
    std::memcpy(copy, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
    Free(*ptr, old_size, alignment);
    *ptr = copy;
    return Status::OK();
  }

  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
    backing_->Free(buffer, size, alignment);
    bytes_ -= size;
  }

  int64_t bytes_allocated() const override { return bytes_; }
  int64_t max_memory() const override { return peak_; }
  int64_t total_bytes_allocated() const override { return peak_; }
  int64_t num_allocations() const override { return requests_; }
  std::string backend_name() const override { return "strict"; }

 private:
  // malloc, which the sanitizers watch.
  arrow::MemoryPool* backing_ = arrow::system_memory_pool();
  const int64_t fail_at_;
  std::atomic<int64_t> requests_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> peak_{0};
};

inline std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                              const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

using Random = std::mt19937_64;

inline int64_t Below(Random& random, int64_t end) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(end));
}

// `rows` values of `domain` at random, some of them NULL, as a slice with an offset.
inline std::shared_ptr<arrow::Array> RandomColumn(const arrow::Array& domain, int64_t rows,
                                                  double null_rate, Random& random) {
  const int64_t offset = Below(random, 70);
  arrow::Int64Builder indices;
  for (int64_t i = 0; i < offset + rows; ++i) {
    const bool null = static_cast<double>(Below(random, 1000)) < null_rate * 1000;
    EXPECT_TRUE(
        (null ? indices.AppendNull() : indices.Append(Below(random, domain.length()))).ok());
  }
  const auto taken = arrow::compute::Take(domain, *indices.Finish().ValueOrDie()).ValueOrDie();
  return taken->Slice(offset, rows);
}

// Batches of columns, cut at random places.
inline std::vector<std::shared_ptr<arrow::RecordBatch>> CutAtRandom(
    const std::shared_ptr<arrow::RecordBatch>& whole, Random& random) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t row = 0; row < whole->num_rows();) {
    const int64_t rows = std::min(whole->num_rows() - row, Below(random, 400));
    batches.push_back(whole->Slice(row, rows));
    row += rows;
  }
  return batches;
}

inline std::shared_ptr<arrow::RecordBatchReader> ReaderOf(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
    const std::shared_ptr<arrow::Schema>& schema) {
  return arrow::RecordBatchReader::Make(batches, schema).ValueOrDie();
}

inline std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<std::string>& names,
                                                   const arrow::ArrayVector& columns) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), columns[0]->length(), columns);
}

inline Result<std::unique_ptr<LookupIndex>> BuildOf(
    const std::shared_ptr<arrow::RecordBatch>& batch, std::vector<int> keys,
    arrow::MemoryPool* pool, DuplicatePolicy duplicates = DuplicatePolicy::kExpand) {
  const auto reader = ReaderOf({batch}, batch->schema());
  return LookupIndex::Build(*reader, {.name = "predictions",
                                      .key_columns = std::move(keys),
                                      .duplicates = duplicates,
                                      .expected_rows = batch->num_rows(),
                                      .pool = pool});
}

// A text that is equal for equal keys and only for those; empty if a part is NULL.
inline std::string KeyText(const arrow::ArrayVector& parts, int64_t row) {
  std::string text;
  for (const auto& part : parts) {
    if (part->IsNull(row)) return {};
    const auto scalar = part->GetScalar(row).ValueOrDie();
    std::string value;
    if (arrow::is_floating(scalar->type->id())) {
      const double number = scalar->type->id() == arrow::Type::FLOAT
                                ? static_cast<const arrow::FloatScalar&>(*scalar).value
                                : static_cast<const arrow::DoubleScalar&>(*scalar).value;
      char digits[64];
      std::snprintf(digits, sizeof(digits), "%a", number);
      value = std::isnan(number) ? "nan" : number == 0 ? "0" : digits;
    } else if (arrow::is_base_binary_like(scalar->type->id())) {
      value = static_cast<const arrow::BaseBinaryScalar&>(*scalar).value->ToString();
    } else {
      value = scalar->ToString();
    }
    text += std::to_string(value.size()) + ":" + value;
  }
  return text;
}

// Of the rows of a key the one that is joined; `order` is binary, or null for that of the lookup.
inline int64_t JoinedRow(const std::vector<int64_t>& rows, DuplicatePolicy duplicates,
                         const arrow::Array* order) {
  const auto value = [order](int64_t row) {
    if (order == nullptr) return std::string();
    return static_cast<const arrow::BinaryArray&>(*order).GetString(row);
  };
  int64_t joined = rows.front();
  for (const int64_t row : rows) {
    const bool is_joined = duplicates == DuplicatePolicy::kLast ? value(row) >= value(joined)
                                                                : value(row) < value(joined);
    if (is_joined) joined = row;
  }
  return joined;
}

// Pairs of source row and lookup row (-1: none), found by comparing texts.
using Pairs = std::vector<std::pair<int64_t, int64_t>>;
inline Pairs NaiveJoin(const arrow::ArrayVector& source, const arrow::ArrayVector& lookup,
                       JoinType type, DuplicatePolicy duplicates,
                       const arrow::Array* order = nullptr) {
  std::map<std::string, std::vector<int64_t>> rows;
  for (int64_t i = 0; i < lookup[0]->length(); ++i) {
    const std::string key = KeyText(lookup, i);
    if (!key.empty()) rows[key].push_back(i);
  }
  for (auto& [key, of_key] : rows) {
    if (duplicates != DuplicatePolicy::kExpand) of_key = {JoinedRow(of_key, duplicates, order)};
  }
  Pairs pairs;
  for (int64_t i = 0; i < source[0]->length(); ++i) {
    const auto found = rows.find(KeyText(source, i));
    if (found != rows.end()) {
      for (const int64_t row : found->second) pairs.emplace_back(i, row);
    } else if (type == JoinType::kLeftOuter) {
      pairs.emplace_back(i, -1);
    }
  }
  return pairs;
}

}  // namespace spillway::join
