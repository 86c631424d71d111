// A limit of the size of files ("ulimit -f") is an error with its code, as a full disk is. The
// kernel asks with a signal first, whose default would end the program without a word.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "cli/command.h"

namespace spillway::cli {
namespace {

// Ends this process with the program's exit code.
[[noreturn]] void GenerateWithLittleRoom(const std::string& folder) {
  const rlimit limit{.rlim_cur = 10'000, .rlim_max = 10'000};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::_Exit(1);
  std::_Exit(Main({"generate", "--rows", "10000", "--out", folder}));
}

TEST(FileSizeLimitDeathTest, IsAnErrorAndNoSignal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const TemporaryFolder folder;
  EXPECT_EXIT(GenerateWithLittleRoom(folder.File("lake")), ::testing::ExitedWithCode(6),
              "SPW-6003.*ulimit -f");
}

}  // namespace
}  // namespace spillway::cli
