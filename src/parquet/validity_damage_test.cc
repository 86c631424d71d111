// Reading only the validity of files that are damaged, made by fuzzers, or read without enough
// memory: a coded error or rows, never a signal.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <gmock/gmock.h>

#include "base/units.h"
#include "memory/fault_pool.h"
#include "parquet/random_layout.h"
#include "parquet/random_rows.h"
#include "parquet/reader.h"
#include "parquet/validity_files.h"

namespace spillway::parquet {
namespace {

using std::string_literals::operator""s;

constexpr int64_t kPoolBytes = 256 * kMiB;

ReadOptions OptionsWith(arrow::MemoryPool* pool) {
  ReadOptions options;
  options.pool = pool;
  options.batch_rows = 1000;
  options.page_sizes = true;
  return options;
}

Result<std::shared_ptr<arrow::Table>> ReadValidity(
    const std::string& path, const std::shared_ptr<arrow::Schema>& schema,
    arrow::MemoryPool* pool = arrow::default_memory_pool()) {
  return ReadFile(path, ValidityOf(*schema), OptionsWith(pool));
}

void ExpectCorrupt(const PlainFile& file, const std::string& why) {
  const auto read = ReadValidity(file.path, file.schema);
  EXPECT_EQ(CodeOf(read.status()), ErrorCode::kCorruptDataFile);
  EXPECT_EQ(FindError(read.status())->where, file.path);
  EXPECT_THAT(RenderError(read.status()), testing::HasSubstr("column c: "));
  EXPECT_THAT(RenderError(read.status()), testing::HasSubstr(why));
}

// What must fail when, in the page of `json`, `old_bytes` are overwritten.
void ExpectNoticed(const std::shared_ptr<arrow::DataType>& type, const std::string& json,
                   const std::string& old_bytes, const std::string& new_bytes,
                   const std::string& why) {
  SCOPED_TRACE(why);
  TemporaryFolder folder;
  PlainFile file = WritePlain(folder, type, json, false);
  ASSERT_TRUE(ReadValidity(file.path, file.schema).ok());
  Change(file, old_bytes, new_bytes);
  ExpectCorrupt(file, why);
}

TEST(ValidityDamageTest, ValuesAndLevelsAreCounted) {
  const std::string json = "[1, null, 2, null, 3, null, 4, null, 5, null, 6, null, 7, 8, 9, 10]";
  const auto noticed = [&](const std::string& old_bytes, const std::string& new_bytes,
                           const std::string& why) {
    ExpectNoticed(arrow::int32(), json, old_bytes, new_bytes, why);
  };
  noticed("\x2C\x15\x20"s, "\x2C\x15\x1E"s, "fewer values than the footer says");
  noticed("\x2C\x15\x20"s, "\x2C\x15\x22"s, "more values than its footer says");
  noticed("\x03\x00\x00\x00\x05"s, "\x02\x00\x00\x00"s, "fewer levels than values");
  noticed("\x03\x00\x00\x00\x05"s, "\x03\x01\x00\x00"s, "shorter than its levels");
  noticed("\x15\x06\x15\x06"s, "\x15\x0A\x15\x06"s, "levels of an unknown encoding");
  noticed("\x15\x00"s, "\x15\x04"s, "fewer values than the footer says");  // a dictionary page
}

TEST(ValidityDamageTest, LevelsAboveTheSchemasAreNoticed) {
  const auto type = arrow::struct_({arrow::field("x", arrow::int32())});
  ExpectNoticed(type, R"([{"x": 1}, {"x": 2}, {"x": 3}, {"x": 4}, {"x": 5}, {"x": 6}, {"x": 7},
                          {"x": 8}, {"x": 9}])",
                "\x02\x00\x00\x00\x12\x02"s, "\x02\x00\x00\x00\x12\x03"s, "Malformed levels");
}

TEST(ValidityDamageTest, RowsOfListsAreCounted) {
  const auto type = arrow::list(arrow::field("element", arrow::int32()));
  const auto noticed = [&](const std::string& new_bits, const std::string& why) {
    ExpectNoticed(type, "[[1, 2], [3, 4], [5, 6], [7, 8], [1, 2], [3, 4], [5, 6], [7, 8]]",
                  "\x03\x00\x00\x00\x05\xAA\xAA"s, "\x03\x00\x00\x00\x05"s + new_bits, why);
  };
  noticed("\xAB\xAA", "starts within a row");
  noticed("\xAA\xEA", "fewer rows than its footer says");
  noticed("\xAA\x2A", "more rows than its footer says");
}

bool IsCleanFailure(const Status& status) {
  const ErrorCode code = CodeOf(status);
  return code == ErrorCode::kCorruptDataFile || code == ErrorCode::kUnsupportedFeature ||
         code == ErrorCode::kUnsupportedType || code == ErrorCode::kBudgetExceeded;
}

