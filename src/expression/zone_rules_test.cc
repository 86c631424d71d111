#include "expression/zone_rules.h"

#include <cstdlib>
#include <ctime>
#include <random>

#include <gtest/gtest.h>

#include "expression/time_zone.h"

namespace spillway::expression {
namespace {

// The C library reads the same files with code of its own.
TEST(ZoneRules, AgreeWithTheCLibrary) {
  const unsigned seed = 1883;
  std::mt19937_64 random(seed);
  // 1600 to 2400.
  std::uniform_int_distribution<int64_t> seconds_of(-11'676'096'000, 13'569'465'600);
  for (const char* region : {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Europe/Dublin",
                             "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca",
                             "Pacific/Apia", "Asia/Tehran", "America/St_Johns", "UTC"}) {
    const std::optional<ZoneRules> rules = ZoneRules::Load(region);
    if (!rules) GTEST_SKIP() << "this machine has no tz database (Debian: tzdata)";
    ASSERT_EQ(setenv("TZ", region, 1), 0);
    tzset();
    for (int i = 0; i < 2'000; ++i) {
      const std::time_t seconds = seconds_of(random);
      std::tm local{};
      localtime_r(&seconds, &local);
      ASSERT_EQ(rules->OffsetAt(seconds), local.tm_gmtoff)
          << region << " at " << seconds << ", seed " << seed;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST(ZoneRules, RefuseWhatIsNoRegion) {
  for (const char* region : {"Europe/Nowhere", "../../etc/passwd", "Europe/../Europe/Berlin",
                             "posix/Europe/Berlin", "Europe"}) {
    EXPECT_FALSE(ZoneRules::Load(region)) << region;
  }
}

TEST(ZoneRules, RefuseDamagedFiles) {
  EXPECT_FALSE(ZoneRules::FromTzif(""));
  EXPECT_FALSE(ZoneRules::FromTzif("TZif2"));
  std::string huge = "TZif2" + std::string(39, '\0');
  for (size_t i = 20; i < huge.size(); ++i) huge[i] = '\x7f';
  EXPECT_FALSE(ZoneRules::FromTzif(huge));
}

TEST(TimeZone, MovesOnThroughAGapAndTakesTheEarlierOfTwo) {
  ZoneDatabase zones;
  const std::optional<TimeZone> berlin = TimeZone::Parse("Europe/Berlin", &zones);
  if (!berlin) GTEST_SKIP() << "this machine has no tz database (Debian: tzdata)";
  // 2024-03-31 02:30 does not exist: 03:30 summer time, 01:30 UTC.
  EXPECT_EQ(berlin->ToUtcSeconds(1711852200), 1711848600);
  // 2024-10-27 02:30 comes twice: the first is summer time, 00:30 UTC.
  EXPECT_EQ(berlin->ToUtcSeconds(1729996200), 1729989000);
}

TEST(TimeZone, KnowsOffsetsInSparksForms) {
  ZoneDatabase zones;
  const auto offset = [&zones](std::string_view id) -> std::optional<int64_t> {
    const std::optional<TimeZone> zone = TimeZone::Parse(id, &zones);
    if (!zone) return std::nullopt;
    return -zone->ToUtcSeconds(0);
  };
  EXPECT_EQ(offset("Z"), 0);
  EXPECT_EQ(offset("+02:00"), 7200);
  EXPECT_EQ(offset("-3:30"), -12600);
  EXPECT_EQ(offset("+0130"), 5400);
  EXPECT_EQ(offset("UTC+1"), 3600);
  EXPECT_EQ(offset("EST"), -18000);
  EXPECT_EQ(offset("+18:01"), std::nullopt);
  EXPECT_EQ(offset("+1:60"), std::nullopt);
  EXPECT_EQ(offset("nowhere at all"), std::nullopt);
}

}  // namespace
}  // namespace spillway::expression
