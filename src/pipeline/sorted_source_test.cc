// Runs in key order that go on after one that was killed behind its sort.
#include "pipeline/sorted_source.h"

#include <filesystem>

#include "pipeline/state_folder.h"
#include "pipeline/test_key_order.h"
#include "pipeline/test_killed_run.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

class SortedSourceTest : public test::KilledRunTest {
 protected:
  SortedSourceTest() { settings_ = {"processing.chunk_order=key"}; }
};

TEST_F(SortedSourceTest, TheNextRunDoesNotSortAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce());
  EXPECT_TRUE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  test::ExpectOrdered(folder_ / "target");
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

TEST_F(SortedSourceTest, ARunOfOtherSizesTakesItToo) {
  RunAndKill(200);
  test::AssertOk(RunJobOnce({"processing.chunk_size=37", "resources.lanes=2"}));
  EXPECT_TRUE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  test::ExpectOrdered(folder_ / "target");
}

TEST_F(SortedSourceTest, MissingFilesAreSortedAgain) {
  RunAndKill(100);
  for (const fs::path& file : LeftFiles("sorted")) fs::remove(file);
  test::AssertOk(RunJobOnce());
  EXPECT_FALSE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

TEST_F(SortedSourceTest, DamagedRunsMakeNoRow) {
  RunAndKill(100);
  for (const fs::path& file : LeftFiles("sorted")) fs::resize_file(file, fs::file_size(file) / 2);
  test::AssertOk(RunJobOnce());
  EXPECT_EQ(killer_.failed, 1);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

// Where nothing is published before the end, the chunks are kept that were written.
TEST_F(SortedSourceTest, WrittenChunksAreKeptUntilTheEnd) {
  settings_.insert(settings_.end(), {"target.publish=at_end", "processing.checkpoint_interval=1"});
  {
    const std::jthread stopper([this] {
      while (progress_.chunks_written < 2) std::this_thread::yield();
      stop_ = kStopNow;
    });
    static_cast<void>(RunJobOnce());
  }
  stop_ = 0;
  const bool is_finished = report_.run.chunks_left == 0 && !report_.run.stopped;
  test::AssertOk(RunJobOnce());
  EXPECT_TRUE(is_finished || report_.run.kept_rows >= 200) << report_.run.kept_rows;
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  test::ExpectOrdered(folder_ / "target");
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

}  // namespace
}  // namespace spillway::pipeline
