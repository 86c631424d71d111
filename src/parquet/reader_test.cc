#include "parquet/reader.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <arrow/compute/cast.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>

#include "base/units.h"
#include "memory/fault_pool.h"
#include "parquet/random_layout.h"
#include "parquet/random_rows.h"
#include "parquet/test_files.h"
#include "parquet/writer.h"

namespace spillway::parquet {
namespace {

ReadOptions DefaultOptions(arrow::MemoryPool* pool = arrow::default_memory_pool()) {
  ReadOptions options;
  options.pool = pool;
  return options;
}

std::shared_ptr<arrow::Table> MustRead(const std::string& path, const arrow::Schema& wanted,
                                       const ReadOptions& options = DefaultOptions()) {
  auto table = ReadFile(path, ColumnsOf(wanted), options);
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return table.ok() ? *table : nullptr;
}

std::shared_ptr<arrow::Table> RandomTable(const std::shared_ptr<arrow::Schema>& schema,
                                          Engine& engine, int64_t rows) {
  return ToTable({RandomBatch(schema, engine, rows)}, schema);
}

TEST(FileReaderTest, ReadsWhatArrowWroteWhateverTheLayout) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int round = 0; round < 12; ++round) {
    TemporaryFolder folder;
    const std::string path = folder.File("rows.parquet");
    const auto table = RandomTable(EveryType(), engine, Draw(engine, 1, 400));
    auto arrow_properties = ArrowProperties();
    if (Draw(engine, 0, 1) == 0) arrow_properties.store_schema();
    WriteWithArrow(*table, path, Draw(engine, 1, 300), RandomLayout(engine),
                   arrow_properties.build());
    ReadOptions options = DefaultOptions();
    options.batch_rows = Draw(engine, 1, 150);
    options.buffer_bytes = Draw(engine, 1, 5000);
    options.batch_bytes = Draw(engine, 1000, 1000000);
    options.threads = Draw(engine, 0, 1) == 0;
    const auto read = MustRead(path, *table->schema(), options);
    ASSERT_NE(read, nullptr);
    ExpectEqual(*read, *table);
    if (HasFailure()) return;
  }
}

TEST(FileReaderTest, ARunOfRowGroupsStartsAtItsFirstRow) {
  TemporaryFolder folder;
  Engine engine(5);
  const std::string path = folder.File("rows.parquet");
  const auto table = RandomTable(EveryType(), engine, 1000);
  WriteWithArrow(*table, path, 70, Properties().build());
  const auto reader = FileReader::Open(path, FileSize(path), DefaultOptions()).ValueOrDie();
  ASSERT_EQ(reader->footer().row_groups.size(), 15U);
  for (int first = 0; first < 15; first += 4) {
    for (const int count : {0, 1, 3}) {
      const auto stream = reader->Read(ColumnsOf(*table->schema()), first, count).ValueOrDie();
      const auto read = stream->ToTable().ValueOrDie();
      const int64_t first_row = reader->footer().row_groups[static_cast<size_t>(first)].first_row;
      EXPECT_EQ(first_row, first * 70);
      ExpectEqual(*read, *table->Slice(first_row, count * 70));
    }
  }
  EXPECT_FALSE(reader->Read({}, 14, 2).ok());
  EXPECT_FALSE(reader->Read({}, -1, 1).ok());
}

TEST(FileReaderTest, StreamsOutliveTheirReaderAndRunSideBySide) {
  TemporaryFolder folder;
  Engine engine(6);
  const std::string path = folder.File("rows.parquet");
  const auto table = RandomTable(EveryType(), engine, 300);
  WriteWithArrow(*table, path, 50, Properties().build());
  ReadOptions options = DefaultOptions();
  options.batch_rows = 17;
  auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  const auto one = reader->Read(ColumnsOf(*table->schema()), 0, 6).ValueOrDie();
  const auto other = reader->Read(ColumnsOf(*table->schema()), 0, 6).ValueOrDie();
  reader.reset();
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (const auto batch = one->Next().ValueOrDie()) {
    EXPECT_TRUE(batch->Equals(*other->Next().ValueOrDie()));
    batches.push_back(batch);
  }
  ExpectEqual(*ToTable(batches, table->schema()), *table);
}

