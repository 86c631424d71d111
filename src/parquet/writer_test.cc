#include "parquet/writer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>

#include "base/units.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/test_writing.h"

namespace spillway::parquet {
namespace {

Batches RandomBatches(const std::shared_ptr<arrow::Schema>& schema, Engine& engine, int count,
                      int64_t greatest_rows) {
  Batches batches;
  for (int i = 0; i < count; ++i) {
    batches.push_back(RandomBatch(schema, engine, Draw(engine, 0, greatest_rows)));
  }
  return batches;
}

std::shared_ptr<::parquet::FileMetaData> MetadataOf(const std::string& path) {
  return ::parquet::ParquetFileReader::OpenFile(path)->metadata();
}

// Statistics computed the slow way: value by value through scalars.
struct NaiveStatistics {
  int64_t null_count = 0;
  bool has_nan = false;
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
};

bool IsLess(const arrow::Scalar& left, const arrow::Scalar& right) {
  switch (left.type->id()) {
    case arrow::Type::STRING:
      return static_cast<const arrow::StringScalar&>(left).view() <
             static_cast<const arrow::StringScalar&>(right).view();
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Scalar&>(left).value <
             static_cast<const arrow::Decimal128Scalar&>(right).value;
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanScalar&>(left).value <
             static_cast<const arrow::BooleanScalar&>(right).value;
    case arrow::Type::FLOAT:
      return static_cast<const arrow::FloatScalar&>(left).value <
             static_cast<const arrow::FloatScalar&>(right).value;
    case arrow::Type::DOUBLE:
      return static_cast<const arrow::DoubleScalar&>(left).value <
             static_cast<const arrow::DoubleScalar&>(right).value;
    default:
      return static_cast<const arrow::Int64Scalar&>(*left.CastTo(arrow::int64()).ValueOrDie())
                 .value <
             static_cast<const arrow::Int64Scalar&>(*right.CastTo(arrow::int64()).ValueOrDie())
                 .value;
  }
}

bool IsNaN(const arrow::Scalar& scalar) {
  if (scalar.type->id() == arrow::Type::FLOAT) {
    return std::isnan(static_cast<const arrow::FloatScalar&>(scalar).value);
  }
  return scalar.type->id() == arrow::Type::DOUBLE &&
         std::isnan(static_cast<const arrow::DoubleScalar&>(scalar).value);
}

bool HasOrder(const arrow::DataType& type) {
  return type.num_fields() == 0 && type.id() != arrow::Type::BINARY;
}

using PathStatistics = std::map<std::vector<std::string>, NaiveStatistics>;

void Count(const std::shared_ptr<arrow::Scalar>& value, const arrow::DataType& type,
           const std::vector<std::string>& path, PathStatistics& all) {
  if (type.id() == arrow::Type::STRUCT) {
    for (int i = 0; i < type.num_fields(); ++i) {
      std::vector<std::string> child = path;
      child.push_back(type.field(i)->name());
      const auto field =
          value->is_valid
              ? static_cast<const arrow::StructScalar&>(*value).value[static_cast<size_t>(i)]
              : arrow::MakeNullScalar(type.field(i)->type());
      Count(field, *type.field(i)->type(), child, all);
    }
    return;
  }
  NaiveStatistics& entry = all[path];
  if (!value->is_valid) {
    ++entry.null_count;
  } else if (IsNaN(*value)) {
    entry.has_nan = true;
  } else if (HasOrder(type)) {
    if (!entry.minimum || IsLess(*value, *entry.minimum)) entry.minimum = value;
    if (!entry.maximum || IsLess(*entry.maximum, *value)) entry.maximum = value;
  }
}

PathStatistics CountAll(const arrow::Table& table) {
  PathStatistics all;
  for (int column = 0; column < table.num_columns(); ++column) {
    const auto& field = table.field(column);
    Count(arrow::MakeNullScalar(field->type()), *field->type(), {field->name()}, all);
    for (auto& [path, entry] : all) {
      if (path.front() == field->name()) entry.null_count = 0;
    }
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      Count(table.column(column)->GetScalar(row).ValueOrDie(), *field->type(), {field->name()},
            all);
    }
  }
  return all;
}

void ExpectSameBound(const std::shared_ptr<arrow::Scalar>& actual,
                     const std::shared_ptr<arrow::Scalar>& expected, const std::string& name) {
  ASSERT_EQ(actual == nullptr, expected == nullptr) << name;
  if (actual == nullptr) return;
  EXPECT_TRUE(actual->type->Equals(*expected->type)) << name << " " << actual->type->ToString();
  // Not Equals: it tells -0.0 from 0.0, which bound the same values.
  EXPECT_FALSE(IsLess(*actual, *expected) || IsLess(*expected, *actual))
      << name << " " << actual->ToString() << ", expected " << expected->ToString();
}

void ExpectStatistics(const WrittenFile& written, const arrow::Table& table) {
  const PathStatistics expected = CountAll(table);
  ASSERT_EQ(written.columns.size(), expected.size());
  for (const ColumnStatistics& actual : written.columns) {
    std::string name;
    for (const std::string& part : actual.path) name += "/" + part;
    ASSERT_TRUE(expected.contains(actual.path)) << name;
    const NaiveStatistics& entry = expected.at(actual.path);
    EXPECT_EQ(actual.null_count, entry.null_count) << name;
    ExpectSameBound(actual.minimum, entry.has_nan ? nullptr : entry.minimum, name);
    ExpectSameBound(actual.maximum, entry.has_nan ? nullptr : entry.maximum, name);
  }
}

TEST(FileWriterTest, WhatArrowReadsIsWhatWasWritten) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  const std::vector<arrow::Compression::type> codecs = {
      arrow::Compression::SNAPPY, arrow::Compression::ZSTD, arrow::Compression::LZ4,
      arrow::Compression::GZIP, arrow::Compression::UNCOMPRESSED};
  for (const arrow::Compression::type codec : codecs) {
    TemporaryFolder folder;
    const auto schema = EveryType();
    const Batches batches = RandomBatches(schema, engine, 6, 120);
    WriteOptions options = DefaultOptions();
    options.compression = codec;
    options.row_group_rows = Draw(engine, 1, 200);
    options.page_bytes = Draw(engine, 100, 20000);
    options.dictionary_page_bytes = Draw(engine, 0, 1) * Draw(engine, 100, 20000);
    const WrittenFile written = MustWrite(folder.File("rows.parquet"), batches, options);
    const auto expected = ToTable(batches, schema);
    ExpectEqual(*ReadWithArrow(written.path), *expected);
    EXPECT_EQ(written.num_rows, expected->num_rows());
    EXPECT_EQ(written.size_bytes, FileSize(written.path));
    ExpectStatistics(written, *expected);
  }
}

