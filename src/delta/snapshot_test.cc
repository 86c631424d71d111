#include "delta/snapshot.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "delta/test_tables.h"

namespace spillway::delta {
namespace {

using test::AddAction;
using test::AllFiles;
using test::CodeOf;
using test::CommitPath;
using test::kPlainProtocol;
using test::MetaData;
using test::TestFolder;
using test::WriteCommit;

// A table of three commits: made, one file added, a second one added with a txn action.
void WriteSmallTable(const std::string& table) {
  WriteCommit(table, 0, {kPlainProtocol, MetaData()});
  WriteCommit(table, 1, {AddAction("a.parquet", R"(,"stats":"{\"numRecords\":5}")")});
  WriteCommit(table, 2, {AddAction("b.parquet"), R"({"txn":{"appId":"app","version":7}})"});
}

std::string Rendered(const Status& status) { return RenderError(status); }

TEST(Snapshot, SaysWhatTheLogSays) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(snapshot->version(), 2);
  EXPECT_EQ(snapshot->table_id(), "8fd1f2a5");
  EXPECT_EQ(snapshot->root_path(), folder.path());
  EXPECT_TRUE(snapshot->timestamp_ms().has_value());
  EXPECT_EQ(snapshot->column_mapping(), ColumnMapping::kNone);
  EXPECT_EQ(snapshot->PhysicalName(0), "id");
  EXPECT_EQ(snapshot->protocol().min_reader_version, 1);
  EXPECT_EQ(snapshot->protocol().min_writer_version, 2);
  EXPECT_TRUE(snapshot->CheckWritable().ok());
  EXPECT_TRUE(snapshot->schema()->Equals(*arrow::schema({arrow::field("id", arrow::int64())})));
  const auto files = AllFiles(*snapshot).ValueOrDie();
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[0].path, folder / "b.parquet");
  EXPECT_EQ(files[0].num_records, std::nullopt);
  EXPECT_EQ(files[1].path, folder / "a.parquet");
  EXPECT_EQ(files[1].num_records, 5);
  EXPECT_EQ(files[1].stats_json, R"({"numRecords":5})");
}

TEST(Snapshot, ReadsTypesAndNullability) {
  const TestFolder folder;
  const std::string fields =
      R"({\"name\":\"a\",\"type\":\"timestamp\",\"nullable\":false,\"metadata\":{\"comment\":\"c\"}},)"
      R"({\"name\":\"b\",\"type\":\"timestamp_ntz\",\"nullable\":true,\"metadata\":{}},)"
      R"({\"name\":\"c\",\"type\":\"decimal(20,3)\",\"nullable\":true,\"metadata\":{}},)"
      R"({\"name\":\"d\",\"type\":{\"type\":\"array\",\"elementType\":\"short\",\"containsNull\":false},)"
      R"(\"nullable\":true,\"metadata\":{}})";
  WriteCommit(
      folder.path(), 0,
      {R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,)"
       R"("readerFeatures":["timestampNtz"],"writerFeatures":["timestampNtz","invariants"]}})",
       R"({"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":")"
       R"({\"type\":\"struct\",\"fields\":[)" +
           fields + R"(]}","partitionColumns":[],"configuration":{}}})"});
  const auto snapshot = Snapshot::Open(folder.path());
  ASSERT_TRUE(snapshot.ok()) << Rendered(snapshot.status());
  const arrow::Schema& schema = *(*snapshot)->schema();
  EXPECT_TRUE(schema.Equals(*arrow::schema(
      {arrow::field("a", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
       arrow::field("b", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("c", arrow::decimal128(20, 3)),
       arrow::field("d", arrow::list(arrow::field("element", arrow::int16(), false)))})))
      << schema.ToString();
  EXPECT_EQ(schema.field(0)->metadata()->Get("comment").ValueOrDie(), "c");
  EXPECT_EQ((*snapshot)->protocol().writer_features,
            (std::vector<std::string>{"invariants", "timestampNtz"}));
}

TEST(Snapshot, OpensByUrlAndOddNames) {
  const TestFolder folder;
  for (const char* name : {"sp ace", "per%20cent", "ümläut", "#hash?", "plus+&=", "a[1]{2}"}) {
    const std::string table = folder / name;
    WriteSmallTable(table);
    const auto snapshot = Snapshot::Open(table);
    ASSERT_TRUE(snapshot.ok()) << Rendered(snapshot.status());
    EXPECT_EQ(AllFiles(**snapshot).ValueOrDie()[0].path, table + "/b.parquet");
    ASSERT_TRUE((*snapshot)->WriteCheckpoint().ok());
    EXPECT_EQ(AllFiles(*Snapshot::Open(table).ValueOrDie()).ValueOrDie().size(), 2) << name;
  }
  EXPECT_TRUE(Snapshot::Open("file://" + (folder / "sp%20ace")).ok());
  EXPECT_EQ(CodeOf(Snapshot::Open("s3://bucket/table").status()), ErrorCode::kUnsupportedUrl);
}

TEST(Snapshot, RefusesWhatIsNoTable) {
  const TestFolder folder;
  EXPECT_EQ(CodeOf(Snapshot::Open(folder / "none").status()), ErrorCode::kTableNotFound);
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path()).status()), ErrorCode::kNotADeltaTable);
  test::WriteText(folder / "file", "text");
  EXPECT_EQ(CodeOf(Snapshot::Open(folder / "file").status()), ErrorCode::kTableNotFound);
  std::filesystem::create_directory(folder / "_delta_log");
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path()).status()), ErrorCode::kNotADeltaTable);
}

