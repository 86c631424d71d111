// One file under several spellings of its path: Delta's paths are URLs, and a removed file stays
// removed whatever the remove action calls it. What Spark makes of the same logs is in
// test/inputs/test_path_spelling.py.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "delta/commit_stream.h"
#include "delta/snapshot.h"
#include "delta/test_tables.h"
#include "delta/transaction.h"

namespace spillway::delta {
namespace {

using test::AddAction;
using test::AllFiles;
using test::CodeOf;
using test::kPlainProtocol;
using test::MetaData;
using test::TestFolder;
using test::WriteCommit;

std::string RemoveAction(std::string_view path, std::string_view more = "") {
  return fmt::format(R"({{"remove":{{"path":"{}","deletionTimestamp":9999999999999,)"
                     R"("dataChange":true{}}}}})",
                     path, more);
}

std::string InRoot(std::string path, const std::string& root) {
  const size_t at = path.find("ROOT");
  return at == std::string::npos ? path : path.replace(at, 4, root);
}

// The paths of the live files, below the root; or the error.
std::vector<std::string> LivePaths(const std::string& table) {
  const auto snapshot = Snapshot::Open(table);
  if (!snapshot.ok()) return {snapshot.status().ToString()};
  const auto files = AllFiles(**snapshot);
  if (!files.ok()) return {files.status().ToString()};
  std::vector<std::string> paths;
  for (const DataFile& file : *files) paths.push_back(file.path.substr(table.size() + 1));
  std::ranges::sort(paths);
  return paths;
}

using Paths = std::vector<std::string>;

struct Spellings {
  const char* added;
  const char* removed;
};

void PrintTo(const Spellings& spellings, std::ostream* out) {
  *out << spellings.added << " and " << spellings.removed;
}

class PathSpelling : public testing::TestWithParam<Spellings> {
 protected:
  std::string added() const { return InRoot(GetParam().added, folder_.path()); }
  std::string removed() const { return InRoot(GetParam().removed, folder_.path()); }
  void WriteFirst() {
    WriteCommit(folder_.path(), 0, {kPlainProtocol, MetaData(), AddAction(added())});
  }
  void Checkpoint() {
    ASSERT_TRUE(Snapshot::Open(folder_.path()).ValueOrDie()->WriteCheckpoint().ok());
  }

