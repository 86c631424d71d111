// Logs that a crash, a full disk or a hand has damaged: each fault is named by its file, and no
// truncation of a commit is taken for a commit.
#include <filesystem>

#include <gtest/gtest.h>

#include "delta/snapshot.h"
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
using test::WriteText;

// Opens the table and reads its files: what a run does first.
Status ReadTable(const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, Snapshot::Open(table));
  return AllFiles(*snapshot).status();
}

void ExpectNames(const Status& status, const std::string& file) {
  EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptLog) << RenderError(status);
  EXPECT_NE(RenderError(status).find(file), std::string::npos) << RenderError(status);
}

TEST(DamagedLog, NamesACommitCutAnywhere) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  const std::string whole = AddAction("a.parquet", R"(,"stats":"{\"numRecords\":5}")");
  for (size_t length = 0; length < whole.size(); length += 7) {
    WriteText(CommitPath(folder.path(), 1), whole.substr(0, length));
    ExpectNames(ReadTable(folder.path()), "00000000000000000001.json");
  }
  WriteText(CommitPath(folder.path(), 1), whole);
  EXPECT_TRUE(ReadTable(folder.path()).ok());
}

TEST(DamagedLog, NamesACommitThatIsNoJson) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  WriteCommit(folder.path(), 2, {AddAction("b.parquet")});
  for (const std::string_view text :
       {std::string_view("\0\0\0\0\0\0\0\0", 8), std::string_view("<html>not found</html>\n"),
        std::string_view("[1,2]\n"), std::string_view("{\"add\":{}}\n"),
        std::string_view("{\"add\":{\"path\":7,\"size\":\"x\"}}\n")}) {
    WriteText(CommitPath(folder.path(), 1), text);
    ExpectNames(ReadTable(folder.path()), "00000000000000000001.json");
  }
}

TEST(DamagedLog, NamesAMissingVersion) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  WriteCommit(folder.path(), 1, {AddAction("a.parquet")});
  WriteCommit(folder.path(), 3, {AddAction("b.parquet")});
  ExpectNames(ReadTable(folder.path()), "00000000000000000002.json");
  std::filesystem::remove(CommitPath(folder.path(), 0));
  std::filesystem::remove(CommitPath(folder.path(), 3));
  ExpectNames(ReadTable(folder.path()), "00000000000000000000.json");
}

TEST(DamagedLog, NamesADamagedCheckpoint) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  WriteCommit(folder.path(), 1, {AddAction("a.parquet")});
  ASSERT_TRUE(Snapshot::Open(folder.path()).ValueOrDie()->WriteCheckpoint().ok());
  const std::string checkpoint = folder / "_delta_log/00000000000000000001.checkpoint.parquet";
  const std::string whole = test::ReadText(checkpoint);
  ASSERT_GT(whole.size(), 100);
  for (const size_t length : {size_t{1}, whole.size() / 2, whole.size() - 1}) {
    WriteText(checkpoint, whole.substr(0, length));
    ExpectNames(ReadTable(folder.path()), "00000000000000000001.checkpoint.parquet");
  }
  std::string flipped = whole;
  for (size_t i = 4; i < whole.size() / 2; ++i) flipped[i] = static_cast<char>(~flipped[i]);
  WriteText(checkpoint, flipped);
  ExpectNames(ReadTable(folder.path()), "00000000000000000001.checkpoint.parquet");
}

TEST(DamagedLog, RefusesImpossibleNumbers) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0,
              {kPlainProtocol, MetaData(),
               R"({"add":{"path":"a","partitionValues":{},"size":-1,"modificationTime":1,)"
               R"("dataChange":true}})"});
  EXPECT_EQ(CodeOf(ReadTable(folder.path())), ErrorCode::kCorruptLog);
}

TEST(DamagedLog, RefusesALogWithoutDefinition) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {MetaData()});
  ExpectNames(ReadTable(folder.path()), "_delta_log");
  WriteCommit(folder.path(), 0, {kPlainProtocol});
  ExpectNames(ReadTable(folder.path()), "_delta_log");
}

TEST(DamagedLog, DeepNestingIsNoCrash) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  const std::string deep(100000, '[');
  WriteText(CommitPath(folder.path(), 1), "{\"add\":" + deep + "\n");
  ExpectNames(ReadTable(folder.path()), "00000000000000000001.json");
}

}  // namespace
}  // namespace spillway::delta
