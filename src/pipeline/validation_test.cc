#include "pipeline/validation.h"

#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>

#include "pipeline/clock.h"
#include "pipeline/table_scan.h"
#include "pipeline/test_pipeline.h"

namespace spillway::pipeline {
namespace {

class ValidationTest : public test::EitherJoinTest {
 protected:
  ValidationTest() {
    MakeSource(60, {.rows_per_file = 20});
    MakeLookup();
    pipeline_ += "mode: chunked\nprocessing: {chunk_size: 20}\n";
  }

  Result<ValidationReport> ValidateAll(int64_t sample_rows = 0) {
    ARROW_ASSIGN_OR_RAISE(const auto plan, PlanOf());
    Progress progress;
    return Validate(*plan, &progress, StopSignal{0}, {.sample_rows = sample_rows});
  }

  std::vector<test::BatchPointer> ReadTarget() const {
    std::vector<test::BatchPointer> batches;
    const auto options = parquet::ReadOptions{.pool = arrow::default_memory_pool()};
    const auto table = test::Pin(folder_ / "target", {0, 1, 2, 3, 4});
    // In one batch, to take rows from anywhere.
    const auto rows = ScanTable(*table, 0, table->physical_rows(), options)->ToTable().ValueOrDie();
    return {rows->CombineChunksToBatch().ValueOrDie()};
  }

  // Commits `rows` as another writer's, in files of their own.
  void CommitForeign(delta::CommitRequest::Mode mode, const arrow::RecordBatch& rows,
                     std::optional<delta::TransactionId> transaction = std::nullopt) {
    TableWriter writer(rows.schema(), {.table_path = folder_ / "target",
                                       .parquet = {.pool = arrow::default_memory_pool()},
                                       .max_records_per_file = 13});
    ASSERT_TRUE(writer.Write(rows).ok());
    delta::CommitRequest request{.mode = mode, .transaction = std::move(transaction)};
    request.files = writer.Finish().ValueOrDie().Release();
    const auto base = delta::Snapshot::Open(folder_ / "target").ValueOrDie();
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }

  // Puts `rows` in place of the target's.
  void Replace(const arrow::RecordBatch& rows) {
    CommitForeign(delta::CommitRequest::Mode::kOverwrite, rows);
  }

  static test::BatchPointer Take(const arrow::RecordBatch& batch,
                                 const std::vector<int64_t>& rows) {
    std::string json = "[";
    for (const int64_t row : rows) {
      json += fmt::format("{}{}", json.size() > 1 ? "," : "", row);
    }
    const auto indices = arrow::json::ArrayFromJSONString(arrow::int64(), json + "]").ValueOrDie();
    return arrow::compute::Take(arrow::Datum(batch.Slice(0)), indices).ValueOrDie().record_batch();
  }

  // `batch` with another value in one place.
  static test::BatchPointer Changed(const arrow::RecordBatch& batch, int column, int64_t row,
                                    const std::shared_ptr<arrow::Scalar>& value) {
    const auto& old = batch.column(column);
    const auto made = arrow::MakeArrayFromScalar(*value, 1).ValueOrDie();
    const auto array =
        arrow::Concatenate({old->Slice(0, row), made, old->Slice(row + 1)}).ValueOrDie();
    return batch.SetColumn(column, batch.schema()->field(column), array).ValueOrDie();
  }