TEST(FileWriterTest, NoRowsMakeAFileWithoutRowGroups) {
  TemporaryFolder folder;
  const auto written = WriteFile(folder.File("none.parquet"), EveryType(), {}, DefaultOptions());
  ASSERT_TRUE(written.ok()) << written.status().ToString();
  EXPECT_EQ(written->num_rows, 0);
  EXPECT_EQ(ReadWithArrow(written->path)->num_rows(), 0);
  for (const ColumnStatistics& column : written->columns) {
    EXPECT_EQ(column.null_count, 0);
    EXPECT_EQ(column.minimum, nullptr);
  }
}

TEST(FileWriterTest, LaysFilesOutAsSparkDoes) {
  TemporaryFolder folder;
  Engine engine(1);
  WriteOptions options = DefaultOptions();
  options.column_compression["text"] = {.type = arrow::Compression::ZSTD, .level = 3};
  options.column_compression["points"] = {.type = arrow::Compression::UNCOMPRESSED};
  const std::string path = folder.File("layout.parquet");
  MustWrite(path, {RandomBatch(EveryType(), engine, 500)}, options);
  const auto metadata = MetadataOf(path);
  EXPECT_EQ(metadata->created_by(), "spillway version " SPILLWAY_VERSION);
  EXPECT_EQ(metadata->key_value_metadata(), nullptr);

  std::map<std::string, std::string> types;
  for (int i = 0; i < metadata->num_columns(); ++i) {
    const ::parquet::ColumnDescriptor& leaf = *metadata->schema()->Column(i);
    types[leaf.path()->ToDotString()] =
        ::parquet::TypeToString(leaf.physical_type()) + " " + leaf.logical_type()->ToString();
  }
  EXPECT_EQ(types["tiny"], "INT32 Int(bitWidth=8, isSigned=true)");
  EXPECT_EQ(types["price"], "INT32 Decimal(precision=7, scale=2)");
  EXPECT_EQ(types["amount"], "INT64 Decimal(precision=17, scale=4)");
  EXPECT_EQ(types["huge"], "FIXED_LEN_BYTE_ARRAY Decimal(precision=38, scale=10)");
  EXPECT_EQ(types["day"], "INT32 Date");
  EXPECT_THAT(types["instant"], testing::HasSubstr("isAdjustedToUTC=true, timeUnit=microseconds"));
  EXPECT_THAT(types["local"], testing::HasSubstr("isAdjustedToUTC=false, timeUnit=microseconds"));
  EXPECT_EQ(types["text"], "BYTE_ARRAY String");
  EXPECT_EQ(types["content"], "BYTE_ARRAY None");
  EXPECT_EQ(types["texts.list.element"], "BYTE_ARRAY String");
  EXPECT_EQ(types["counts.key_value.key"], "BYTE_ARRAY String");

  const auto row_group = metadata->RowGroup(0);
  for (int i = 0; i < metadata->num_columns(); ++i) {
    const auto chunk = row_group->ColumnChunk(i);
    const std::string root = metadata->schema()->GetColumnRoot(i)->name();
    EXPECT_EQ(chunk->compression(), root == "text"     ? arrow::Compression::ZSTD
                                    : root == "points" ? arrow::Compression::UNCOMPRESSED
                                                       : arrow::Compression::SNAPPY)
        << root;
    if (root == "tiny" || root == "text" || root == "flag") {
      EXPECT_EQ(chunk->has_dictionary_page(), root != "flag") << root;
    }
    EXPECT_TRUE(chunk->GetOffsetIndexLocation()) << root;
    EXPECT_TRUE(chunk->GetColumnIndexLocation()) << root;
    EXPECT_TRUE(chunk->is_stats_set()) << root;
  }
}

