// Runs that go on after one that was killed behind its joins.
#include "pipeline/join_manifest.h"

#include <filesystem>
#include <fstream>

#include "pipeline/state_folder.h"
#include "pipeline/test_killed_run.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;
using JoinManifestTest = test::KilledRunTest;

TEST_F(JoinManifestTest, TheNextRunDoesNotJoinAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce());
  EXPECT_TRUE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

TEST_F(JoinManifestTest, ARunOfAnotherCutJoinsAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce({"processing.chunk_size=30"}));
  EXPECT_FALSE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

TEST_F(JoinManifestTest, AFreshRunJoinsAgain) {
  RunAndKill(100);
  const auto spec = test::ParseSpec(folder_, pipeline_, {"target.mode=overwrite"}).ValueOrDie();
  report_ = {};
  test::AssertOk(RunJob(spec, {.beginning = {.fresh = true}, .joins_out_of_core = true}, {&killer_},
                        &progress_, stop_, &report_));
  EXPECT_FALSE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

TEST_F(JoinManifestTest, ADamagedManifestIsNone) {
  RunAndKill(100);
  const fs::path manifest = LeftFolder() / "manifest";
  std::fstream file(manifest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(manifest) / 2));
  file.put('\x7f');
  file.close();
  test::AssertOk(RunJobOnce());
  EXPECT_FALSE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

TEST_F(JoinManifestTest, MissingFilesAreJoinedAgain) {
  RunAndKill(100);
  for (const fs::path& file : LeftFiles("matches")) fs::remove(file);
  test::AssertOk(RunJobOnce());
  EXPECT_FALSE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

// What is damaged is found by its checksum when it is read, and the next attempt joins again.
TEST_F(JoinManifestTest, DamagedBlocksMakeNoRow) {
  RunAndKill(100);
  for (const fs::path& path : LeftFiles("matches")) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (uintmax_t at = 40; at < fs::file_size(path); at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put('\x7f');
    }
  }
  test::AssertOk(RunJobOnce());
  EXPECT_EQ(killer_.failed, 1);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

}  // namespace
}  // namespace spillway::pipeline
