#include "state/journal.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace spillway::state {
namespace {

using Records = std::vector<std::string>;

class JournalTest : public testing::Test {
 protected:
  std::string path() const { return base_.File("journal"); }

  std::string Contents() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void SetContents(const std::string& text) const { std::ofstream(path()) << text; }

  const TemporaryFolder base_;
};

TEST_F(JournalTest, GivesWhatWasAdded) {
  EXPECT_EQ(ReadJournal(path()), Records{});
  const auto journal = Journal::Make(path(), {"first"}).ValueOrDie();
  EXPECT_EQ(ReadJournal(path()), Records{"first"});
  ASSERT_TRUE(journal->Append("").ok());
  ASSERT_TRUE(journal->Append(R"({"third": 3})").ok());
  EXPECT_EQ(ReadJournal(path()), (Records{"first", "", R"({"third": 3})"}));
  const auto status = std::filesystem::status(path());
  EXPECT_EQ(status.permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_TRUE(Journal::Make(path(), {}).ok());
  EXPECT_EQ(ReadJournal(path()), Records{});
}

// A crash leaves a beginning of the file, at any byte.
TEST_F(JournalTest, EveryRecordIsWholeOrNotThere) {
  const Records all = {"one", "", "three"};
  const auto journal = Journal::Make(path(), all).ValueOrDie();
  const std::string text = Contents();
  Records longest;
  for (size_t length = 0; length <= text.size(); ++length) {
    SetContents(text.substr(0, length));
    const Records records = ReadJournal(path());
    ASSERT_LE(records.size(), all.size());
    EXPECT_EQ(records, Records(all.begin(), all.begin() + static_cast<int64_t>(records.size())));
    EXPECT_GE(records.size(), longest.size()) << length;
    longest = records;
  }
  EXPECT_EQ(longest, all);
}

TEST_F(JournalTest, WhatIsBehindAChangedByteDoesNotCount) {
  const auto journal = Journal::Make(path(), {"one", "two", "three"}).ValueOrDie();
  const std::string text = Contents();
  const size_t second = text.find('\n') + 1;
  for (size_t place = 0; place < text.size(); ++place) {
    std::string damaged = text;
    damaged[place] ^= 1;
    SetContents(damaged);
    const Records records = ReadJournal(path());
    EXPECT_LT(records.size(), 3U) << place;
    EXPECT_EQ(records.empty(), place < second) << place;
  }
}

TEST_F(JournalTest, AFolderThatIsMissingIsAnError) {
  EXPECT_FALSE(Journal::Make(base_.File("missing/journal"), {}).ok());
}

}  // namespace
}  // namespace spillway::state
