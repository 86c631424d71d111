#include "base/start_thread.h"

#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway {
namespace {

TEST(StartThreadTest, RunsTheWork) {
  int runs = 0;
  StartThread([&runs] { ++runs; }).ValueOrDie().join();
  EXPECT_EQ(StartTask([&runs] { return ++runs; }).ValueOrDie().get(), 2);
}

// In a process that may have no address space for another stack.
TEST(StartThreadTest, ARefusedThreadIsAValue) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // no stack is left of another thread
  const auto start = [] {
    const rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_AS, &none);
    const Status thread = StartThread([] {}).status();
    const Status task = StartTask([] { return 1; }).status();
    const rlimit all = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_AS, &all);
    for (const Status& status : {thread, task}) {
      const auto error = FindError(status);
      if (!error || error->code != ErrorCode::kStorage) ::_exit(1);
      if (error->what != "the system refused to start a thread") ::_exit(2);
      std::fprintf(stderr, "%s\n", error->what.c_str());
    }
    ::_exit(0);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(0), "the system refused to start a thread");
}

}  // namespace
}  // namespace spillway
