#include "base/error_catalog.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace spillway {
namespace {

// The numbers of the enumeration, from the header's text: the compiler cannot list them.
std::map<int, std::string> CodesInHeader() {
  std::ifstream file("src/base/error_catalog.h");  // tests run in the root of the sources
  std::stringstream text;
  text << file.rdbuf();
  const std::string contents = text.str();
  const std::regex value(R"((k[A-Za-z]+) = (\d{4}),)");
  std::map<int, std::string> codes;
  for (std::sregex_iterator match(contents.begin(), contents.end(), value), end; match != end;
       ++match) {
    codes[std::stoi((*match)[2])] = (*match)[1];
  }
  return codes;
}

TEST(ErrorCatalogTest, EveryCodeHasOneEntry) {
  const std::map<int, std::string> codes = CodesInHeader();
  ASSERT_GT(codes.size(), 30U);
  std::set<int> described;
  for (const CatalogEntry& entry : ErrorCatalog()) {
    EXPECT_TRUE(described.insert(static_cast<int>(entry.code)).second)
        << CodeName(entry.code) << " stands twice";
  }
  for (const auto& [number, name] : codes) {
    EXPECT_EQ(described.count(number), 1U) << name << " = " << number << " has no entry";
  }
  EXPECT_EQ(described.size(), codes.size());
}

TEST(ErrorCatalogTest, EntriesAreOrderedAndComplete) {
  int previous = 0;
  for (const CatalogEntry& entry : ErrorCatalog()) {
    EXPECT_GT(static_cast<int>(entry.code), previous) << CodeName(entry.code);
    previous = static_cast<int>(entry.code);
    EXPECT_FALSE(entry.title.empty()) << CodeName(entry.code);
    EXPECT_NE(entry.title.back(), '.') << CodeName(entry.code);
    EXPECT_TRUE(entry.meaning.ends_with('.')) << CodeName(entry.code);
    EXPECT_TRUE(entry.cure.ends_with('.')) << CodeName(entry.code);
    EXPECT_EQ(TitleOf(entry.code), entry.title);
  }
}

TEST(ErrorCatalogTest, TitlesAreDistinct) {
  std::set<std::string_view> titles;
  for (const CatalogEntry& entry : ErrorCatalog()) {
    EXPECT_TRUE(titles.insert(entry.title).second) << entry.title;
  }
}

TEST(ErrorCatalogTest, EveryEntryIsFoundByEachOfItsNames) {
  for (const CatalogEntry& entry : ErrorCatalog()) {
    const std::string number = std::to_string(static_cast<int>(entry.code));
    for (const std::string& name : {"SPW-" + number, "spw-" + number, number}) {
      const auto found = FindCatalogEntry(name);
      ASSERT_TRUE(found.has_value()) << name;
      EXPECT_EQ(found->code, entry.code);
    }
  }
}

TEST(ErrorCatalogTest, OtherNamesAreNotFound) {
  for (const std::string_view name : {"", "SPW-", "SPW-0", "SPW-99999", "SPW-1103x", "x1103",
                                      "-1103", " 1103", "SPW-SPW-1103", "99999999999999999999"}) {
    EXPECT_FALSE(FindCatalogEntry(name).has_value()) << name;
  }
}

TEST(ErrorCatalogTest, TheThousandsDecideTheExitCode) {
  const std::map<int, int> exit_code_of_class = {{1, 2}, {3, 3}, {4, 4}, {5, 5},
                                                 {6, 6}, {7, 1}, {9, 70}};
  for (const CatalogEntry& entry : ErrorCatalog()) {
    const auto expected = exit_code_of_class.find(static_cast<int>(entry.code) / 1000);
    ASSERT_NE(expected, exit_code_of_class.end()) << CodeName(entry.code);
    EXPECT_EQ(ExitCodeOf(entry.code), expected->second) << CodeName(entry.code);
  }
}

}  // namespace
}  // namespace spillway