TEST(Snapshot, TableExists) {
  const TestFolder folder;
  EXPECT_FALSE(TableExists(folder / "none").ValueOrDie());
  EXPECT_FALSE(TableExists(folder.path()).ValueOrDie());
  test::WriteText(CommitPath(folder.path(), 0), "damaged");
  EXPECT_TRUE(TableExists(folder.path()).ValueOrDie());
  EXPECT_EQ(CodeOf(TableExists("abfss://c@h/t").status()), ErrorCode::kUnsupportedUrl);
}

TEST(Snapshot, OpensVersions) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  EXPECT_EQ(AllFiles(*Snapshot::Open(folder.path(), {.version = 1}).ValueOrDie())->size(), 1);
  for (const int64_t version : {int64_t{3}, int64_t{-1}, int64_t{1} << 62}) {
    const Status status = Snapshot::Open(folder.path(), {.version = version}).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kVersionNotFound) << version << Rendered(status);
  }
}

void SetModified(const std::string& path, int64_t seconds_since_1970) {
  const timespec time{.tv_sec = seconds_since_1970, .tv_nsec = 0};
  const timespec times[2] = {time, time};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

constexpr int64_t kNoon = 1787400000;  // 2026-08-22T12:00:00Z

// Times of the commits from version 0 on, in seconds after noon.
void SetTimes(const std::string& table, std::initializer_list<int64_t> seconds) {
  int version = 0;
  for (const int64_t second : seconds) SetModified(CommitPath(table, version++), kNoon + second);
}

TEST(Snapshot, OpensTimestamps) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  SetTimes(folder.path(), {0, 60, 120});
  const auto version_at = [&](const char* timestamp) {
    return Snapshot::Open(folder.path(), {.timestamp = timestamp}).ValueOrDie()->version();
  };
  EXPECT_EQ(version_at("2026-08-22T12:00:00Z"), 0);
  EXPECT_EQ(version_at("2026-08-22 12:01:59.999"), 1);
  EXPECT_EQ(version_at("2026-08-22T14:02:00+02:00"), 2);
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path(), {.timestamp = "2026-08-22"}).status()),
            ErrorCode::kVersionNotFound);
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path(), {.timestamp = "noon"}).status()),
            ErrorCode::kValueOutOfRange);
  EXPECT_EQ(
      CodeOf(Snapshot::Open(folder.path(), {.version = 1, .timestamp = "2026-08-23"}).status()),
      ErrorCode::kValueOutOfRange);
}

void ExpectNoVersion(const Status& status, const std::string& why) {
  EXPECT_EQ(CodeOf(status), ErrorCode::kVersionNotFound) << Rendered(status);
  EXPECT_NE(Rendered(status).find(why), std::string::npos) << Rendered(status);
}

// As Spark: the next commit may be of that time too.
TEST(Snapshot, RefusesATimeAfterTheLatestCommit) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  SetTimes(folder.path(), {0, 60, 120});
  ExpectNoVersion(Snapshot::Open(folder.path(), {.timestamp = "2026-08-22T12:02:00.001Z"}).status(),
                  "its latest version, 2, is of 2026-08-22T12:02:00.000Z");
  ExpectNoVersion(Snapshot::Open(folder.path(), {.timestamp = "2026-08-22T11:59:59Z"}).status(),
                  "is of 2026-08-22T12:00:00.000Z");
}

