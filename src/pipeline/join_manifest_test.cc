// Runs that go on after one that was killed behind its joins: here, one whose spill directory was
// copied while it wrote chunks, and put back when it had gone.
#include "pipeline/join_manifest.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "pipeline/job.h"
#include "pipeline/state_folder.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

class Killer : public JobListener {
 public:
  void AttemptBegins(const Plan& /*plan*/, int /*number*/) override {}
  void ChunkCommitted(const CommittedChunk& chunk) override {
    if (committed) committed(chunk);
  }
  void AttemptFailed(const FailedAttempt& /*attempt*/, int /*number*/) override { ++failed; }

  std::function<void(const CommittedChunk&)> committed;
  int failed = 0;
};

class JoinManifestTest : public test::PipelineTest {
 protected:
  JoinManifestTest() {
    MakeSource(400, {.rows_per_file = 100});
    MakeLookup();
  }

  Status RunJobOnce(const std::vector<std::string>& more = {}) {
    std::vector<std::string> settings = {"mode=chunked", "processing.chunk_size=100",
                                         "resources.lanes=1"};
    settings.insert(settings.end(), more.begin(), more.end());
    const auto spec = test::ParseSpec(folder_, pipeline_, settings).ValueOrDie();
    report_ = {};
    return RunJob(spec, {.joins_out_of_core = true, .saves_joins_in_memory = true}, {&killer_},
                  &progress_, stop_, &report_);
  }

  // Runs until `chunk` is committed, and leaves what a process leaves that is killed then: the copy
  // of its spill directory, made before the first chunk was.
  void RunAndKill(int64_t chunk) {
    killer_.committed = [this, chunk](const CommittedChunk& committed) {
      const fs::path state = folder_ / "target/_spillway";
      if (committed.first_ordinal == 0) {
        for (const auto& entry : fs::directory_iterator(state)) {
          if (!entry.is_directory()) continue;
          ASSERT_TRUE(fs::exists(entry.path() / "manifest"));
          name_ = entry.path().filename();
          fs::copy(entry.path(), folder_ / "copy");
        }
      }
      if (committed.end_ordinal != chunk) return;
      stop_ = kStopAfterChunk;
      // Until the run knows, which works on one chunk ahead meanwhile.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    };
    test::AssertOk(RunJobOnce());
    ASSERT_TRUE(report_.run.stopped);
    stop_ = 0;
    killer_.committed = nullptr;
    fs::create_directories(folder_ / "target/_spillway");
    fs::rename(folder_ / "copy", fs::path(std::string(folder_ / "target/_spillway")) / name_);
  }

  fs::path LeftFolder() const {
    return fs::path(std::string(folder_ / "target/_spillway")) / name_;
  }

  Killer killer_;
  Progress progress_;
  StopSignal stop_{0};
  JobReport report_;
  std::string name_;
};

TEST_F(JoinManifestTest, TheNextRunDoesNotJoinAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce());
  EXPECT_TRUE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

TEST_F(JoinManifestTest, ARunOfAnotherCutJoinsAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce({"processing.chunk_size=70"}));
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
  for (const auto& entry : fs::directory_iterator(LeftFolder())) {
    if (entry.path().filename().string().starts_with("matches")) fs::remove(entry.path());
  }
  test::AssertOk(RunJobOnce());
  EXPECT_FALSE(report_.run.joins_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

// What is damaged is found by its checksum when it is read, and the next attempt joins again.
TEST_F(JoinManifestTest, DamagedBlocksMakeNoRow) {
  RunAndKill(100);
  for (const auto& entry : fs::directory_iterator(LeftFolder())) {
    if (!entry.path().filename().string().starts_with("matches")) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    for (uintmax_t at = 40; at < fs::file_size(entry.path()); at += 4096) {
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