TEST(FileReaderTest, NoColumnsGiveRowsOnly) {
  TemporaryFolder folder;
  Engine engine(7);
  const std::string path = folder.File("rows.parquet");
  WriteWithArrow(*RandomTable(EveryType(), engine, 1000), path, 400, Properties().build());
  ReadOptions options = DefaultOptions();
  options.batch_rows = 300;
  const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  const auto stream = reader->Read({}, 0, 3).ValueOrDie();
  std::vector<int64_t> rows;
  while (const auto batch = stream->Next().ValueOrDie()) rows.push_back(batch->num_rows());
  EXPECT_THAT(rows, testing::ElementsAre(300, 100, 300, 100, 200));
}

std::shared_ptr<arrow::Table> OneColumn(const std::string& name,
                                        const std::shared_ptr<arrow::Array>& values) {
  return arrow::Table::Make(arrow::schema({arrow::field(name, values->type())}), {values});
}

std::shared_ptr<arrow::Array> Longs(const std::shared_ptr<arrow::DataType>& type,
                                    const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok() && builder.AppendNull().ok());
  return builder.Finish().ValueOrDie()->View(type).ValueOrDie();
}

// Writes `stored`, reads it as the type of `wanted`, and compares.
void ExpectReadsAs(const std::shared_ptr<arrow::Array>& stored,
                   const std::shared_ptr<arrow::Array>& wanted,
                   const std::shared_ptr<::parquet::ArrowWriterProperties>& arrow_properties =
                       ArrowProperties().store_schema()->build()) {
  SCOPED_TRACE(stored->type()->ToString() + " as " + wanted->type()->ToString());
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  WriteWithArrow(*OneColumn("c", stored), path, 1000, Properties().build(), arrow_properties);
  const auto expected = OneColumn("c", wanted);
  const auto read = MustRead(path, *expected->schema());
  if (read != nullptr) ExpectEqual(*read, *expected);
}

const auto kInstant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
const auto kLocal = arrow::timestamp(arrow::TimeUnit::MICRO);

TEST(FileReaderTest, TimestampsOfAnyUnitAndZoneBecomeMicroseconds) {
  for (const std::string zone : {"", "UTC", "Europe/Berlin"}) {
    for (const auto& wanted : {kInstant, kLocal}) {
      ExpectReadsAs(Longs(arrow::timestamp(arrow::TimeUnit::SECOND, zone), {-1, 0, 7}),
                    Longs(wanted, {-1000000, 0, 7000000}));
      ExpectReadsAs(Longs(arrow::timestamp(arrow::TimeUnit::MILLI, zone), {-1, 0, 7}),
                    Longs(wanted, {-1000, 0, 7000}));
      ExpectReadsAs(Longs(arrow::timestamp(arrow::TimeUnit::MICRO, zone), {-1, 0, 7}),
                    Longs(wanted, {-1, 0, 7}));
      ExpectReadsAs(
          Longs(arrow::timestamp(arrow::TimeUnit::NANO, zone), {-2000, -1999, -1, 0, 1, 999, 1000}),
          Longs(wanted, {-2, -2, -1, 0, 0, 0, 1}));
    }
  }
}

TEST(FileReaderTest, Int96BecomesMicrosecondsEvenFarFromNow) {
  const auto int96 = ArrowProperties().enable_deprecated_int96_timestamps()->build();
  // The year 9999, which does not fit 64 bits of nanoseconds, and a time before 1970.
  const std::vector<int64_t> micros = {253402300799000000, -1, -86400000001, 0, 1700000000123456};
  ExpectReadsAs(Longs(kLocal, micros), Longs(kInstant, micros), int96);
  ExpectReadsAs(Longs(kLocal, micros), Longs(kLocal, micros), int96);
}

std::shared_ptr<arrow::Array> CastTo(const std::shared_ptr<arrow::Array>& values,
                                     const std::shared_ptr<arrow::DataType>& type) {
  return arrow::compute::Cast(*values, type).ValueOrDie();
}

