#include "cli/signals.h"

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>

namespace spillway::cli {
namespace {

TEST(SignalsTest, NothingIsWantedAtFirst) {
  const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  EXPECT_EQ(signals.stop().load(), 0);
  EXPECT_EQ(signals.exit_code(), 0);
}

TEST(SignalsTest, TheFirstEndsTheChunkTheSecondTheJob) {
  const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(signals.stop().load(), pipeline::kStopAfterChunk);
  EXPECT_EQ(signals.exit_code(), 130);
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_EQ(signals.stop().load(), pipeline::kStopNow);
  EXPECT_EQ(signals.exit_code(), 143);
  EXPECT_EXIT(std::raise(SIGTERM), ::testing::ExitedWithCode(143), "Stopped");
}

TEST(SignalsTest, TheFirstStopsACommandWithoutChunks) {
  const StopOnSignals signals(FirstSignal::kStops);
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_EQ(signals.stop().load(), pipeline::kStopNow);
  EXPECT_EXIT(std::raise(SIGINT), ::testing::ExitedWithCode(130), "Stopped");
}

TEST(SignalsTest, TheFirstEndsACommandThatWritesNothing) {
  const StopOnSignals signals(FirstSignal::kEnds);
  EXPECT_EXIT(std::raise(SIGINT), ::testing::ExitedWithCode(130), "Stopped");
  EXPECT_EXIT(std::raise(SIGTERM), ::testing::ExitedWithCode(143), "Stopped");
}

TEST(SignalsTest, TheInnerOneCounts) {
  const StopOnSignals outer(FirstSignal::kEnds);
  {
    const StopOnSignals inner(FirstSignal::kStops);
    ASSERT_EQ(std::raise(SIGINT), 0);
    EXPECT_EQ(inner.stop().load(), pipeline::kStopNow);
  }
  EXPECT_EXIT(std::raise(SIGINT), ::testing::ExitedWithCode(130), "Stopped");
}

TEST(SignalsTest, LeaveTheInterruptedCodesErrnoAlone) {
  const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  errno = ENOENT;
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(errno, ENOENT);
}

TEST(SignalsTest, EachBeginsAnew) {
  {
    const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
    ASSERT_EQ(std::raise(SIGINT), 0);
  }
  const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  EXPECT_EQ(signals.stop().load(), 0);
  EXPECT_EQ(signals.exit_code(), 0);
}

TEST(SignalsTest, RestoreTheDefaultAtTheEnd) {
  {
    const StopOnSignals signals(FirstSignal::kFinishesTheChunk);
  }
  struct sigaction action{};
  ASSERT_EQ(sigaction(SIGINT, nullptr, &action), 0);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace spillway::cli
