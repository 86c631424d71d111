#include "pipeline/progress_record.h"

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class ProgressRecordTest : public test::PipelineTest {
 protected:
  ProgressRecordTest() {
    MakeSource(10);
    MakeLookup();
  }

  std::string Identity(const std::vector<std::string>& settings = {}) {
    return PlanOf(settings).ValueOrDie()->app_id;
  }

  void Record(const std::string& app_id, int64_t version) {
    const auto base = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    const delta::CommitRequest request{
        .transaction = delta::TransactionId{.app_id = app_id, .version = version}};
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }
};

TEST_F(ProgressRecordTest, IdentityIsNameAndHash) {
  const std::string identity = Identity();
  EXPECT_TRUE(identity.starts_with("spillway:test:"));
  EXPECT_EQ(identity.size(), std::string_view("spillway:test:").size() + 32);
  EXPECT_EQ(Identity(), identity);
}

TEST_F(ProgressRecordTest, IdentityIgnoresHowTheRowsAreMade) {
  const std::string identity = Identity();
  for (const std::string setting :
       {"resources.memory=128MiB", "mode=chunked", "processing.chunk_size=3",
        "processing.in_memory_threshold=1", "target.compression=zstd(3)",
        "target.target_file_size=1MiB", "target.max_records_per_file=5", "lookups.scores.version=1",
        "source.version=1"}) {
    EXPECT_EQ(Identity({setting}), identity) << setting;
  }
}

TEST_F(ProgressRecordTest, IdentityChangesWithWhatDecidesTheRows) {
  std::vector<std::string> identities = {Identity()};
  for (const std::string setting :
       {"pipeline=other", "where=id > 3", "where=id > 4", "columns.more=1", "drop=[size]",
        "lookups.scores.type=inner", "lookups.scores.duplicates=first", "target.mode=append",
        "source.version=0", "lookups.scores.version=0"}) {
    identities.push_back(Identity({setting}));
  }
  // New rows in an input are new versions.
  MakeSource(5);
  identities.push_back(Identity());
  // The same version of another table.
  std::filesystem::remove_all(folder_ / "source");
  MakeSource(10);
  identities.push_back(Identity());
  const size_t count = identities.size();
  std::ranges::sort(identities);
  const auto repeated = std::ranges::unique(identities);
  identities.erase(repeated.begin(), repeated.end());
  EXPECT_EQ(identities.size(), count);
}

TEST_F(ProgressRecordTest, FindsTheLatestRepetition) {
  const auto find = [this](bool fresh) {
    const auto target = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    return FindProgress(target.get(), "app", fresh).ValueOrDie();
  };
  EXPECT_EQ(FindProgress(nullptr, "app", true)->app_id, "app");
  EXPECT_EQ(FindProgress(nullptr, "app", false)->committed_ordinal, std::nullopt);

  MakeSource(0);
  std::filesystem::rename(folder_ / "source", folder_ / "target");
  EXPECT_EQ(find(false).app_id, "app");
  EXPECT_EQ(find(true).app_id, "app");
  EXPECT_EQ(find(false).committed_ordinal, std::nullopt);

  Record("app", 5);
  EXPECT_EQ(find(false).app_id, "app");
  EXPECT_EQ(find(false).committed_ordinal, 5);
  EXPECT_EQ(find(true).app_id, "app:1");
  EXPECT_EQ(find(true).committed_ordinal, std::nullopt);

  Record("app:1", 0);
  Record("another", 7);
  EXPECT_EQ(find(false).app_id, "app:1");
  EXPECT_EQ(find(false).committed_ordinal, 0);
  EXPECT_EQ(find(true).app_id, "app:2");
}

}  // namespace
}  // namespace spillway::pipeline