TEST(FileReaderTest, WidenedAndNarrowedNumbersAreExact) {
  const auto small = Longs(arrow::int64(), {-128, 0, 5, 127});
  const auto decimals = [&](int precision, int scale) {
    return CastTo(CastTo(small, arrow::int8()), arrow::decimal128(precision, scale));
  };
  const std::vector<std::shared_ptr<arrow::DataType>> integers = {arrow::int8(), arrow::int16(),
                                                                  arrow::int32(), arrow::int64()};
  for (const auto& from : integers) {
    for (const auto& to : integers) ExpectReadsAs(CastTo(small, from), CastTo(small, to));
  }
  for (const auto& from : {arrow::int8(), arrow::int16(), arrow::int32()}) {
    ExpectReadsAs(CastTo(small, from), CastTo(small, arrow::float64()));
    ExpectReadsAs(CastTo(small, from), decimals(14, 3));
  }
  ExpectReadsAs(CastTo(small, arrow::float32()), CastTo(small, arrow::float64()));
  ExpectReadsAs(small, decimals(22, 3));
  ExpectReadsAs(decimals(5, 1), decimals(38, 4));
  ExpectReadsAs(decimals(38, 10), decimals(5, 1));
  const auto midnights = Longs(arrow::date64(), {-86400000, 0, 172800000});
  ExpectReadsAs(midnights, CastTo(midnights, arrow::date32()));
  const auto days = CastTo(small, arrow::int32())->View(arrow::date32()).ValueOrDie();
  ExpectReadsAs(days, CastTo(days, kLocal));
}

TEST(FileReaderTest, UnsignedNumbersAndHalfFloatsAreRead) {
  const auto small = Longs(arrow::int64(), {0, 5, 200});
  for (const auto& from : {arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
    for (const auto& to : {arrow::int16(), arrow::int32(), arrow::int64()}) {
      ExpectReadsAs(CastTo(small, from), CastTo(small, to));
    }
    ExpectReadsAs(CastTo(small, from), CastTo(small, arrow::decimal128(20, 0)));
    ExpectReadsAs(CastTo(small, from), CastTo(small, arrow::decimal128(38, 2)));
  }
  arrow::Decimal128Builder largest(arrow::decimal128(20, 0));
  ASSERT_TRUE(largest.Append(arrow::Decimal128("18446744073709551615")).ok() &&
              largest.AppendNull().ok());
  ExpectReadsAs(Longs(arrow::uint64(), {-1}), largest.Finish().ValueOrDie());
  const auto halves = CastTo(CastTo(small, arrow::float32()), arrow::float16());
  ExpectReadsAs(halves, CastTo(small, arrow::float32()));
  ExpectReadsAs(halves, CastTo(small, arrow::float64()));
}

TEST(FileReaderTest, StringsOfEveryLayoutAreStrings) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.AppendValues({"a", "", "Zürich", "a"}).ok() && builder.AppendNull().ok());
  const auto text = builder.Finish().ValueOrDie();
  const auto bytes = CastTo(text, arrow::binary());
  for (const auto& from : {arrow::utf8(), arrow::large_utf8(), arrow::binary(),
                           arrow::large_binary(), arrow::utf8_view(), arrow::binary_view()}) {
    ExpectReadsAs(CastTo(text, from), text);
    ExpectReadsAs(CastTo(text, from), bytes);
  }
  ExpectReadsAs(CastTo(text, arrow::dictionary(arrow::int32(), arrow::utf8())), text);
  arrow::FixedSizeBinaryBuilder fixed(arrow::fixed_size_binary(3));
  ASSERT_TRUE(fixed.Append("abc").ok() && fixed.Append("\xFF\xFE\xFD").ok() &&
              fixed.AppendNull().ok());
  const auto flba = fixed.Finish().ValueOrDie();
  ExpectReadsAs(flba, CastTo(flba, arrow::binary()));
}

TEST(FileReaderTest, AColumnWithoutATypeIsNull) {
  const auto nulls = arrow::MakeArrayOfNull(arrow::null(), 3).ValueOrDie();
  for (const auto& to : {arrow::utf8(), arrow::int32(), kInstant}) {
    ExpectReadsAs(nulls, arrow::MakeArrayOfNull(to, 3).ValueOrDie());
  }
}

TEST(FileReaderTest, ListsOfEveryKindAreLists) {
  Engine engine(8);
  const auto field = arrow::field("c", arrow::list(arrow::field("element", arrow::int64())));
  const auto lists = RandomArray(*field, engine, 50);
  for (const std::string name : {"item", "array", "list"}) {
    const auto element = arrow::field(name, arrow::int64());
    ExpectReadsAs(CastTo(lists, arrow::list(element)), lists,
                  ArrowProperties().disable_compliant_nested_types()->build());
    ExpectReadsAs(CastTo(lists, arrow::large_list(element)), lists);
  }
  arrow::FixedSizeListBuilder pairs(arrow::default_memory_pool(),
                                    std::make_shared<arrow::Int64Builder>(), 2);
  auto& values = static_cast<arrow::Int64Builder&>(*pairs.value_builder());
  ASSERT_TRUE(pairs.Append().ok() && values.AppendValues({1, 2}).ok() && pairs.AppendNull().ok());
  const auto fixed = pairs.Finish().ValueOrDie();
  ExpectReadsAs(fixed, CastTo(fixed, field->type()));
}