TEST(ValidityDamageTest, RandomDamageIsACleanErrorOrRows) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  TemporaryFolder folder;
  const std::string path = folder.File("damaged.parquet");
  std::map<bool, int> outcomes;
  std::string whole;
  for (int round = 0; round < 600; ++round) {
    if (round % 30 == 0) {
      const auto table = ToTable({RandomBatch(EveryType(), engine, 60)}, EveryType());
      WriteWithArrow(*table, path, 25, RandomLayout(engine));
      whole = ReadBytes(path);
    }
    std::string bytes = whole;
    for (int64_t flips = Draw(engine, 1, 4); flips > 0; --flips) {
      const int64_t last = static_cast<int64_t>(bytes.size()) - 9;
      // Half of the damage anywhere, half in the pages, which stand first.
      const int64_t end = Draw(engine, 0, 1) == 0 ? last : last / 3;
      bytes[static_cast<size_t>(Draw(engine, 4, end))] = static_cast<char>(Draw(engine, -128, 127));
    }
    WriteBytes(path, bytes);
    arrow::CappedMemoryPool pool(arrow::default_memory_pool(),
                                 arrow::default_memory_pool()->bytes_allocated() + kPoolBytes);
    const auto read = ReadValidity(path, EveryType(), &pool);
    ++outcomes[read.ok()];
    EXPECT_TRUE(read.ok() || IsCleanFailure(read.status())) << read.status().ToString();
    EXPECT_TRUE(!read.ok() || (*read)->ValidateFull().ok());
    if (HasFailure()) {
      std::filesystem::copy_file(
          path, std::filesystem::temp_directory_path() / "spillway-damaged.parquet",
          std::filesystem::copy_options::overwrite_existing);
      return;
    }
  }
  EXPECT_GT(outcomes[false], 50);
  EXPECT_GT(outcomes[true], 50);
}

// Reads the columns of the file at `path` one by one, in both ways. Where the ordinary one
// succeeds, so does the other, and finds the same.
int CompareColumns(const std::string& path) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(),
                               arrow::default_memory_pool()->bytes_allocated() + kPoolBytes);
  const auto reader = FileReader::Open(path, -1, OptionsWith(&pool));
  if (!reader.ok()) return 0;
  int columns = 0;
  for (const auto& field : (*reader)->footer().schema->fields()) {
    SCOPED_TRACE(path + ": " + field->ToString());
    const auto schema = arrow::schema({field});
    const auto expected = ReadFile(path, ColumnsOf(*schema), OptionsWith(&pool));
    const auto actual = ReadValidity(path, schema, &pool);
    EXPECT_TRUE(actual.ok() || IsCleanFailure(actual.status())) << actual.status().ToString();
    if (!expected.ok()) continue;
    EXPECT_TRUE(actual.ok()) << actual.status().ToString();
    if (!actual.ok()) continue;
    EXPECT_EQ(NullsOf(*(*actual)->column(0)), NullsOf(*(*expected)->column(0)));
    ++columns;
  }
  return columns;
}

TEST(ValidityDamageTest, FilesOfOthersGiveTheSameAsReadingThemWhole) {
  const char* set = std::getenv("SPILLWAY_CORPORA");
  const std::filesystem::path corpora = set != nullptr ? set : "../shared/corpora";
  if (!std::filesystem::is_directory(corpora)) {
    GTEST_SKIP() << "no " << corpora << "; set SPILLWAY_CORPORA to the folder of the corpora";
  }
  int columns = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpora)) {
    if (entry.is_regular_file()) columns += CompareColumns(entry.path().string());
  }
  EXPECT_GT(columns, 10);
}

TEST(ValidityDamageTest, EveryFailedAllocationIsACleanError) {
  TemporaryFolder folder;
  Engine engine(5);
  const std::string path = folder.File("x.parquet");
  const auto table = ToTable({RandomBatch(EveryType(), engine, 300)}, EveryType());
  for (const auto codec : {arrow::Compression::SNAPPY, arrow::Compression::ZSTD}) {
    WriteWithArrow(*table, path, 160,
                   Properties().compression(codec)->disable_statistics()->build());
    memory::FaultPool counting(arrow::default_memory_pool(), {});
    ASSERT_TRUE(ReadValidity(path, EveryType(), &counting).ok());
    ASSERT_GT(counting.requests(), 50);
    for (int64_t fail_at = 1; fail_at <= counting.requests(); ++fail_at) {
      memory::FaultPool pool(arrow::default_memory_pool(), {.fail_at = fail_at});
      const int64_t before = pool.bytes_allocated();
      const auto read = ReadValidity(path, EveryType(), &pool);
      ASSERT_FALSE(read.ok()) << "allocation " << fail_at;
      EXPECT_EQ(CodeOf(read.status()), ErrorCode::kBudgetExceeded) << "allocation " << fail_at;
      EXPECT_EQ(pool.bytes_allocated(), before) << "allocation " << fail_at;
    }
  }
}

}  // namespace
}  // namespace spillway::parquet
