#include "spec/scalar_value.h"

#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "base/units.h"

namespace spillway::spec {
namespace {

TEST(ScalarValue, ReadsIntegers) {
  EXPECT_EQ(ReadInteger("0"), 0);
  EXPECT_EQ(ReadInteger("1_000_000"), 1'000'000);
  EXPECT_EQ(ReadInteger("999999999999999"), 999'999'999'999'999);
  EXPECT_EQ(ReadInteger("999_999_999_999_999"), 999'999'999'999'999);
  for (const char* text :
       {"", "-1", "+1", "01", "1_00", "_1", "1_", "1__000", "0_000", "1e3", "1.0", "0x1F",
        "1000000000000000", "1_000_000_000_000_000", "1000_000"}) {
    EXPECT_EQ(ReadInteger(text), std::nullopt) << text;
  }
}

TEST(ScalarValue, KnowsYamlsKinds) {
  for (const char* text : {"1", "-1", "+1", "010", "0x1F", "0o17", "1.", ".5", "1e3", "-1.5E-3",
                           ".inf", "-.INF", ".nan"}) {
    EXPECT_EQ(KindOfPlain(text), PlainKind::kNumber) << text;
  }
  for (const char* text : {"1_000", "1.2.3", "e5", ".", "-", "0x", "0xG", "1e", "2026-01-31", "yes",
                           "nULL", "tRUE", "+.nan"}) {
    EXPECT_EQ(KindOfPlain(text), PlainKind::kText) << text;
  }
  EXPECT_EQ(KindOfPlain("TRUE"), PlainKind::kBoolean);
  EXPECT_EQ(KindOfPlain("~"), PlainKind::kNull);
}

TEST(ScalarValue, ReadsTimestamps) {
  EXPECT_EQ(ReadTimestamp("2026-01-31"), "2026-01-31T00:00:00Z");
  EXPECT_EQ(ReadTimestamp("2026-01-31 10:20"), "2026-01-31T10:20:00Z");
  EXPECT_EQ(ReadTimestamp("2024-02-29T10:20:30.123+02:00"), "2024-02-29T10:20:30.123+02:00");
  EXPECT_EQ(ReadTimestamp("2026-01-31T10:20:30-00:30"), "2026-01-31T10:20:30-00:30");
  for (const char* text :
       {"", "2026", "2026-02-29", "2026-13-01", "2026-01-31T", "2026-01-31T24:00",
        "2026-01-31T10:60", "2026-01-31T10:00:60", "2026-01-31T10:00:00.",
        "2026-01-31T10:00:00.1234567", "2026-01-31Z", "2026-01-31T10:00+2:00",
        "2026-01-31T10:00+02:60", "2026-01-31T10:00ZZ", "2026-01-31T10:00 "}) {
    EXPECT_EQ(ReadTimestamp(text), std::nullopt) << text;
  }
}

TEST(ScalarValue, ReadsCompressions) {
  EXPECT_EQ(ReadCompression("zstd")->level, std::nullopt);
  EXPECT_EQ(ReadCompression("zstd(22)")->level, 22);
  EXPECT_EQ(ReadCompression("none")->codec, Compression::Codec::kNone);
  for (const char* text :
       {"", "ZSTD", "zstd()", "zstd(0)", "zstd(23)", "zstd(01)", "zstd(1", "gzip", "snappy(1)"}) {
    EXPECT_EQ(ReadCompression(text), std::nullopt) << text;
  }
}

TEST(ScalarValue, ReadsVariables) {
  EXPECT_EQ(ReadPlainVariable("0.5")->kind, Variable::Kind::kNumber);
  EXPECT_EQ(ReadPlainVariable("-1e-3")->kind, Variable::Kind::kNumber);
  EXPECT_EQ(ReadPlainVariable("1_000")->text, "1000");
  EXPECT_EQ(ReadPlainVariable("false")->kind, Variable::Kind::kBoolean);
  EXPECT_EQ(ReadPlainVariable("2026-01-31")->kind, Variable::Kind::kString);
  for (const char* text :
       {"yes", "Off", "n", "010", "0x1F", "+5", ".5", "1.", ".inf", ".nan", "True"}) {
    EXPECT_EQ(ReadPlainVariable(text), std::nullopt) << text;
  }
}

// A reader and its pattern are two statements of one rule.
TEST(ScalarValue, ReadersAgreeWithTheirPatterns) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::regex grouped{std::string(kGroupedIntegerPattern)};
  const std::regex byte_size{std::string(kByteSizePattern)};
  const std::regex timestamp{std::string(kTimestampPattern)};
  const std::regex compression{std::string(kCompressionPattern)};
  const std::regex name{std::string(kNamePattern)};
  const std::vector<std::string> starts = {"",
                                           "1_000",
                                           "12",
                                           "1.5",
                                           "256MiB",
                                           "zstd(1)",
                                           "2026-01-31",
                                           "2026-01-31T10:20:30.5+02:00",
                                           "snappy",
                                           "a-b_c",
                                           "999_999_999_999_999",
                                           "2 GB"};
  constexpr std::string_view kLetters = "0123456789_.-+:TZ ()aKMGiBbzstd";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = starts[random() % starts.size()];
    for (unsigned edits = random() % 4; edits > 0; --edits) {
      const size_t at = random() % (text.size() + 1);
      const char c = kLetters[random() % kLetters.size()];
      if (random() % 2 == 0 && at < text.size()) {
        text.erase(at, 1);
      } else {
        text.insert(at, 1, c);
      }
    }
    ASSERT_EQ(IsGroupedInteger(text), std::regex_search(text, grouped)) << text;
    ASSERT_EQ(IsByteSize(text), std::regex_search(text, byte_size)) << text;
    ASSERT_EQ(ReadCompression(text).has_value(), std::regex_search(text, compression)) << text;
    ASSERT_EQ(IsName(text), std::regex_search(text, name)) << text;
    // The calendar is not in the pattern, so the pattern accepts more.
    ASSERT_TRUE(!ReadTimestamp(text) || std::regex_search(text, timestamp)) << text;
    if (IsByteSize(text) && text.find('_') == std::string::npos) {
      ASSERT_TRUE(ParseByteSize(text).ok() || text.find('T') != std::string::npos ||
                  text.find('G') != std::string::npos || text.find('M') != std::string::npos)
          << text;
    }
  }
}

}  // namespace
}  // namespace spillway::spec
