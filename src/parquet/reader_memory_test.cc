// How much memory reading takes: pages and a batch, whatever the row group.
#include <string>

#include <arrow/builder.h>
#include <gmock/gmock.h>

#include "base/units.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "parquet/random_rows.h"
#include "parquet/reader.h"
#include "parquet/test_files.h"
#include "parquet/writer.h"

namespace spillway::parquet {
namespace {

// Rows of a number, a name and `content_bytes` of content that compresses well and is never the
// same.
std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t rows, int64_t content_bytes) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder names;
  arrow::BinaryBuilder contents;
  std::string content(static_cast<size_t>(content_bytes), 'x');
  for (int64_t row = first; row < first + rows; ++row) {
    content.replace(0, 8, std::to_string(10000000 + row));
    EXPECT_TRUE(numbers.Append(row).ok());
    EXPECT_TRUE(names.Append("acc_" + std::to_string(row)).ok());
    EXPECT_TRUE(contents.Append(content).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("name", arrow::utf8()),
                     arrow::field("content", arrow::binary())});
  return arrow::RecordBatch::Make(
      schema, rows,
      {numbers.Finish().ValueOrDie(), names.Finish().ValueOrDie(), contents.Finish().ValueOrDie()});
}

// One row group of `rows` rows, whatever its size.
std::shared_ptr<arrow::Schema> WriteRows(const std::string& path, int64_t rows,
                                         int64_t content_bytes) {
  WriteOptions options;
  options.pool = arrow::default_memory_pool();
  options.row_group_bytes = kGiB;
  options.row_group_rows = rows;
  const int64_t batch_rows = std::min<int64_t>(rows, 4 * kMiB / content_bytes);
  const auto schema = Rows(0, 0, content_bytes)->schema();
  auto writer = FileWriter::Open(path, schema, options).ValueOrDie();
  for (int64_t first = 0; first < rows; first += batch_rows) {
    const auto batch = Rows(first, std::min(batch_rows, rows - first), content_bytes);
    EXPECT_TRUE(writer->Write(*batch).ok());
  }
  EXPECT_TRUE(writer->Close().ok());
  return schema;
}

struct Scan {
  int64_t rows = 0;
  int64_t largest_batch_rows = 0;
  bool in_order = true;
};

Scan ScanAll(const std::string& path, const arrow::Schema& schema, const ReadOptions& options) {
  Scan scan;
  const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  const auto stream = reader->Read(ColumnsOf(schema), 0, 1).ValueOrDie();
  while (const auto batch = stream->Next().ValueOrDie()) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      scan.in_order &= numbers.Value(i) == scan.rows + i;
    }
    scan.rows += batch->num_rows();
    scan.largest_batch_rows = std::max(scan.largest_batch_rows, batch->num_rows());
  }
  return scan;
}

TEST(ReadMemoryTest, ALargeRowGroupIsNeverInMemory) {
  TemporaryFolder folder;
  const std::string path = folder.File("large.parquet");
  for (const int64_t content_bytes : {100, 20000}) {
    const int64_t rows = 400 * kMiB / content_bytes / (content_bytes == 100 ? 4 : 1);
    const auto schema = WriteRows(path, rows, content_bytes);
    arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
    ReadOptions options;
    options.pool = &pool;
    options.batch_rows = 8192;
    options.batch_bytes = 8 * kMiB;
    options.page_sizes = true;
    const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
    ASSERT_EQ(reader->footer().row_groups.size(), 1U);
    ASSERT_GT(reader->footer().row_groups[0].uncompressed_bytes, rows * content_bytes);
    const Scan scan = ScanAll(path, *schema, options);
    EXPECT_EQ(scan.rows, rows);
    EXPECT_TRUE(scan.in_order);
    EXPECT_LE(pool.max_memory(), 64 * kMiB);
    const ReadMemory estimate =
        reader->EstimateMemory(ColumnsOf(*schema), {options}, 4 * kMiB).ValueOrDie()[0];
    EXPECT_LE(pool.max_memory(), estimate.total_bytes());
    EXPECT_LE(estimate.total_bytes(), 64 * kMiB);
    // A governed pool charges more, for buffers that move: the estimate must do for it too.
    const auto governor = memory::Governor::Make(estimate.total_bytes(), 0).ValueOrDie();
    const auto governed = memory::GovernedPool::Make(governor.get(), "reader", 0, 0).ValueOrDie();
    options.pool = governed.get();
    EXPECT_EQ(ScanAll(path, *schema, options).rows, rows);
    std::filesystem::remove(path);
  }
}