TEST(FileWriterTest, BoundsThatWouldMisleadAreUnknown) {
  TemporaryFolder folder;
  const auto schema = arrow::schema(
      {arrow::field("nan", arrow::float64()), arrow::field("hidden", arrow::float64()),
       arrow::field("bytes", arrow::binary()), arrow::field("long", arrow::utf8()),
       arrow::field("broken", arrow::utf8()), arrow::field("nulls", arrow::int32())});
  const double nan = std::nan("");
  arrow::DoubleBuilder hidden;  // a NaN under a NULL is no value
  ASSERT_TRUE(hidden.AppendValues({1.0, nan, 3.0}, {true, false, true}).ok());
  const auto strings = [](const std::vector<std::string>& values) {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.AppendValues(values).ok());
    return builder.Finish().ValueOrDie();
  };
  arrow::DoubleBuilder with_nan;
  ASSERT_TRUE(with_nan.AppendValues({1.0, nan, 3.0}).ok());
  arrow::BinaryBuilder bytes;
  ASSERT_TRUE(bytes.AppendValues({"a", "b", "c"}).ok());
  const auto batch = arrow::RecordBatch::Make(
      schema, 3,
      {with_nan.Finish().ValueOrDie(), hidden.Finish().ValueOrDie(), bytes.Finish().ValueOrDie(),
       strings({"a", std::string(5000, 'z'), "b"}), strings({"a", "\xFF", "b"}),
       arrow::MakeArrayOfNull(arrow::int32(), 3).ValueOrDie()});
  const WrittenFile written = MustWrite(folder.File("bounds.parquet"), {batch});
  ASSERT_EQ(written.columns.size(), 6U);
  for (const ColumnStatistics& column : written.columns) {
    EXPECT_EQ(column.minimum != nullptr, column.path.front() == "hidden") << column.path.front();
    EXPECT_EQ(column.maximum != nullptr, column.path.front() == "hidden") << column.path.front();
  }
  EXPECT_EQ(written.columns[1].maximum->ToString(), "3");
  EXPECT_EQ(written.columns[5].null_count, 3);
}

