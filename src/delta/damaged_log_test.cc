// Logs that a crash, a full disk or a hand has damaged: each fault is named by its file, and no
// truncation of a commit is taken for a commit.
#include <algorithm>
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

std::string CheckpointPath(const std::string& table, int version) {
  return fmt::format("{}/_delta_log/{:020}.checkpoint.parquet", table, version);
}

// Versions 0 to `last`, each with a file; checkpoints of the versions in `checkpoints`.
void WriteTable(const std::string& table, int last, std::initializer_list<int> checkpoints) {
  for (int version = 0; version <= last; ++version) {
    const std::string add = AddAction(fmt::format("{}.parquet", version));
    if (version == 0) {
      WriteCommit(table, 0, {kPlainProtocol, MetaData(), add});
    } else {
      WriteCommit(table, version, {add});
    }
    if (std::ranges::find(checkpoints, version) != checkpoints.end()) {
      ASSERT_TRUE(Snapshot::Open(table).ValueOrDie()->WriteCheckpoint().ok());
    }
  }
}

void RemoveCommits(const std::string& table, int end) {
  for (int version = 0; version < end; ++version) {
    std::filesystem::remove(CommitPath(table, version));
  }
}

// The ways in which a checkpoint may be damaged.
std::vector<std::string> DamagedForms(const std::string& whole) {
  std::string flipped = whole;
  for (size_t i = 4; i < whole.size() / 2; ++i) flipped[i] = static_cast<char>(~flipped[i]);
  return {"", whole.substr(0, 1), whole.substr(0, whole.size() / 2),
          whole.substr(0, whole.size() - 1), flipped};
}

size_t CountFiles(const std::string& table) {
  const auto snapshot = Snapshot::Open(table);
  EXPECT_TRUE(snapshot.ok()) << RenderError(snapshot.status());
  if (!snapshot.ok()) return 0;
  const auto files = AllFiles(**snapshot);
  EXPECT_TRUE(files.ok()) << RenderError(files.status());
  return files.ok() ? files->size() : 0;
}

// As Spark: what a checkpoint says, the commits, or an older checkpoint and the commits after it,
// say as well.
TEST(DamagedCheckpoint, IsReadPast) {
  const TestFolder folder;
  WriteTable(folder.path(), 4, {1, 3});
  const std::string whole = test::ReadText(CheckpointPath(folder.path(), 3));
  ASSERT_GT(whole.size(), 100);
  for (const bool has_old_commits : {true, false}) {
    if (!has_old_commits) RemoveCommits(folder.path(), 2);
    for (const std::string& form : DamagedForms(whole)) {
      WriteText(CheckpointPath(folder.path(), 3), form);
      EXPECT_EQ(CountFiles(folder.path()), 5) << form.size();
    }
    std::filesystem::remove(CheckpointPath(folder.path(), 3));
    EXPECT_EQ(CountFiles(folder.path()), 5);
  }
}

TEST(DamagedCheckpoint, IsNamedWhereNothingElseSaysTheSame) {
  const TestFolder folder;
  WriteTable(folder.path(), 2, {1});
  const std::string whole = test::ReadText(CheckpointPath(folder.path(), 1));
  RemoveCommits(folder.path(), 1);
  EXPECT_EQ(CountFiles(folder.path()), 3);
  for (const std::string& form : DamagedForms(whole)) {
    WriteText(CheckpointPath(folder.path(), 1), form);
    ExpectNames(ReadTable(folder.path()), "00000000000000000001.checkpoint.parquet");
  }
}

TEST(LastCheckpoint, IsOnlyAHint) {
  const TestFolder folder;
  WriteTable(folder.path(), 4, {1, 3});
  for (const std::string_view hint :
       {R"({"version":3,"size":7})", R"({"version":1,"size":7})", R"({"version":50,"size":7})",
        R"({"version":2,"size":7})", R"({"version":3,"size":7,"parts":4})", R"({"version":-3})",
        R"({"version":"three"})", "garbage{", "", "{}"}) {
    WriteText(folder / "_delta_log/_last_checkpoint", hint);
    EXPECT_EQ(CountFiles(folder.path()), 5) << hint;
  }
}

// A first commit that is gone is not made up for by one that has a definition too.
TEST(DamagedLog, NamesAMissingBeginning) {
  const TestFolder folder;
  WriteTable(folder.path(), 1, {});
  WriteCommit(folder.path(), 2, {kPlainProtocol, MetaData(), AddAction("2.parquet")});
  EXPECT_EQ(CountFiles(folder.path()), 3);
  RemoveCommits(folder.path(), 2);
  ExpectNames(ReadTable(folder.path()), "00000000000000000000.json");
  EXPECT_EQ(CodeOf(Snapshot::Open(folder.path(), {.version = 2}).status()),
            ErrorCode::kVersionNotFound);
}

// Other readers take a line for an action, and refuse a commit that is written nicely.
TEST(DamagedLog, NamesACommitWhoseLinesAreNoActions) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData()});
  const std::string add = AddAction("a.parquet");
  const std::vector<std::string> texts = {"{\n" + add.substr(1),
                                          add + add,
                                          add + " x",
                                          "\"a\"",
                                          "7",
                                          add.substr(0, add.size() - 1) + "\n}"};
  for (const std::string& text : texts) {
    WriteText(CommitPath(folder.path(), 1), text + "\n");
    ExpectNames(ReadTable(folder.path()), "00000000000000000001.json");
  }
  WriteText(CommitPath(folder.path(), 1), "\n  " + add + "\r\n\n" + AddAction("}{\\\"b"));
  EXPECT_EQ(CountFiles(folder.path()), 2);
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
