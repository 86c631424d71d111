#include <algorithm>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "delta/snapshot.h"
#include "delta/test_tables.h"
#include "delta/transaction.h"

namespace spillway::delta {
namespace {

using test::CodeOf;
using test::CommitPath;
using test::TestFolder;

std::shared_ptr<arrow::Schema> OneColumn() {
  return arrow::schema({arrow::field("id", arrow::int64())});
}

// Every type that Delta has a name for, with its Arrow type.
std::shared_ptr<arrow::Schema> EveryType() {
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return arrow::schema(
      {arrow::field("a", arrow::int8(), false), arrow::field("b", arrow::int16()),
       arrow::field("c", arrow::int32()), arrow::field("d", arrow::int64()),
       arrow::field("e", arrow::float32()), arrow::field("f", arrow::float64()),
       arrow::field("g", arrow::boolean()), arrow::field("h", arrow::utf8()),
       arrow::field("i", arrow::binary()), arrow::field("j", arrow::date32()),
       arrow::field("k", utc), arrow::field("l", arrow::decimal128(38, 18)),
       arrow::field("m", arrow::list(arrow::field("element", arrow::utf8(), false))),
       arrow::field("n", arrow::map(arrow::utf8(), arrow::field("value", utc))),
       arrow::field("o", arrow::struct_({arrow::field("p", arrow::int32(), false)}))});
}

TEST(CreateTable, MakesAPlainTableForEveryReader) {
  const TestFolder folder;
  const std::string table = folder / "new/folders/t ü";
  const auto outcome = CreateTable(table, {.schema = EveryType()});
  ASSERT_TRUE(outcome.ok()) << RenderError(outcome.status());
  EXPECT_TRUE(outcome->committed);
  EXPECT_EQ(outcome->version, 0);
  const auto snapshot = Snapshot::Open(table).ValueOrDie();
  EXPECT_TRUE(snapshot->schema()->Equals(*EveryType())) << snapshot->schema()->ToString();
  EXPECT_EQ(snapshot->protocol().min_reader_version, 1);
  EXPECT_EQ(snapshot->protocol().min_writer_version, 2);
  EXPECT_TRUE(snapshot->protocol().writer_features.empty());
  EXPECT_TRUE(snapshot->CheckWritable().ok());
  EXPECT_TRUE(test::AllFiles(*snapshot).ValueOrDie().empty());
  EXPECT_NE(test::ReadText(CommitPath(table, 0)).find(R"("operation":"CREATE TABLE")"),
            std::string::npos);
}

TEST(CreateTable, MakesATableWithItsFirstRows) {
  const TestFolder folder;
  const AddedFile file{.relative_path = "day=1/a b.parquet",
                       .size_bytes = 100,
                       .modification_time_ms = 1700000000000,
                       .num_rows = 3,
                       .partition_values = {{"day", "1"}}};
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("day", arrow::int32())});
  const CommitOutcome made =
      CreateTable(folder.path(), {.transaction = TransactionId{"silver ü", 41},
                                  .files = {file},
                                  .operation_parameters = {{"pipeline", "silver"}},
                                  .schema = schema,
                                  .partition_columns = {"day"},
                                  .properties = {{"delta.enableInCommitTimestamps", "true"}}})
          .ValueOrDie();
  EXPECT_TRUE(made.committed);
  EXPECT_EQ(made.version, 0);
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(snapshot->version(), 0);
  EXPECT_EQ(snapshot->LastTransactionVersion("silver ü").ValueOrDie(), 41);
  const auto files = test::AllFiles(*snapshot).ValueOrDie();
  ASSERT_EQ(files.size(), 1);
  EXPECT_TRUE(files[0].path.ends_with("/day=1/a b.parquet")) << files[0].path;
  EXPECT_EQ(files[0].num_records, 3);
  EXPECT_EQ(files[0].partition_values, file.partition_values);
  const std::string text = test::ReadText(CommitPath(folder.path(), 0));
  EXPECT_TRUE(text.starts_with(R"({"commitInfo")"));
  for (const char* part : {R"("operation":"CREATE TABLE AS SELECT")", R"("isBlindAppend":true)",
                           R"("inCommitTimestamp":)", R"("pipeline":"silver")", R"("numFiles":"1")",
                           R"("numOutputRows":"3")", R"("numOutputBytes":"100")"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(CreateTable, ChecksThePartitionValuesOfItsRows) {
  const TestFolder folder;
  const Status status = CreateTable(folder.path(), {.files = {{.relative_path = "a"}},
                                                    .schema = OneColumn(),
                                                    .partition_columns = {"id"}})
                            .status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kInternal) << RenderError(status);
  EXPECT_FALSE(TableExists(folder.path()).ValueOrDie());
}

TEST(CreateTable, TakesFeaturesOnlyWhereTheyAreNeeded) {
  const TestFolder folder;
  const auto protocol_of = [&](const std::string& name, const CommitRequest& request) {
    EXPECT_TRUE(CreateTable(folder / name, request).ValueOrDie().committed);
    return Snapshot::Open(folder / name).ValueOrDie()->protocol();
  };
  const Protocol append_only =
      protocol_of("a", {.schema = OneColumn(), .properties = {{"delta.appendOnly", "true"}}});
  EXPECT_EQ(append_only.min_writer_version, 2);
  const Protocol change_data = protocol_of(
      "b", {.schema = OneColumn(), .properties = {{"delta.enableChangeDataFeed", "true"}}});
  EXPECT_EQ(change_data.min_reader_version, 1);
  EXPECT_EQ(change_data.writer_features, std::vector<std::string>{"changeDataFeed"});
  const Protocol deletion_vectors = protocol_of(
      "c", {.schema = OneColumn(), .properties = {{"delta.enableDeletionVectors", "true"}}});
  EXPECT_EQ(deletion_vectors.min_reader_version, 3);
  EXPECT_EQ(deletion_vectors.reader_features, std::vector<std::string>{"deletionVectors"});
  const auto ntz = arrow::schema({arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO))});
  EXPECT_EQ(protocol_of("d", {.schema = ntz}).reader_features,
            std::vector<std::string>{"timestampNtz"});
}

