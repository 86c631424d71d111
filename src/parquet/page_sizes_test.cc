// Page sizes by the headers, beside the offset index and parquet-cpp's page reader.
#include "parquet/page_sizes.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>

#include "parquet/random_layout.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

DataFile OpenFile(const std::string& path) {
  return OpenDataFile(path, -1, MakeReaderProperties(arrow::default_memory_pool(), 16 * 1024))
      .ValueOrDie();
}

std::shared_ptr<arrow::Schema> FlatSchema() {
  return arrow::schema({arrow::field("number", arrow::int64()), arrow::field("text", arrow::utf8()),
                        arrow::field("flag", arrow::boolean())});
}

class PageSizesTest : public testing::TestWithParam<::parquet::ParquetDataPageVersion> {
 protected:
  void SetUp() override {
    Engine engine(11);
    WriteWithArrow(*ToTable({RandomBatch(FlatSchema(), engine, 5000)}, FlatSchema()), path_, 5000,
                   Properties()
                       .compression(arrow::Compression::ZSTD)
                       ->data_page_version(GetParam())
                       ->enable_write_page_index()
                       ->data_pagesize(512)
                       ->write_batch_size(100)
                       ->build());
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("pages.parquet");
};

TEST_P(PageSizesTest, AreThoseOfTheOffsetIndexAndOfThePages) {
  const DataFile file = OpenFile(path_);
  const Footer indexed = DescribeFooter(file, /*page_sizes=*/true).ValueOrDie();
  Footer plain = DescribeFooter(file, /*page_sizes=*/false).ValueOrDie();
  const auto reader = ::parquet::ParquetFileReader::OpenFile(path_);
  bool has_dictionary = false;
  int64_t most_pages = 0;
  for (size_t leaf = 0; leaf < indexed.leaves.size(); ++leaf) {
    ColumnChunkFacts& measured = plain.row_groups[0].columns[leaf];
    ASSERT_FALSE(measured.num_pages);
    ASSERT_TRUE(MeasurePages(file, measured).ok());
    const ColumnChunkFacts& expected = indexed.row_groups[0].columns[leaf];
    EXPECT_EQ(measured.num_pages, expected.num_pages);
    EXPECT_EQ(measured.largest_page_bytes, expected.largest_page_bytes);
    EXPECT_EQ(measured.longest_page_rows, expected.longest_page_rows);
    most_pages = std::max(most_pages, *measured.num_pages);
    int64_t largest_page = 0;
    int64_t dictionary = 0;
    std::optional<int64_t> values;
    const auto pages = reader->RowGroup(0)->GetColumnPageReader(static_cast<int>(leaf));
    while (const auto page = pages->NextPage()) {
      if (page->type() == ::parquet::PageType::DICTIONARY_PAGE) {
        dictionary = page->size();
        values = static_cast<const ::parquet::DictionaryPage&>(*page).num_values();
      } else {
        largest_page = std::max<int64_t>(largest_page, page->size());
      }
    }
    EXPECT_EQ(measured.largest_page_decompressed_bytes, largest_page);
    EXPECT_EQ(measured.dictionary_bytes, dictionary);
    EXPECT_EQ(measured.dictionary_values, values);
    // What the footer says of encodings, the headers say too.
    for (ColumnChunkFacts unknown : {expected, plain.row_groups[0].columns[leaf]}) {
      unknown.is_all_dictionary = unknown.gave_up_dictionary = false;
      ASSERT_TRUE(MeasurePages(file, unknown).ok());
      EXPECT_EQ(unknown.is_all_dictionary, expected.is_all_dictionary);
      EXPECT_EQ(unknown.gave_up_dictionary, expected.gave_up_dictionary);
      EXPECT_EQ(unknown.num_pages, expected.num_pages);
    }
    ColumnChunkFacts with_dictionary = expected;
    ASSERT_TRUE(MeasurePages(file, with_dictionary).ok());
    EXPECT_EQ(with_dictionary.dictionary_bytes, dictionary);
    EXPECT_EQ(with_dictionary.largest_page_bytes, expected.largest_page_bytes);
    has_dictionary |= dictionary > 0;
  }
  EXPECT_TRUE(has_dictionary);
  EXPECT_GE(most_pages, 5);
}

TEST_P(PageSizesTest, ADamagedHeaderLeavesThemUnknown) {
  std::string bytes = ReadBytes(path_);
  const ColumnChunkFacts chunk =
      DescribeFooter(OpenFile(path_), false).ValueOrDie().row_groups[0].columns[0];
  std::fill_n(bytes.begin() + chunk.first_byte, 8, '\xff');
  WriteBytes(path_, bytes);
  ColumnChunkFacts measured = chunk;
  ASSERT_TRUE(MeasurePages(OpenFile(path_), measured).ok());
  EXPECT_FALSE(measured.num_pages);
  EXPECT_FALSE(measured.largest_page_bytes);
  EXPECT_FALSE(measured.largest_page_decompressed_bytes);
}

INSTANTIATE_TEST_SUITE_P(Versions, PageSizesTest,
                         testing::Values(::parquet::ParquetDataPageVersion::V1,
                                         ::parquet::ParquetDataPageVersion::V2));

}  // namespace
}  // namespace spillway::parquet
