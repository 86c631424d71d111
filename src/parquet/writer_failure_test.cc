// What FileWriter refuses, and what it leaves behind when it fails: a coded error and no file.

#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>

#include "base/file_size_limit.h"
#include "base/units.h"
#include "memory/fault_pool.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"
#include "parquet/writer.h"

namespace spillway::parquet {
namespace {

TEST(FileWriterFailureTest, AFileThatIsNotClosedIsGone) {
  TemporaryFolder folder;
  Engine engine(1);
  const auto batch = RandomBatch(EveryType(), engine, 100);
  {
    auto writer =
        FileWriter::Open(folder.File("dropped"), batch->schema(), DefaultOptions()).ValueOrDie();
    ASSERT_TRUE(writer->Write(*batch).ok());
    EXPECT_FALSE(folder.IsEmpty());
  }
  EXPECT_TRUE(folder.IsEmpty());
  auto writer =
      FileWriter::Open(folder.File("aborted"), batch->schema(), DefaultOptions()).ValueOrDie();
  ASSERT_TRUE(writer->Write(*batch).ok());
  EXPECT_TRUE(writer->Abort().ok());
  EXPECT_TRUE(folder.IsEmpty());
  EXPECT_TRUE(writer->Abort().ok());
  EXPECT_FALSE(writer->Write(*batch).ok());
  EXPECT_FALSE(writer->Close().ok());
}

TEST(FileWriterFailureTest, NeverTakesTheNameOfAnotherFile) {
  TemporaryFolder folder;
  WriteBytes(folder.File("taken"), "precious");
  const auto schema = EveryType();
  const auto writer = FileWriter::Open(folder.File("taken"), schema, DefaultOptions());
  EXPECT_EQ(CodeOf(writer.status()), ErrorCode::kStorage);
  EXPECT_EQ(ReadBytes(folder.File("taken")), "precious");
  EXPECT_EQ(CodeOf(FileWriter::Open(folder.File("no/folder"), schema, DefaultOptions()).status()),
            ErrorCode::kStorage);
}

TEST(FileWriterFailureTest, RefusesTypesThatDeltaLacks) {
  TemporaryFolder folder;
  const std::vector<std::shared_ptr<arrow::DataType>> types = {
      arrow::uint32(),
      arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
      arrow::null(),
      arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"),
      arrow::duration(arrow::TimeUnit::MICRO),
      arrow::list(arrow::uint8()),
      arrow::struct_({}),
      arrow::dictionary(arrow::int32(), arrow::utf8()),
      arrow::map(arrow::utf8(), arrow::time64(arrow::TimeUnit::MICRO)),
      arrow::decimal256(50, 2)};
  for (const auto& type : types) {
    const auto writer = FileWriter::Open(
        folder.File("x"), arrow::schema({arrow::field("odd", type)}), DefaultOptions());
    EXPECT_EQ(CodeOf(writer.status()), ErrorCode::kUnsupportedType) << type->ToString();
    EXPECT_THAT(writer.status().message(), testing::HasSubstr("odd"));
  }
  EXPECT_TRUE(folder.IsEmpty());
}

TEST(FileWriterFailureTest, RefusesRowsThatDoNotFit) {
  TemporaryFolder folder;
  const auto schema = arrow::schema({arrow::field("key", arrow::int64(), false)});
  const auto nulls =
      arrow::RecordBatch::Make(schema, 2, {arrow::MakeArrayOfNull(arrow::int64(), 2).ValueOrDie()});
  const auto other =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("key", arrow::int32())}), 1,
                               {arrow::MakeArrayFromScalar(arrow::Int32Scalar(1), 1).ValueOrDie()});
  for (const auto& batch : {nulls, other}) {
    const auto written = WriteFile(folder.File("x"), schema, {batch}, DefaultOptions());
    EXPECT_EQ(CodeOf(written.status()), ErrorCode::kInternal);
    EXPECT_TRUE(folder.IsEmpty());
  }
}

TEST(FileWriterFailureTest, AFailedWriteIsCodedAndLeavesNothing) {
  TemporaryFolder folder;
  const Batches batches = Noise(2000, 1000, 100);
  WriteOptions options = DefaultOptions();
  options.row_group_bytes = 200 * kKiB;
  for (const rlim_t limit : {rlim_t{100}, rlim_t{500000}, rlim_t{1990000}, rlim_t{2002000}}) {
    const FileSizeLimit file_size_limit(limit);
    const auto written = WriteFile(folder.File("x"), batches.front()->schema(), batches, options);
    EXPECT_EQ(CodeOf(written.status()), ErrorCode::kStorageFull) << limit;
    EXPECT_TRUE(folder.IsEmpty());
  }
}

// Writes `batches` again and again, each time with another allocation that fails, `stride` apart.
void ExpectCleanFailures(const Batches& batches, WriteOptions options, int64_t stride) {
  TemporaryFolder folder;
  const auto write = [&](memory::FaultPool& pool) {
    options.pool = &pool;
    return WriteFile(folder.File("x"), batches.front()->schema(), batches, options);
  };
  memory::FaultPool counting(arrow::default_memory_pool(), {});
  const auto complete = write(counting);
  ASSERT_TRUE(complete.ok()) << complete.status().ToString();
  ASSERT_GT(counting.requests(), 10 * stride);
  std::filesystem::remove(complete->path);
  for (int64_t fail_at = 1; fail_at <= counting.requests(); fail_at += stride) {
    memory::FaultPool pool(arrow::default_memory_pool(), {.fail_at = fail_at});
    const int64_t before = pool.bytes_allocated();
    const auto written = write(pool);
    EXPECT_EQ(CodeOf(written.status()), ErrorCode::kBudgetExceeded) << "allocation " << fail_at;
    EXPECT_TRUE(folder.IsEmpty()) << "allocation " << fail_at;
    EXPECT_EQ(pool.bytes_allocated(), before) << "allocation " << fail_at;
  }
}

TEST(FileWriterFailureTest, EveryFailedAllocationIsACleanError) {
  Engine engine(3);
  WriteOptions options = DefaultOptions();
  options.row_group_rows = 90;
  ExpectCleanFailures({RandomBatch(EveryType(), engine, 200)}, options, 7);
}

TEST(FileWriterFailureTest, EveryFailedLargeAllocationIsACleanError) {
  Engine engine(4);
  const auto schema =
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("real", arrow::float64()),
                     arrow::field("text", arrow::utf8()),
                     arrow::field("texts", arrow::list(arrow::field("element", arrow::utf8())))});
  WriteOptions options = DefaultOptions();
  options.row_group_rows = 6000;
  ExpectCleanFailures({RandomBatch(schema, engine, 10000)}, options, 3);
}

}  // namespace
}  // namespace spillway::parquet