// The two-level lists of old writers: a repeated leaf inside the LIST group.
TEST(FileReaderTest, LegacyTwoLevelListsAreLists) {
  using ::parquet::Repetition;
  namespace schema = ::parquet::schema;
  const auto repeated =
      schema::PrimitiveNode::Make("array", Repetition::REPEATED, ::parquet::Type::INT64);
  const auto list = schema::GroupNode::Make("c", Repetition::OPTIONAL, {repeated},
                                            ::parquet::LogicalType::List());
  const auto root = std::static_pointer_cast<schema::GroupNode>(
      schema::GroupNode::Make("schema", Repetition::REQUIRED, {list}));
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto writer = ::parquet::ParquetFileWriter::Open(sink, root);
  auto* column = static_cast<::parquet::Int64Writer*>(writer->AppendRowGroup()->NextColumn());
  // [1, 2], NULL, [], [3]
  const std::vector<int16_t> definition = {2, 2, 0, 1, 2};
  const std::vector<int16_t> repetition = {0, 1, 0, 0, 0};
  const std::vector<int64_t> values = {1, 2, 3};
  column->WriteBatch(5, definition.data(), repetition.data(), values.data());
  writer->Close();
  ASSERT_TRUE(sink->Close().ok());
  const auto wanted = arrow::field("c", arrow::list(arrow::field("element", arrow::int64())));
  const auto read = MustRead(path, *arrow::schema({wanted}));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->column(0)->chunk(0)->ToString(),
            "[\n  [\n    1,\n    2\n  ],\n  null,\n  [],\n  [\n    3\n  ]\n]");
}

std::shared_ptr<arrow::Field> Renamed(const std::shared_ptr<arrow::Field>& field,
                                      const std::string& name, const std::string& physical_name) {
  return field->WithName(name)->WithMetadata(
      arrow::key_value_metadata({kPhysicalNameKey}, {physical_name}));
}

TEST(FileReaderTest, SchemasEvolveByName) {
  TemporaryFolder folder;
  Engine engine(9);
  const std::string path = folder.File("old.parquet");
  const auto x = arrow::field("x", arrow::float64());
  const auto y = arrow::field("y", arrow::utf8());
  const auto z = arrow::field("z", arrow::list(arrow::field("element", arrow::int32())));
  const auto file_schema = arrow::schema(
      {arrow::field("a", arrow::int32()), arrow::field("s", arrow::struct_({x, y, z})),
       arrow::field("l", arrow::list(arrow::field("element", arrow::struct_({x, y}))))});
  const auto batch = RandomBatch(file_schema, engine, 100);
  WriteWithArrow(*ToTable({batch}, file_schema), path, 40, Properties().build());

  const auto added = arrow::field("added", arrow::utf8());
  const auto wanted_struct =
      arrow::field("t", arrow::struct_({added, Renamed(z, "zz", "z"), Renamed(x, "xx", "x")}));
  const auto wanted_list = arrow::field(
      "l", arrow::list(arrow::field("element", arrow::struct_({y->WithName("y"), added}))));
  const auto all_new = arrow::field("u", arrow::struct_({added}));
  const std::vector<ReadColumn> columns = {{"gone", arrow::field("n", arrow::int64())},
                                           {"s", wanted_struct},
                                           {"l", wanted_list},
                                           {"s", all_new},
                                           {"a", arrow::field("b", arrow::int64())}};
  ReadOptions options = DefaultOptions();
  options.batch_rows = 30;
  const auto read = ReadFile(path, columns, options);
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  const auto result = (*read)->CombineChunksToBatch().ValueOrDie();
  ASSERT_TRUE(result->ValidateFull().ok());
  ASSERT_EQ(result->num_rows(), 100);
  EXPECT_EQ(result->column(0)->null_count(), 100);
  EXPECT_TRUE(result->column(4)->Equals(*CastTo(batch->column(0), arrow::int64())));

  const auto& source = static_cast<const arrow::StructArray&>(*batch->column(1));
  const auto& target = static_cast<const arrow::StructArray&>(*result->column(1));
  const auto& empty = static_cast<const arrow::StructArray&>(*result->column(3));
  EXPECT_TRUE(target.type()->Equals(*wanted_struct->type()));
  EXPECT_EQ(target.field(0)->null_count(), 100);
  for (int64_t i = 0; i < 100; ++i) {
    ASSERT_EQ(target.IsNull(i), source.IsNull(i));
    ASSERT_EQ(empty.IsNull(i), source.IsNull(i));
    if (source.IsNull(i)) continue;
    EXPECT_TRUE(target.field(1)->RangeEquals(*source.field(2), i, i + 1, i));
    EXPECT_TRUE(target.field(2)->RangeEquals(*source.field(0), i, i + 1, i));
  }
  const auto& source_list = static_cast<const arrow::ListArray&>(*batch->column(2));
  const auto& target_list = static_cast<const arrow::ListArray&>(*result->column(2));
  for (int64_t i = 0; i < 100; ++i) {
    ASSERT_EQ(target_list.IsNull(i), source_list.IsNull(i));
    if (source_list.IsNull(i)) continue;
    const auto from = source_list.value_slice(i);
    const auto to = target_list.value_slice(i);
    ASSERT_EQ(from->length(), to->length());
    const auto from_y = static_cast<const arrow::StructArray&>(*from).Flatten().ValueOrDie()[1];
    const auto to_y = static_cast<const arrow::StructArray&>(*to).Flatten().ValueOrDie()[0];
    EXPECT_TRUE(from_y->Equals(*to_y));
  }
}

