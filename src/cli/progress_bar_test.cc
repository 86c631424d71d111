#include "cli/progress_bar.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

namespace spillway::cli {
namespace {

TEST(Bar, ShowsTheShare) {
  EXPECT_EQ(Bar(0, 100, 18), "[----------]   0 %");
  EXPECT_EQ(Bar(42, 100, 18), "[####------]  42 %");
  EXPECT_EQ(Bar(100, 100, 18), "[##########] 100 %");
}

TEST(Bar, IsFullOnlyWhenAllIsDone) { EXPECT_EQ(Bar(999'999, 1'000'000, 18), "[#########-]  99 %"); }

TEST(Bar, IsFullWhereThereIsNothingToDo) { EXPECT_EQ(Bar(0, 0, 18), "[##########] 100 %"); }

TEST(Bar, StaysInsideItsRange) {
  EXPECT_EQ(Bar(200, 100, 18), "[##########] 100 %");
  EXPECT_EQ(Bar(-5, 100, 18), "[----------]   0 %");
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Bar(kLargest, kLargest, 18), "[##########] 100 %");
}

TEST(Bar, HasTheWantedWidthButNeverLessThanTwelve) {
  for (int columns = -3; columns < 60; ++columns) {
    EXPECT_EQ(Bar(1, 3, columns).size(), static_cast<size_t>(std::max(columns, 12)));
  }
}

// What a bar that begins and ends at once writes: nothing that a log would keep.
TEST(ProgressBar, SaysNothingOfAJobThatIsQuick) {
  const pipeline::Progress progress;
  ::testing::internal::CaptureStderr();
  {
    const ProgressBar bar(progress, 0, Terminal{.interactive = false});
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace spillway::cli
