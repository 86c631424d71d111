#include "base/suggestion.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway {
namespace {

// The definition, by recursion over the first letters; exponential, for short words only.
size_t NaiveDistance(std::string_view a, std::string_view b) {
  if (a.empty()) return b.size();
  if (b.empty()) return a.size();
  size_t best = NaiveDistance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1);
  best = std::min(best, NaiveDistance(a.substr(1), b) + 1);
  best = std::min(best, NaiveDistance(a, b.substr(1)) + 1);
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, NaiveDistance(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

TEST(EditDistance, IsTheDefinitions) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto word = [&random] {
    std::string text(random() % 6, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = word();
    const std::string b = word();
    ASSERT_EQ(EditDistance(a, b), NaiveDistance(a, b)) << a << " " << b;
  }
}

TEST(EditDistance, CountsASwapOnceAndIgnoresCase) {
  EXPECT_EQ(EditDistance("colums", "columns"), 1u);
  EXPECT_EQ(EditDistance("tabel", "table"), 1u);
  EXPECT_EQ(EditDistance("TABLE", "table"), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(Closest, FindsTheSlip) {
  const std::vector<std::string> keys = {"pipeline", "source", "columns", "drop", "mode"};
  EXPECT_EQ(Closest("colums", keys), "columns");
  EXPECT_EQ(Closest("Sorce", keys), "source");
  EXPECT_EQ(Closest("mdoe", keys), "mode");
  EXPECT_EQ(Closest("elephant", keys), std::nullopt);
  EXPECT_EQ(Closest("", keys), std::nullopt);
  EXPECT_EQ(Closest("x", std::vector<std::string>{"y"}), std::nullopt);
  EXPECT_EQ(Closest(std::string(100000, 'a'), keys), std::nullopt);
}

TEST(Closest, TakesTheFirstOfEquals) {
  const std::vector<std::string_view> names = {"bat", "cat"};
  EXPECT_EQ(Closest("aat", names), "bat");
}

TEST(Suggest, NamesOneOrListsThem) {
  const std::vector<std::string> modes = {"auto", "standard", "chunked"};
  EXPECT_EQ(Suggest("chunk", modes), "write \"chunked\"");
  EXPECT_EQ(Suggest("zzz", modes), "use one of \"auto\", \"standard\", \"chunked\"");
  EXPECT_EQ(Suggest("zzz", modes, 2), "use one of \"auto\", \"standard\", ..");
  EXPECT_EQ(Suggest("zzz", {}), "");
}

}  // namespace
}  // namespace spillway
