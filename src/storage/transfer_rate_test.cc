#include "storage/transfer_rate.h"

#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include <gtest/gtest.h>

namespace spillway::storage {
namespace {

namespace fs = std::filesystem;

class TransferRateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "spillway-rate-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    std::ofstream(folder_ / "source", std::ios::binary) << std::string(3'000'000, 'x');
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(TransferRateTest, MeasuresAndLeavesNothing) {
  const std::string source = folder_ / "source";
  for (const int64_t most_bytes : {1'000'000, 100'000'000}) {
    const auto seconds = MeasureSecondsPerByte(source, folder_, most_bytes);
    ASSERT_TRUE(seconds);
    EXPECT_GE(*seconds, 0);
  }
  // A folder that is not there yet will be made in the nearest one that is.
  EXPECT_TRUE(MeasureSecondsPerByte(source, folder_ / "a" / "b", 1'000'000));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
  EXPECT_EQ(fs::file_size(source), 3'000'000U);
}

TEST_F(TransferRateTest, KnowsNothingOfWhatItCannotTry) {
  EXPECT_FALSE(MeasureSecondsPerByte(folder_ / "missing", folder_, 1'000'000));
  std::ofstream(folder_ / "empty").flush();
  EXPECT_EQ(MeasureSecondsPerByte(folder_ / "empty", folder_, 1'000'000).value_or(0), 0);
}

}  // namespace
}  // namespace spillway::storage
