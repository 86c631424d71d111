// The encoding of new columns, one thread: one column at a time, of each kind that the main job
// adds, into a sink that drops the bytes. The pages are compressed by SNAPPY, or not at all.
//
// Yardstick: memcpy of the same column's Arrow buffers, once for each kind.
//   build/encoder_benchmark --benchmark_counters_tabular=true
#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/array/util.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include "base/units.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "parquet/batch_encoder.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kRows = 4'000'000;
constexpr int64_t kBatchRows = 65536;
constexpr int64_t kBudgetBytes = kGiB;

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

using Column = std::shared_ptr<arrow::Array>;

std::shared_ptr<arrow::DataType> TimeType() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

// Numbers that are nearly all different.
Column Doubles(int64_t rows, std::mt19937_64& bits) {
  arrow::DoubleBuilder builder;
  for (int64_t i = 0; i < rows; ++i) Check(builder.Append(static_cast<double>(bits() >> 11)));
  return builder.Finish().ValueOrDie();
}

// Texts of seven bytes, 10,000 different ones.
Column Texts(int64_t rows, std::mt19937_64& bits) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < rows; ++i)
    Check(builder.Append(fmt::format("lab{:04}", bits() % 10'000)));
  return builder.Finish().ValueOrDie();
}

Column Booleans(int64_t rows, std::mt19937_64& bits) {
  arrow::BooleanBuilder builder;
  for (int64_t i = 0; i < rows; ++i) Check(builder.Append(bits() % 10 < 3));
  return builder.Finish().ValueOrDie();
}

// Times of one year.
Column Times(int64_t rows, std::mt19937_64& bits) {
  arrow::TimestampBuilder builder(TimeType(), arrow::system_memory_pool());
  for (int64_t i = 0; i < rows; ++i) {
    const auto second = static_cast<int64_t>(bits() % (365 * 86'400));
    Check(builder.Append((1'700'000'000 + second) * 1'000'000));
  }
  return builder.Finish().ValueOrDie();
}

// As the derived columns come: a dictionary of one value.
Column Constant(const arrow::Scalar& value, int64_t rows) {
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::uint16(), value.type),
      arrow::MakeArrayFromScalar(arrow::UInt16Scalar(0), rows).ValueOrDie(),
      arrow::MakeArrayFromScalar(value, 1).ValueOrDie());
}

Column ConstantTime(int64_t rows, std::mt19937_64& /*bits*/) {
  return Constant(arrow::TimestampScalar(1'700'000'000'000'000, TimeType()), rows);
}

Column ConstantText(int64_t rows, std::mt19937_64& /*bits*/) {
  return Constant(arrow::StringScalar("2026-01-01"), rows);
}

struct Kind {
  Column (*make)(int64_t rows, std::mt19937_64& bits);
  std::shared_ptr<arrow::DataType> type;  // of the file's column
  bool is_plain = false;                  // a dictionary would not pay
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {Doubles, arrow::float64(), true}, {Texts, arrow::utf8()},     {Booleans, arrow::boolean()},
      {Times, TimeType(), true},         {ConstantTime, TimeType()}, {ConstantText, arrow::utf8()}};
  return kinds;
}

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

Batches MakeBatches(const Kind& kind) {
  std::mt19937_64 bits(1);
  Batches batches;
  for (int64_t first = 0; first < kRows; first += kBatchRows) {
    const int64_t rows = std::min(kBatchRows, kRows - first);
    const Column column = kind.make(rows, bits);
    batches.push_back(arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                               rows, {column}));
  }
  return batches;
}

int64_t BytesOf(const Batches& batches) {
  int64_t bytes = 0;
  for (const auto& batch : batches) {
    bytes += arrow::util::ReferencedBufferSize(*batch).ValueOrDie();
  }
  return bytes;
}

void Report(benchmark::State& state, int64_t bytes) {
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * bytes);
}

void Encode(benchmark::State& state, size_t kind_number) {
  const Kind& kind = Kinds()[kind_number];
  const Batches batches = MakeBatches(kind);
  const auto governor = memory::Governor::Make(kBudgetBytes, /*overhead_bytes=*/0).ValueOrDie();
  const auto pool =
      memory::GovernedPool::Make(governor.get(), "writer", 0, kBudgetBytes).ValueOrDie();
  WriteOptions options;
  options.pool = pool.get();
  options.compression =
      state.range(0) != 0 ? arrow::Compression::SNAPPY : arrow::Compression::UNCOMPRESSED;
  if (kind.is_plain) options.plain_columns = {"c"};
  int64_t encoded = 0;
  for (auto _ : state) {
    const auto sink = std::make_shared<arrow::io::MockOutputStream>();
    BatchEncoder encoder(arrow::schema({arrow::field("c", kind.type)}), options);
    Check(encoder.Start(sink));
    for (const auto& batch : batches) Check(encoder.Write(*batch));
    Check(encoder.Finish());
    encoded = sink->GetExtentBytesWritten();
  }
  Report(state, BytesOf(batches));
  state.counters["encoded_bytes_per_row"] =
      static_cast<double>(encoded) / static_cast<double>(kRows);
}

void Memcpy(benchmark::State& state, size_t kind_number) {
  const std::vector<char> from(static_cast<size_t>(BytesOf(MakeBatches(Kinds()[kind_number]))));
  std::vector<char> to(from.size(), 'b');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  Report(state, static_cast<int64_t>(from.size()));
}

void WithCodecs(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("snappy")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(Encode, doubles, 0)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Encode, texts, 1)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Encode, booleans, 2)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Encode, times, 3)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Encode, constant_time, 4)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Encode, constant_text, 5)->Apply(WithCodecs);
BENCHMARK_CAPTURE(Memcpy, doubles, 0)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Memcpy, texts, 1)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Memcpy, booleans, 2)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Memcpy, times, 3)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Memcpy, constant_time, 4)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Memcpy, constant_text, 5)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace spillway::parquet
