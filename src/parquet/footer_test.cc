#include "parquet/footer.h"

#include <algorithm>

#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>

#include "parquet/data_file.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

Footer MustDescribe(const std::string& path, bool page_sizes) {
  auto footer =
      ReadFooter(path, -1, {.pool = arrow::default_memory_pool(), .page_sizes = page_sizes});
  EXPECT_TRUE(footer.ok()) << footer.status().ToString();
  return footer.ok() ? *footer : Footer{};
}

DataFile OpenFile(const std::string& path) {
  return OpenDataFile(path, -1, MakeReaderProperties(arrow::default_memory_pool(), 16 * 1024))
      .ValueOrDie();
}

TEST(FooterTest, SaysWhatTheFileSays) {
  TemporaryFolder folder;
  Engine engine(1);
  const std::string path = folder.File("x.parquet");
  const auto table = ToTable({RandomBatch(EveryType(), engine, 1000)}, EveryType());
  WriteWithArrow(*table, path, 300,
                 Properties().compression(arrow::Compression::ZSTD)->data_pagesize(500)->build());
  const Footer footer = MustDescribe(path, true);
  const DataFile file = OpenFile(path);
  const auto reader = ::parquet::ParquetFileReader::OpenFile(path);
  const auto metadata = reader->metadata();
  EXPECT_EQ(footer.path, path);
  EXPECT_EQ(footer.file_bytes, FileSize(path));
  EXPECT_EQ(footer.footer_bytes, metadata->size());
  EXPECT_EQ(footer.num_rows, 1000);
  EXPECT_EQ(footer.created_by, metadata->created_by());
  EXPECT_TRUE(footer.schema->Equals(*table->schema(), false));
  ASSERT_EQ(footer.leaves.size(), static_cast<size_t>(metadata->num_columns()));
  ASSERT_EQ(footer.row_groups.size(), 4U);
  for (int i = 0; i < 4; ++i) {
    const RowGroupFacts& actual = footer.row_groups[static_cast<size_t>(i)];
    const auto expected = metadata->RowGroup(i);
    EXPECT_EQ(actual.first_row, 300 * i);
    EXPECT_EQ(actual.num_rows, expected->num_rows());
    EXPECT_EQ(actual.uncompressed_bytes, expected->total_byte_size());
    const auto index = reader->GetPageIndexReader()->RowGroup(i);
    for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
      const ColumnChunkFacts& chunk = actual.columns[static_cast<size_t>(leaf)];
      const auto truth = expected->ColumnChunk(leaf);
      EXPECT_EQ(chunk.num_values, truth->num_values());
      EXPECT_EQ(chunk.compressed_bytes, truth->total_compressed_size());
      EXPECT_EQ(chunk.uncompressed_bytes, truth->total_uncompressed_size());
      EXPECT_EQ(chunk.codec, arrow::Compression::ZSTD);
      EXPECT_EQ(chunk.has_dictionary, truth->has_dictionary_page());
      const ChunkStatistics statistics = DescribeStatistics(file, i, leaf).ValueOrDie();
      EXPECT_EQ(statistics.null_count, truth->statistics()->null_count());
      EXPECT_EQ(statistics.minimum != nullptr, truth->statistics()->HasMinMax());
      EXPECT_EQ(chunk.unencoded_bytes.has_value(), truth->type() == ::parquet::Type::BYTE_ARRAY);
      const auto pages = index->GetOffsetIndex(leaf)->page_locations();
      EXPECT_EQ(chunk.num_pages, pages.size());
      EXPECT_EQ(chunk.largest_page_bytes,
                std::max_element(pages.begin(), pages.end(), [](const auto& a, const auto& b) {
                  return a.compressed_page_size < b.compressed_page_size;
                })->compressed_page_size);
      int64_t longest = 300 - (i == 3 ? 200 : 0) - pages.back().first_row_index;
      for (size_t page = 1; page < pages.size(); ++page) {
        longest = std::max(longest, pages[page].first_row_index - pages[page - 1].first_row_index);
      }
      EXPECT_EQ(chunk.longest_page_rows, longest);
    }
  }
}

TEST(FooterTest, LeavesHavePathsTypesAndIds) {
  TemporaryFolder folder;
  Engine engine(2);
  const std::string path = folder.File("x.parquet");
  WriteWithArrow(*ToTable({RandomBatch(EveryType(), engine, 10)}, EveryType()), path, 300,
                 Properties().build());
  const Footer footer = MustDescribe(path, false);
  const auto find = [&](const std::vector<std::string>& wanted) {
    const auto leaf = std::find_if(footer.leaves.begin(), footer.leaves.end(),
                                   [&](const LeafColumn& each) { return each.path == wanted; });
    return leaf == footer.leaves.end() ? LeafColumn{} : *leaf;
  };
  EXPECT_EQ(find({"real"}).physical_type, "DOUBLE");
  EXPECT_EQ(find({"real"}).type_bytes, 8);
  EXPECT_EQ(find({"huge"}).type_bytes, 16);
  EXPECT_EQ(find({"text"}).type_bytes, 0);
  EXPECT_FALSE(find({"point", "x"}).repeated);
  EXPECT_TRUE(find({"points", "list", "element", "x"}).repeated);
  EXPECT_TRUE(find({"counts", "key_value", "key"}).repeated);
  EXPECT_EQ(find({"key"}).level_bits, 0);
  EXPECT_EQ(find({"real"}).level_bits, 1);
  EXPECT_EQ(find({"point", "x"}).level_bits, 2);                // definition up to 2
  EXPECT_EQ(find({"texts", "list", "element"}).level_bits, 3);  // and repetition up to 1
  EXPECT_FALSE(footer.row_groups[0].columns[0].num_pages);
}

TEST(FooterTest, BoundsAreScalarsOfTheLogicalType) {
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                  arrow::default_memory_pool());
  ASSERT_TRUE(builder.AppendValues({5, -7, 3}).ok() && builder.AppendNull().ok());
  const auto values = builder.Finish().ValueOrDie();
  WriteWithArrow(*arrow::Table::Make(arrow::schema({arrow::field("t", values->type())}), {values}),
                 path, 100, Properties().build());
  const ChunkStatistics chunk = DescribeStatistics(OpenFile(path), 0, 0).ValueOrDie();
  EXPECT_EQ(chunk.null_count, 1);
  ASSERT_NE(chunk.minimum, nullptr);
  EXPECT_TRUE(chunk.minimum->type->Equals(*values->type()));
  EXPECT_TRUE(chunk.minimum->Equals(arrow::TimestampScalar(-7, values->type())));
  EXPECT_TRUE(chunk.maximum->Equals(arrow::TimestampScalar(5, values->type())));
}

}  // namespace
}  // namespace spillway::parquet
