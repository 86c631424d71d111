// What the benchmarks of the joins share. The data is what the main job joins: a 22-byte string
// key, and as payload a double, a 7-byte string and a timestamp.
//
// Thread rule: free functions.
#pragma once

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "memory/governed_pool.h"
#include "memory/governor.h"

namespace spillway::join {

inline constexpr int64_t kBatchRows = 65536;
inline constexpr int64_t kBudgetBytes = int64_t{8} << 30;

// About what a row of the lookup holds, and its key.
inline constexpr int64_t kRowBytes = 61;
inline constexpr int64_t kKeyBytes = 22;

inline void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

// A different 22-byte name for each number; or 22 to 29 bytes where lengths shall vary.
inline std::string KeyOf(int64_t number, bool uniform) {
  std::string key = fmt::format("img_{:014}.jpg", number * 7919);
  if (!uniform) key.append(static_cast<size_t>(number % 8), 'x');
  return key;
}

inline std::shared_ptr<arrow::Array> KeysOf(const std::vector<int64_t>& numbers, bool uniform) {
  arrow::StringBuilder keys;
  for (const int64_t number : numbers) Check(keys.Append(KeyOf(number, uniform)));
  return keys.Finish().ValueOrDie();
}

// The numbers below `rows`, each once, in random order.
inline std::vector<int64_t> Shuffled(int64_t rows, uint64_t seed) {
  std::vector<int64_t> numbers(static_cast<size_t>(rows));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(seed));
  return numbers;
}

inline std::shared_ptr<arrow::RecordBatch> LookupBatch(const std::vector<int64_t>& numbers,
                                                       bool uniform) {
  arrow::DoubleBuilder severity;
  arrow::StringBuilder label;
  arrow::Int64Builder time;
  for (const int64_t number : numbers) {
    Check(severity.Append(static_cast<double>(number) / 1e7));
    Check(label.Append(fmt::format("lab{:04}", number % 10'000)));
    Check(time.Append(1'700'000'000'000'000 + number));
  }
  const auto schema = arrow::schema(
      {arrow::field("image_name", arrow::utf8()), arrow::field("severity", arrow::float64()),
       arrow::field("label", arrow::utf8()),
       arrow::field("time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  const auto times = time.Finish().ValueOrDie()->View(schema->field(3)->type()).ValueOrDie();
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(numbers.size()),
                                  {KeysOf(numbers, uniform), severity.Finish().ValueOrDie(),
                                   label.Finish().ValueOrDie(), times});
}

// A governed pool, as the program has it, with a budget that nothing here reaches.
struct Memory {
  std::unique_ptr<memory::Governor> governor =
      memory::Governor::Make(kBudgetBytes, /*overhead_bytes=*/0).ValueOrDie();
  std::unique_ptr<memory::GovernedPool> pool =
      memory::GovernedPool::Make(governor.get(), "join", 0, kBudgetBytes).ValueOrDie();
};

// `rows` rows and `bytes` bytes were worked on in each iteration.
inline void Report(benchmark::State& state, int64_t rows, int64_t bytes) {
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["ns_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * rows) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// The yardstick: a copy of so many bytes a row.
inline void CopyRows(benchmark::State& state, int64_t rows, int64_t row_bytes) {
  const std::vector<char> from(static_cast<size_t>(rows * row_bytes), 'a');
  std::vector<char> to(from.size(), 'b');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  Report(state, rows, static_cast<int64_t>(from.size()));
}

}  // namespace spillway::join
