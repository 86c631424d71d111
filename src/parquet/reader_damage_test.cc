// Files that are missing, cut short, overwritten, or made by fuzzers: a coded error or rows, never
// a signal, and no more memory than the pool gives.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <unistd.h>

#include <gmock/gmock.h>

#include "base/units.h"
#include "memory/fault_pool.h"
#include "parquet/random_rows.h"
#include "parquet/reader.h"
#include "parquet/test_files.h"
#include "parquet/writer.h"

namespace spillway::parquet {
namespace {

constexpr int64_t kPoolBytes = 256 * kMiB;

ReadOptions OptionsWith(arrow::MemoryPool* pool) {
  ReadOptions options;
  options.pool = pool;
  options.batch_rows = 1000;
  options.page_sizes = true;
  // Half of all reads in Arrow's threads: damage must not escape from those either.
  static int reads = 0;
  options.threads = ++reads % 2 == 0;
  return options;
}

std::string SampleFile(const TemporaryFolder& folder, Engine& engine, int64_t rows) {
  const std::string path = folder.File("sample.parquet");
  WriteOptions options;
  options.pool = arrow::default_memory_pool();
  options.row_group_rows = rows / 2;
  auto writer = FileWriter::Open(path, EveryType(), options).ValueOrDie();
  EXPECT_TRUE(writer->Write(*RandomBatch(EveryType(), engine, rows)).ok());
  EXPECT_TRUE(writer->Close().ok());
  return path;
}

Status OpenStatus(const std::string& path, int64_t expected_size_bytes) {
  return FileReader::Open(path, expected_size_bytes, OptionsWith(arrow::default_memory_pool()))
      .status();
}

// What was handed out must be safe to use; but text need not be UTF-8, and a time of day (which no
// Delta table has) need not be within a day.
bool IsOnlyOdd(const Status& status) {
  return status.message().find("UTF8") != std::string::npos ||
         status.message().find("acceptable range") != std::string::npos;
}

// Reads everything as the file itself describes it, or as `wanted`.
Result<int64_t> ReadRows(const std::string& path, arrow::MemoryPool* pool,
                         const std::shared_ptr<arrow::Schema>& wanted = nullptr) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, FileReader::Open(path, -1, OptionsWith(pool)));
  const Footer& footer = reader->footer();
  const auto columns = ColumnsOf(wanted == nullptr ? *footer.schema : *wanted);
  ARROW_ASSIGN_OR_RAISE(const auto stream,
                        reader->Read(columns, 0, static_cast<int>(footer.row_groups.size())));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) break;
    const Status valid = batch->ValidateFull();
    EXPECT_TRUE(valid.ok() || IsOnlyOdd(valid)) << path << ": " << valid.ToString();
    rows += batch->num_rows();
  }
  EXPECT_EQ(rows, footer.num_rows) << path;
  return rows;
}

bool IsCleanFailure(const Status& status) {
  const ErrorCode code = CodeOf(status);
  return code == ErrorCode::kCorruptDataFile || code == ErrorCode::kUnsupportedFeature ||
         code == ErrorCode::kUnsupportedType || code == ErrorCode::kBudgetExceeded;
}

TEST(DamagedFileTest, AMissingFileIsNamed) {
  TemporaryFolder folder;
  for (const std::string& path : {folder.File("gone.parquet"), folder.File("no/folder/x")}) {
    const Status status = OpenStatus(path, 100);
    EXPECT_EQ(CodeOf(status), ErrorCode::kDataFileMissing);
    EXPECT_EQ(FindError(status)->where, path);
  }
  EXPECT_EQ(CodeOf(OpenStatus(folder.File(""), -1)), ErrorCode::kCorruptDataFile);
}

TEST(DamagedFileTest, AnUnreadableFileIsAStorageError) {
  if (::geteuid() == 0) GTEST_SKIP() << "permissions do not bind root";
  TemporaryFolder folder;
  Engine engine(1);
  const std::string path = SampleFile(folder, engine, 10);
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_EQ(CodeOf(OpenStatus(path, -1)), ErrorCode::kStorage);
}