// Files that were copied out of order. Spark's answers.
TEST(Snapshot, TimesOfCommitsGoForwards) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  const auto version_at = [&](const char* timestamp) {
    const auto snapshot = Snapshot::Open(folder.path(), {.timestamp = timestamp});
    return snapshot.ok() ? (*snapshot)->version() : -1;
  };
  SetTimes(folder.path(), {0, 7200, 3600});
  EXPECT_EQ(version_at("2026-08-22T13:30:00Z"), 0);
  EXPECT_EQ(version_at("2026-08-22T14:00:00Z"), 1);
  EXPECT_EQ(version_at("2026-08-22T14:00:00.001Z"), 2);
  EXPECT_EQ(version_at("2026-08-22T14:00:00.002Z"), -1);
  SetTimes(folder.path(), {60, 60, 60});
  EXPECT_EQ(version_at("2026-08-22T12:01:00Z"), 0);
  EXPECT_EQ(version_at("2026-08-22T12:01:00.001Z"), 1);
}

// What a commit says of its own time counts, whatever its file says.
TEST(Snapshot, InCommitTimestampsHaveTheirOwnRules) {
  const TestFolder folder;
  const auto commit_info = [](int64_t second) {
    return fmt::format(R"({{"commitInfo":{{"timestamp":1,"inCommitTimestamp":{}}}}})",
                       (kNoon + second) * 1000);
  };
  WriteCommit(folder.path(), 0,
              {commit_info(0),
               R"({"protocol":{"minReaderVersion":1,"minWriterVersion":7,)"
               R"("writerFeatures":["inCommitTimestamp"]}})",
               MetaData("long", R"("delta.enableInCommitTimestamps":"true")")});
  WriteCommit(folder.path(), 1, {commit_info(60), AddAction("a.parquet")});
  SetTimes(folder.path(), {9000, 8000});
  const auto version_at = [&](const char* timestamp) {
    return Snapshot::Open(folder.path(), {.timestamp = timestamp}).ValueOrDie()->version();
  };
  EXPECT_EQ(version_at("2026-08-22T12:00:59Z"), 0);
  EXPECT_EQ(version_at("2026-08-22T12:01:00Z"), 1);
  ExpectNoVersion(Snapshot::Open(folder.path(), {.timestamp = "2026-08-22T12:02:00Z"}).status(),
                  "its latest version, 1, is of 2026-08-22T12:01:00.000Z");
  ExpectNoVersion(Snapshot::Open(folder.path(), {.timestamp = "2026-08-22T11:00:00Z"}).status(),
                  "is of 2026-08-22T12:00:00.000Z");
}

TEST(Snapshot, KnowsTransactionsOfItsVersion) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  WriteCommit(folder.path(), 3, {R"({"txn":{"appId":"app","version":4}})"});
  const auto latest = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(latest->LastTransactionVersion("app").ValueOrDie(),
            4);  // the last one, not the largest
  EXPECT_EQ(latest->LastTransactionVersion("other").ValueOrDie(), std::nullopt);
  const auto older = Snapshot::Open(folder.path(), {.version = 2}).ValueOrDie();
  EXPECT_EQ(older->LastTransactionVersion("app").ValueOrDie(), 7);
  ASSERT_TRUE(latest->WriteCheckpoint().ok());
  const auto checkpointed = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(checkpointed->LastTransactionVersion("app").ValueOrDie(), 4);
}

TEST(Snapshot, ReadsFromItsCheckpoint) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  ASSERT_TRUE(snapshot->WriteCheckpoint().ok());
  ASSERT_TRUE(snapshot->WriteCheckpoint().ok());  // there is one already
  for (int version = 0; version < 3; ++version) {
    std::filesystem::remove(CommitPath(folder.path(), version));
  }
  const auto reopened = Snapshot::Open(folder.path());
  ASSERT_TRUE(reopened.ok()) << Rendered(reopened.status());
  EXPECT_EQ((*reopened)->version(), 2);
  EXPECT_EQ((*reopened)->timestamp_ms(), std::nullopt);
  EXPECT_EQ(AllFiles(**reopened).ValueOrDie().size(), 2);
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path(), {.version = 1}).status()),
            ErrorCode::kVersionNotFound);
}

