// Which rows of a column are NULL, one thread, from the page cache. The data is what the main job
// has as content: incompressible values of 96 bytes or of 20 kB, 3 % of them NULL, SNAPPY, in pages
// of 1 MB or in one page for each row group of 100 MB.
//
// Yardsticks: reading the same column whole, and memcpy of its values.
//   TMPDIR=/folder/with/2/GB build/validity_benchmark --benchmark_counters_tabular=true
#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/io/file.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include "base/units.h"
#include "parquet/reader.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kRowGroupBytes = 100 * kMiB;
constexpr int64_t kPageBytes = kMiB;

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

const std::shared_ptr<arrow::Schema>& Schema() {
  static const auto schema = arrow::schema({arrow::field("content", arrow::binary())});
  return schema;
}

// Rows of noise; every 33rd is NULL, on average.
std::shared_ptr<arrow::RecordBatch> Noise(int64_t rows, int64_t value_bytes,
                                          std::mt19937_64& bits) {
  arrow::BinaryBuilder builder;
  Check(builder.ReserveData(rows * value_bytes));
  std::vector<uint64_t> value(static_cast<size_t>(value_bytes / 8));
  for (int64_t row = 0; row < rows; ++row) {
    if (bits() % 100 < 3) {
      Check(builder.AppendNull());
      continue;
    }
    std::generate(value.begin(), value.end(), std::ref(bits));
    Check(builder.Append(reinterpret_cast<const uint8_t*>(value.data()),
                         static_cast<int32_t>(value_bytes)));
  }
  return arrow::RecordBatch::Make(Schema(), rows, {builder.Finish().ValueOrDie()});
}

// A file that is gone in the end.
class SampleFile {
 public:
  SampleFile(int64_t rows, int64_t value_bytes, bool small_pages)
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("validity-{}.parquet", ::getpid())) {
    ::parquet::WriterProperties::Builder properties;
    properties.compression(arrow::Compression::SNAPPY)->disable_dictionary();
    properties.data_pagesize(small_pages ? kPageBytes : kRowGroupBytes);
    properties.max_rows_per_page(rows);
    properties.write_batch_size(std::max<int64_t>(1, kPageBytes / value_bytes / 4));
    const auto sink = arrow::io::FileOutputStream::Open(path_.string()).ValueOrDie();
    auto writer = ::parquet::arrow::FileWriter::Open(*Schema(), arrow::default_memory_pool(), sink,
                                                     properties.build())
                      .ValueOrDie();
    std::mt19937_64 bits(1);
    const int64_t row_group_rows = kRowGroupBytes / value_bytes;
    for (int64_t first = 0; first < rows; first += row_group_rows) {
      const auto batch = Noise(std::min(row_group_rows, rows - first), value_bytes, bits);
      const auto table = arrow::Table::FromRecordBatches({batch}).ValueOrDie();
      Check(writer->WriteTable(*table, row_group_rows));
    }
    Check(writer->Close());
    Check(sink->Close());
  }
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;
  ~SampleFile() { std::filesystem::remove(path_); }

  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_;
};

// The file asked for; the one before it is gone.
std::string PathOfSample(int64_t rows, int64_t value_bytes, bool small_pages) {
  static std::unique_ptr<SampleFile> file;
  static std::vector<int64_t> made_for;
  if (const std::vector<int64_t> wanted = {rows, value_bytes, small_pages}; made_for != wanted) {
    file.reset();
    file = std::make_unique<SampleFile>(rows, value_bytes, small_pages);
    made_for = wanted;
  }
  return file->path();
}

// What this process has read so far, by any system call.
int64_t BytesRead() {
  std::ifstream io("/proc/self/io");
  std::string name;
  int64_t bytes = 0;
  io >> name >> bytes;
  return bytes;
}

// Reads all rows; returns how many are NULL.
int64_t CountNulls(const std::string& path, bool validity_only, arrow::MemoryPool* pool) {
  ReadOptions options;
  options.pool = pool;
  const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  const auto stream = reader
                          ->Read({{"content", Schema()->field(0), validity_only}}, 0,
                                 static_cast<int>(reader->footer().row_groups.size()))
                          .ValueOrDie();
  int64_t nulls = 0;
  while (const auto batch = stream->Next().ValueOrDie()) nulls += batch->column(0)->null_count();
  return nulls;
}

// The same file whole, and its validity alone.
void Read(benchmark::State& state) {
  const bool validity_only = state.range(0) != 0;
  const int64_t rows = state.range(2);
  const std::string path = PathOfSample(rows, state.range(3), state.range(1) != 0);
  const int64_t nulls = CountNulls(path, false, arrow::default_memory_pool());
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  const int64_t before = BytesRead();
  for (auto _ : state) {
    if (CountNulls(path, validity_only, &pool) != nulls) {
      state.SkipWithError("a wrong number of nulls");
    }
  }
  const auto iterations = static_cast<double>(state.iterations());
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * (rows - nulls) * state.range(3));
  state.counters["read_MB"] = static_cast<double>(BytesRead() - before) / iterations / 1e6;
  state.counters["file_MB"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
  state.counters["peak_MB"] = static_cast<double>(pool.max_memory()) / 1e6;
}

// The values of so many rows, one after the other in a buffer of 64 MB, which no cache holds.
void Memcpy(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const int64_t value_bytes = state.range(1);
  const std::vector<char> from(64'000'000, 'a');
  std::vector<char> to(from.size(), 'b');
  for (auto _ : state) {
    for (int64_t left = rows * value_bytes; left > 0; left -= static_cast<int64_t>(from.size())) {
      std::memcpy(to.data(), from.data(), std::min(from.size(), static_cast<size_t>(left)));
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(state.iterations() * rows);
  state.SetBytesProcessed(state.iterations() * rows * value_bytes);
}

BENCHMARK(Read)
    ->ArgNames({"validity", "small_pages", "rows", "bytes"})
    ->ArgsProduct({{0, 1}, {0, 1}, {1'000'000}, {96}})
    ->ArgsProduct({{0, 1}, {0, 1}, {100'000}, {20'000}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Memcpy)
    ->ArgNames({"rows", "bytes"})
    ->Args({1'000'000, 96})
    ->Args({100'000, 20'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spillway::parquet
