#include "pipeline/target_commits.h"

#include <fstream>
#include <thread>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class TargetCommitsTest : public test::PipelineTest {
 protected:
  TargetCommitsTest() {
    MakeSource(100);
    MakeLookup();
  }

  std::unique_ptr<Plan> ChunkedPlan(const std::string& mode = "error_if_exists") {
    return PlanOf({"mode=chunked", "processing.chunk_size=20", "target.mode=" + mode}).ValueOrDie();
  }

  // A file of the target with one row, `id`.
  std::vector<delta::AddedFile> FileOf(const Plan& plan, int64_t id) {
    std::filesystem::create_directories(folder_ / "target");
    TableWriter writer(
        plan.pipeline->output_schema,
        {.table_path = folder_ / "target", .parquet = {.pool = arrow::default_memory_pool()}});
    const auto batch =
        test::BatchOf(plan.pipeline->output_schema, fmt::format(R"([{{"id": {}}}])", id));
    test::AssertOk(writer.Write(*batch));
    return writer.Finish().ValueOrDie().Release();
  }

  Status CommitChunk(TargetCommits& commits, const Plan& plan, size_t chunk) {
    return commits.Commit(plan.chunks[chunk], FileOf(plan, static_cast<int64_t>(chunk)));
  }

  // Another writer's commit of one row.
  void AppendForeign(const Plan& plan, int64_t id) {
    delta::CommitRequest request{.files = FileOf(plan, id)};
    for (int attempt = 0; attempt < 100; ++attempt) {
      const auto base = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
      if (delta::Commit(*base, request).ValueOrDie().committed) return;
    }
    FAIL() << "the other writer lost all races";
  }

  // An empty one, made by another writer.
  void MakeTarget(const Plan& plan) {
    ASSERT_TRUE(
        delta::CreateTable(folder_ / "target", {.schema = plan.pipeline->output_schema}).ok());
  }

  void ReplaceSchema(std::shared_ptr<arrow::Schema> schema) {
    const auto base = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    const delta::CommitRequest request{.mode = delta::CommitRequest::Mode::kOverwriteSchema,
                                       .schema = std::move(schema)};
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }

  // Another writer's commit of the table's metaData, as of version 0 but for the configuration.
  void WriteDefinition(const std::string& operation, const std::string& configuration,
                       int64_t version) {
    const auto path_of = [this](int64_t number) {
      return fmt::format("{}/_delta_log/{:020}.json", folder_ / "target", number);
    };
    std::ifstream first(path_of(0));
    std::string line;
    while (std::getline(first, line) && !line.starts_with(R"({"metaData")")) {
    }
    const std::string key = R"("configuration":)";
    const size_t begin = line.find(key) + key.size();
    line.replace(begin, line.find('}', begin) + 1 - begin, configuration);
    std::ofstream commit(path_of(version));
    commit << fmt::format(R"({{"commitInfo":{{"timestamp":0,"operation":"{}"}}}})", operation)
           << "\n"
           << line << "\n";
  }

  // Another writer's rows in place of all that the target has.
  void OverwriteForeign(const Plan& plan) {
    const auto base = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    const delta::CommitRequest request{.mode = delta::CommitRequest::Mode::kOverwrite,
                                       .files = FileOf(plan, 1000)};
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }

  void ExpectRowsLost(const Status& status, const std::string& why) {
    EXPECT_EQ(test::CodeOf(status), ErrorCode::kCommitConflict) << status.ToString();
    EXPECT_EQ(FindError(status)->why, why);
  }

  std::optional<int64_t> ProgressOf(const Plan& plan) {
    return delta::Snapshot::Open(folder_ / "target")
        .ValueOrDie()
        ->LastTransactionVersion(plan.app_id)
        .ValueOrDie();
  }
};

TEST_F(TargetCommitsTest, RecordsHowFarItCame) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  EXPECT_FALSE(delta::TableExists(folder_ / "target").ValueOrDie());
  for (size_t chunk = 0; chunk < plan->chunks.size(); ++chunk) {
    ASSERT_TRUE(CommitChunk(commits, *plan, chunk).ok());
    EXPECT_EQ(commits.last_version(), static_cast<int64_t>(chunk));
    EXPECT_EQ(ProgressOf(*plan), plan->chunks[chunk].end_ordinal);
  }
  EXPECT_EQ(TargetRows().size(), 5U);
}

TEST_F(TargetCommitsTest, GoesOnAfterAnotherWritersRows) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  AppendForeign(*plan, 1000);
  ASSERT_TRUE(CommitChunk(commits, *plan, 1).ok());
  EXPECT_EQ(commits.last_version(), 2);
  EXPECT_EQ(TargetRows().size(), 3U);
}