  void ExpectDifferentOnly(const std::vector<std::string>& columns) {
    const auto report = ValidateAll();
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_FALSE(report->rows_equal);
    EXPECT_FALSE(report->equal());
    std::vector<std::string> different;
    for (const ColumnComparison& column : report->columns) {
      if (!column.equal) different.push_back(column.name);
    }
    EXPECT_EQ(different, columns);
  }
};

TEST_P(ValidationTest, AcceptsWhatARunWrote) {
  ASSERT_TRUE(RunAll().ok());
  const ValidationReport report = ValidateAll().ValueOrDie();
  EXPECT_TRUE(report.equal());
  EXPECT_EQ(report.expected_rows, static_cast<int64_t>(ExpectedRows(0, 60).size()));
  EXPECT_EQ(report.stored_rows, report.expected_rows);
  EXPECT_EQ(report.columns.size(), 5U);
  EXPECT_EQ(report.columns[1].stored_nulls, 6);
}

TEST_P(ValidationTest, AcceptsTheSameRowsInOtherFilesAndAnotherOrder) {
  ASSERT_TRUE(RunAll().ok());
  const auto rows = ReadTarget().front();
  std::vector<int64_t> reversed;
  for (int64_t row = rows->num_rows() - 1; row >= 0; --row) reversed.push_back(row);
  Replace(*Take(*rows, reversed));
  EXPECT_TRUE(ValidateAll().ValueOrDie().equal());
}

TEST_P(ValidationTest, SeesOneChangedValueOfEachColumn) {
  ASSERT_TRUE(RunAll().ok());
  const auto rows = ReadTarget().front();
  Replace(*Changed(*rows, 0, 5, arrow::MakeScalar(int64_t{1000})));
  ExpectDifferentOnly({"id"});
  Replace(*Changed(*rows, 1, 5, arrow::MakeScalar("k1000")));
  ExpectDifferentOnly({"key"});
  Replace(*Changed(*rows, 4, 0, arrow::MakeScalar("some ")));
  ExpectDifferentOnly({"has"});
  Replace(*Changed(*rows, 2, 7, arrow::MakeNullScalar(arrow::int32())));
  ExpectDifferentOnly({"size"});
  Replace(*rows);
  EXPECT_TRUE(ValidateAll().ValueOrDie().equal());
}

TEST_P(ValidationTest, SeesALostAndADoubledRow) {
  ASSERT_TRUE(RunAll().ok());
  const auto rows = ReadTarget().front();
  Replace(*rows->Slice(1));
  ExpectDifferentOnly({"id", "key", "size", "score", "has"});
  std::vector<int64_t> doubled(static_cast<size_t>(rows->num_rows()));
  for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = static_cast<int64_t>(i);
  doubled.push_back(3);
  Replace(*Take(*rows, doubled));
  ExpectDifferentOnly({"id", "key", "size", "score", "has"});
  // One row instead of another: their number is right.
  doubled.pop_back();
  doubled[10] = 11;
  Replace(*Take(*rows, doubled));
  EXPECT_FALSE(ValidateAll().ValueOrDie().equal());
}

TEST_P(ValidationTest, SeesValuesThatChangedPlacesInAColumn) {
  ASSERT_TRUE(RunAll().ok());
  const auto rows = ReadTarget().front();
  const auto first = rows->column(0)->GetScalar(2).ValueOrDie();
  const auto second = rows->column(0)->GetScalar(9).ValueOrDie();
  ASSERT_FALSE(first->Equals(*second));
  Replace(*Changed(*Changed(*rows, 0, 2, second), 0, 9, first));
  // Each column still has the same values; only whole rows tell.
  ExpectDifferentOnly({});
}

TEST_P(ValidationTest, NamesTheRowsThatDiffer) {
  ASSERT_TRUE(RunAll().ok());
  const auto rows = ReadTarget().front();
  const auto changed = Changed(*Changed(*rows, 2, 5, arrow::MakeScalar(int32_t{777})), 4, 5,
                               arrow::MakeScalar("changed"));
  Replace(*Changed(*changed, 0, 9, arrow::MakeScalar(int64_t{1000}))->Slice(1));
  const RowDifferences differences = ValidateAll().ValueOrDie().differences.value();
  EXPECT_TRUE(differences.exact);
  EXPECT_EQ(differences.changed, 2);
  EXPECT_EQ(differences.missing, 1);
  EXPECT_EQ(differences.extra, 0);
  EXPECT_EQ(differences.changed_by_column, (std::vector<int64_t>{1, 0, 1, 0, 1}));
  std::vector<std::string> told;
  const auto text = [&rows](int column, int64_t row) {
    return rows->column(column)->GetScalar(row).ValueOrDie()->ToString();
  };
  for (const RowDifference& example : differences.examples) {
    ASSERT_EQ(example.row.size(), 1U);
    told.push_back(fmt::format("{} {}{}", example.row[0].first, example.row[0].second,
                               example.fate == RowFate::kMissing ? " missing" : ""));
    for (const ValueDifference& value : example.values) {
      told.push_back(fmt::format("{}: {} -> {}", value.column, value.expected, value.stored));
    }
  }
  std::ranges::sort(told);
  std::vector<std::string> expected = {
      fmt::format("id {} missing", text(0, 0)),   fmt::format("id {}", text(0, 5)),
      fmt::format("id {}", text(0, 9)),           fmt::format("id: {} -> 1000", text(0, 9)),
      fmt::format("size: {} -> 777", text(2, 5)), fmt::format("has: {} -> changed", text(4, 5))};
  std::ranges::sort(expected);
  EXPECT_EQ(told, expected);
}

// With more rows than can be held, their number is extrapolated from some of them.
TEST_P(ValidationTest, EstimatesHowManyRowsDiffer) {
  MakeSource(20'000);
  const std::vector<std::string> settings = {"processing.chunk_size=7000"};
  ASSERT_TRUE(RunAll(settings).ok());
  const auto rows = ReadTarget().front();
  const auto column = arrow::MakeArrayFromScalar(arrow::StringScalar("x"), rows->num_rows());
  Replace(*rows->SetColumn(4, rows->schema()->field(4), column.ValueOrDie()).ValueOrDie());
  const auto plan = PlanOf(settings).ValueOrDie();
  Progress progress;
  const ValidationReport report = Validate(*plan, &progress, StopSignal{0}).ValueOrDie();
  const RowDifferences& differences = report.differences.value();
  EXPECT_FALSE(differences.exact);
  const auto all = static_cast<double>(rows->num_rows());
  EXPECT_NEAR(static_cast<double>(differences.changed), all, 0.1 * all);
  EXPECT_EQ(differences.missing + differences.extra, 0);
  EXPECT_EQ(differences.changed_by_column[4], differences.changed);
  EXPECT_EQ(differences.examples.size(), 5U);
}

TEST_P(ValidationTest, ComparesDerivedColumnsInASampleThatBothSidesChoose) {
  ASSERT_TRUE(RunAll().ok());
  const ValidationReport all = ValidateAll(15).ValueOrDie();
  EXPECT_TRUE(all.equal());
  EXPECT_EQ(all.identity, std::vector<std::string>{"id"});
  EXPECT_TRUE(all.columns[4].sampled);
  EXPECT_FALSE(all.columns[3].sampled);
  EXPECT_EQ(all.expected_sampled_rows, all.stored_sampled_rows);
  EXPECT_GT(all.expected_sampled_rows, 0);
  EXPECT_LT(all.expected_sampled_rows, all.expected_rows / 2);
  const auto rows = ReadTarget().front();
  int seen = 0;
  for (int64_t row = 0; row < 20; ++row) {
    SCOPED_TRACE(row);
    Replace(*Changed(*rows, 4, row, arrow::MakeScalar("changed")));
    const ValidationReport report = ValidateAll(15).ValueOrDie();
    seen += report.equal() ? 0 : 1;
    EXPECT_EQ(report.columns[4].equal, report.rows_equal);
    EXPECT_FALSE(ValidateAll().ValueOrDie().equal());
    // What is copied or looked up is compared in all rows.
    Replace(*Changed(*rows, 3, row, arrow::MakeScalar(-1.0)));
    EXPECT_FALSE(ValidateAll(15).ValueOrDie().columns[3].equal);
  }
  EXPECT_GT(seen, 0);
  EXPECT_LT(seen, 20);
}

TEST_P(ValidationTest, CountsTheRowsThatFindAMatch) {
  int64_t matched = 0;
  int64_t matches = 0;
  for (int64_t id = 0; id < 60; ++id) {
    if (KeyOf(id) == "null") continue;
    const auto scores = ScoresOf(id * 7 % kKeys);
    matched += scores.empty() ? 0 : 1;
    matches += static_cast<int64_t>(scores.size());
  }
  for (const std::string type : {"left_outer", "inner"}) {
    SCOPED_TRACE(type);
    const size_t place = pipeline_.find("key: [key]");
    const std::string before = pipeline_;
    pipeline_.insert(place, fmt::format("type: {}, ", type));
    ASSERT_TRUE(RunAll({"target.mode=overwrite"}).ok());
    const auto plan = PlanOf({"target.mode=overwrite"}).ValueOrDie();
    Progress progress;
    const ValidationReport report = Validate(*plan, &progress, StopSignal{0}).ValueOrDie();
    EXPECT_TRUE(report.equal());
    const LookupCounts& counts = report.lookups.at(0).counts;
    EXPECT_EQ(counts.rows, 60);
    EXPECT_EQ(counts.matched, matched);
    EXPECT_EQ(counts.output_rows, type == "inner" ? matches : matches + 60 - matched);
    EXPECT_EQ(report.expected_rows, counts.output_rows);
    pipeline_ = before;
  }
}

TEST_P(ValidationTest, ComparesOnlyTheNullsOfWhatDependsOnTheTime) {
  const std::vector<std::string> settings = {"columns.has=current_timestamp()"};
  ASSERT_TRUE(RunAll(settings).ok());
  const auto plan = PlanOf(settings).ValueOrDie();
  Progress progress;
  const ValidationReport report = Validate(*plan, &progress, StopSignal{0}).ValueOrDie();
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.columns[4].depends_on_time);
  EXPECT_FALSE(report.columns[0].depends_on_time);
}

TEST_P(ValidationTest, RefusesRowsThatDependOnTheTime) {
  pipeline_ += "where: current_timestamp() > TIMESTAMP'2020-01-01 00:00:00'\n";
  ASSERT_TRUE(RunAll().ok());
  EXPECT_EQ(test::CodeOf(ValidateAll().status()), ErrorCode::kFeatureNotBuilt);
}

TEST_P(ValidationTest, ComparesTextsThatAreTimestampsByTheirValues) {
  const std::vector<std::string> settings = {
      "columns.has=CAST(concat('2020-01-01 12:30:', id % 60) AS TIMESTAMP)"};
  ASSERT_TRUE(RunAll(settings).ok());
  const auto plan = PlanOf(settings).ValueOrDie();
  Progress progress;
  EXPECT_TRUE(Validate(*plan, &progress, StopSignal{0}).ValueOrDie().equal());
  const auto rows = ReadTarget().front();
  Replace(*Changed(
      *rows, 4, 5,
      arrow::MakeScalar(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), int64_t{7}).ValueOrDie()));
  const auto changed = PlanOf(settings).ValueOrDie();
  const ValidationReport report = Validate(*changed, &progress, StopSignal{0}).ValueOrDie();
  EXPECT_FALSE(report.rows_equal);
  EXPECT_FALSE(report.columns[4].equal);
  EXPECT_FALSE(report.columns[4].depends_on_time);
}

TEST_P(ValidationTest, ComparesOnlyTheNullsWhereATextIsATimeOfToday) {
  const std::vector<std::string> settings = {
      "columns.has=CAST(if(id = 7, '12:30:00', '2020-01-01') AS TIMESTAMP)"};
  ASSERT_TRUE(RunAll(settings).ok());
  const auto rows = ReadTarget().front();
  // As if the run had been yesterday.
  const auto yesterday = NowMicroseconds() - int64_t{86'400'000'000};
  Replace(*Changed(
      *rows, 4, 7,
      arrow::MakeScalar(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), yesterday).ValueOrDie()));
  const auto plan = PlanOf(settings).ValueOrDie();
  Progress progress;
  const ValidationReport report = Validate(*plan, &progress, StopSignal{0}).ValueOrDie();
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.columns[4].depends_on_time);
  EXPECT_FALSE(report.columns[0].depends_on_time);
}

