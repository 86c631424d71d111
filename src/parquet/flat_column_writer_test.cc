// Column chunks without structure, against those that parquet-cpp writes of the same rows, page by
// page.
#include "parquet/flat_column_writer.h"

#include <random>

#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>

#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"
#include "parquet/writable_schema.h"

namespace spillway::parquet {
namespace {

std::shared_ptr<arrow::Schema> FlatTypes() {
  const auto every = EveryType();
  arrow::FieldVector fields;
  for (const auto& field : every->fields()) {
    if (field->type()->num_fields() == 0 && !arrow::is_decimal(field->type()->id())) {
      fields.push_back(field);
    }
  }
  return arrow::schema(std::move(fields));
}

// Rows of which each column repeats the values of a few, or of all, and is sometimes NULL as a
// whole.
std::shared_ptr<arrow::RecordBatch> RandomRows(const std::shared_ptr<arrow::Schema>& schema,
                                               Engine& engine, int64_t rows) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    const int64_t kind = Draw(engine, 0, 3);
    const int64_t nulls = !field->nullable() || kind == 0 ? 0 : kind == 3 ? 100 : 20;
    const int64_t different = Draw(engine, 0, 1) == 0 ? Draw(engine, 1, 5) : rows;
    const auto domain = RandomArray(*field, engine, different, nulls);
    arrow::Int32Builder taken;
    for (int64_t i = 0; i < rows; ++i) {
      EXPECT_TRUE(taken.Append(static_cast<int32_t>(Draw(engine, 0, different - 1))).ok());
    }
    columns.push_back(arrow::compute::Take(*domain, *taken.Finish().ValueOrDie()).ValueOrDie());
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

// Some of the columns as dictionaries.
std::shared_ptr<arrow::RecordBatch> WithDictionaries(const arrow::RecordBatch& batch,
                                                     Engine& engine) {
  arrow::ArrayVector columns = batch.columns();
  for (auto& column : columns) {
    if (!MayBeDictionary(*column->type()) || Draw(engine, 0, 2) > 0) continue;
    column = arrow::compute::DictionaryEncode(arrow::Datum(column)).ValueOrDie().make_array();
  }
  return arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), std::move(columns));
}

WriteOptions RandomOptions(Engine& engine) {
  WriteOptions options = DefaultOptions();
  options.page_bytes = Draw(engine, 0, 1) == 0 ? Draw(engine, 1, 400) : Draw(engine, 400, 20'000);
  options.dictionary_page_bytes = Draw(engine, 0, 3) == 0 ? 0 : Draw(engine, 1, 5000);
  options.row_group_rows = Draw(engine, 300, 3000);
  if (Draw(engine, 0, 2) == 0) options.compression = arrow::Compression::UNCOMPRESSED;
  return options;
}

// What parquet-cpp says of these rows, written by themselves.
struct Expected {
  std::shared_ptr<::parquet::ParquetFileReader> file;
  std::shared_ptr<::parquet::Statistics> statistics;
  std::shared_ptr<::parquet::SizeStatistics> sizes;
};
Expected ExpectedOf(const std::shared_ptr<arrow::Field>& field,
                    const std::shared_ptr<arrow::ChunkedArray>& rows) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto table = arrow::Table::Make(arrow::schema({field}), {rows});
  EXPECT_TRUE(
      ::parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 1 << 20).ok());
  const std::shared_ptr<::parquet::ParquetFileReader> file = ::parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(sink->Finish().ValueOrDie()));
  const auto chunk = file->metadata()->RowGroup(0)->ColumnChunk(0);
  return {file, chunk->statistics(), chunk->size_statistics()};
}