TEST_F(TargetCommitsTest, LosesNoRowWhileAnotherWriterCommits) {
  const auto plan = ChunkedPlan("append");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  std::jthread other([&] {
    for (int64_t id = 0; id < 10; ++id) AppendForeign(*plan, 1000 + id);
  });
  for (size_t chunk = 1; chunk < plan->chunks.size(); ++chunk) {
    const Status status = CommitChunk(commits, *plan, chunk);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  other.join();
  EXPECT_EQ(TargetRows().size(), 15U);
  EXPECT_EQ(TargetVersion(), 14);
}

TEST_F(TargetCommitsTest, NeverCommitsATransactionTwice) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  EXPECT_EQ(test::CodeOf(CommitChunk(commits, *plan, 0)), ErrorCode::kCommitConflict);
  EXPECT_EQ(TargetRows().size(), 1U);
  // A chunk that adds nothing is done when its transaction is there.
  ASSERT_TRUE(commits.Commit(plan->chunks[0], {}).ok());
  EXPECT_EQ(TargetVersion(), 0);
}

TEST_F(TargetCommitsTest, AChunkWithoutRowsIsRecordedToo) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(commits.Commit(plan->chunks[0], {}).ok());
  EXPECT_EQ(ProgressOf(*plan), 20);
  EXPECT_EQ(TargetVersion(), 0);
}

TEST_F(TargetCommitsTest, StopsWhereAnotherRunOfThePlanIsAhead) {
  const auto plan = ChunkedPlan();
  TargetCommits ours(*plan);
  TargetCommits theirs(*plan);
  ASSERT_TRUE(ours.Prepare().ok());
  ASSERT_TRUE(theirs.Prepare().ok());
  ASSERT_TRUE(CommitChunk(theirs, *plan, 0).ok());
  EXPECT_EQ(test::CodeOf(CommitChunk(ours, *plan, 0)), ErrorCode::kCommitConflict);
  ASSERT_TRUE(CommitChunk(theirs, *plan, 1).ok());
  EXPECT_EQ(test::CodeOf(CommitChunk(ours, *plan, 1)), ErrorCode::kCommitConflict);
  EXPECT_EQ(TargetRows().size(), 2U);
}

TEST_F(TargetCommitsTest, StopsWhereTheColumnsChanged) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  ReplaceSchema(arrow::schema({arrow::field("id", arrow::utf8())}));
  const Status status = CommitChunk(commits, *plan, 1);
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kCommitConflict);
  EXPECT_NE(FindError(status)->why.find("~ id"), std::string::npos);
}

TEST_F(TargetCommitsTest, StopsWhereTheTablesRulesChangedAndNamesTheCommit) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  // One that says again what the table is changes nothing.
  WriteDefinition("WRITE", "{}", 1);
  ASSERT_TRUE(CommitChunk(commits, *plan, 1).ok());
  WriteDefinition("SET TBLPROPERTIES", R"({"delta.appendOnly":"true"})", 3);
  AppendForeign(*plan, 1000);
  const Status status = CommitChunk(commits, *plan, 2);
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kCommitConflict) << status.ToString();
  EXPECT_NE(FindError(status)->what.find("properties"), std::string::npos);
  EXPECT_NE(FindError(status)->where.find("version 3 (SET TBLPROPERTIES)"), std::string::npos);
  EXPECT_EQ(ProgressOf(*plan), 40);
  // A new plan takes the table as it is.
  ASSERT_TRUE(RunAll({"mode=chunked", "processing.chunk_size=20"}).ok());
}

TEST_F(TargetCommitsTest, StopsWhereItsRowsWereOverwritten) {
  const auto plan = ChunkedPlan("append");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  AppendForeign(*plan, 1000);
  ASSERT_TRUE(CommitChunk(commits, *plan, 1).ok());
  OverwriteForeign(*plan);
  AppendForeign(*plan, 1001);
  const std::string why = "version 3 (WRITE) removed or rewrote files that hold them";
  const Status status = CommitChunk(commits, *plan, 2);
  ExpectRowsLost(status, why);
  EXPECT_EQ(FindError(status)->cure,
            "RESTORE the table to version 2 and run again to resume; or, if none of the run's rows "
            "are left, run with --fresh");
  EXPECT_EQ(TargetRows().size(), 2U);
  EXPECT_EQ(ProgressOf(*plan), 40);
  // A second attempt finds it before it does any work.
  const auto again = ChunkedPlan("append");
  ASSERT_EQ(again->committed_ordinal, 40);
  ExpectRowsLost(TargetCommits(*again).Prepare(), why);
}

