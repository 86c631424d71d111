#include "pipeline/left_files.h"

#include <fstream>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

class LeftFilesTest : public ::testing::Test {
 protected:
  std::string table() const { return folder_ / "table"; }

  void MakeTable() { test::AssertOk(delta::CreateTable(table(), {.schema = schema_}).status()); }

  // A data file with the tag, that is in no commit; its name.
  std::string WriteFile(const std::string& tag) {
    fs::create_directories(table());
    std::string name = NewDataFileName(0, tag, arrow::Compression::SNAPPY);
    std::ofstream(table() + "/" + name) << "rows";
    return name;
  }

  // A commit that adds the file.
  void Commit(const std::string& name,
              delta::CommitRequest::Mode mode = delta::CommitRequest::Mode::kAppend) {
    const auto base = delta::Snapshot::Open(table()).ValueOrDie();
    delta::CommitRequest request{.mode = mode};
    if (!name.empty()) request.files = {{.relative_path = name, .size_bytes = 4, .num_rows = 1}};
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }

  bool Exists(const std::string& name) const { return fs::exists(table() + "/" + name); }

  int64_t Remove(int64_t first_version) {
    return RemoveLeftFiles(table(), {.file_tags = {tag_}, .first_version = first_version}, kept_)
        .ValueOrDie();
  }

  const std::shared_ptr<arrow::Schema> schema_ =
      arrow::schema({arrow::field("id", arrow::int64())});
  const std::string tag_ = NewFileTag({.pipeline = "test", .app_id = "app"});
  std::vector<KeptPiece> kept_;
  const test::TestFolder folder_;
};

TEST_F(LeftFilesTest, WhatIsInACommitStays) {
  MakeTable();
  const std::string others = WriteFile(NewFileTag({.pipeline = "test", .app_id = "app"}));
  const std::string committed = WriteFile(tag_);
  Commit(committed);
  const std::string left = WriteFile(tag_);
  EXPECT_EQ(Remove(1), 1);
  EXPECT_FALSE(Exists(left));
  EXPECT_TRUE(Exists(committed));
  EXPECT_TRUE(Exists(others));
  EXPECT_EQ(Remove(1), 0);
}

// Whatever the record says of versions.
TEST_F(LeftFilesTest, WhatTheTableHasStays) {
  MakeTable();
  const std::string committed = WriteFile(tag_);
  Commit(committed);
  EXPECT_EQ(Remove(2), 0);
  EXPECT_TRUE(Exists(committed));
}

// Earlier versions of the table have it.
TEST_F(LeftFilesTest, WhatWasRemovedFromTheTableStays) {
  MakeTable();
  const std::string committed = WriteFile(tag_);
  Commit(committed);
  Commit("", delta::CommitRequest::Mode::kOverwrite);
  EXPECT_EQ(Remove(1), 0);
  EXPECT_TRUE(Exists(committed));
}

TEST_F(LeftFilesTest, WhatIsKeptStays) {
  const std::string left = WriteFile(tag_);
  const std::string kept = WriteFile(tag_);
  kept_ = {{.end_ordinal = 1, .files = {{.relative_path = kept}}}};
  EXPECT_EQ(Remove(0), 1);
  EXPECT_TRUE(Exists(kept));
  EXPECT_FALSE(Exists(left));
}

TEST_F(LeftFilesTest, WithoutATableAllGo) {
  const std::string left = WriteFile(tag_);
  const std::string others = WriteFile(NewFileTag({.pipeline = "test", .app_id = "app"}));
  EXPECT_EQ(Remove(0), 1);
  EXPECT_FALSE(Exists(left));
  EXPECT_TRUE(Exists(others));
}

TEST_F(LeftFilesTest, AFolderThatIsGoneHasNone) { EXPECT_EQ(Remove(0), 0); }

// Who cannot read the commits does not know what is in them.
TEST_F(LeftFilesTest, WithACommitMissingAllStay) {
  MakeTable();
  const std::string left = WriteFile(tag_);
  for (int i = 0; i < 3; ++i) Commit(WriteFile(NewFileTag({.pipeline = "test", .app_id = "app"})));
  ASSERT_TRUE(delta::Snapshot::Open(table()).ValueOrDie()->WriteCheckpoint().ok());
  fs::remove(table() + "/_delta_log/00000000000000000002.json");
  EXPECT_EQ(Remove(1), 0);
  EXPECT_TRUE(Exists(left));
  EXPECT_EQ(Remove(3), 1);
}

}  // namespace
}  // namespace spillway::pipeline