TEST(ReadMemoryTest, LargeRowsMakeSmallBatches) {
  TemporaryFolder folder;
  const std::string path = folder.File("rows.parquet");
  const auto schema = WriteRows(path, 2000, 20000);
  ReadOptions options;
  options.pool = arrow::default_memory_pool();
  options.batch_bytes = 2 * kMiB;
  const Scan scan = ScanAll(path, *schema, options);
  EXPECT_EQ(scan.rows, 2000);
  EXPECT_GE(scan.largest_batch_rows, 90);
  EXPECT_LE(scan.largest_batch_rows, 105);
  // One column of small values is not held back by the large one beside it.
  EXPECT_EQ(ScanAll(path, *arrow::schema({schema->field(0)}), options).largest_batch_rows, 2000);
}

// A dictionary hides how large the strings are: 20 kB each here, two bytes in the file.
TEST(ReadMemoryTest, ADictionaryOfLargeStringsMakesSmallBatches) {
  TemporaryFolder folder;
  const std::string path = folder.File("dictionary.parquet");
  arrow::StringBuilder builder;
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(builder.Append(std::string(20000, static_cast<char>('a' + i % 20))).ok());
  }
  const auto text = builder.Finish().ValueOrDie();
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  for (const auto level :
       {::parquet::SizeStatisticsLevel::None, ::parquet::SizeStatisticsLevel::ColumnChunk}) {
    WriteWithArrow(*arrow::Table::Make(schema, {text}), path, 5000,
                   Properties().set_size_statistics_level(level)->build());
    arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
    ReadOptions options;
    options.pool = &pool;
    options.batch_bytes = 4 * kMiB;
    const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
    EXPECT_LT(reader->footer().row_groups[0].uncompressed_bytes, kMiB);
    const auto stream = reader->Read(ColumnsOf(*schema), 0, 1).ValueOrDie();
    int64_t rows = 0;
    while (const auto batch = stream->Next().ValueOrDie()) {
      EXPECT_LE(batch->num_rows(), 256);
      const auto& values = static_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        ASSERT_EQ(values.GetView(i).front(), 'a' + (rows + i) % 20);
      }
      rows += batch->num_rows();
    }
    EXPECT_EQ(rows, 5000);
    EXPECT_LE(pool.max_memory(), 32 * kMiB);
  }
}

