#include "base/units.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spillway {
namespace {

struct SizeCase {
  std::string_view text;
  int64_t bytes;
};

class ParseByteSizeTest : public testing::TestWithParam<SizeCase> {};

TEST_P(ParseByteSizeTest, ReadsTheNumberAndItsUnit) {
  const Result<int64_t> bytes = ParseByteSize(GetParam().text);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(*bytes, GetParam().bytes) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, ParseByteSizeTest,
    testing::Values(SizeCase{"0", 0}, SizeCase{"4096", 4096}, SizeCase{"7B", 7},
                    SizeCase{"1KiB", 1024}, SizeCase{"1K", 1024}, SizeCase{"1kB", 1000},
                    SizeCase{"1KB", 1000}, SizeCase{"512MiB", 536870912},
                    SizeCase{"512M", 536870912}, SizeCase{"512MB", 512000000},
                    SizeCase{"2 GiB", 2147483648}, SizeCase{"2G", 2147483648},
                    SizeCase{"1.5GB", 1500000000}, SizeCase{"0.5KiB", 512}, SizeCase{".5KiB", 512},
                    SizeCase{"1.9B", 1}, SizeCase{"3TiB", 3298534883328},
                    SizeCase{"3TB", 3000000000000}, SizeCase{"4194304T", int64_t{1} << 62}));

class BadByteSizeTest : public testing::TestWithParam<std::string_view> {};

TEST_P(BadByteSizeTest, IsRefusedByName) {
  const Result<int64_t> bytes = ParseByteSize(GetParam());
  ASSERT_FALSE(bytes.ok()) << *bytes;
  const auto info = FindError(bytes.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->code, ErrorCode::kValueOutOfRange);
  EXPECT_NE(info->what.find("\"" + std::string(GetParam()) + "\""), std::string::npos);
  EXPECT_FALSE(info->cure.empty());
}

INSTANTIATE_TEST_SUITE_P(Sizes, BadByteSizeTest,
                         testing::Values("", " ", "MiB", "12 parsecs", "512mib", "-1", "-1MiB",
                                         "1e999", "inf", "nan", "nanMiB", "1,5GB", "0x10",
                                         "4194305T", "1 2", "2GiB ", " 2GiB", "2GiBGiB"));

TEST(FormatByteSizeTest, ChoosesTheUnit) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
  EXPECT_EQ(FormatByteSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatByteSize(512 * kMiB), "512.0 MiB");
  EXPECT_EQ(FormatByteSize(3 * kGiB / 2), "1.5 GiB");
  EXPECT_EQ(FormatByteSize(5000 * 1024 * kGiB), "5000.0 TiB");
  EXPECT_EQ(FormatByteSize(-1023), "-1023 B");
  EXPECT_EQ(FormatByteSize(-2 * kMiB), "-2.0 MiB");
}

TEST(FormatByteSizeTest, NeverSays1024OfAUnit) {
  EXPECT_EQ(FormatByteSize(kMiB - 1), "1.0 MiB");
  EXPECT_EQ(FormatByteSize(kGiB - 1), "1.0 GiB");
  EXPECT_EQ(FormatByteSize(kMiB - 100), "1023.9 KiB");
}

TEST(FormatByteSizeTest, TakesTheExtremes) {
  EXPECT_EQ(FormatByteSize(std::numeric_limits<int64_t>::max()), "8388608.0 TiB");
  EXPECT_EQ(FormatByteSize(std::numeric_limits<int64_t>::min()), "-8388608.0 TiB");
}

TEST(FormatCountTest, SeparatesThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(38000000), "38,000,000");
  EXPECT_EQ(FormatCount(-999), "-999");
  EXPECT_EQ(FormatCount(-1000), "-1,000");
  EXPECT_EQ(FormatCount(std::numeric_limits<int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(FormatDurationTest, ChoosesTheUnit) {
  EXPECT_EQ(FormatDuration(0), "0.0 s");
  EXPECT_EQ(FormatDuration(0.44), "0.4 s");
  EXPECT_EQ(FormatDuration(9.94), "9.9 s");
  EXPECT_EQ(FormatDuration(9.96), "10 s");
  EXPECT_EQ(FormatDuration(12.3), "12 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min 00 s");
  EXPECT_EQ(FormatDuration(185), "3 min 05 s");
  EXPECT_EQ(FormatDuration(3599.7), "1 h 00 min");
  EXPECT_EQ(FormatDuration(7620), "2 h 07 min");
  EXPECT_EQ(FormatDuration(std::numeric_limits<double>::infinity()), "unknown");
  EXPECT_EQ(FormatDuration(std::numeric_limits<double>::quiet_NaN()), "unknown");
}

TEST(MemoryFlag, GivesAtLeastSoManyBytes) {
  EXPECT_EQ(MemoryFlag(512 * kMiB), "--memory 512MiB");
  EXPECT_EQ(MemoryFlag(512 * kMiB + 1), "--memory 513MiB");
  EXPECT_EQ(MemoryFlag(1), "--memory 1MiB");
}

}  // namespace
}  // namespace spillway