TEST(Snapshot, StreamOutlivesIt) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  const auto stream = snapshot->Files().ValueOrDie();
  snapshot.reset();
  EXPECT_TRUE(stream->Next().ValueOrDie().has_value());
  EXPECT_TRUE(stream->Next().ValueOrDie().has_value());
  EXPECT_FALSE(stream->Next().ValueOrDie().has_value());
  EXPECT_FALSE(stream->Next().ValueOrDie().has_value());
}

TEST(Snapshot, ServesSeveralThreads) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  std::vector<size_t> counts(4);
  std::vector<std::thread> threads;
  for (size_t& count : counts) {
    threads.emplace_back([&] { count = AllFiles(*snapshot).ValueOrDie().size(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts, (std::vector<size_t>{2, 2, 2, 2}));
}

TEST(Snapshot, StreamsManyFilesInBatches) {
  const TestFolder folder;
  constexpr size_t kFiles = 5000;  // several batches of the replay
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  std::string text;
  for (size_t i = 0; i < kFiles; ++i) text += AddAction(fmt::format("f{}.parquet", i)) + "\n";
  test::WriteText(CommitPath(folder.path(), 1), text);
  WriteCommit(folder.path(), 2,
              {R"({"remove":{"path":"f4999.parquet","dataChange":true,"deletionTimestamp":1}})"});
  std::vector<std::string> paths;
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  for (const DataFile& file : AllFiles(*snapshot).ValueOrDie()) paths.push_back(file.path);
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths.size(), kFiles - 1);
  EXPECT_EQ(std::unique(paths.begin(), paths.end()), paths.end());
  EXPECT_FALSE(std::binary_search(paths.begin(), paths.end(), folder / "f4999.parquet"));
}

TEST(Snapshot, PartitionValuesAreInTheTablesOrder) {
  const TestFolder folder;
  WriteCommit(
      folder.path(), 0,
      {kPlainProtocol,
       R"({"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":")"
       R"({\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"string\",\"nullable\":true,)"
       R"(\"metadata\":{}},{\"name\":\"b\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}},)"
       R"({\"name\":\"c\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}",)"
       R"("partitionColumns":["b","a"],"configuration":{}}})",
       R"({"add":{"path":"x","partitionValues":{"a":"","b":"1"},"size":1,"modificationTime":1,)"
       R"("dataChange":true}})",
       R"({"add":{"path":"y","partitionValues":{"a":"é","b":null},"size":1,"modificationTime":1,)"
       R"("dataChange":true}})"});
  const auto snapshot = Snapshot::Open(folder.path()).ValueOrDie();
  const auto files = AllFiles(*snapshot).ValueOrDie();
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[0].partition_values, (PartitionValues{{"b", "1"}, {"a", std::nullopt}}));
  EXPECT_EQ(files[1].partition_values, (PartitionValues{{"b", std::nullopt}, {"a", "é"}}));
}

TEST(Snapshot, RefusesFilesOutsideTheTable) {
  const TestFolder folder;
  for (const char* path : {"file:///elsewhere/a.parquet", "../a.parquet", "s3://b/a.parquet"}) {
    WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData(), AddAction(path)});
    const Status status = AllFiles(*Snapshot::Open(folder.path()).ValueOrDie()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kUnsupportedFeature);
    EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
  }
}

TEST(Snapshot, RefusesTypesItCannotRepresent) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData("interval day to second")});
  const Status status = Snapshot::Open(folder.path()).status();
  EXPECT_FALSE(status.ok());
}

TEST(Snapshot, AColumnWithoutTypeIsOfArrowsNull) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData("void")});
  const auto snapshot = Snapshot::Open(folder.path());
  ASSERT_TRUE(snapshot.ok()) << Rendered(snapshot.status());
  EXPECT_TRUE((*snapshot)->schema()->field(0)->type()->Equals(arrow::null()));
}

TEST(Snapshot, ReportsAFolderThatMayNotBeRead) {
  const TestFolder folder;
  WriteSmallTable(folder.path());
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  std::filesystem::permissions(folder / "_delta_log", std::filesystem::perms::owner_all);
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(kNobody), 0);
  const Status status = Snapshot::Open(folder.path()).status();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(CodeOf(status), ErrorCode::kReadOnlyStorage) << Rendered(status);
}

}  // namespace
}  // namespace spillway::delta