// A value too long for one row group's footer must not leave the other row group's bounds standing.
TEST(FileWriterTest, OneRowGroupWithoutBoundsMakesAllUnknown) {
  TemporaryFolder folder;
  WriteOptions options = DefaultOptions();
  options.row_group_rows = 1;
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"a", std::string(5000, 'z')}).ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::utf8())}),
                                              2, {builder.Finish().ValueOrDie()});
  const WrittenFile written = MustWrite(folder.File("bounds.parquet"), {batch}, options);
  EXPECT_EQ(MetadataOf(written.path)->num_row_groups(), 2);
  EXPECT_EQ(written.columns[0].minimum, nullptr);
  EXPECT_EQ(written.columns[0].maximum, nullptr);
}

// The governed pool charges a buffer that moves twice, as the allocator holds it; the budget is
// what WriteOptions says.
TEST(FileWriterTest, RowGroupsAndMemoryAreBoundedByBytes) {
  TemporaryFolder folder;
  for (const int64_t row_group_bytes : {4 * kMiB, 5 * kMiB, 7 * kMiB, 8 * kMiB}) {
    for (const int64_t value_bytes : {96, 20000}) {
      SCOPED_TRACE(testing::Message() << row_group_bytes << " " << value_bytes);
      WriteOptions options = DefaultOptions();
      options.page_bytes = 256 * kKiB;
      options.dictionary_page_bytes = 256 * kKiB;
      options.row_group_bytes = row_group_bytes;
      const auto governor =
          memory::Governor::Make(2 * row_group_bytes + 7 * options.page_bytes, 0).ValueOrDie();
      const auto pool = memory::GovernedPool::Make(governor.get(), "writer", 0, 0).ValueOrDie();
      options.pool = pool.get();
      const Batches batches = Noise(24 * kMiB / value_bytes / 100 * 100, value_bytes, 100);
      const std::string path = folder.File("x");
      MustWrite(path, batches, options);
      const auto metadata = MetadataOf(path);
      for (int i = 0; i + 1 < metadata->num_row_groups(); ++i) {
        EXPECT_LE(metadata->RowGroup(i)->total_byte_size(), row_group_bytes + kMiB);
        EXPECT_GE(metadata->RowGroup(i)->total_byte_size(), row_group_bytes / 2);
      }
      EXPECT_EQ(pool->bytes_allocated(), 0);
      std::filesystem::remove(path);
    }
  }
}

TEST(FileWriterTest, RowGroupsAreBoundedByRows) {
  TemporaryFolder folder;
  WriteOptions options = DefaultOptions();
  options.row_group_rows = 64;
  const WrittenFile written = MustWrite(folder.File("rows"), Noise(1000, 16, 100), options);
  const auto metadata = MetadataOf(written.path);
  ASSERT_EQ(metadata->num_row_groups(), 16);
  for (int i = 0; i < 15; ++i) EXPECT_EQ(metadata->RowGroup(i)->num_rows(), 64);
}

TEST(FileWriterTest, BytesWrittenFollowsTheFile) {
  TemporaryFolder folder;
  WriteOptions options = DefaultOptions();
  options.row_group_bytes = kMiB;
  const Batches batches = Noise(4000, 1000, 100);
  auto writer =
      FileWriter::Open(folder.File("size"), batches.front()->schema(), options).ValueOrDie();
  int64_t before = 0;
  for (const auto& batch : batches) {
    ASSERT_TRUE(writer->Write(*batch).ok());
    EXPECT_GT(writer->bytes_written(), before - kMiB / 10);
    before = writer->bytes_written();
  }
  EXPECT_EQ(writer->rows_written(), 4000);
  const int64_t expected = writer->bytes_written();
  const WrittenFile written = writer->Close().ValueOrDie();
  EXPECT_NEAR(static_cast<double>(written.size_bytes), static_cast<double>(expected),
              static_cast<double>(expected) / 20);
}

