#include "parquet/validity_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>

#include "base/units.h"
#include "parquet/batch_encoder.h"
#include "parquet/random_layout.h"
#include "parquet/random_rows.h"
#include "parquet/validity_files.h"

namespace spillway::parquet {
namespace {

ReadOptions DefaultOptions() {
  ReadOptions options;
  options.pool = arrow::default_memory_pool();
  return options;
}

std::shared_ptr<arrow::Table> MustRead(const std::string& path,
                                       const std::vector<ReadColumn>& columns,
                                       const ReadOptions& options = DefaultOptions()) {
  auto table = ReadFile(path, columns, options);
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return table.ok() ? *table : nullptr;
}

// NULL everywhere, nowhere, at random, or in long runs.
enum class Pattern { kNone, kAll, kRandom, kRuns };

std::shared_ptr<arrow::Array> WithNulls(const arrow::Field& field, Pattern pattern, Engine& engine,
                                        int64_t length) {
  const auto part = [&](int64_t rows, int64_t null_percent) {
    return RandomArray(field, engine, rows, null_percent);
  };
  if (pattern == Pattern::kNone) return part(length, 0);
  if (pattern == Pattern::kAll) return part(length, 100);
  if (pattern == Pattern::kRandom) return part(length, Draw(engine, 1, 99));
  arrow::ArrayVector runs;
  for (int64_t rows = 0; rows < length; rows += runs.back()->length()) {
    const int64_t run = std::min(length - rows, Draw(engine, 1, 1 + length / 3));
    runs.push_back(part(run, 100 * Draw(engine, 0, 1)));
  }
  return arrow::Concatenate(runs).ValueOrDie();
}

std::shared_ptr<arrow::Table> RandomTable(const std::shared_ptr<arrow::Schema>& schema,
                                          Engine& engine, int64_t rows) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(
        WithNulls(*field, Pattern{static_cast<int>(Draw(engine, 0, 3))}, engine, rows));
  }
  return arrow::Table::Make(schema, columns);
}

// A file of rows of every type in some layout, and some way to read it.
struct RandomFile {
  explicit RandomFile(Engine& engine)
      : table(RandomTable(EveryType(), engine, Draw(engine, 1, 600))), options(DefaultOptions()) {
    WriteWithArrow(*table, path, Draw(engine, 1, 400), RandomLayout(engine));
    options.batch_rows = Draw(engine, 1, 250);
    options.batch_bytes = Draw(engine, 1000, 1000000);
  }

  const TemporaryFolder folder;
  const std::string path = folder.File("rows.parquet");
  const std::shared_ptr<arrow::Table> table;
  ReadOptions options;
};

TEST(ValidityReaderTest, FindsTheNullsOfEveryTypeWhateverTheLayout) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int round = 0; round < 30; ++round) {
    const RandomFile file(engine);
    const auto read = MustRead(file.path, ValidityOf(*file.table->schema()), file.options);
    ASSERT_NE(read, nullptr);
    ExpectSameNulls(*read, *file.table);
    if (HasFailure()) return;
  }
}

TEST(ValidityReaderTest, KeepsInStepWithColumnsThatAreDecoded) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int round = 0; round < 10; ++round) {
    const RandomFile file(engine);
    std::vector<ReadColumn> columns = ColumnsOf(*file.table->schema());
    for (ReadColumn& column : columns) column.validity_only = Draw(engine, 0, 1) == 0;
    const auto read = MustRead(file.path, columns, file.options);
    ASSERT_NE(read, nullptr);
    ExpectSameNulls(*read, *file.table);
    for (size_t i = 0; i < columns.size(); ++i) {
      const int index = static_cast<int>(i);
      EXPECT_TRUE(columns[i].validity_only ||
                  read->column(index)->Equals(*file.table->column(index)));
    }
    if (HasFailure()) return;
  }
}

struct Layout {
  arrow::Compression::type codec;
  ::parquet::ParquetDataPageVersion version;
  int64_t page_bytes;
  bool dictionary;
  bool statistics_and_index;
};

std::vector<Layout> AllLayouts() {
  using arrow::Compression;
  std::vector<Layout> layouts;
  for (const auto codec :
       {Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP, Compression::ZSTD,
        Compression::BROTLI, Compression::LZ4, Compression::LZ4_HADOOP}) {
    for (const auto version :
         {::parquet::ParquetDataPageVersion::V1, ::parquet::ParquetDataPageVersion::V2}) {
      for (const int64_t page_bytes : {int64_t{2000}, kMiB}) {
        for (const int flags : {0, 1, 2, 3}) {
          layouts.push_back({codec, version, page_bytes, flags % 2 == 1, flags / 2 == 1});
        }
      }
    }
  }
  return layouts;
}

