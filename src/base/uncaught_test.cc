#include "base/uncaught.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway {
namespace {

using ::testing::Eq;
using ::testing::ExitedWithCode;
using ::testing::KilledBySignal;

// Throws where nobody can catch it.
template <typename Exception>
void ThrowInAThread(const Exception& exception) {
  EndWithErrorIfUncaught();
  std::thread([exception] { throw exception; }).join();
}

TEST(UncaughtTest, NoMemoryIsACodedError) {
  const std::string text = RenderError(MakeError(
      {.code = ErrorCode::kBudgetExceeded,
       .what = "out of memory",
       .why = "the system refused more memory, or the tables' logs and footers need more than the "
              "budget",
       .cure = "raise --memory, or stop other programs, and run again; what was committed is "
               "kept"}));
  EXPECT_EXIT(ThrowInAThread(std::bad_alloc()), ExitedWithCode(5), Eq(text));
  EXPECT_EXIT(SpillwayEndWithoutMemory(), ExitedWithCode(5), Eq(text));
}

// All threads of a process may lack memory at the same time.
TEST(UncaughtTest, OneThreadTellsIt) {
  const auto end_in_two = [] {
    SpillwayBeginToEnd();
    const std::jthread other([] { SpillwayEndWithoutMemory(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::fputs("told", stderr);
    ::_exit(7);
  };
  EXPECT_EXIT(end_in_two(), ExitedWithCode(7), Eq("told"));
}

TEST(UncaughtTest, ARefusedThreadIsACodedError) {
  const auto refused = std::make_error_code(std::errc::resource_unavailable_try_again);
  const std::string text = RenderError(MakeError(
      {.code = ErrorCode::kStorage,
       .what = "the system refused to start a thread",
       .why = refused.message(),
       .cure =
           "raise the limit on processes (ulimit -u, or pids.max of the cgroup) and run again"}));
  EXPECT_EXIT(ThrowInAThread(std::system_error(refused)), ExitedWithCode(6), Eq(text));
  EXPECT_EXIT(SpillwayEndWithoutThread(), ExitedWithCode(6), Eq(text));
}

TEST(UncaughtTest, AFaultOfOursStillAborts) {
  EXPECT_EXIT(ThrowInAThread(std::logic_error("ours")), KilledBySignal(SIGABRT), "");
}

}  // namespace
}  // namespace spillway