// A text that comes as a dictionary is the file's dictionary, and reads as the text itself.
TEST(FileWriterTest, ADictionaryOfTextsIsWrittenAsItIs) {
  const TemporaryFolder folder;
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto texts = arrow::json::DictArrayFromJSONString(type, "[1, 0, null, 1]", R"(["b", "a"])");
  const auto batch = arrow::RecordBatch::Make(schema, 4, {texts.ValueOrDie()});
  const std::string path = folder.File("dictionary.parquet");
  auto written = WriteFile(path, schema, {batch, batch}, DefaultOptions());
  ASSERT_TRUE(written.ok()) << written.status().ToString();
  EXPECT_EQ(written->columns[0].null_count, 2);
  EXPECT_EQ(written->columns[0].minimum->ToString(), "a");
  EXPECT_EQ(written->columns[0].maximum->ToString(), "b");
  const auto table = ReadWithArrow(path)->CombineChunks().ValueOrDie();
  const auto expected = arrow::json::ArrayFromJSONString(
      arrow::utf8(), R"(["a", "b", null, "a", "a", "b", null, "a"])");
  EXPECT_TRUE(table->column(0)->chunk(0)->Equals(expected.ValueOrDie()));
}

// A NaN that comes in a dictionary makes the bounds unknown, as any other does.
TEST(FileWriterTest, ADictionaryMayHaveANaN) {
  const TemporaryFolder folder;
  const auto schema = arrow::schema({arrow::field("real", arrow::float64())});
  const auto type = arrow::dictionary(arrow::int32(), arrow::float64());
  const auto numbers = arrow::json::DictArrayFromJSONString(type, "[1, 0, null]", "[NaN, 2]");
  const auto batch = arrow::RecordBatch::Make(schema, 3, {numbers.ValueOrDie()});
  const auto written = WriteFile(folder.File("nan"), schema, {batch}, DefaultOptions());
  ASSERT_TRUE(written.ok()) << written.status().ToString();
  EXPECT_EQ(written->columns[0].minimum, nullptr);
  EXPECT_EQ(written->columns[0].null_count, 1);
}

TEST(FileWriterTest, ADictionaryOfOtherTypesIsRefused) {
  const TemporaryFolder folder;
  for (const auto& type : {arrow::boolean(), arrow::decimal128(7, 2)}) {
    const auto schema = arrow::schema({arrow::field("a", type)});
    const auto values = arrow::MakeArrayOfNull(arrow::dictionary(arrow::int32(), type), 3);
    const auto batch = arrow::RecordBatch::Make(schema, 3, {values.ValueOrDie()});
    const auto written = WriteFile(folder.File("other"), schema, {batch}, DefaultOptions());
    EXPECT_EQ(CodeOf(written.status()), ErrorCode::kInternal) << type->ToString();
  }
}

TEST(FileWriterTest, PlainColumnsHaveNoDictionary) {
  const TemporaryFolder folder;
  Engine engine(1);
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())});
  WriteOptions options = DefaultOptions();
  options.plain_columns = {"a"};
  const std::string path = folder.File("plain.parquet");
  const auto repeated = RandomBatch(schema, engine, 100);
  MustWrite(path, {repeated, repeated, repeated}, options);
  const auto metadata = ::parquet::ParquetFileReader::OpenFile(path)->metadata();
  EXPECT_FALSE(metadata->RowGroup(0)->ColumnChunk(0)->has_dictionary_page());
  EXPECT_TRUE(metadata->RowGroup(0)->ColumnChunk(1)->has_dictionary_page());
}

}  // namespace
}  // namespace spillway::parquet
