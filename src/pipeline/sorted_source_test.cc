// Runs in key order that go on after one that was killed behind its sort.
#include "pipeline/sorted_source.h"

#include <filesystem>

#include "pipeline/state_folder.h"
#include "pipeline/test_killed_run.h"

namespace spillway::pipeline {
namespace {

namespace fs = std::filesystem;

class SortedSourceTest : public test::KilledRunTest {
 protected:
  SortedSourceTest() { settings_ = {"processing.chunk_order=key"}; }

  // How many rows of the target have a smaller key than one in a file that was committed before.
  int64_t CountOutOfOrder() const {
    std::vector<std::pair<std::string, std::string>> bounds;
    for (const delta::DataFile& file : test::FilesOf(folder_ / "target")) {
      const auto input = arrow::io::ReadableFile::Open(file.path).ValueOrDie();
      const auto reader =
          ::parquet::arrow::OpenFile(input, arrow::default_memory_pool()).ValueOrDie();
      const auto keys = reader->ReadTable().ValueOrDie()->GetColumnByName("key");
      const auto text = [&keys](int64_t row) {
        const auto key = keys->GetScalar(row).ValueOrDie();
        return key->is_valid ? "=" + key->ToString() : std::string();
      };
      bounds.emplace_back(text(0), text(keys->length() - 1));
    }
    std::ranges::sort(bounds);
    int64_t count = 0;
    for (size_t i = 1; i < bounds.size(); ++i) count += bounds[i].first < bounds[i - 1].second;
    return count;
  }
};

TEST_F(SortedSourceTest, TheNextRunDoesNotSortAgain) {
  RunAndKill(100);
  test::AssertOk(RunJobOnce());
  EXPECT_TRUE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  EXPECT_EQ(CountOutOfOrder(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

TEST_F(SortedSourceTest, ARunOfOtherSizesTakesItToo) {
  RunAndKill(200);
  test::AssertOk(RunJobOnce({"processing.chunk_size=37", "resources.lanes=2"}));
  EXPECT_TRUE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
  EXPECT_EQ(CountOutOfOrder(), 0);
}

TEST_F(SortedSourceTest, MissingFilesAreSortedAgain) {
  RunAndKill(100);
  for (const auto& entry : fs::directory_iterator(LeftFolder())) {
    if (entry.path().filename().string().starts_with("sorted")) fs::remove(entry.path());
  }
  test::AssertOk(RunJobOnce());
  EXPECT_FALSE(report_.run.sort_taken_over);
  EXPECT_EQ(TargetRows(), ExpectedRows(0, 400));
}

TEST_F(SortedSourceTest, DamagedRunsMakeNoRow) {
  RunAndKill(100);
  for (const auto& entry : fs::directory_iterator(LeftFolder())) {
    if (!entry.path().filename().string().starts_with("sorted")) continue;
    fs::resize_file(entry.path(), fs::file_size(entry.path()) / 2);
  }
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
  EXPECT_EQ(CountOutOfOrder(), 0);
  EXPECT_FALSE(fs::exists(folder_ / "target/_spillway"));
}

}  // namespace
}  // namespace spillway::pipeline