TEST(DamagedFileTest, AFileShorterThanTheLogSaysIsDamaged) {
  TemporaryFolder folder;
  Engine engine(2);
  const std::string path = SampleFile(folder, engine, 10);
  const int64_t size = FileSize(path);
  EXPECT_TRUE(OpenStatus(path, size).ok());
  EXPECT_TRUE(OpenStatus(path, -1).ok());
  const Status status = OpenStatus(path, size + 1);
  EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptDataFile);
  EXPECT_THAT(FindError(status)->why, testing::HasSubstr(std::to_string(size + 1)));
}

TEST(DamagedFileTest, GarbageIsNoParquetFile) {
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  using std::string_literals::operator""s;
  for (const std::string& bytes :
       {""s, "P"s, "PAR1"s, "PAR1PAR1"s, "PAR1\0\0\0\0PAR1"s, "PAR1\xFF\xFF\xFF\xFFPAR1"s,
        "PAR1\xFF\xFF\xFF\x7FPAR1"s, "PAR1xxxx\x04\0\0\0PAR1"s, std::string(1000, 'x')}) {
    WriteBytes(path, bytes);
    EXPECT_EQ(CodeOf(OpenStatus(path, -1)), ErrorCode::kCorruptDataFile) << bytes.size();
  }
  WriteBytes(path, "PAR1xxxx\x04\0\0\0PARE"s);
  EXPECT_EQ(CodeOf(OpenStatus(path, -1)), ErrorCode::kUnsupportedFeature);
}

TEST(DamagedFileTest, EveryCutIsNoticed) {
  TemporaryFolder folder;
  Engine engine(3);
  const std::string bytes = ReadBytes(SampleFile(folder, engine, 20));
  const std::string path = folder.File("cut.parquet");
  for (size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 300) {
    WriteBytes(path, bytes.substr(0, length));
    EXPECT_EQ(CodeOf(OpenStatus(path, -1)), ErrorCode::kCorruptDataFile) << length;
  }
  // A hole in the middle leaves footer and length as they were.
  std::string torn = bytes;
  std::fill_n(torn.begin() + 4, torn.size() / 2, '\0');
  WriteBytes(path, torn);
  const auto rows = ReadRows(path, arrow::default_memory_pool());
  EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kCorruptDataFile);
}

TEST(DamagedFileTest, AChangedByteInAPageIsNoticed) {
  TemporaryFolder folder;
  Engine engine(4);
  const std::string sample = SampleFile(folder, engine, 400);
  const std::string bytes = ReadBytes(sample);
  const auto reader =
      FileReader::Open(sample, -1, OptionsWith(arrow::default_memory_pool())).ValueOrDie();
  const std::string path = folder.File("changed.parquet");
  for (const ColumnChunkFacts& chunk : reader->footer().row_groups[0].columns) {
    std::string changed = bytes;
    changed[static_cast<size_t>(chunk.first_byte + chunk.compressed_bytes - 1)] ^= 0x10;
    WriteBytes(path, changed);
    const auto rows = ReadRows(path, arrow::default_memory_pool());
    EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kCorruptDataFile);
    EXPECT_EQ(FindError(rows.status())->where, path);
  }
}

TEST(DamagedFileTest, RandomDamageIsACleanErrorOrRows) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  TemporaryFolder folder;
  const std::string ours = ReadBytes(SampleFile(folder, engine, 60));
  // Without checksums damage gets further.
  const std::string plain_path = folder.File("plain.parquet");
  const auto batch = RandomBatch(EveryType(), engine, 60);
  WriteWithArrow(*ToTable({batch}, EveryType()), plain_path, 25,
                 Properties().data_pagesize(200)->build(),
                 ArrowProperties().store_schema()->build());
  const std::string plain = ReadBytes(plain_path);
  const std::string path = folder.File("damaged.parquet");
  std::map<bool, int> outcomes;
  for (int round = 0; round < 600; ++round) {
    std::string bytes = round % 2 == 0 ? ours : plain;
    for (int64_t flips = Draw(engine, 1, 4); flips > 0; --flips) {
      const int64_t last = static_cast<int64_t>(bytes.size()) - 9;  // most of it in the footer
      const int64_t least = Draw(engine, 0, 1) == 0 ? 4 : last / 2;
      bytes[static_cast<size_t>(Draw(engine, least, last))] =
          static_cast<char>(Draw(engine, -128, 127));
    }
    WriteBytes(path, bytes);
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(),
                                 arrow::default_memory_pool()->bytes_allocated() + kPoolBytes);
    const auto rows = ReadRows(path, &pool, round % 3 == 0 ? EveryType() : nullptr);
    ++outcomes[rows.ok()];
    EXPECT_TRUE(rows.ok() || IsCleanFailure(rows.status())) << rows.status().ToString();
    if (HasFailure()) {
      std::filesystem::copy_file(
          path, std::filesystem::temp_directory_path() / "spillway-damaged.parquet",
          std::filesystem::copy_options::overwrite_existing);
      return;
    }
  }
  EXPECT_GT(outcomes[false], 50);
  EXPECT_GT(outcomes[true], 5);
}

