// A job that was killed, for tests of those that go on after it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "pipeline/job.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline::test {

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

// Jobs that go on after one that was killed once it had written its manifest: here, one whose spill
// directory was copied while it wrote chunks, and put back when it had gone.
class KilledRunTest : public PipelineTest {
 protected:
  KilledRunTest() {
    MakeSource(400, {.rows_per_file = 100});
    MakeLookup();
  }

  Status RunJobOnce(const std::vector<std::string>& more = {}) {
    std::vector<std::string> settings = {"mode=chunked", "processing.chunk_size=100",
                                         "resources.lanes=1"};
    settings.insert(settings.end(), settings_.begin(), settings_.end());
    settings.insert(settings.end(), more.begin(), more.end());
    const auto spec = ParseSpec(folder_, pipeline_, settings).ValueOrDie();
    report_ = {};
    return RunJob(spec, {.joins_out_of_core = true, .saves_what_is_in_memory = true}, {&killer_},
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
    AssertOk(RunJobOnce());
    ASSERT_TRUE(report_.run.stopped);
    stop_ = 0;
    killer_.committed = nullptr;
    fs::create_directories(folder_ / "target/_spillway");
    fs::rename(folder_ / "copy", LeftFolder());
  }

  fs::path LeftFolder() const {
    return fs::path(std::string(folder_ / "target/_spillway")) / name_;
  }

  // Its spill files whose names begin so; there are some.
  std::vector<fs::path> LeftFiles(const std::string& prefix) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(LeftFolder())) {
      if (entry.path().filename().string().starts_with(prefix)) files.push_back(entry.path());
    }
    EXPECT_FALSE(files.empty()) << prefix;
    return files;
  }

  std::vector<std::string> settings_;  // of all runs
  Killer killer_;
  Progress progress_;
  StopSignal stop_{0};
  JobReport report_;
  std::string name_;
};

}  // namespace spillway::pipeline::test
