#include "storage/transfer_rate.h"

#include <filesystem>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace spillway::storage {
namespace {

class TransferRateTest : public testing::Test {
 protected:
  TransferRateTest() {
    const std::vector<char> bytes(40'000'000, 'x');
    std::ofstream(source_, std::ios::binary)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  const TemporaryFolder folder_;
  const std::string source_ = folder_.File("source");
};

TEST_F(TransferRateTest, MeasuresAndLeavesNothing) {
  for (const int64_t most_bytes : {1'000'000, 100'000'000}) {
    for (const double most_seconds : {0.0, 10.0}) {
      const auto seconds =
          MeasureSecondsPerByte(source_, folder_.File(""), most_bytes, most_seconds);
      ASSERT_TRUE(seconds);
      EXPECT_GE(*seconds, 0);
    }
  }
  // A folder that is not there yet will be made in the nearest one that is.
  EXPECT_TRUE(MeasureSecondsPerByte(source_, folder_.File("a/b"), 1'000'000, 1));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.File("")), {}), 1);
  EXPECT_EQ(std::filesystem::file_size(source_), 40'000'000U);
}

TEST_F(TransferRateTest, KnowsNothingOfWhatItCannotTry) {
  EXPECT_FALSE(MeasureSecondsPerByte(folder_.File("missing"), folder_.File(""), 1'000'000, 1));
  std::ofstream(folder_.File("empty")).flush();
  EXPECT_EQ(
      MeasureSecondsPerByte(folder_.File("empty"), folder_.File(""), 1'000'000, 1).value_or(0), 0);
}

}  // namespace
}  // namespace spillway::storage