std::shared_ptr<::parquet::WriterProperties> Build(const Layout& layout) {
  Properties properties;
  properties.compression(layout.codec)
      ->data_page_version(layout.version)
      ->data_pagesize(layout.page_bytes)
      ->max_rows_per_page(int64_t{1} << 30)
      ->write_batch_size(layout.page_bytes < kMiB ? 50 : 1 << 20);
  if (!layout.dictionary) properties.disable_dictionary();
  if (!layout.statistics_and_index) properties.disable_statistics()->disable_write_page_index();
  return properties.build();
}

// Thousands of rows, in pages of 2000 bytes and of all rows.
TEST(ValidityReaderTest, FindsTheNullsOfEveryPatternInEveryLayout) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  const auto inner = arrow::field("inner", arrow::struct_({arrow::field("x", arrow::int64())}));
  const auto key = arrow::field("key", arrow::int64(), false);
  const std::vector<std::shared_ptr<arrow::Field>> fields = {
      arrow::field("content", arrow::binary()), arrow::field("number", arrow::int64()),
      arrow::field("nested", arrow::struct_({inner})), arrow::field("keyed", arrow::struct_({key})),
      arrow::field("list", arrow::list(arrow::field("element", arrow::int32())))};
  arrow::FieldVector named;
  arrow::ArrayVector columns;
  for (const Pattern pattern : {Pattern::kNone, Pattern::kAll, Pattern::kRandom, Pattern::kRuns}) {
    for (const auto& field : fields) {
      named.push_back(field->WithName(fmt::format("{}{}", field->name(), named.size())));
      columns.push_back(WithNulls(*field, pattern, engine, 5000));
    }
  }
  const auto table = arrow::Table::Make(arrow::schema(named), columns);
  TemporaryFolder folder;
  const std::string path = folder.File("rows.parquet");
  for (const Layout& layout : AllLayouts()) {
    WriteWithArrow(*table, path, 3000, Build(layout));
    ReadOptions options = DefaultOptions();
    options.batch_rows = 1111;
    const auto read = MustRead(path, ValidityOf(*table->schema()), options);
    ASSERT_NE(read, nullptr);
    ExpectSameNulls(*read, *table);
    if (HasFailure()) {
      ADD_FAILURE() << "codec " << layout.codec << ", page of " << layout.page_bytes;
      return;
    }
  }
}

TEST(ValidityReaderTest, ValuesAreAbsent) {
  TemporaryFolder folder;
  Engine engine(1);
  const std::string path = folder.File("rows.parquet");
  const auto table = ToTable({RandomBatch(EveryType(), engine, 100)}, EveryType());
  WriteWithArrow(*table, path, 100, Properties().build());
  const auto read = MustRead(path, ValidityOf(*table->schema()));
  ASSERT_NE(read, nullptr);
  const auto chunk = [&](const std::string& name) { return read->GetColumnByName(name)->chunk(0); };
  for (const int64_t row : {0, 50, 99}) {
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*chunk("large")).Value(row), 0);
    EXPECT_EQ(static_cast<const arrow::StringArray&>(*chunk("text")).GetView(row), "");
    EXPECT_EQ(static_cast<const arrow::ListArray&>(*chunk("texts")).value_length(row), 0);
    EXPECT_EQ(static_cast<const arrow::MapArray&>(*chunk("counts")).value_length(row), 0);
    EXPECT_TRUE(static_cast<const arrow::StructArray&>(*chunk("point")).field(0)->IsNull(row));
  }
}