TEST(CreateTable, KeepsPropertiesAndPartitions) {
  const TestFolder folder;
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("year", arrow::int32()),
                     arrow::field("Month", arrow::int32())});
  const std::map<std::string, std::string> properties = {
      {"owner \"us\"", "ü"}, {"delta.targetFileSize", "256mb"}, {"delta.checkpointInterval", "20"}};
  ASSERT_TRUE(CreateTable(folder.path(), {.schema = schema,
                                          .partition_columns = {"year", "Month"},
                                          .properties = properties})
                  .ok());
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(snapshot->properties(), properties);
  EXPECT_EQ(snapshot->partition_columns(), (std::vector<std::string>{"year", "Month"}));
}

TEST(CreateTable, LeavesForeignMetadataBehind) {
  const TestFolder folder;
  const auto foreign = arrow::key_value_metadata({{"comment", "kept"},
                                                  {"PARQUET:field_id", "7"},
                                                  {"delta.columnMapping.id", "7"},
                                                  {"delta.columnMapping.physicalName", "col-x"},
                                                  {"delta.generationExpression", "1"},
                                                  {"CURRENT_DEFAULT", "1"}});
  const auto inner = arrow::field("i", arrow::int32(), true, foreign);
  const auto schema = arrow::schema({arrow::field("a", arrow::int64(), true, foreign),
                                     arrow::field("s", arrow::struct_({inner}), true, foreign)});
  ASSERT_TRUE(CreateTable(folder.path(), {.schema = schema}).ok());
  const std::string text = test::ReadText(CommitPath(folder.path(), 0));
  for (const char* gone :
       {"columnMapping", "field.id", "field_id", "generationExpression", "DEFAULT"}) {
    EXPECT_EQ(text.find(gone), std::string::npos) << gone << " in " << text;
  }
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(snapshot->schema()->field(0)->metadata()->Get("comment").ValueOrDie(), "kept");
}

// With its mode given, names and ids stay as they come, and any name is allowed.
TEST(CreateTable, MapsColumns) {
  const TestFolder folder;
  const auto mapped = [](const char* id, const char* name) {
    return arrow::key_value_metadata(
        {{"delta.columnMapping.id", id}, {"delta.columnMapping.physicalName", name}});
  };
  const auto inner = arrow::field("in = side", arrow::int32(), true, mapped("3", "col-3"));
  const auto schema =
      arrow::schema({arrow::field("a, b", arrow::int64(), true, mapped("1", "col-1")),
                     arrow::field("s", arrow::struct_({inner}), true, mapped("2", "col-2"))});
  const Status made =
      CreateTable(folder.path(),
                  {.schema = schema, .properties = {{"delta.columnMapping.mode", "name"}}})
          .status();
  ASSERT_TRUE(made.ok()) << RenderError(made);
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(snapshot->column_mapping(), ColumnMapping::kName);
  EXPECT_EQ(snapshot->schema()->field(0)->name(), "a, b");
  EXPECT_EQ(snapshot->PhysicalName(0), "col-1");
  const auto& struct_type = snapshot->schema()->field(1)->type();
  EXPECT_EQ(struct_type->field(0)->name(), "in = side");
  EXPECT_EQ(struct_type->field(0)->metadata()->Get("PARQUET:field_id").ValueOrDie(), "3");
  EXPECT_EQ(snapshot->properties().at("delta.columnMapping.maxColumnId"), "3");
  EXPECT_TRUE(snapshot->CheckWritable().ok());
}