  const TestFolder folder_;
};

TEST_P(PathSpelling, ARemovedFileIsGone) {
  WriteFirst();
  EXPECT_EQ(LivePaths(folder_.path()).size(), 1);
  WriteCommit(folder_.path(), 1, {RemoveAction(removed()), AddAction("b.parquet")});
  EXPECT_EQ(LivePaths(folder_.path()), Paths{"b.parquet"});
  Checkpoint();
  EXPECT_EQ(LivePaths(folder_.path()), Paths{"b.parquet"});
}

TEST_P(PathSpelling, ARemoveAfterItsCheckpointCounts) {
  WriteFirst();
  Checkpoint();
  WriteCommit(folder_.path(), 1, {RemoveAction(removed()), AddAction("b.parquet")});
  EXPECT_EQ(LivePaths(folder_.path()), Paths{"b.parquet"});
}

TEST_P(PathSpelling, AFileThatComesBackIsThereOnce) {
  WriteFirst();
  WriteCommit(folder_.path(), 1, {RemoveAction(removed())});
  EXPECT_EQ(LivePaths(folder_.path()), Paths{});
  Checkpoint();
  WriteCommit(folder_.path(), 2, {AddAction(removed())});
  EXPECT_EQ(LivePaths(folder_.path()).size(), 1);
  WriteCommit(folder_.path(), 3, {AddAction(added())});
  EXPECT_EQ(LivePaths(folder_.path()).size(), 1);
  Checkpoint();
  EXPECT_EQ(LivePaths(folder_.path()).size(), 1);
}

// The identity of a file is its path with its deletion vector.
TEST_P(PathSpelling, DeletionVectorsAreTakenIntoAccount) {
  constexpr std::string_view kOld =
      R"(,"deletionVector":{"storageType":"i","pathOrInlineDv":"old","sizeInBytes":3,"cardinality":1})";
  constexpr std::string_view kNew =
      R"(,"deletionVector":{"storageType":"i","pathOrInlineDv":"new","sizeInBytes":3,"cardinality":2})";
  WriteCommit(folder_.path(), 0, {kPlainProtocol, MetaData(), AddAction(added(), kOld)});
  Checkpoint();
  WriteCommit(folder_.path(), 1, {AddAction(removed(), kNew), RemoveAction(removed(), kOld)});
  const auto files = AllFiles(*Snapshot::Open(folder_.path()).ValueOrDie()).ValueOrDie();
  ASSERT_EQ(files.size(), 1);
  EXPECT_EQ(files[0].deletion_vector->path_or_inline, "new");
  WriteCommit(folder_.path(), 2, {RemoveAction(added(), kNew)});
  EXPECT_EQ(LivePaths(folder_.path()), Paths{});
}

// Readers that compare texts need the spelling of the add action.
TEST_P(PathSpelling, AnOverwriteRemovesTheFileByItsOwnName) {
  WriteFirst();
  const auto snapshot = Snapshot::Open(folder_.path()).ValueOrDie();
  ASSERT_TRUE(Commit(*snapshot, {.mode = CommitRequest::Mode::kOverwrite}).ok());
  const std::string commit = test::ReadText(test::CommitPath(folder_.path(), 1));
  EXPECT_NE(commit.find("\"path\":\"" + added() + "\""), std::string::npos) << commit;
  EXPECT_EQ(LivePaths(folder_.path()), Paths{});
}

// Through a checkpoint too, and although an older action spells it in another way.
TEST_P(PathSpelling, ACheckpointKeepsTheNames) {
  WriteCommit(folder_.path(), 0, {kPlainProtocol, MetaData(), AddAction(removed())});
  WriteCommit(folder_.path(), 1, {AddAction(added())});
  Checkpoint();
  const auto snapshot = Snapshot::Open(folder_.path()).ValueOrDie();
  ASSERT_TRUE(Commit(*snapshot, {.mode = CommitRequest::Mode::kOverwrite}).ok());
  const std::string commit = test::ReadText(test::CommitPath(folder_.path(), 2));
  EXPECT_NE(commit.find("\"path\":\"" + added() + "\""), std::string::npos) << commit;
}

TEST_P(PathSpelling, CommitsNameOneFile) {
  WriteFirst();
  WriteCommit(folder_.path(), 1, {RemoveAction(removed())});
  const auto snapshot = Snapshot::Open(folder_.path()).ValueOrDie();
  std::vector<std::string> paths;
  for (const int64_t version : {0, 1}) {
    const auto commit = CommitStream::Open(*snapshot, version).ValueOrDie();
    while (const auto action = commit->Next().ValueOrDie()) {
      if (!action->text.empty()) paths.push_back(action->text);
    }
  }
  ASSERT_EQ(paths.size(), 2);
  EXPECT_EQ(paths[0], paths[1]);
  EXPECT_TRUE(paths[0].starts_with(folder_.path() + "/")) << paths[0];
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, PathSpelling,
    testing::Values(
        Spellings{"city=New%20York/a.parquet", "city=New York/a.parquet"},
        Spellings{"city=New York/a.parquet", "city=New%20York/a.parquet"},
        Spellings{"t=1%2010%253A00/a.parquet", "t=1 10%253A00/a.parquet"},
        Spellings{"c=é%20%7Cx/a.parquet", "c=%C3%A9 %7cx/a.parquet"},
        Spellings{"city%3dNew%20York/a.parquet", "city%3DNew%20York/a.parquet"},
        Spellings{"city=New%20York/a.parquet", "file:ROOT/city=New%20York/a.parquet"},
        Spellings{"city=New%20York/a.parquet", "file://ROOT/city=New York/a.parquet"},
        Spellings{"file://localhostROOT/a.parquet", "a.parquet"},
        Spellings{"ROOT/a.parquet", "FILE:ROOT//x/../a.parquet"},
        Spellings{"a.parquet", "./a.parquet"}, Spellings{"p=1//a.parquet", "p=1/a.parquet"},
        Spellings{"%C3%A9.parquet", "é.parquet"}, Spellings{"%E9.parquet", "%e9.parquet"},
        Spellings{"a%2Bb+c.parquet", "a+b+c.parquet"}, Spellings{"a%23b.parquet", "a#b.parquet"},
        Spellings{"x%3Ay.parquet", "./x%3ay.parquet"},
        Spellings{"100%25.parquet", "100%.parquet"}));

TEST(PathSpellings, WhatIsEncodedTwiceIsAnotherFile) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData(), AddAction("a%253Ab.parquet")});
  WriteCommit(folder.path(), 1, {RemoveAction("a%3Ab.parquet")});
  EXPECT_EQ(LivePaths(folder.path()), Paths{"a%3Ab.parquet"});
}