TEST_P(ValidationTest, RefusesRowsThatATextMakesDependOnTheTime) {
  const auto run = [this](std::string_view where) {
    const std::vector<std::string> settings = {fmt::format("where={}", where),
                                               "target.mode=overwrite"};
    EXPECT_TRUE(RunAll(settings).ok()) << where;
    const auto plan = PlanOf(settings).ValueOrDie();
    Progress progress;
    return Validate(*plan, &progress, StopSignal{0});
  };
  EXPECT_TRUE(
      run("CAST('2020-01-0' || (id % 9 + 1) AS TIMESTAMP) > '2020-01-05'").ValueOrDie().equal());
  EXPECT_EQ(
      test::CodeOf(run("CAST(if(id = 7, '12:30', '2020') AS TIMESTAMP) > '2020-01-05'").status()),
      ErrorCode::kFeatureNotBuilt);
}

// A table that others write too.
class AppendValidationTest : public ValidationTest {
 protected:
  AppendValidationTest() {
    const std::string target = "target: {table: target";
    pipeline_.insert(pipeline_.find(target) + target.size(), ", mode: append");
  }

  // The run's rows stand among others, which were there before and came after; gives the run's.
  test::BatchPointer RunAmongOthers() {
    EXPECT_TRUE(RunAll().ok());
    const auto rows = ReadTarget().front();
    CommitForeign(delta::CommitRequest::Mode::kOverwrite, *rows->Slice(0, 9));
    EXPECT_TRUE(RunAll({}, true).ok());
    CommitForeign(delta::CommitRequest::Mode::kAppend, *rows->Slice(5, 20));
    return rows;
  }
};

