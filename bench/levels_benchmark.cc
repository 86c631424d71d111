// Definition levels decoded to a validity bitmap, one thread, out of memory. The column is optional
// and its values are small, in pages of 1 MB: what is left of the reading of a column's validity
// (validity_benchmark) when neither the file nor large values cost anything.
//
// Yardstick: memcpy of a validity bitmap of as many rows.
//   build/levels_benchmark --benchmark_counters_tabular=true
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include "base/units.h"
#include "parquet/row_levels.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kRows = 16 * 1024 * 1024;
constexpr int64_t kBatchRows = 65536;

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

// A column of which `null_percent` rows in a hundred are NULL, in a file of one row group.
std::shared_ptr<arrow::Buffer> WriteColumn(int64_t null_percent) {
  std::mt19937_64 bits(1);
  arrow::Int32Builder builder;
  for (int64_t row = 0; row < kRows; ++row) {
    const bool is_null = static_cast<int64_t>(bits() % 100) < null_percent;
    Check(is_null ? builder.AppendNull() : builder.Append(static_cast<int32_t>(bits() % 1000)));
  }
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("c", arrow::int32())}),
                                        {builder.Finish().ValueOrDie()});
  ::parquet::WriterProperties::Builder properties;
  properties.compression(arrow::Compression::SNAPPY)->disable_dictionary()->data_pagesize(kMiB);
  properties.max_row_group_length(kRows);
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  Check(::parquet::arrow::WriteTable(*table, arrow::system_memory_pool(), sink, kRows,
                                     properties.build()));
  return sink->Finish().ValueOrDie();
}

void Decode(benchmark::State& state) {
  const auto source = std::make_shared<arrow::io::BufferReader>(WriteColumn(state.range(0)));
  const auto chunk =
      ::parquet::ParquetFileReader::Open(source)->metadata()->RowGroup(0)->ColumnChunk(0);
  std::vector<uint8_t> bitmap(static_cast<size_t>(kRows / 8));
  for (auto _ : state) {
    auto pages = DataPages::Make({.source = source,
                                  .first_byte = chunk->data_page_offset(),
                                  .bytes = chunk->total_compressed_size(),
                                  .codec = chunk->compression()},
                                 arrow::system_memory_pool())
                     .ValueOrDie();
    RowLevels levels(std::move(pages), /*max_definition_level=*/1, /*max_repetition_level=*/0,
                     kRows);
    for (int64_t row = 0; row < kRows; row += kBatchRows) {
      benchmark::DoNotOptimize(levels.Next(kBatchRows, bitmap.data() + row / 8).ValueOrDie());
    }
    Check(levels.CheckEnd());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bitmap.size()));
}

void Memcpy(benchmark::State& state) {
  const std::vector<uint8_t> from(static_cast<size_t>(kRows / 8), 0xA5);
  std::vector<uint8_t> to(from.size());
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(from.size()));
}

BENCHMARK(Decode)->ArgName("null_percent")->Arg(3)->Arg(50)->Unit(benchmark::kMicrosecond);
BENCHMARK(Memcpy)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace spillway::parquet