TEST(ValidityReaderTest, ColumnsAreMatchedAsOthersAre) {
  TemporaryFolder folder;
  Engine engine(2);
  const std::string path = folder.File("rows.parquet");
  const auto table = ToTable({RandomBatch(EveryType(), engine, 100)}, EveryType());
  WriteWithArrow(*table, path, 30, Properties().disable_statistics()->build());
  const auto only = [](const std::string& physical_name, std::shared_ptr<arrow::Field> field) {
    return ReadColumn{physical_name, std::move(field), true};
  };
  // Widened, renamed, missing, and a struct of which the file has no wanted field.
  const auto read = MustRead(
      path,
      {only("medium", arrow::field("m", arrow::int64())),
       only("gone", arrow::field("g", arrow::utf8())),
       only("point", arrow::field("p", arrow::struct_({arrow::field("new", arrow::int32())})))});
  ASSERT_NE(read, nullptr);
  EXPECT_TRUE(read->ValidateFull().ok());
  EXPECT_EQ(NullsOf(*read->column(0)), NullsOf(*table->GetColumnByName("medium")));
  EXPECT_EQ(NullsOf(*read->column(1)), std::string(100, 'n'));
  EXPECT_EQ(NullsOf(*read->column(2)), NullsOf(*table->GetColumnByName("point")));

  const auto refused = [&](std::shared_ptr<arrow::Field> field, ErrorCode code) {
    const auto failed = ReadFile(path, {only("text", std::move(field))}, DefaultOptions());
    EXPECT_EQ(CodeOf(failed.status()), code);
    return RenderError(failed.status());
  };
  EXPECT_THAT(refused(arrow::field("t", arrow::int64()), ErrorCode::kUnsupportedType),
              testing::HasSubstr("it is string"));
  EXPECT_THAT(refused(arrow::field("t", arrow::utf8(), false), ErrorCode::kCorruptDataFile),
              testing::HasSubstr("column t: it has a NULL"));
}

// A column that is repeated itself, without a list around it, is a list that is empty or not.
TEST(ValidityReaderTest, ARepeatedColumnIsNeverNull) {
  using ::parquet::Repetition;
  namespace schema = ::parquet::schema;
  const auto root = std::static_pointer_cast<schema::GroupNode>(schema::GroupNode::Make(
      "schema", Repetition::REQUIRED,
      {schema::PrimitiveNode::Make("c", Repetition::REPEATED, ::parquet::Type::INT64)}));
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto writer = ::parquet::ParquetFileWriter::Open(sink, root);
  auto* column = static_cast<::parquet::Int64Writer*>(writer->AppendRowGroup()->NextColumn());
  const std::vector<int16_t> definition = {1, 1, 0, 1};  // [1, 2], [], [3]
  const std::vector<int16_t> repetition = {0, 1, 0, 0};
  const std::vector<int64_t> values = {1, 2, 3};
  column->WriteBatch(4, definition.data(), repetition.data(), values.data());
  writer->Close();
  ASSERT_TRUE(sink->Close().ok());
  const auto wanted = arrow::schema({arrow::field("c", arrow::list(arrow::int64()))});
  const auto read = MustRead(path, ValidityOf(*wanted));
  ASSERT_NE(read, nullptr);
  ExpectSameNulls(*read, *MustRead(path, ColumnsOf(*wanted)));
  EXPECT_EQ(NullsOf(*read->column(0)), "VVV");
}

// Whatever the footer says of NULLs, and whoever says it: the levels tell.
TEST(ValidityReaderTest, AFootersNullCountDecidesNothing) {
  TemporaryFolder folder;
  for (const std::string json : {"[1, 2, 3, 4]", "[null, null, null, null]", "[1, null, 3, 4]"}) {
    for (const int64_t claimed : {0, 1, 4}) {
      for (const std::string writer : {"parquet-cpp-arrow version 4.0.1", kCreatedBy}) {
        const PlainFile file = WritePlain(folder, arrow::int32(), json, true);
        RestateFooter(file.path, writer, [&](int, ::parquet::EncodedStatistics& statistics) {
          statistics.set_null_count(claimed);
        });
        const auto read = MustRead(file.path, ValidityOf(*file.schema));
        ASSERT_NE(read, nullptr);
        ExpectSameNulls(*read, *MustRead(file.path, ColumnsOf(*file.schema)));
      }
    }
  }
}

// Levels as the first writers of Parquet packed them, without a length in front.
TEST(ValidityReaderTest, ReadsBitPackedLevels) {
  TemporaryFolder folder;
  PlainFile file =
      WritePlain(folder, arrow::int32(),
                 "[1, null, 2, null, 3, null, 4, null, 5, null, 6, null, 7, null, 8, null]", false);
  using std::string_literals::operator""s;
  Change(file, "\x15\x06\x15\x06"s, "\x15\x08\x15\x06"s);  // the encoding of definition levels
  Change(file, "\x03\x00\x00\x00\x05\x55\x55"s, "\x0F\x81"s);
  const auto read = MustRead(file.path, ValidityOf(*file.schema));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(NullsOf(*read->column(0)), "VVVVnnnnVnnnnnnV");
  ExpectSameNulls(*read, *MustRead(file.path, ColumnsOf(*file.schema)));
}

}  // namespace
}  // namespace spillway::parquet