TEST(CreateTable, ExistingTableIsAnOutcome) {
  const TestFolder folder;
  ASSERT_TRUE(CreateTable(folder.path(), {.schema = OneColumn()}).ValueOrDie().committed);
  test::WriteCommit(folder.path(), 1, {test::AddAction("a.parquet")});
  const std::string first = test::ReadText(CommitPath(folder.path(), 0));
  const CommitOutcome outcome = CreateTable(folder.path(), {.schema = EveryType()}).ValueOrDie();
  EXPECT_FALSE(outcome.committed);
  EXPECT_EQ(outcome.version, 1);
  EXPECT_EQ(test::ReadText(CommitPath(folder.path(), 0)), first);
}

TEST(CreateTable, OneOfManyWins) {
  const TestFolder folder;
  std::vector<int> won(6);
  std::vector<std::thread> threads;
  for (int& count : won) {
    threads.emplace_back([&] {
      count = CreateTable(folder.path(), {.schema = OneColumn()}).ValueOrDie().committed ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(won.begin(), won.end(), 1), 1);
}

TEST(CreateTable, RefusesDutiesItDoesNotDo) {
  const TestFolder folder;
  for (const char* property :
       {"delta.columnMapping.maxColumnId", "delta.enableRowTracking", "delta.enableTypeWidening",
        "delta.constraints.positive", "delta.feature.variantType", "delta.enableIcebergCompatV2",
        "delta.noSuchProperty"}) {
    const Status status =
        CreateTable(folder / "t", {.schema = OneColumn(), .properties = {{property, "name"}}})
            .status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnsupportedFeature) << RenderError(status);
    EXPECT_NE(status.message().find(property), std::string::npos) << status.message();
  }
  EXPECT_FALSE(TableExists(folder / "t").ValueOrDie());
}

TEST(CreateTable, RefusesSchemasThatDeltaCannotHave) {
  const TestFolder folder;
  const auto code = [&](const CommitRequest& request) {
    return CodeOf(CreateTable(folder / "t", request).status());
  };
  const auto with = [](const std::shared_ptr<arrow::DataType>& type) {
    return CommitRequest{.schema = arrow::schema({arrow::field("x", type)})};
  };
  EXPECT_EQ(code(with(arrow::time64(arrow::TimeUnit::MICRO))), ErrorCode::kUnsupportedType);
  EXPECT_EQ(code(with(arrow::duration(arrow::TimeUnit::MICRO))), ErrorCode::kUnsupportedType);
  EXPECT_EQ(code(with(arrow::null())), ErrorCode::kUnsupportedType);
  EXPECT_EQ(code(with(arrow::uint64())), ErrorCode::kUnsupportedType);
  EXPECT_EQ(code(with(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"))),
            ErrorCode::kUnsupportedType);
  EXPECT_EQ(code(with(arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"))),
            ErrorCode::kUnsupportedType);
  EXPECT_EQ(code({.schema = OneColumn(), .partition_columns = {"nope"}}),
            ErrorCode::kValueOutOfRange);
  EXPECT_EQ(code({.schema = arrow::schema(
                      {arrow::field("a", arrow::int64()), arrow::field("A", arrow::int64())})}),
            ErrorCode::kValueOutOfRange);
  EXPECT_EQ(code({.schema = arrow::schema({arrow::field("a b;", arrow::int64())})}),
            ErrorCode::kValueOutOfRange);
  EXPECT_FALSE(TableExists(folder / "t").ValueOrDie());
}

TEST(CreateTable, ReportsAFolderThatMayNotBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const TestFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  const Status made = CreateTable(folder / "new", {.schema = OneColumn()}).status();
  const Status there = CreateTable(folder.path(), {.schema = OneColumn()}).status();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(CodeOf(made), ErrorCode::kReadOnlyStorage) << RenderError(made);
  EXPECT_EQ(CodeOf(there), ErrorCode::kReadOnlyStorage) << RenderError(there);
}

TEST(CreateTable, RefusesOtherUrls) {
  EXPECT_EQ(CodeOf(CreateTable("s3://bucket/t", {.schema = OneColumn()}).status()),
            ErrorCode::kUnsupportedUrl);
}

}  // namespace
}  // namespace spillway::delta
