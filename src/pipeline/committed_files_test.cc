#include "pipeline/committed_files.h"

#include <fstream>
#include <set>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

constexpr std::string_view kRun = "run";

// A table whose log is written by hand, an operation a commit; its files do not exist.
class CommittedFilesTest : public ::testing::Test {
 protected:
  CommittedFilesTest() {
    const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
    test::AssertOk(delta::CreateTable(table(), {.schema = schema}).status());
  }

  std::string table() const { return folder_ / "table"; }

  std::string LogPath(int64_t version) const {
    return fmt::format("{}/_delta_log/{:020}.json", table(), version);
  }

  void Commit(std::string_view operation, const std::vector<std::string>& actions) {
    std::ofstream commit(LogPath(++version_));
    // The name of the operation may stand anywhere.
    if (version_ % 2 == 0) commit << CommitInfo(operation);
    for (const std::string& action : actions) commit << action << "\n";
    if (version_ % 2 != 0) commit << CommitInfo(operation);
  }

  static std::string CommitInfo(std::string_view operation) {
    return fmt::format("{{\"commitInfo\":{{\"operation\":\"{}\"}}}}\n", operation);
  }

  static std::string Transaction(std::string_view app_id) {
    return fmt::format(R"({{"txn":{{"appId":"{}","version":1}}}})", app_id);
  }

  static std::string Add(std::string_view file, bool data_change = true, bool shortened = false) {
    return fmt::format(
        R"({{"add":{{"path":"{}","partitionValues":{{}},"size":1,"modificationTime":1,)"
        R"("dataChange":{}{}}}}})",
        file, data_change,
        shortened ? R"(,"deletionVector":{"storageType":"u","pathOrInlineDv":"x","offset":1,)"
                    R"("sizeInBytes":1,"cardinality":1})"
                  : "");
  }

  static std::string Remove(std::string_view file, bool data_change = true) {
    return fmt::format(R"({{"remove":{{"path":"{}","dataChange":{}}}}})", file, data_change);
  }

  std::unique_ptr<delta::Snapshot> Latest() const {
    return delta::Snapshot::Open(table()).ValueOrDie();
  }

  CommittedFiles Found() const {
    return CommittedFiles::Find(*Latest(), std::string(kRun)).ValueOrDie();
  }

  std::string Loss() const {
    const auto loss = Found().FirstLoss();
    return loss ? NameCommit(*loss) : "none";
  }

  const test::TestFolder folder_;
  int64_t version_ = 0;
};

TEST_F(CommittedFilesTest, AreThoseOfCommitsWithTheAppId) {
  Commit("WRITE", {Add("foreign")});
  Commit("WRITE", {Add("a"), Transaction(kRun), Add("b")});
  Commit("WRITE", {Transaction("run:1"), Add("of another run")});
  const CommittedFiles files = Found();
  EXPECT_TRUE(files.Contains(table() + "/a"));
  EXPECT_TRUE(files.Contains(table() + "/b"));
  EXPECT_FALSE(files.Contains(table() + "/foreign"));
  EXPECT_FALSE(files.Contains(table() + "/of another run"));
  EXPECT_TRUE(files.all_in_place());
  EXPECT_EQ(Loss(), "none");
}

TEST_F(CommittedFilesTest, KnowWhoRemovedThem) {
  Commit("WRITE", {Transaction(kRun), Add("a"), Add("b")});
  Commit("WRITE", {Add("foreign")});
  Commit("DELETE", {Remove("foreign")});
  EXPECT_EQ(Loss(), "none");
  Commit("UPDATE", {Add("rewritten"), Remove("b")});
  Commit("DELETE", {Remove("a")});
  EXPECT_EQ(Loss(), "version 4 (UPDATE)");
  EXPECT_FALSE(Found().all_in_place());
  EXPECT_FALSE(Found().FirstMove());
}

TEST_F(CommittedFilesTest, KnowWhoDeletedRowsOfThem) {
  Commit("WRITE", {Transaction(kRun), Add("a")});
  Commit("DELETE", {Add("a", true, true), Remove("a")});
  EXPECT_EQ(Loss(), "version 2 (DELETE)");
  EXPECT_TRUE(Found().all_in_place());
  // Compaction does not hide it.
  Commit("OPTIMIZE", {Remove("a", false), Add("b", false)});
  EXPECT_EQ(Loss(), "version 2 (DELETE)");
}

TEST_F(CommittedFilesTest, AreFollowedWhereTheirRowsAreMoved) {
  Commit("WRITE", {Transaction(kRun), Add("a"), Add("b")});
  Commit("OPTIMIZE", {Add("c", false), Remove("a", false), Remove("foreign", false)});
  Commit("OPTIMIZE", {Remove("c", false), Add("d", false)});
  EXPECT_EQ(Loss(), "none");
  EXPECT_FALSE(Found().all_in_place());
  EXPECT_EQ(NameCommit(Found().FirstMove().value()), "version 2 (OPTIMIZE)");
  Commit("DELETE", {Remove("d")});
  EXPECT_EQ(Loss(), "version 4 (DELETE)");
}