// One value of 40 MB among many of 10 bytes, in pages that the footer tells of, or does not.
TEST(ReadMemoryTest, OneLongValueIsForeseen) {
  TemporaryFolder folder;
  const std::string path = folder.File("long.parquet");
  Engine engine(3);
  std::string long_value;
  for (int i = 0; i < 40'000'000; ++i) long_value += static_cast<char>('a' + engine() % 26);
  arrow::StringBuilder builder;
  for (int row = 0; row < 100'000; ++row) {
    ASSERT_TRUE(builder.Append(row == 50'000 ? long_value : std::to_string(row)).ok());
  }
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  const auto table = arrow::Table::Make(schema, {builder.Finish().ValueOrDie()});
  for (const bool page_index : {true, false}) {
    for (const bool dictionary : {true, false}) {
      SCOPED_TRACE(testing::Message() << "index " << page_index << ", dictionary " << dictionary);
      Properties properties;
      properties.compression(arrow::Compression::SNAPPY);
      if (!page_index) properties.disable_write_page_index();
      if (!dictionary) properties.disable_dictionary();
      WriteWithArrow(*table, path, 100'000, properties.build());
      ReadOptions options;
      options.pool = arrow::default_memory_pool();
      options.batch_bytes = kMiB;
      options.page_sizes = true;
      const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
      EXPECT_EQ(reader->footer().row_groups[0].columns[0].largest_page_bytes.has_value(),
                page_index);
      const ReadMemory estimate =
          reader->EstimateMemory(ColumnsOf(*schema), {options}, kMiB).ValueOrDie()[0];
      const auto governor = memory::Governor::Make(estimate.total_bytes(), 0).ValueOrDie();
      const auto pool = memory::GovernedPool::Make(governor.get(), "reader", 0, 0).ValueOrDie();
      options.pool = pool.get();
      const auto read = ReadFile(path, ColumnsOf(*schema), options);
      ASSERT_TRUE(read.ok()) << read.status().ToString();
      EXPECT_TRUE((*read)->Equals(*table));
    }
  }
}

// A million short values in one page of 96 MB, or in pages of 1 MB; every 30th is NULL.
void WriteWithNulls(const std::string& path, arrow::Compression::type codec, int64_t page_bytes) {
  arrow::BinaryBuilder builder;
  std::string value(96, 'x');
  Engine engine(1);
  for (int64_t row = 0; row < 1'000'000; ++row) {
    for (size_t i = 0; i < value.size(); i += 24) value[i] = static_cast<char>(engine());
    ASSERT_TRUE((row % 30 == 0 ? builder.AppendNull() : builder.Append(value)).ok());
  }
  const auto schema = arrow::schema({arrow::field("content", arrow::binary())});
  WriteWithArrow(*arrow::Table::Make(schema, {builder.Finish().ValueOrDie()}), path, 1'000'000,
                 Properties()
                     .compression(codec)
                     ->disable_dictionary()
                     ->data_pagesize(page_bytes)
                     ->max_rows_per_page(int64_t{1} << 30)
                     ->write_batch_size(page_bytes > kMiB ? 1 << 20 : 1024)
                     ->build());
}

TEST(ReadMemoryTest, ValidityTakesLevelsWhateverThePages) {
  TemporaryFolder folder;
  const std::string path = folder.File("rows.parquet");
  const auto content = arrow::field("content", arrow::binary());
  const std::vector<ReadColumn> columns = {{"content", content, /*validity_only=*/true}};
  for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY,
                           arrow::Compression::ZSTD, arrow::Compression::LZ4}) {
    for (const int64_t page_bytes : {kMiB, kGiB}) {
      SCOPED_TRACE(testing::Message() << "codec " << codec << ", pages of " << page_bytes);
      WriteWithNulls(path, codec, page_bytes);
      arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
      ReadOptions options;
      options.pool = &pool;
      options.batch_rows = 8192;
      options.page_sizes = true;
      const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
      const ReadMemory estimate = reader->EstimateMemory(columns, {options}, kMiB).ValueOrDie()[0];
      EXPECT_LE(estimate.total_bytes(), page_bytes == kMiB ? 512 * kKiB : 2 * kMiB);
      const auto count_nulls = [&](arrow::MemoryPool* read_pool) {
        options.pool = read_pool;
        int64_t nulls = 0;
        const auto opened = FileReader::Open(path, -1, options).ValueOrDie();
        const auto stream = opened->Read(columns, 0, 1).ValueOrDie();
        while (const auto batch = stream->Next().ValueOrDie()) {
          nulls += batch->column(0)->null_count();
        }
        return nulls;
      };
      EXPECT_EQ(count_nulls(&pool), 33'334);
      EXPECT_LE(pool.max_memory(), estimate.total_bytes());
      const auto governor = memory::Governor::Make(estimate.total_bytes(), 0).ValueOrDie();
      const auto governed = memory::GovernedPool::Make(governor.get(), "reader", 0, 0).ValueOrDie();
      EXPECT_EQ(count_nulls(governed.get()), 33'334);
    }
  }
}

}  // namespace
}  // namespace spillway::parquet