std::shared_ptr<arrow::Field> WithId(const std::string& name, std::shared_ptr<arrow::DataType> type,
                                     const std::string& id) {
  return arrow::field(name, std::move(type), true,
                      arrow::key_value_metadata({"PARQUET:field_id"}, {id}));
}

TEST(FileReaderTest, ColumnsAreFoundByFieldIdWhereAsked) {
  TemporaryFolder folder;
  Engine engine(10);
  const std::string path = folder.File("ids.parquet");
  const auto file_schema =
      arrow::schema({WithId("p", arrow::int64(), "7"), WithId("q", arrow::int64(), "8")});
  const auto table = RandomTable(file_schema, engine, 20);
  WriteWithArrow(*table, path, 100, Properties().build());
  const auto wanted =
      arrow::schema({WithId("q", arrow::int64(), "7"), WithId("x", arrow::int64(), "9")});
  ReadOptions options = DefaultOptions();
  options.use_field_ids = true;
  const auto read = MustRead(path, *wanted, options);
  ASSERT_NE(read, nullptr);
  EXPECT_TRUE(read->column(0)->Equals(*table->column(0)));
  EXPECT_EQ(read->column(1)->null_count(), 20);
  EXPECT_TRUE(MustRead(path, *wanted)->column(0)->Equals(*table->column(1)));
}

TEST(FileReaderTest, LeavesAreFoundAsTheirColumnsAre) {
  TemporaryFolder folder;
  Engine engine(10);
  const std::string path = folder.File("ids.parquet");
  const auto inside = arrow::struct_(
      {WithId("p", arrow::int64(), "3"), WithId("s", arrow::list(arrow::int64()), "4")});
  const auto schema = arrow::schema({WithId("p", arrow::int64(), "1"), WithId("s", inside, "2")});
  WriteWithArrow(*RandomTable(schema, engine, 20), path, 100, Properties().build());
  const ReadColumn by_id{.physical_name = "p", .field = WithId("x", inside, "2")};
  const ReadColumn absent{.physical_name = "p", .field = WithId("x", inside, "3")};
  ReadOptions options = DefaultOptions();
  options.use_field_ids = true;
  const auto reader = FileReader::Open(path, -1, options).ValueOrDie();
  EXPECT_THAT(reader->LeavesOf(by_id), testing::ElementsAre(1, 2));
  EXPECT_THAT(reader->LeavesOf(absent), testing::IsEmpty());
  options.use_field_ids = false;
  const auto reader_by_name = FileReader::Open(path, -1, options).ValueOrDie();
  EXPECT_THAT(reader_by_name->LeavesOf(by_id), testing::ElementsAre(0));
}

