#include "cli/signals.h"

#include <cerrno>
#include <csignal>

#include <gtest/gtest.h>

namespace spillway::cli {
namespace {

class SignalsTest : public ::testing::Test {
 public:
  SignalsTest() { ::testing::internal::CaptureStderr(); }
  ~SignalsTest() override { ::testing::internal::GetCapturedStderr(); }
};

TEST_F(SignalsTest, NothingIsWantedAtFirst) {
  const StopOnSignals signals;
  EXPECT_EQ(signals.stop().load(), 0);
  EXPECT_EQ(signals.exit_code(), 0);
}

TEST_F(SignalsTest, TheFirstEndsTheChunkTheSecondTheJob) {
  const StopOnSignals signals;
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(signals.stop().load(), pipeline::kStopAfterChunk);
  EXPECT_EQ(signals.exit_code(), 130);
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_EQ(signals.stop().load(), pipeline::kStopNow);
  EXPECT_EQ(signals.exit_code(), 143);
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_GE(signals.stop().load(), pipeline::kStopNow);
}

TEST_F(SignalsTest, LeaveTheInterruptedCodesErrnoAlone) {
  const StopOnSignals signals;
  errno = ENOENT;
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(SignalsTest, EachBeginsAnew) {
  {
    const StopOnSignals signals;
    ASSERT_EQ(std::raise(SIGINT), 0);
  }
  const StopOnSignals signals;
  EXPECT_EQ(signals.stop().load(), 0);
  EXPECT_EQ(signals.exit_code(), 0);
}

TEST_F(SignalsTest, RestoreTheDefaultAtTheEnd) {
  {
    const StopOnSignals signals;
  }
  struct sigaction action{};
  ASSERT_EQ(sigaction(SIGINT, nullptr, &action), 0);
  EXPECT_EQ(action.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace spillway::cli
