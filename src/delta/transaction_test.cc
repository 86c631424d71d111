#include "delta/transaction.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "delta/test_tables.h"

namespace spillway::delta {
namespace {

using test::AllFiles;
using test::CodeOf;
using test::CommitPath;
using test::ReadText;
using test::TestFolder;
using Mode = CommitRequest::Mode;

std::shared_ptr<arrow::Schema> IdSchema() {
  return arrow::schema({arrow::field("id", arrow::int64(), false)});
}

AddedFile File(const std::string& path, int64_t rows = 3) {
  return {.relative_path = path,
          .size_bytes = 100,
          .modification_time_ms = 1700000000000,
          .num_rows = rows,
          .columns = {{{"id"}, 0, arrow::MakeScalar(int64_t{1}), arrow::MakeScalar(rows)}}};
}

std::unique_ptr<Snapshot> OpenLatest(const TestFolder& folder) {
  return Snapshot::Open(folder.path()).ValueOrDie();
}

void Create(const TestFolder& folder, const CommitRequest& request = {.schema = IdSchema()}) {
  const auto outcome = CreateTable(folder.path(), request);
  ASSERT_TRUE(outcome.ok()) << RenderError(outcome.status());
  ASSERT_TRUE(outcome->committed);
}

CommitOutcome CommitTo(const TestFolder& folder, const CommitRequest& request) {
  const auto outcome = Commit(*OpenLatest(folder), request);
  EXPECT_TRUE(outcome.ok()) << RenderError(outcome.status());
  return outcome.ValueOr(CommitOutcome{});
}

std::vector<std::string> Names(const TestFolder& folder) {
  std::vector<std::string> names;
  for (const DataFile& file : AllFiles(*OpenLatest(folder)).ValueOrDie()) {
    names.push_back(std::filesystem::path(file.path).filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Transaction, AppendsAreRead) {
  const TestFolder folder;
  Create(folder);
  EXPECT_EQ(CommitTo(folder, {.files = {File("a b.parquet"), File("b%20.parquet", 4)}}).version, 1);
  EXPECT_EQ(CommitTo(folder, {.files = {File("c.parquet")}}).version, 2);
  EXPECT_EQ(Names(folder), (std::vector<std::string>{"a b.parquet", "b%20.parquet", "c.parquet"}));
  for (const DataFile& file : AllFiles(*OpenLatest(folder)).ValueOrDie()) {
    EXPECT_EQ(file.size_bytes, 100);
    EXPECT_EQ(file.modification_time_ms, 1700000000000);
    const int64_t rows = file.path.ends_with("b%20.parquet") ? 4 : 3;
    EXPECT_EQ(file.num_records, rows);
    EXPECT_EQ(file.stats_json,
              fmt::format(R"({{"numRecords":{0},"minValues":{{"id":1}},"maxValues":{{"id":{0}}},)"
                          R"("nullCount":{{"id":0}}}})",
                          rows));
  }
}

TEST(Transaction, RecordsItsHistory) {
  const TestFolder folder;
  Create(folder);
  CommitTo(folder, {.files = {File("a"), File("b")},
                    .operation_parameters = {{"pipeline", "silver"}},
                    .operation_metrics = {{"numSplicedRowGroups", "7"}}});
  const std::string text = ReadText(CommitPath(folder.path(), 1));
  for (const char* part :
       {R"("operation":"WRITE")", R"("engineInfo":"Spillway/)", R"("mode":"Append")",
        R"("partitionBy":"[]")", R"("pipeline":"silver")", R"("numFiles":"2")",
        R"("numOutputRows":"6")", R"("numOutputBytes":"200")", R"("numSplicedRowGroups":"7")",
        R"("isBlindAppend":true)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_TRUE(text.starts_with(R"({"commitInfo")"));
}

TEST(Transaction, CarriesATransactionId) {
  const TestFolder folder;
  Create(folder);
  CommitTo(folder, {.transaction = TransactionId{"silver ü", 41}, .files = {File("a")}});
  EXPECT_EQ(OpenLatest(folder)->LastTransactionVersion("silver ü").ValueOrDie(), 41);
  CommitTo(folder, {.transaction = TransactionId{"silver ü", 82}});
  EXPECT_EQ(OpenLatest(folder)->LastTransactionVersion("silver ü").ValueOrDie(), 82);
  EXPECT_EQ(OpenLatest(folder)->LastTransactionVersion("silver").ValueOrDie(), std::nullopt);
}

TEST(Transaction, LosingARaceIsAnOutcome) {
  const TestFolder folder;
  Create(folder);
  const auto base = OpenLatest(folder);
  ASSERT_TRUE(Commit(*base, {.files = {File("winner")}}).ValueOrDie().committed);
  const std::string winner = ReadText(CommitPath(folder.path(), 1));
  const CommitOutcome lost = Commit(*base, {.files = {File("loser")}}).ValueOrDie();
  EXPECT_FALSE(lost.committed);
  EXPECT_EQ(lost.version, 1);
  EXPECT_EQ(ReadText(CommitPath(folder.path(), 1)), winner);
  EXPECT_EQ(Names(folder), std::vector<std::string>{"winner"});
}

// What the pipeline does: commit, and after a lost race look whether the work is done already.
TEST(Transaction, ManyWritersCommitEachOnce) {
  const TestFolder folder;
  Create(folder);
  constexpr int kWriters = 4;
  constexpr int kCommits = 5;
  const auto write = [&](int writer) {
    for (int i = 0; i < kCommits; ++i) {
      const std::string name = fmt::format("w{}-{}", writer, i);
      while (!Commit(*OpenLatest(folder), {.files = {File(name)}}).ValueOrDie().committed) {
      }
    }
  };
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) threads.emplace_back(write, writer);
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> names = Names(folder);
  EXPECT_EQ(names.size(), kWriters * kCommits);
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(OpenLatest(folder)->version(), kWriters * kCommits);
}

TEST(Transaction, OverwriteReplacesAllFiles) {
  const TestFolder folder;
  Create(folder);
  CommitTo(folder, {.files = {File("a"), File("b")}});
  CommitTo(folder, {.mode = Mode::kOverwrite, .files = {File("c")}});
  EXPECT_EQ(Names(folder), std::vector<std::string>{"c"});
  const std::string text = ReadText(CommitPath(folder.path(), 2));
  EXPECT_NE(text.find(R"("mode":"Overwrite")"), std::string::npos);
  EXPECT_NE(text.find(R"("numRemovedFiles":"2")"), std::string::npos);
  EXPECT_NE(text.find(R"("numRemovedBytes":"200")"), std::string::npos);
  EXPECT_NE(text.find(R"("isBlindAppend":false)"), std::string::npos);
  CommitTo(folder, {.mode = Mode::kOverwrite});
  EXPECT_TRUE(Names(folder).empty());
  EXPECT_EQ(AllFiles(*Snapshot::Open(folder.path(), {.version = 1}).ValueOrDie())->size(), 2);
}

TEST(Transaction, OverwriteRemovesFilesOfACheckpoint) {
  const TestFolder folder;
  Create(folder);
  CommitTo(folder, {.files = {File("a"), File("b")}});
  ASSERT_TRUE(OpenLatest(folder)->WriteCheckpoint().ok());
  CommitTo(folder, {.mode = Mode::kOverwrite, .files = {File("c")}});
  EXPECT_EQ(Names(folder), std::vector<std::string>{"c"});
}

TEST(Transaction, OverwriteSchemaKeepsTheTablesIdentity) {
  const TestFolder folder;
  Create(folder,
         {.schema = IdSchema(), .properties = {{"owner", "us"}, {"delta.targetFileSize", "1gb"}}});
  CommitTo(folder, {.files = {File("a")}});
  const auto before = OpenLatest(folder);
  const auto schema = arrow::schema(
      {arrow::field("name", arrow::utf8(), true, arrow::key_value_metadata({{"comment", "new"}})),
       arrow::field("day", arrow::date32())});
  AddedFile file{.relative_path = "b", .size_bytes = 7, .num_rows = 1};
  file.partition_values = {{"day", "2026-08-22"}};
  CommitTo(folder, {.mode = Mode::kOverwriteSchema,
                    .transaction = TransactionId{"app", 1},
                    .files = {file},
                    .schema = schema,
                    .partition_columns = {"day"},
                    .properties = {{"owner", "them"}}});
  const auto after = OpenLatest(folder);
  EXPECT_EQ(after->table_id(), before->table_id());
  EXPECT_TRUE(after->schema()->Equals(*schema, /*check_metadata=*/true))
      << after->schema()->ToString(true);
  EXPECT_EQ(after->partition_columns(), std::vector<std::string>{"day"});
  EXPECT_EQ(after->properties(), (std::map<std::string, std::string>{
                                     {"delta.targetFileSize", "1gb"}, {"owner", "them"}}));
  EXPECT_EQ(after->protocol().min_reader_version, 1);
  EXPECT_EQ(after->protocol().min_writer_version, 2);
  EXPECT_EQ(after->LastTransactionVersion("app").ValueOrDie(), 1);
  const auto files = AllFiles(*after).ValueOrDie();
  ASSERT_EQ(files.size(), 1);
  EXPECT_EQ(files[0].partition_values, (PartitionValues{{"day", "2026-08-22"}}));
  EXPECT_TRUE(
      Snapshot::Open(folder.path(), {.version = 1}).ValueOrDie()->schema()->Equals(*IdSchema()));
}

TEST(Transaction, OverwriteSchemaGrowsTheProtocol) {
  const TestFolder folder;
  Create(folder);
  const auto schema = arrow::schema({arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO))});
  CommitTo(folder, {.mode = Mode::kOverwriteSchema, .schema = schema});
  const auto after = OpenLatest(folder);
  EXPECT_EQ(after->protocol().reader_features, std::vector<std::string>{"timestampNtz"});
  EXPECT_EQ(after->protocol().writer_features,
            (std::vector<std::string>{"appendOnly", "invariants", "timestampNtz"}));
  // Back to a plain schema: the features stay.
  CommitTo(folder, {.mode = Mode::kOverwriteSchema, .schema = IdSchema()});
  EXPECT_EQ(OpenLatest(folder)->protocol().reader_features,
            std::vector<std::string>{"timestampNtz"});
  EXPECT_EQ(ReadText(CommitPath(folder.path(), 2)).find("\"protocol\""), std::string::npos);
  EXPECT_TRUE(OpenLatest(folder)->CheckWritable().ok());
}

TEST(Transaction, OverwriteSchemaNeverShrinksTheProtocol) {
  const TestFolder folder;
  test::WriteCommit(folder.path(), 0,
                    {R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,)"
                     R"("readerFeatures":[],"writerFeatures":["domainMetadata"]}})",
                     test::MetaData()});
  CommitTo(folder, {.mode = Mode::kOverwriteSchema,
                    .schema = arrow::schema({arrow::field("name", arrow::utf8())})});
  EXPECT_EQ(ReadText(CommitPath(folder.path(), 1)).find("\"protocol\""), std::string::npos);
  CommitTo(folder, {.mode = Mode::kOverwriteSchema, .schema = IdSchema()});  // NOT NULL
  const Protocol protocol = OpenLatest(folder)->protocol();
  EXPECT_EQ(protocol.min_reader_version, 3);
  EXPECT_EQ(protocol.min_writer_version, 7);
  EXPECT_TRUE(protocol.reader_features.empty());
  EXPECT_EQ(protocol.writer_features, (std::vector<std::string>{"domainMetadata", "invariants"}));
}

TEST(Transaction, LosingARaceWithANewSchemaChangesNothing) {
  const TestFolder folder;
  Create(folder);
  const auto base = OpenLatest(folder);
  CommitTo(folder, {.files = {File("a")}});
  const auto schema = arrow::schema({arrow::field("other", arrow::utf8())});
  const auto lost = Commit(*base, {.mode = Mode::kOverwriteSchema, .schema = schema}).ValueOrDie();
  EXPECT_FALSE(lost.committed);
  EXPECT_TRUE(OpenLatest(folder)->schema()->Equals(*IdSchema()));
}

TEST(Transaction, PartitionedFiles) {
  const TestFolder folder;
  const auto schema =
      arrow::schema({arrow::field("p", arrow::utf8()), arrow::field("id", arrow::int64())});
  Create(folder, {.schema = schema, .partition_columns = {"p"}});
  AddedFile file = File("p=a b%2Fü/x.parquet");
  file.partition_values = {{"p", "a b/ü"}};
  AddedFile null_file = File("p=__HIVE_DEFAULT_PARTITION__/x.parquet");
  null_file.partition_values = {{"p", std::nullopt}};
  CommitTo(folder, {.files = {null_file, file}});
  const auto files = AllFiles(*OpenLatest(folder)).ValueOrDie();
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[0].partition_values, (PartitionValues{{"p", std::nullopt}}));
  EXPECT_EQ(files[1].partition_values, (PartitionValues{{"p", "a b/ü"}}));
  EXPECT_EQ(files[1].path, folder / "p=a b%2Fü/x.parquet");
  EXPECT_NE(ReadText(CommitPath(folder.path(), 1)).find(R"("partitionBy":"[\"p\"]")"),
            std::string::npos);
}

TEST(Transaction, RefusesFilesThatTheTableCannotHave) {
  const TestFolder folder;
  Create(folder);
  const auto base = OpenLatest(folder);
  const auto commit = [&](const AddedFile& file) {
    return CodeOf(Commit(*base, {.files = {file}}).status());
  };
  AddedFile nulls = File("a");
  nulls.columns[0].null_count = 1;
  EXPECT_EQ(commit(nulls), ErrorCode::kTargetSchemaDiffers);
  AddedFile partitioned = File("a");
  partitioned.partition_values = {{"id", "1"}};
  EXPECT_EQ(commit(partitioned), ErrorCode::kInternal);
  EXPECT_EQ(commit(File("../a")), ErrorCode::kValueOutOfRange);
  EXPECT_EQ(commit(File("/a")), ErrorCode::kValueOutOfRange);
  EXPECT_EQ(commit(File("bad\xFF")), std::nullopt);  // a file name need not be UTF-8: it is encoded
  EXPECT_EQ(OpenLatest(folder)->version(), 1);
}

TEST(Transaction, ReportsAFolderThatMayNotBeWritten) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  const TestFolder folder;
  Create(folder);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  const auto base = OpenLatest(folder);
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  // A snapshot opened by this user: its threads have the user's rights.
  const auto theirs = Snapshot::Open(folder.path());
  const Status status =
      theirs.ok() ? Commit(**theirs, {.files = {File("a")}}).status() : theirs.status();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(CodeOf(status), ErrorCode::kReadOnlyStorage) << RenderError(status);
  EXPECT_TRUE(Names(folder).empty());
}

TEST(Transaction, InCommitTimestampsGoOn) {
  const TestFolder folder;
  Create(folder,
         {.schema = IdSchema(), .properties = {{"delta.enableInCommitTimestamps", "true"}}});
  CommitTo(folder, {.files = {File("a")}});
  const auto first = Snapshot::Open(folder.path(), {.version = 0}).ValueOrDie();
  EXPECT_GT(OpenLatest(folder)->timestamp_ms().value(), first->timestamp_ms().value());
  EXPECT_NE(ReadText(CommitPath(folder.path(), 1)).find("\"inCommitTimestamp\":"),
            std::string::npos);
}

}  // namespace
}  // namespace spillway::delta