TEST(DamagedFileTest, FuzzersFilesAreACleanErrorOrRows) {
  const char* set = std::getenv("SPILLWAY_CORPORA");
  const std::filesystem::path corpora = set != nullptr ? set : "../shared/corpora";
  const std::filesystem::path corpus = corpora / "corrupt-parquet";
  if (!std::filesystem::is_directory(corpus)) {
    GTEST_SKIP() << "no " << corpus << "; set SPILLWAY_CORPORA to the folder of the corpora";
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    const std::string path = entry.path().string();
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(),
                                 arrow::default_memory_pool()->bytes_allocated() + kPoolBytes);
    const auto rows = ReadRows(path, &pool);
    EXPECT_TRUE(rows.ok() || IsCleanFailure(rows.status())) << path << rows.status().ToString();
    EXPECT_TRUE(rows.ok() || FindError(rows.status())->where == path) << path;
    ++files;
  }
  EXPECT_GT(files, 50);
}

// Reads the file again and again, each time with another allocation that fails, and with all that
// fail above a limit.
void ExpectCleanFailures(const std::string& path) {
  memory::FaultPool counting(arrow::default_memory_pool(), {});
  ASSERT_TRUE(ReadRows(path, &counting).ok());
  ASSERT_GT(counting.requests(), 40);
  for (int64_t fail_at = 1; fail_at <= counting.requests(); fail_at += 3) {
    memory::FaultPool pool(arrow::default_memory_pool(), {.fail_at = fail_at});
    const int64_t before = pool.bytes_allocated();
    const auto rows = ReadRows(path, &pool);
    ASSERT_FALSE(rows.ok()) << "allocation " << fail_at;
    EXPECT_EQ(CodeOf(rows.status()), ErrorCode::kBudgetExceeded) << "allocation " << fail_at;
    EXPECT_EQ(pool.bytes_allocated(), before) << "allocation " << fail_at;
  }
  for (int64_t limit_bytes = 1000; limit_bytes < 4 * kMiB; limit_bytes += limit_bytes / 3) {
    arrow::ProxyMemoryPool counted(arrow::default_memory_pool());
    arrow::CappedMemoryPool pool(&counted, limit_bytes);
    const auto rows = ReadRows(path, &pool);
    EXPECT_TRUE(rows.ok() || CodeOf(rows.status()) == ErrorCode::kBudgetExceeded) << limit_bytes;
    EXPECT_EQ(counted.bytes_allocated(), 0) << limit_bytes;
  }
}

TEST(DamagedFileTest, EveryFailedAllocationIsACleanError) {
  TemporaryFolder folder;
  Engine engine(5);
  const std::string path = folder.File("x.parquet");
  const auto table = ToTable({RandomBatch(EveryType(), engine, 300)}, EveryType());
  WriteWithArrow(*table, path, 160, Properties().data_pagesize(2000)->build());
  ExpectCleanFailures(path);
}

// The file's Arrow schema asks for a dictionary, whose hash table parquet-cpp makes unchecked.
TEST(DamagedFileTest, EveryFailedAllocationOfADictionaryIsACleanError) {
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  arrow::StringDictionaryBuilder builder;
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(builder.Append(std::to_string(i % 700)).ok());
  const auto values = builder.Finish().ValueOrDie();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("c", values->type())}), {values});
  WriteWithArrow(*table, path, 1000, Properties().data_pagesize(500)->build(),
                 ArrowProperties().store_schema()->build());
  ExpectCleanFailures(path);
}

}  // namespace
}  // namespace spillway::parquet