TEST_F(TargetCommitsTest, AnOverwriteBeforeItsFirstRowsIsNoLoss) {
  MakeTarget(*ChunkedPlan());
  const auto plan = ChunkedPlan("overwrite");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  AppendForeign(*plan, 1000);
  OverwriteForeign(*plan);
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  EXPECT_EQ(TargetRows().size(), 2U);
}

TEST_F(TargetCommitsTest, AFreshRunTakesTheRowsOfTheOneBefore) {
  const auto first = ChunkedPlan("overwrite");
  TargetCommits commits(*first);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *first, 0).ok());
  const auto fresh =
      PlanOf({"mode=chunked", "processing.chunk_size=20", "target.mode=overwrite"}, true)
          .ValueOrDie();
  TargetCommits anew(*fresh);
  ASSERT_TRUE(anew.Prepare().ok());
  ASSERT_TRUE(CommitChunk(anew, *fresh, 0).ok());
  EXPECT_EQ(TargetRows().size(), 1U);
  // The first one, if it is still at work, notices.
  const Status status = CommitChunk(commits, *first, 1);
  ExpectRowsLost(status, "version 1 (WRITE) removed or rewrote files that hold them");
  EXPECT_EQ(FindError(status)->cure, "run again with --fresh, which overwrites the table");
}

TEST_F(TargetCommitsTest, StopsWhereTheTableIsAnother) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  std::filesystem::remove_all(folder_ / "target");
  MakeTarget(*plan);
  EXPECT_EQ(test::CodeOf(CommitChunk(commits, *plan, 1)), ErrorCode::kCommitConflict);
}

// The other writer comes between plan and first commit.
TEST_F(TargetCommitsTest, ErrorIfExistsHoldsUntilTheFirstCommit) {
  const auto plan = ChunkedPlan();
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  MakeTarget(*plan);
  AppendForeign(*plan, 1000);
  EXPECT_EQ(test::CodeOf(CommitChunk(commits, *plan, 0)), ErrorCode::kCommitConflict);
  EXPECT_EQ(TargetRows().size(), 1U);
}

TEST_F(TargetCommitsTest, AppendsToWhatAnotherWriterMadeMeanwhile) {
  const auto plan = ChunkedPlan("append");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  MakeTarget(*plan);
  AppendForeign(*plan, 1000);
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  EXPECT_EQ(commits.last_version(), 2);
  EXPECT_EQ(TargetRows().size(), 2U);
}

TEST_F(TargetCommitsTest, OverwritesWhatAnotherWriterMadeMeanwhile) {
  const auto plan = ChunkedPlan("overwrite");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  MakeTarget(*plan);
  AppendForeign(*plan, 1000);
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  EXPECT_EQ(ProgressOf(*plan), 20);
  EXPECT_EQ(TargetRows().size(), 1U);
  // Once: the next chunk is added to it.
  ASSERT_TRUE(CommitChunk(commits, *plan, 1).ok());
  EXPECT_EQ(TargetRows().size(), 2U);
}

TEST_F(TargetCommitsTest, EmptiesATableThatChunksOverwrite) {
  MakeTarget(*ChunkedPlan());
  AppendForeign(*ChunkedPlan("append"), 1000);
  const auto plan = ChunkedPlan("overwrite");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  EXPECT_TRUE(TargetRows().empty());
  EXPECT_EQ(ProgressOf(*plan), 0);
  ASSERT_TRUE(CommitChunk(commits, *plan, 0).ok());
  EXPECT_EQ(TargetRows().size(), 1U);
}

TEST_F(TargetCommitsTest, StopsWhereAnotherWriterMadeOtherColumnsMeanwhile) {
  const auto plan = ChunkedPlan("append");
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  ASSERT_TRUE(delta::CreateTable(folder_ / "target",
                                 {.schema = arrow::schema({arrow::field("id", arrow::utf8())})})
                  .ok());
  EXPECT_EQ(test::CodeOf(CommitChunk(commits, *plan, 0)), ErrorCode::kCommitConflict);
}

TEST_F(TargetCommitsTest, WritesCheckpointsAtTheTablesInterval) {
  const auto plan = ChunkedPlan();
  plan->spec.target.properties = {{"delta.checkpointInterval", "2"}};
  TargetCommits commits(*plan);
  ASSERT_TRUE(commits.Prepare().ok());
  for (size_t chunk = 0; chunk < plan->chunks.size(); ++chunk) {
    ASSERT_TRUE(CommitChunk(commits, *plan, chunk).ok());
  }
  for (int version = 0; version <= 4; ++version) {
    const auto checkpoint =
        fmt::format("{}/_delta_log/{:020}.checkpoint.parquet", folder_ / "target", version);
    EXPECT_EQ(std::filesystem::exists(checkpoint), version == 2 || version == 4) << version;
  }
}

}  // namespace
}  // namespace spillway::pipeline
