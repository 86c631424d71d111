// The key join, one thread. The data is what the main job joins: a 22-byte string key, and as
// payload a double, a 7-byte string and a timestamp; nine source rows in ten match, in random
// order.
//
// Yardstick: memcpy of as many bytes as the index holds, and of the gathered bytes.
//   build/join_benchmark --benchmark_counters_tabular=true
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

#include "join/lookup_index.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"

namespace spillway::join {
namespace {

constexpr int64_t kBatchRows = 65536;
constexpr int64_t kBudgetBytes = int64_t{8} << 30;

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

// A different 22-byte name for each number; or 22 to 29 bytes where lengths shall vary.
std::string KeyOf(int64_t number, bool uniform) {
  std::string key = fmt::format("img_{:014}.jpg", number * 7919);
  if (!uniform) key.append(static_cast<size_t>(number % 8), 'x');
  return key;
}

std::shared_ptr<arrow::Array> KeysOf(const std::vector<int64_t>& numbers, bool uniform) {
  arrow::StringBuilder keys;
  for (const int64_t number : numbers) Check(keys.Append(KeyOf(number, uniform)));
  return keys.Finish().ValueOrDie();
}

// The numbers below `rows`, each once, in random order.
std::vector<int64_t> Shuffled(int64_t rows, uint64_t seed) {
  std::vector<int64_t> numbers(static_cast<size_t>(rows));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(seed));
  return numbers;
}

std::shared_ptr<arrow::RecordBatch> LookupBatch(const std::vector<int64_t>& numbers, bool uniform) {
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

std::unique_ptr<LookupIndex> BuildIndex(const std::shared_ptr<arrow::RecordBatch>& lookup,
                                        arrow::MemoryPool* pool) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t row = 0; row < lookup->num_rows(); row += kBatchRows) {
    batches.push_back(lookup->Slice(row, kBatchRows));
  }
  const auto reader = arrow::RecordBatchReader::Make(batches, lookup->schema()).ValueOrDie();
  return LookupIndex::Build(*reader, {.name = "predictions",
                                      .key_columns = {0},
                                      .duplicates = DuplicatePolicy::kExpand,
                                      .expected_rows = lookup->num_rows(),
                                      .pool = pool})
      .ValueOrDie();
}

void ReportRows(benchmark::State& state, int64_t rows) {
  state.SetItemsProcessed(state.iterations() * rows);
  state.counters["ns_per_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * rows) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Build(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const auto lookup = LookupBatch(Shuffled(rows, 1), state.range(1) != 0);
  const Memory memory;
  int64_t bytes = 0;
  for (auto _ : state) {
    const auto index = BuildIndex(lookup, memory.pool.get());
    bytes = index->bytes();
    benchmark::DoNotOptimize(bytes);
  }
  ReportRows(state, rows);
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["index_bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
}

// Probes, and gathers the payload too if the third argument is set.
void Probe(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const Memory memory;
  arrow::MemoryPool* pool = memory.pool.get();
  const auto index = BuildIndex(LookupBatch(Shuffled(rows, 1), state.range(1) != 0), pool);
  const auto keys = KeysOf(Shuffled(rows + rows / 9, 2), state.range(1) != 0);
  int64_t matched = 0;
  for (auto _ : state) {
    matched = 0;
    for (int64_t row = 0; row < keys->length(); row += kBatchRows) {
      auto prober = index->Probe({keys->Slice(row, kBatchRows)}, JoinType::kLeftOuter, pool);
      while (!(*prober)->done()) {
        const Matches matches = (*prober)->Next(kBatchRows).ValueOrDie();
        matched += matches.num_rows() - matches.unmatched;
        if (state.range(2) != 0) benchmark::DoNotOptimize(index->Gather(matches, pool));
      }
    }
  }
  if (matched != rows) state.SkipWithError("a wrong number of matches");
  ReportRows(state, keys->length());
}

// The yardstick: a copy of 61 bytes a row, which is about what a lookup row holds.
void Memcpy(benchmark::State& state) {
  constexpr int64_t kRowBytes = 61;
  const std::vector<char> from(static_cast<size_t>(state.range(0) * kRowBytes), 'a');
  std::vector<char> to(from.size(), 'b');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  ReportRows(state, state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(from.size()));
}

BENCHMARK(Build)
    ->ArgNames({"rows", "uniform"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Probe)
    ->ArgNames({"rows", "uniform", "gather"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Memcpy)->ArgName("rows")->Arg(1'000'000)->Arg(9'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spillway::join
