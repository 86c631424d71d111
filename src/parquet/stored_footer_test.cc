#include "parquet/stored_footer.h"

#include <random>

#include <arrow/util/key_value_metadata.h>

#include "base/units.h"
#include "memory/heap_limit.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

::parquet::ReaderProperties ReaderOptions() {
  return MakeReaderProperties(arrow::default_memory_pool(), 16 * kKiB);
}

class StoredFooterTest : public testing::Test {
 protected:
  // Rows of every type; Arrow's schema and another key are in the footer.
  void WriteRows(int64_t rows, int64_t row_group_rows) {
    Engine engine(3);
    const auto schema =
        EveryType()->WithMetadata(arrow::key_value_metadata({"written for"}, {"a test"}));
    const auto table = ToTable({RandomBatch(EveryType(), engine, rows)}, EveryType());
    WriteWithArrow(*table->ReplaceSchemaMetadata(schema->metadata()), path_, row_group_rows,
                   Properties().enable_write_page_index()->build(),
                   ArrowProperties().store_schema()->build());
  }

  std::unique_ptr<const StoredFooter> Read() const {
    return StoredFooter::Read(path_, -1).ValueOrDie();
  }

  const TemporaryFolder folder_;
  const std::string path_ = folder_.File("x.parquet");
};

TEST_F(StoredFooterTest, SomeRowGroupsAreWhatTheWholeFooterSaysOfThem) {
  WriteRows(200, 10);
  const auto whole = ::parquet::ParquetFileReader::OpenFile(path_)->metadata();
  const auto footer = Read();
  EXPECT_EQ(footer->footer_bytes(), whole->size());
  EXPECT_EQ(footer->file_bytes(), FileSize(path_));
  EXPECT_EQ(footer->num_rows(), 200);
  ASSERT_EQ(footer->row_groups().size(), 20U);
  for (const auto& [first, count] :
       {std::pair(0, 20), std::pair(0, 0), std::pair(0, 14), std::pair(3, 15), std::pair(19, 1)}) {
    const DataFile file = footer->Open({first, count}, ReaderOptions()).ValueOrDie();
    ASSERT_EQ(file.metadata->num_row_groups(), count);
    EXPECT_EQ(file.first_row, count == 0 ? 0 : 10 * first);
    EXPECT_TRUE(file.metadata->schema()->Equals(*whole->schema()));
    EXPECT_EQ(file.metadata->created_by(), whole->created_by());
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(file.metadata->RowGroup(i)->Equals(*whole->RowGroup(first + i)));
    }
    const auto& added = file.metadata->key_value_metadata();
    EXPECT_EQ(added->Get("written for").ValueOrDie(), "a test");
    EXPECT_FALSE(added->Contains("ARROW:schema"));
  }
}

TEST_F(StoredFooterTest, RangesThatAreParsedAtATimeAreSmallAndLeaveNothingOut) {
  const auto cut = [&](int columns, int row_groups) {
    arrow::FieldVector fields;
    arrow::ArrayVector values;
    const auto numbers = arrow::MakeArrayOfNull(arrow::int32(), row_groups).ValueOrDie();
    for (int i = 0; i < columns; ++i) {
      fields.push_back(arrow::field("c" + std::to_string(i), arrow::int32()));
      values.push_back(numbers);
    }
    WriteWithArrow(*arrow::Table::Make(arrow::schema(fields), values), path_, 1,
                   Properties().build());
    const auto footer = Read();
    EXPECT_EQ(footer->row_groups().size(), static_cast<size_t>(row_groups));
    int next = 1;  // the first one is left out
    std::vector<int> counts;
    for (const RowGroupRange& range : footer->Cut({1, row_groups - 1})) {
      EXPECT_EQ(range.first, next);
      next += range.count;
      counts.push_back(range.count);
    }
    EXPECT_EQ(next, row_groups);
    return counts;
  };
  EXPECT_EQ(cut(2, 100), std::vector<int>{99});
  EXPECT_EQ(cut(5000, 4), (std::vector<int>{1, 1, 1}));
  const std::vector<int> counts = cut(1000, 12);
  EXPECT_GE(counts.size(), 3U);
  EXPECT_GT(counts.front(), 1);
}

// What operator new gives is counted, but not in a sanitizer's program.
TEST_F(StoredFooterTest, TakesNoMoreMemoryThanItSays) {
  WriteRows(400, 2);
  const auto in_use = [] { return memory::Heap().in_use.load(); };
  const int64_t before = in_use();
  const auto footer = Read();
  for (const RowGroupRange& range : footer->Cut(footer->all_row_groups())) {
    const int64_t read = in_use();
    const DataFile file = footer->Open(range, ReaderOptions()).ValueOrDie();
    const Footer facts = DescribeFooter(file, true).ValueOrDie();
    EXPECT_LE(in_use() - read, footer->ParsedBytes(range));
    EXPECT_LE(in_use() - before, footer->memory_bytes());
  }
}

TEST_F(StoredFooterTest, DamagedOnesAreRefused) {
  WriteRows(40, 10);
  const std::string whole = ReadBytes(path_);
  const auto footer_bytes = static_cast<size_t>(Read()->footer_bytes());
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Engine engine(seed);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = whole;
    const size_t at = whole.size() - 8 - 1 - engine() % footer_bytes;
    bytes[at] = static_cast<char>(engine());
    WriteBytes(path_, bytes);
    const auto footer = StoredFooter::Read(path_, -1);
    Status status = footer.status();
    if (footer.ok()) {
      for (const RowGroupRange& range : (*footer)->Cut((*footer)->all_row_groups())) {
        status &= (*footer)->Open(range, ReaderOptions()).status();
      }
    }
    if (status.ok()) continue;
    ++refused;
    const ErrorCode code = CodeOf(status);
    EXPECT_TRUE(code == ErrorCode::kCorruptDataFile || code == ErrorCode::kUnsupportedFeature)
        << status.ToString();
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace spillway::parquet