// Where a path was not encoded at all, a percent sign in it stands for itself. Spark refuses it.
TEST(PathSpellings, RefusesWhatMayBeTwoFiles) {
  for (const char* path :
       {"t=10 00%3A00/a.parquet", "50%/a%3Db.parquet", "a b%25/c", "x:a.parquet"}) {
    const TestFolder folder;
    WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData(), AddAction("a.parquet")});
    WriteCommit(folder.path(), 1, {RemoveAction(path)});
    const Status status = AllFiles(*Snapshot::Open(folder.path()).ValueOrDie()).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kCorruptLog) << path;
    for (const std::string told : {path, "00000000000000000001.json"}) {
      EXPECT_NE(RenderError(status).find(told), std::string::npos) << RenderError(status);
    }
  }
}

TEST(PathSpellings, KnowsTheRootByItsOtherNames) {
  const TestFolder folder;
  const std::string table = folder / "table";
  WriteCommit(table, 0, {kPlainProtocol, MetaData(), AddAction("p=1/a.parquet")});
  std::filesystem::create_symlink(table, folder / "link");
  WriteCommit(table, 1, {RemoveAction("file://" + (folder / "link/p=1/a.parquet"))});
  EXPECT_EQ(LivePaths(table), Paths{});
}

// Delta does not allow a file twice in a commit. Spark takes the last word.
TEST(PathSpellings, TheLastWordOfACommitCounts) {
  for (const char* spelling : {"a.parquet", "./a.parquet"}) {
    const TestFolder folder;
    WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData(), AddAction("a.parquet")});
    WriteCommit(folder.path(), 1, {RemoveAction(spelling), AddAction("a.parquet")});
    EXPECT_EQ(LivePaths(folder.path()), Paths{"a.parquet"}) << spelling;
    WriteCommit(folder.path(), 1, {AddAction("a.parquet"), RemoveAction(spelling)});
    EXPECT_EQ(LivePaths(folder.path()), Paths{}) << spelling;
  }
}

TEST(PathSpellings, StaysInBoundsOfTheTable) {
  const TestFolder folder;
  WriteCommit(folder.path(), 0, {kPlainProtocol, MetaData(), AddAction("a.parquet")});
  WriteCommit(folder.path(), 1,
              {RemoveAction("file:///elsewhere/a.parquet"), RemoveAction("s3://bucket/a.parquet"),
               RemoveAction("../a.parquet"), RemoveAction("file://" + folder.path())});
  EXPECT_EQ(LivePaths(folder.path()), Paths{"a.parquet"});
}

}  // namespace
}  // namespace spillway::delta
