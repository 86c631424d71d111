// The key join in memory, one thread: the hash of keys, the building of an index, and the probing
// of it; nine source rows in ten match, in random order.
//
// Yardstick: memcpy of as many bytes as the keys have, and as a row of the index has.
//   build/join_benchmark --benchmark_counters_tabular=true
#include "join/key_hash.h"
#include "join/lookup_index.h"
#include "join_rows.h"

namespace spillway::join {
namespace {

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

int64_t TextBytes(const arrow::Array& texts) {
  return static_cast<const arrow::StringArray&>(texts).total_values_length();
}

// Keys of the main job, and 64-bit numbers.
void HashKeys(benchmark::State& state, const std::shared_ptr<arrow::Array>& keys, KeyKind kind,
              int64_t bytes) {
  std::vector<uint64_t> hashes(static_cast<size_t>(kBatchRows));
  for (auto _ : state) {
    for (int64_t row = 0; row < keys->length(); row += kBatchRows) {
      const int64_t rows = std::min(kBatchRows, keys->length() - row);
      HashColumn(*keys->data(), kind, row, rows, /*combine=*/false, hashes.data());
      benchmark::DoNotOptimize(hashes.data());
      benchmark::ClobberMemory();
    }
  }
  Report(state, keys->length(), bytes);
}

void HashTexts(benchmark::State& state) {
  const auto keys = KeysOf(Shuffled(state.range(0), 1), state.range(1) != 0);
  HashKeys(state, keys, KeyKind::kBytes, TextBytes(*keys));
}

void HashNumbers(benchmark::State& state) {
  arrow::Int64Builder builder;
  Check(builder.AppendValues(Shuffled(state.range(0), 1)));
  HashKeys(state, builder.Finish().ValueOrDie(), KeyKind::kWord64, state.range(0) * 8);
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
  Report(state, rows, bytes);
  state.counters["index_bytes_per_row"] = static_cast<double>(bytes) / static_cast<double>(rows);
}

// Probes, and gathers the payload too if the third argument is set. The bytes are those of the
// source's keys, and of the payload.
void Probe(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const bool gathers = state.range(2) != 0;
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
        if (gathers) benchmark::DoNotOptimize(index->Gather(matches, pool));
      }
    }
  }
  if (matched != rows) state.SkipWithError("a wrong number of matches");
  Report(state, keys->length(), TextBytes(*keys) + (gathers ? rows * (kRowBytes - kKeyBytes) : 0));
}

// A copy of so many bytes a row: of 64-bit keys, of keys, of lookup rows.
void Memcpy(benchmark::State& state) { CopyRows(state, state.range(0), state.range(1)); }

BENCHMARK(HashTexts)
    ->ArgNames({"rows", "uniform"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(HashNumbers)
    ->ArgName("rows")
    ->Arg(1'000'000)
    ->Arg(9'000'000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Build)
    ->ArgNames({"rows", "uniform"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Probe)
    ->ArgNames({"rows", "uniform", "gather"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Memcpy)
    ->ArgNames({"rows", "row_bytes"})
    ->ArgsProduct({{1'000'000, 9'000'000}, {8, kKeyBytes, kRowBytes}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace spillway::join
