// Columns of texts, against parquet-cpp's own reading of the same files.
#include "parquet/text_column_reader.h"

#include <random>

#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <parquet/file_reader.h>

#include "parquet/random_rows.h"
#include "parquet/test_files.h"

namespace spillway::parquet {
namespace {

// Texts of `different` kinds, of up to `most_bytes` bytes each.
std::shared_ptr<arrow::Array> RandomTexts(Engine& engine, int64_t rows, int64_t different,
                                          int64_t most_bytes, int64_t null_percent) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < different; ++i) {
    texts.emplace_back(static_cast<size_t>(Draw(engine, 0, most_bytes)),
                       static_cast<char>(Draw(engine, 0, 127)));
  }
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    const auto text = static_cast<size_t>(Draw(engine, 0, different - 1));
    EXPECT_TRUE(
        (Draw(engine, 0, 99) < null_percent ? builder.AppendNull() : builder.Append(texts[text]))
            .ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<::parquet::WriterProperties> RandomPages(Engine& engine) {
  Properties properties;
  properties.data_pagesize(Draw(engine, 1, 100000))->max_rows_per_page(Draw(engine, 1, 3000));
  properties.write_batch_size(Draw(engine, 1, 1000));
  if (Draw(engine, 0, 1) == 0) {
    properties.data_page_version(::parquet::ParquetDataPageVersion::V2);
  }
  if (Draw(engine, 0, 1) == 0) properties.compression(arrow::Compression::SNAPPY);
  const int64_t encoding = Draw(engine, 0, 5);
  if (encoding == 0) {
    properties.dictionary_pagesize_limit(Draw(engine, 1, 1000));  // falls back to PLAIN
  } else if (encoding > 1) {
    properties.disable_dictionary();
  }
  if (encoding == 2) properties.encoding(::parquet::Encoding::DELTA_BYTE_ARRAY);
  if (encoding == 3) properties.encoding(::parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
  return properties.build();
}

// All rows of the file's only row group, taken in steps of random length.
std::shared_ptr<arrow::Array> ReadTexts(const std::string& path, Engine& engine) {
  const auto file = ::parquet::ParquetFileReader::OpenFile(path);
  const ::parquet::ColumnDescriptor& leaf = *file->metadata()->schema()->Column(0);
  EXPECT_TRUE(TextColumnReader::Serves(leaf));
  TextColumnReader reader(file->RowGroup(0)->GetColumnPageReader(0), leaf, arrow::utf8(),
                          arrow::default_memory_pool());
  arrow::ArrayVector arrays;
  for (int64_t left = file->metadata()->num_rows(); left > 0;) {
    const int64_t rows = Draw(engine, 1, std::min<int64_t>(left, 2000));
    arrays.push_back(reader.Next(rows).ValueOrDie());
    EXPECT_TRUE(arrays.back()->ValidateFull().ok());
    EXPECT_EQ(arrays.back()->length(), rows);
    left -= rows;
  }
  // There are no more rows.
  const auto behind = [&]() -> Status {
    try {
      return reader.Next(1).status();
    } catch (const std::exception& exception) {
      return Status::Invalid(exception.what());
    }
  };
  EXPECT_FALSE(behind().ok());
  return arrow::Concatenate(arrays).ValueOrDie();
}

TEST(TextColumnReaderTest, ReadsWhatParquetCppReads) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int round = 0; round < 40; ++round) {
    const int64_t rows = Draw(engine, 1, 5000);
    const int64_t null_percent =
        std::vector<int64_t>{0, 0, 20, 100}[static_cast<size_t>(Draw(engine, 0, 3))];
    const bool is_nullable = null_percent > 0 || Draw(engine, 0, 1) == 0;
    const auto texts =
        RandomTexts(engine, rows, Draw(engine, 1, 500), Draw(engine, 0, 80), null_percent);
    const auto schema = arrow::schema({arrow::field("text", arrow::utf8(), is_nullable)});
    TemporaryFolder folder;
    const std::string path = folder.File("texts.parquet");
    WriteWithArrow(*arrow::Table::Make(schema, {texts}), path, rows, RandomPages(engine));
    const auto read = ReadTexts(path, engine);
    const auto expected = ReadWithArrow(path)->column(0);
    EXPECT_TRUE(arrow::ChunkedArray(read).Equals(*expected));
    EXPECT_EQ(read->null_count(), expected->null_count());
    if (HasFailure()) return;
  }
}

TEST(TextColumnReaderTest, ServesByteArraysAtTheTopLevel) {
  const auto serves = [](const std::shared_ptr<arrow::DataType>& type) {
    TemporaryFolder folder;
    const std::string path = folder.File("x.parquet");
    const auto schema = arrow::schema({arrow::field("c", type)});
    WriteWithArrow(*arrow::Table::Make(schema, {arrow::MakeArrayOfNull(type, 1).ValueOrDie()}),
                   path, 1, Properties().build());
    return TextColumnReader::Serves(
        *::parquet::ParquetFileReader::OpenFile(path)->metadata()->schema()->Column(0));
  };
  EXPECT_TRUE(serves(arrow::utf8()));
  EXPECT_TRUE(serves(arrow::binary()));
  EXPECT_FALSE(serves(arrow::int64()));
  EXPECT_FALSE(serves(arrow::fixed_size_binary(4)));
  EXPECT_FALSE(serves(arrow::list(arrow::utf8())));
  EXPECT_FALSE(serves(arrow::struct_({arrow::field("text", arrow::utf8())})));
}

// A column whose texts exceed what one array can have: batches end where it is full, and what the
// others have decoded more is not shifted against it.
TEST(TextColumnReaderTest, TextsBeyondTwoGibibytesComeInSeveralBatches) {
  constexpr int64_t kRows = 44;
  const auto column_of = [](size_t bytes, char letter) {
    const std::string texts[] = {std::string(bytes, letter), std::string(bytes, 'x')};
    arrow::StringBuilder values;
    EXPECT_TRUE(values.Append(texts[0]).ok() && values.Append(texts[1]).ok());
    arrow::Int32Builder codes;
    for (int32_t i = 0; i < kRows; ++i) EXPECT_TRUE(codes.Append(i % 7 == 3 ? 1 : 0).ok());
    return std::static_pointer_cast<arrow::Array>(std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::int32(), arrow::utf8()), codes.Finish().ValueOrDie(),
        values.Finish().ValueOrDie()));
  };
  arrow::Int64Builder numbers;
  for (int64_t i = 0; i < kRows; ++i) EXPECT_TRUE(numbers.Append(i).ok());
  const auto numbered = numbers.Finish().ValueOrDie();
  constexpr size_t kBytes = size_t{50} << 20;
  const arrow::ArrayVector columns = {column_of(kBytes, 'a'), numbered, column_of(1, 'b')};
  const auto schema = arrow::schema({arrow::field("first", columns[0]->type()),
                                     arrow::field("number", arrow::int64()),
                                     arrow::field("second", columns[2]->type())});
  TemporaryFolder folder;
  const std::string path = folder.File("long.parquet");
  WriteWithArrow(*arrow::Table::Make(schema, columns), path, kRows,
                 Properties().dictionary_pagesize_limit(int64_t{1} << 30)->build());

  ReadOptions options;
  options.pool = arrow::default_memory_pool();
  options.batch_bytes = int64_t{1} << 40;
  const auto wanted =
      arrow::schema({arrow::field("first", arrow::utf8()), arrow::field("number", arrow::int64()),
                     arrow::field("second", arrow::utf8())});
  const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  const auto stream = reader->Read(ColumnsOf(*wanted), 0, 1).ValueOrDie();
  int64_t row = 0;
  int batches = 0;
  while (const auto batch = stream->Next().ValueOrDie()) {
    ASSERT_TRUE(batch->Validate().ok());
    const auto& first = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& number = static_cast<const arrow::Int64Array&>(*batch->column(1));
    const auto& second = static_cast<const arrow::StringArray&>(*batch->column(2));
    for (int64_t i = 0; i < batch->num_rows(); ++i, ++row) {
      ASSERT_EQ(number.Value(i), row);
      ASSERT_EQ(first.GetView(i).size(), kBytes);
      ASSERT_EQ(second.GetView(i).size(), 1);
      ASSERT_EQ(first.GetView(i).front(), row % 7 == 3 ? 'x' : 'a');
      ASSERT_EQ(second.GetView(i).back(), row % 7 == 3 ? 'x' : 'b');
    }
    ++batches;
  }
  EXPECT_EQ(row, kRows);
  EXPECT_GT(batches, 1);
}

}  // namespace
}  // namespace spillway::parquet
