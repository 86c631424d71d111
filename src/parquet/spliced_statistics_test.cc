// What the footer of a spliced file says of copied columns, where the source's footer is wrong.
#include <optional>

#include <gtest/gtest.h>
#include <parquet/statistics.h>

#include "parquet/batch_encoder.h"
#include "parquet/random_rows.h"
#include "parquet/splice_writer.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"

namespace spillway::parquet {
namespace {

class SplicedStatisticsTest : public testing::Test {
 protected:
  // A file of two row groups, of keys with a bloom filter, numbers and dates, each with NULLs.
  void SetUp() override {
    Engine engine(21);
    const auto schema =
        arrow::schema({arrow::field("key", arrow::utf8()), arrow::field("number", arrow::int64()),
                       arrow::field("day", arrow::date32())});
    table_ = ToTable({RandomBatch(schema, engine, 1400)}, schema);
    Properties builder;
    builder.disable_dictionary()->enable_write_page_index();
    builder.enable_bloom_filter("key", {.ndv = 1000, .fpp = 0.05});
    WriteWithArrow(*table_, source_, 700, builder.build());
  }

  // Copies all columns.
  SplicedFile Splice() {
    const auto reader =
        FileReader::Open(source_, -1, {.pool = arrow::default_memory_pool()}).ValueOrDie();
    std::vector<SpliceColumn> columns;
    for (const auto& field : table_->fields()) {
      columns.push_back(
          {.field = field, .copied_from = {{.physical_name = field->name(), .field = field}}});
    }
    std::filesystem::remove(path_);
    const auto writer = SpliceWriter::Open(path_, columns, *reader, 0,
                                           {.write = DefaultOptions(), .copy_buffer_bytes = 1000})
                            .ValueOrDie();
    for (int group = 0; group < 2; ++group) {
      const Status status = writer->EndRowGroup(*reader, group);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    return writer->Close().ValueOrDie();
  }

  static std::shared_ptr<::parquet::FileMetaData> MetadataOf(const std::string& path) {
    return ::parquet::ParquetFileReader::OpenFile(path)->metadata();
  }

  const TemporaryFolder folder_;
  const std::string source_ = folder_.File("source.parquet");
  const std::string path_ = folder_.File("spliced.parquet");
  std::shared_ptr<arrow::Table> table_;
};

// A filter is bits of so many blocks: a part of it says of keys that they are not there.
TEST_F(SplicedStatisticsTest, ABloomFilterOfAnotherSizeThanTheFooterSaysIsLeftOut) {
  std::string bytes = ReadBytes(source_);
  const auto chunk = MetadataOf(source_)->RowGroup(0)->ColumnChunk(0);
  const auto offset = static_cast<size_t>(chunk->bloom_filter_offset().value());
  // The header's first field: the bytes of the filter, a zigzag number of two bytes.
  ASSERT_EQ(bytes[offset], '\x15');
  const auto low = static_cast<unsigned char>(bytes[offset + 1]);
  const auto high = static_cast<unsigned char>(bytes[offset + 2]);
  const int size = ((low & 0x7F) | (high << 7)) / 2;
  ASSERT_GE(size, 128);
  bytes[offset + 1] = static_cast<char>(0x80 | (size & 0x7F));  // half of it
  bytes[offset + 2] = static_cast<char>(size >> 7);
  WriteBytes(source_, bytes);
  Splice();
  const auto metadata = MetadataOf(path_);
  EXPECT_FALSE(metadata->RowGroup(0)->ColumnChunk(0)->bloom_filter_offset());
  EXPECT_TRUE(metadata->RowGroup(1)->ColumnChunk(0)->bloom_filter_offset());
}

// NULLs are counted, whatever the source's footer says of them; and a footer that is caught is
// believed in nothing else.
TEST_F(SplicedStatisticsTest, NullCountsAreCounted) {
  for (const std::string writer : {"parquet-cpp-arrow version 4.0.1", kCreatedBy}) {
    RestateFooter(source_, writer, [](int leaf, ::parquet::EncodedStatistics& statistics) {
      if (leaf == 1) statistics.set_null_count(0);
      if (leaf == 2) statistics.has_null_count = false;
    });
    const SplicedFile spliced = Splice();
    const auto metadata = MetadataOf(path_);
    for (int column = 0; column < 3; ++column) {
      int64_t nulls = 0;
      for (int group = 0; group < 2; ++group) {
        const auto statistics = metadata->RowGroup(group)->ColumnChunk(column)->statistics();
        ASSERT_TRUE(statistics->HasNullCount()) << column;
        EXPECT_EQ(statistics->HasMinMax(), column != 1) << column;
        nulls += statistics->null_count();
      }
      EXPECT_GT(nulls, 0);
      EXPECT_EQ(nulls, table_->column(column)->null_count()) << column;
      const ColumnStatistics& logged = spliced.file.columns[static_cast<size_t>(column)];
      EXPECT_EQ(logged.null_count, nulls) << column;
      EXPECT_EQ(logged.minimum == nullptr, column == 1) << column;
    }
  }
}

TEST_F(SplicedStatisticsTest, AColumnIndexWithOtherNullsIsLeftOut) {
  std::string bytes = ReadBytes(source_);
  const auto chunk = MetadataOf(source_)->RowGroup(0)->ColumnChunk(1);
  const auto place = chunk->GetColumnIndexLocation().value();
  // The list of null counts is the index's last field but the histograms: one number for one page.
  const int64_t nulls = chunk->statistics()->null_count();
  const auto zigzag = [](int64_t number) {
    std::string text;
    for (uint64_t rest = static_cast<uint64_t>(number) * 2;; rest >>= 7) {
      text += static_cast<char>((rest & 0x7F) | (rest >= 0x80 ? 0x80 : 0));
      if (rest < 0x80) return text;
    }
  };
  const std::string list = "\x19\x16" + zigzag(nulls);  // a field of a list of one i64
  const size_t at = bytes.find(list, static_cast<size_t>(place.offset));
  ASSERT_LT(at, static_cast<size_t>(place.offset) + static_cast<size_t>(place.length));
  ++ ++bytes[at + 2];
  WriteBytes(source_, bytes);
  Splice();
  const auto metadata = MetadataOf(path_);
  EXPECT_FALSE(metadata->RowGroup(0)->ColumnChunk(1)->GetColumnIndexLocation());
  EXPECT_TRUE(metadata->RowGroup(0)->ColumnChunk(1)->GetOffsetIndexLocation());
  EXPECT_TRUE(metadata->RowGroup(1)->ColumnChunk(1)->GetColumnIndexLocation());
  EXPECT_TRUE(metadata->RowGroup(0)->ColumnChunk(0)->GetColumnIndexLocation());
}

}  // namespace
}  // namespace spillway::parquet