// What must fail when `stored` is read as `wanted`.
void ExpectRefused(const std::shared_ptr<arrow::Array>& stored,
                   const std::shared_ptr<arrow::Field>& wanted, const std::string& why,
                   ErrorCode code = ErrorCode::kUnsupportedType) {
  SCOPED_TRACE(stored->type()->ToString() + " as " + wanted->ToString());
  TemporaryFolder folder;
  const std::string path = folder.File("x.parquet");
  WriteWithArrow(*OneColumn("c", stored), path, 1000, Properties().build());
  const auto read = ReadFile(path, ColumnsOf(*arrow::schema({wanted})), DefaultOptions());
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(CodeOf(read.status()), code);
  EXPECT_EQ(FindError(read.status())->where, path);
  EXPECT_THAT(RenderError(read.status()), testing::HasSubstr(why));
}

TEST(FileReaderTest, RefusesWhatCannotBecomeTheWantedColumn) {
  const auto numbers = Longs(arrow::int64(), {300});
  const auto field = [](std::shared_ptr<arrow::DataType> type) {
    return arrow::field("c", std::move(type));
  };
  ExpectRefused(numbers, field(arrow::utf8()), "it is int64 in the file and string in the table");
  ExpectRefused(numbers, field(arrow::float64()), "it is int64 in the file");
  ExpectRefused(numbers, field(arrow::boolean()), "it is int64 in the file");
  ExpectRefused(numbers, field(arrow::decimal128(20, 2)), "it is int64 in the file");
  ExpectRefused(numbers, field(arrow::struct_({field(arrow::int64())})), "it is int64 in the file");
  ExpectRefused(numbers, field(arrow::list(arrow::int64())), "it is int64 in the file");
  ExpectRefused(numbers, field(arrow::map(arrow::utf8(), arrow::int64())), "it is int64");
  ExpectRefused(CastTo(numbers, arrow::float64()), field(arrow::float32()), "it is double");
  ExpectRefused(Longs(kInstant, {1}), field(arrow::date32()), "it is timestamp");
  ExpectRefused(numbers, arrow::field("new", arrow::int64(), false), "the file does not have it",
                ErrorCode::kCorruptDataFile);
  const auto unsigned_numbers = Longs(arrow::uint64(), {300});
  ExpectRefused(unsigned_numbers, field(arrow::decimal128(19, 0)), "it is uint64 in the file");
  ExpectRefused(unsigned_numbers, field(arrow::float64()), "it is uint64 in the file");
  arrow::FixedSizeBinaryBuilder fixed(arrow::fixed_size_binary(16));
  ASSERT_TRUE(fixed.Append("a UUID's 16 bytes").ok() && fixed.AppendNull().ok());
  ExpectRefused(fixed.Finish().ValueOrDie(), field(arrow::utf8()),
                "it is fixed_size_binary[16] in the file and string in the table");
  // The values decide.
  ExpectRefused(numbers, field(arrow::int8()), "column c: ");
  ExpectRefused(Longs(arrow::uint64(), {-1}), field(arrow::int64()), "column c: ");
  ExpectRefused(CastTo(Longs(arrow::int64(), {4294967295}), arrow::uint32()), field(arrow::int32()),
                "column c: ");
  ExpectRefused(numbers, arrow::field("c", arrow::int64(), false), "it has a NULL",
                ErrorCode::kCorruptDataFile);
  ExpectRefused(CastTo(numbers, arrow::decimal128(19, 0)), field(arrow::decimal128(2, 0)),
                "column c: ");
  ExpectRefused(Longs(arrow::timestamp(arrow::TimeUnit::MILLI), {INT64_MAX}), field(kInstant),
                "column c: ");
}

TEST(FileReaderTest, RefusesNullsInsideWhatHasNone) {
  Engine engine(11);
  const auto point = [](bool nullable) {
    return arrow::struct_({arrow::field("x", arrow::int64(), nullable)});
  };
  const auto list = [](bool nullable) {
    return arrow::list(arrow::field("element", arrow::int64(), nullable));
  };
  ExpectRefused(RandomArray(*arrow::field("c", point(true)), engine, 100),
                arrow::field("c", point(false)), "NULL in x", ErrorCode::kCorruptDataFile);
  ExpectRefused(RandomArray(*arrow::field("c", list(true)), engine, 100),
                arrow::field("c", list(false)), "NULL in element", ErrorCode::kCorruptDataFile);
  // A field is NULL where its struct is: that is no NULL of its own.
  const auto nulls = arrow::MakeArrayOfNull(point(false), 3).ValueOrDie();
  ExpectReadsAs(arrow::MakeArrayOfNull(point(true), 3).ValueOrDie(), nulls);
}

}  // namespace
}  // namespace spillway::parquet