TEST_F(CommittedFilesTest, AreBackAfterARestore) {
  Commit("WRITE", {Transaction(kRun), Add("a"), Add("b")});
  Commit("OPTIMIZE", {Remove("a", false), Remove("b", false), Add("c", false)});
  Commit("WRITE", {Remove("c"), Add("foreign")});
  EXPECT_EQ(Loss(), "version 3 (WRITE)");
  Commit("RESTORE", {Remove("foreign"), Add("a"), Add("b")});
  EXPECT_EQ(Loss(), "none");
  EXPECT_TRUE(Found().all_in_place());
  EXPECT_FALSE(Found().Contains(table() + "/c"));
}

TEST_F(CommittedFilesTest, NeedTheCommitsOfTheRun) {
  Commit("WRITE", {Add("foreign")});
  Commit("WRITE", {Transaction(kRun), Add("a")});
  Commit("WRITE", {Add("more")});
  ASSERT_TRUE(Latest()->WriteCheckpoint().ok());
  const auto clean_up = [this](int64_t version) { std::filesystem::remove(LogPath(version)); };
  clean_up(0);
  const auto find = [this] { return CommittedFiles::Find(*Latest(), std::string(kRun)).status(); };
  // Version 1 cannot be opened any more, so that nobody knows whether the run was there before.
  EXPECT_EQ(test::CodeOf(find()), ErrorCode::kVersionNotFound);
  clean_up(1);
  clean_up(2);
  EXPECT_EQ(test::CodeOf(find()), ErrorCode::kVersionNotFound);
  // A run that comes after what is gone is known in full.
  Commit("WRITE", {Transaction("later"), Add("b")});
  const auto later = CommittedFiles::Find(*Latest(), "later").ValueOrDie();
  EXPECT_TRUE(later.Contains(table() + "/b"));
  EXPECT_FALSE(later.FirstLoss());
}

// Knows which rows are in which file.
struct HistoryModel {
  std::map<std::string, std::set<int>> live;  // rows of the run, by file
  int run_rows = 0;                           // that were written
  int files = 0;

  std::string NewFile() { return fmt::format("f{}", files++); }

  bool lost_rows() const {
    std::set<int> left;
    for (const auto& [file, rows] : live) left.insert(rows.begin(), rows.end());
    return left.size() < static_cast<size_t>(run_rows);
  }
};

TEST_F(CommittedFilesTest, FindEveryLossInRandomHistories) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (int history = 0; history < 12; ++history) {
    for (; version_ > 0; --version_) std::filesystem::remove(LogPath(version_));
    HistoryModel model;
    CommittedFiles follower(std::string(kRun), 1);
    const auto any_file = [&] {
      return std::next(model.live.begin(), static_cast<ptrdiff_t>(below(model.live.size())))->first;
    };
    for (int step = 0; step < 15; ++step) {
      const size_t choice = model.live.size() < 2 ? below(2) : below(8);
      if (choice < 2) {
        const std::string file = model.NewFile();
        const bool is_ours = choice == 0;
        model.live[file] = {};
        if (is_ours) model.live[file] = {model.run_rows, model.run_rows + 1};
        if (is_ours) model.run_rows += 2;
        Commit("WRITE", {Transaction(is_ours ? kRun : "other"), Add(file)});
      } else if (choice < 6) {
        const std::string file = model.NewFile();
        std::vector<std::string> actions = {Add(file, false)};
        std::set<int> rows;
        for (const std::string& old : std::set<std::string>{any_file(), any_file()}) {
          actions.push_back(Remove(old, false));
          rows.merge(model.live[old]);
          model.live.erase(old);
        }
        model.live[file] = rows;
        Commit("OPTIMIZE", actions);
      } else if (choice == 6) {
        const std::string file = any_file();
        model.live.erase(file);
        Commit("DELETE", {Remove(file)});
      } else {
        const std::string file = any_file();
        std::set<int>& rows = model.live[file];
        if (!rows.empty()) rows.erase(rows.begin());
        Commit("DELETE", {Remove(file), Add(file, true, true)});
      }
      SCOPED_TRACE(fmt::format("history {}, step {}", history, step));
      ASSERT_EQ(Found().FirstLoss().has_value(), model.lost_rows());
      test::AssertOk(follower.Follow(*Latest()));
      ASSERT_EQ(follower.FirstLoss().has_value(), model.lost_rows());
    }
  }
}

}  // namespace
}  // namespace spillway::pipeline
