#include "delta/commit_stream.h"

#include <map>

#include "delta/test_tables.h"
#include "delta/transaction.h"

namespace spillway::delta {
namespace {

using Kind = CommitAction::Kind;
using test::AddAction;
using test::CodeOf;
using test::TestFolder;

std::vector<CommitAction> ActionsOf(const Snapshot& table, int64_t version) {
  std::vector<CommitAction> actions;
  const auto stream = CommitStream::Open(table, version).ValueOrDie();
  while (const auto action = stream->Next().ValueOrDie()) actions.push_back(*action);
  return actions;
}

TEST(CommitStream, GivesTheActionsInTheirOrder) {
  const TestFolder folder;
  test::WriteCommit(folder.path(), 0, {test::kPlainProtocol, test::MetaData()});
  test::WriteCommit(
      folder.path(), 1,
      {R"({"commitInfo":{"operation":"OPTIMIZE","operationParameters":{"predicate":"[]"}}})",
       R"({"txn":{"appId":"run \"1\"","version":17,"lastUpdated":5}})", AddAction("a%20b.parquet"),
       R"({"cdc":{"path":"_change_data/c","partitionValues":{},"size":1,"dataChange":false}})",
       AddAction("dir/c",
                 R"(,"deletionVector":{"storageType":"u","pathOrInlineDv":"x","sizeInBytes":1,)"
                 R"("cardinality":1})"),
       R"({"remove":{"path":"a","dataChange":false,"deletionVector":null}})",
       R"({"remove":{"path":"s3://other/b","dataChange":true}})"});
  const auto table = Snapshot::Open(folder.path()).ValueOrDie();
  const std::vector<CommitAction> definition = ActionsOf(*table, 0);
  ASSERT_EQ(definition.size(), 2U);
  EXPECT_EQ(definition[0].kind, Kind::kDefinition);
  EXPECT_EQ(definition[1].kind, Kind::kDefinition);
  const std::vector<CommitAction> actions = ActionsOf(*table, 1);
  ASSERT_EQ(actions.size(), 6U);
  EXPECT_EQ(actions[0].kind, Kind::kOperation);
  EXPECT_EQ(actions[0].text, "OPTIMIZE");
  EXPECT_EQ(actions[1].kind, Kind::kTransaction);
  EXPECT_EQ(actions[1].text, "run \"1\"");
  EXPECT_EQ(actions[1].transaction_version, 17);
  EXPECT_EQ(actions[2].kind, Kind::kAdd);
  EXPECT_EQ(actions[2].text, folder / "a b.parquet");
  EXPECT_TRUE(actions[2].data_change);
  EXPECT_FALSE(actions[2].has_deletion_vector);
  EXPECT_TRUE(actions[3].has_deletion_vector);
  EXPECT_EQ(actions[4].kind, Kind::kRemove);
  EXPECT_EQ(actions[4].text, folder / "a");
  EXPECT_FALSE(actions[4].data_change);
  EXPECT_FALSE(actions[4].has_deletion_vector);
  EXPECT_EQ(actions[5].text, "s3://other/b");
  EXPECT_TRUE(actions[5].data_change);
}

TEST(CommitStream, IsNullWhereTheLogHasNoSuchCommit) {
  const TestFolder folder;
  test::WriteCommit(folder.path(), 0, {test::kPlainProtocol, test::MetaData()});
  test::WriteCommit(folder.path(), 1, {AddAction("a")});
  const auto table = Snapshot::Open(folder.path()).ValueOrDie();
  EXPECT_EQ(CommitStream::Open(*table, 2).ValueOrDie(), nullptr);
  EXPECT_EQ(CommitStream::Open(*table, -1).ValueOrDie(), nullptr);
  EXPECT_EQ(OldestCommit(*table).ValueOrDie(), 0);
  ASSERT_TRUE(table->WriteCheckpoint().ok());
  std::filesystem::remove(test::CommitPath(folder.path(), 0));
  test::WriteText(folder / "_delta_log/00000000000000000000.00000000000000000001.compacted.json",
                  "");
  EXPECT_EQ(OldestCommit(*table).ValueOrDie(), 1);
  std::filesystem::remove(test::CommitPath(folder.path(), 1));
  EXPECT_EQ(OldestCommit(*table).ValueOrDie(), std::nullopt);
}

TEST(CommitStream, NamesTheDamagedCommit) {
  const TestFolder folder;
  test::WriteCommit(folder.path(), 0, {test::kPlainProtocol, test::MetaData()});
  const auto table = Snapshot::Open(folder.path()).ValueOrDie();
  test::WriteCommit(folder.path(), 1, {AddAction("a"), R"({"remove":{"path":7}})"});
  const auto stream = CommitStream::Open(*table, 1).ValueOrDie();
  ASSERT_TRUE(stream->Next().ValueOrDie().has_value());
  const Status status = stream->Next().status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptLog);
  EXPECT_NE(FindError(status)->where.find("00000000000000000001.json"), std::string::npos);
}

// Replaying the commits by hand must give the files that the kernel's replay gives.
class CommitStreamGoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(CommitStreamGoldenTest, ReplaysToTheLiveFiles) {
  const TestFolder folder;
  const std::optional<std::string> path = test::UnpackGoldenTable(folder, GetParam());
  if (!path) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto table = Snapshot::Open(*path).ValueOrDie();
  ASSERT_EQ(OldestCommit(*table).ValueOrDie(), 0);
  std::map<std::string, bool> live;  // to whether rows of it are deleted
  for (int64_t version = 0; version <= table->version(); ++version) {
    const std::vector<CommitAction> actions = ActionsOf(*table, version);
    for (const CommitAction& action : actions) {
      if (action.kind == Kind::kRemove) live.erase(action.text);
    }
    for (const CommitAction& action : actions) {
      if (action.kind == Kind::kAdd) live[action.text] = action.has_deletion_vector;
    }
  }
  const auto files = test::AllFiles(*table).ValueOrDie();
  EXPECT_EQ(files.size(), live.size());
  for (const DataFile& file : files) {
    const auto replayed = live.find(file.path);
    ASSERT_NE(replayed, live.end()) << file.path;
    EXPECT_EQ(file.deletion_vector.has_value(), replayed->second) << file.path;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, CommitStreamGoldenTest,
                         testing::Values("basic-with-inserts-deletes-checkpoint",
                                         "basic-with-inserts-overwrite-restore",
                                         "dv-with-columnmapping", "log-replay-dv-key-cases",
                                         "log-replay-special-characters", "snapshot-data2-deleted",
                                         "snapshot-vacuumed"));

}  // namespace
}  // namespace spillway::delta