TEST_P(AppendValidationTest, ComparesTheRowsOfTheRun) {
  const auto rows = RunAmongOthers();
  const ValidationReport report = ValidateAll().ValueOrDie();
  EXPECT_TRUE(report.equal());
  EXPECT_FALSE(report.whole_table);
  EXPECT_EQ(report.stored_rows, rows->num_rows());
}

TEST_P(AppendValidationTest, NamesTheWriterWhoTookRowsAway) {
  const auto rows = RunAmongOthers();
  CommitForeign(delta::CommitRequest::Mode::kOverwrite, *rows->Slice(1));
  const Status status = ValidateAll().status();
  EXPECT_EQ(test::CodeOf(status), ErrorCode::kValidationDiffers);
  EXPECT_EQ(FindError(status)->why, "version 8 (WRITE) removed or rewrote files that hold them");
  // The same rows from another hand are as good.
  CommitForeign(delta::CommitRequest::Mode::kOverwrite, *rows);
  const ValidationReport report = ValidateAll().ValueOrDie();
  EXPECT_TRUE(report.equal());
  EXPECT_TRUE(report.whole_table);
}

// A file of the run in another state, or committed twice, shows although others' rows are ignored.
TEST_P(AppendValidationTest, SeesWhatWasCommittedInTheRunsName) {
  const auto rows = RunAmongOthers();
  const auto plan = PlanOf().ValueOrDie();
  const auto chunk = delta::TransactionId{.app_id = plan->app_id, .version = 60};
  CommitForeign(delta::CommitRequest::Mode::kAppend, *rows->Slice(3, 1), chunk);
  ExpectDifferentOnly({"id", "key", "size", "score", "has"});
}

TEST_P(ValidationTest, WantsAFinishedRun) {
  EXPECT_EQ(test::CodeOf(ValidateAll().status()), ErrorCode::kTableNotFound);
  ASSERT_TRUE(RunAll({}, false, 1).ok());
  const Status begun = ValidateAll().status();
  EXPECT_EQ(test::CodeOf(begun), ErrorCode::kValidationDiffers);
  EXPECT_EQ(FindError(begun)->why, "20 of 60 source rows are committed");
  ASSERT_TRUE(RunAll().ok());
  EXPECT_TRUE(ValidateAll().ValueOrDie().equal());
}

INSTANTIATE_TEST_SUITE_P(Joins, ValidationTest, ::testing::Bool(), test::JoinName);
INSTANTIATE_TEST_SUITE_P(Joins, AppendValidationTest, ::testing::Bool(), test::JoinName);

}  // namespace
}  // namespace spillway::pipeline