// Compares a chunk and its pages, which hold `rows`, with what is expected.
void CompareChunk(const ::parquet::ColumnChunkMetaData& chunk,
                  const ::parquet::ColumnIndex& column_index,
                  const ::parquet::OffsetIndex& offset_index,
                  const std::shared_ptr<arrow::Field>& field,
                  const std::shared_ptr<arrow::ChunkedArray>& rows) {
  const Expected expected = ExpectedOf(field, rows);
  ASSERT_TRUE(chunk.is_stats_set());
  ASSERT_EQ(chunk.num_values(), rows->length());
  const auto& statistics = *chunk.statistics();
  ASSERT_EQ(statistics.null_count(), rows->null_count());
  ASSERT_EQ(statistics.HasMinMax(), expected.statistics->HasMinMax());
  if (statistics.HasMinMax()) {
    ASSERT_EQ(statistics.EncodeMin(), expected.statistics->EncodeMin());
    ASSERT_EQ(statistics.EncodeMax(), expected.statistics->EncodeMax());
  }
  const auto sizes = chunk.size_statistics();
  ASSERT_EQ(sizes != nullptr, expected.sizes != nullptr);
  if (sizes != nullptr) {
    ASSERT_EQ(sizes->definition_level_histogram, expected.sizes->definition_level_histogram);
    ASSERT_EQ(sizes->unencoded_byte_array_data_bytes,
              expected.sizes->unencoded_byte_array_data_bytes);
  }

  const auto& pages = offset_index.page_locations();
  ASSERT_EQ(column_index.null_pages().size(), pages.size());
  for (size_t i = 0; i < pages.size(); ++i) {
    const int64_t first = pages[i].first_row_index;
    const int64_t end = i + 1 < pages.size() ? pages[i + 1].first_row_index : rows->length();
    ASSERT_LE(end - first, 20'000);
    const auto part = rows->Slice(first, end - first);
    ASSERT_EQ(column_index.null_counts()[i], part->null_count());
    ASSERT_EQ(column_index.null_pages()[i], part->null_count() == part->length());
    if (column_index.null_pages()[i]) continue;
    const Expected of_page = ExpectedOf(field, part);
    ASSERT_EQ(column_index.encoded_min_values()[i], of_page.statistics->EncodeMin());
    ASSERT_EQ(column_index.encoded_max_values()[i], of_page.statistics->EncodeMax());
  }
}

TEST(FlatColumnWriterTest, ChunksAndPagesAreWhatParquetCppWrites) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  const TemporaryFolder folder;
  const auto schema = FlatTypes();
  for (int round = 0; round < 12; ++round) {
    const std::string path = folder.File(std::to_string(round));
    const WriteOptions options = RandomOptions(engine);
    Batches plain;
    Batches batches;
    for (int i = 0; i < 3; ++i) {
      plain.push_back(RandomRows(schema, engine, Draw(engine, 1, 1200)));
      batches.push_back(WithDictionaries(*plain.back(), engine));
    }
    MustWrite(path, batches, options);
    const auto table = arrow::Table::FromRecordBatches(schema, plain).ValueOrDie();
    const auto read = ReadWithArrow(path);
    ASSERT_TRUE(read->ReplaceSchemaMetadata(nullptr)->Equals(*table)) << "round " << round;

    ::parquet::ReaderProperties checked;
    checked.set_page_checksum_verification(true);
    const auto file = ::parquet::ParquetFileReader::OpenFile(path, false, checked);
    int64_t first = 0;
    for (int group = 0; group < file->metadata()->num_row_groups(); ++group) {
      const auto metadata = file->metadata()->RowGroup(group);
      const auto indexes = file->GetPageIndexReader()->RowGroup(group);
      for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
        SCOPED_TRACE(testing::Message() << "round " << round << ", row group " << group << ", "
                                        << schema->field(leaf)->ToString());
        ASSERT_NO_FATAL_FAILURE(
            CompareChunk(*metadata->ColumnChunk(leaf), *indexes->GetColumnIndex(leaf),
                         *indexes->GetOffsetIndex(leaf), schema->field(leaf),
                         table->column(leaf)->Slice(first, metadata->num_rows())));
      }
      first += metadata->num_rows();
    }
    ASSERT_EQ(first, table->num_rows());
  }
}

// The encodings of the data pages of the only column of a file of these values.
std::vector<::parquet::Encoding::type> EncodingsOf(const std::vector<int64_t>& values,
                                                   const WriteOptions& options) {
  const TemporaryFolder folder;
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const auto batch = arrow::RecordBatch::Make(schema, static_cast<int64_t>(values.size()),
                                              {builder.Finish().ValueOrDie()});
  const std::string path = folder.File("encodings");
  MustWrite(path, {batch}, options);
  EXPECT_TRUE(ReadWithArrow(path)->column(0)->Equals(arrow::ChunkedArray(batch->column(0))));
  const auto file = ::parquet::ParquetFileReader::OpenFile(path);
  const auto pages = file->RowGroup(0)->GetColumnPageReader(0);
  std::vector<::parquet::Encoding::type> encodings;
  while (const auto page = pages->NextPage()) {
    if (page->type() == ::parquet::PageType::DICTIONARY_PAGE) continue;
    encodings.push_back(static_cast<const ::parquet::DataPage&>(*page).encoding());
  }
  return encodings;
}

TEST(FlatColumnWriterTest, ADictionaryIsKeptWhereItPays) {
  using ::parquet::Encoding;
  Engine engine(1);
  const auto draw = [&engine](size_t count, int64_t different) {
    std::vector<int64_t> values(count);
    for (int64_t& value : values) value = 1'000'000 * Draw(engine, 1, different);
    return values;
  };
  const WriteOptions options = DefaultOptions();
  const auto all = [](Encoding::type encoding) { return testing::Each(encoding); };
  EXPECT_THAT(EncodingsOf(draw(100'000, 10), options), all(Encoding::RLE_DICTIONARY));
  // Most of the first page's values are new; but all of them together would fit in a dictionary.
  EXPECT_THAT(EncodingsOf(draw(100'000, 80'000), options), all(Encoding::RLE_DICTIONARY));
  EXPECT_THAT(EncodingsOf(draw(100'000, 1'000'000), options), all(Encoding::PLAIN));
  EXPECT_THAT(EncodingsOf({1, 2, 3, 4, 5}, options), all(Encoding::PLAIN));
  EXPECT_THAT(EncodingsOf({1, 2, 1, 2, 1, 2}, options), all(Encoding::RLE_DICTIONARY));
  // A start that misleads: the dictionary ends where it is full.
  std::vector<int64_t> values(20'000, 5);
  for (int64_t i = 0; i < 400'000; ++i) values.push_back(i);
  const auto encodings = EncodingsOf(values, options);
  EXPECT_EQ(encodings.front(), Encoding::RLE_DICTIONARY);
  EXPECT_EQ(encodings.back(), Encoding::PLAIN);
}

}  // namespace
}  // namespace spillway::parquet
