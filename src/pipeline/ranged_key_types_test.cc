// Joins by ranges of keys of every type, against joins with an index in memory and a model of
// nested loops. Types whose bounds a footer does not tell are joined out of core all the same.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "pipeline/lookup_plan.h"
#include "pipeline/test_keys.h"

namespace spillway::pipeline::test {
namespace {

constexpr size_t kKeyTypes = 12;  // of EveryKeyType

class RangedKeyTypesTest : public KeyedTablesTest, public ::testing::WithParamInterface<size_t> {
 protected:
  struct Way {
    bool is_inner;
    bool only_first;
    std::vector<std::string> settings;
  };

  static Way RandomWay(Engine& engine) {
    Way way{.is_inner = OneIn(engine, 2), .only_first = OneIn(engine, 2), .settings = {}};
    way.settings = {
        "mode=chunked",
        "target.mode=overwrite",
        fmt::format("processing.chunk_size={}", Draw(engine, 30, 80)),
        fmt::format("resources.lanes={}", Draw(engine, 1, 3)),
        fmt::format("lookups.scores.type={}", way.is_inner ? "inner" : "left_outer"),
        fmt::format("lookups.scores.duplicates={}", way.only_first ? "first" : "expand")};
    return way;
  }

  std::vector<std::string> RowsInMemory(const Way& way) {
    joins_out_of_core_ = false;
    most_range_bytes_.reset();
    std::vector<std::string> elsewhere = way.settings;
    elsewhere.emplace_back("target.table=in_memory");
    const auto report = RunAll(elsewhere, /*fresh=*/true);
    EXPECT_TRUE(report.ok()) << report.status();
    return StoredRows(folder_ / "in_memory");
  }

  // With the smallest ranges that can be cut, where there are any.
  std::unique_ptr<Plan> PlanOutOfCore(const Way& way) {
    joins_out_of_core_ = true;
    most_range_bytes_.reset();
    auto plan = PlanOf(way.settings, /*fresh=*/true).ValueOrDie();
    const int64_t whole_bytes = IndexBytes(plan->pipeline->lookups[0], *plan->lookups[0]);
    for (int64_t percent = 25; percent <= 100; percent += 15) {
      most_range_bytes_ = whole_bytes * percent / 100;
      plan = PlanOf(way.settings, /*fresh=*/true).ValueOrDie();
      if (plan->joins_by_ranges()) break;
    }
    return plan;
  }

  // Every key at most once in about their order, but for so many that come twice, near or far.
  std::vector<RowGroup> WithFewDuplicates(Engine& engine, int64_t duplicates) {
    std::vector<KeyedRow> rows;
    for (int key = 0; key < NumKeys(); ++key) {
      if (!OneIn(engine, 5)) rows.push_back({.key = key, .part = 1});
      if (OneIn(engine, 9)) rows.push_back({.key = kNoKey, .part = 1});
    }
    for (; duplicates > 0 && !rows.empty(); --duplicates) {
      const KeyedRow twice = rows[static_cast<size_t>(Draw(engine, 0, std::ssize(rows) - 1))];
      const auto near = OneIn(engine, 2) ? 3 : std::ssize(rows);
      const auto at = std::min(std::ssize(rows), Draw(engine, 0, near));
      rows.insert(rows.begin() + at, twice);
    }
    std::vector<RowGroup> groups;
    for (size_t first = 0; first < rows.size(); first += 4) {
      groups.emplace_back(rows.begin() + static_cast<int64_t>(first),
                          rows.begin() + static_cast<int64_t>(std::min(first + 4, rows.size())));
    }
    return groups;
  }

  bool HasDuplicates() const {
    for (size_t i = 0; i < lookup_.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (lookup_[i].Matches(lookup_[j], by_part_)) return true;
      }
    }
    return false;
  }

  // NULLs alone have bounds, whatever their type.
  void ExpectRanges(const Plan& plan) const {
    const auto has_key = [](const KeyedRow& row) { return row.key != kNoKey; };
    if (plan.joins_by_ranges() == domain_.has_ranges) return;
    EXPECT_TRUE(plan.joins_by_ranges());
    EXPECT_TRUE(std::ranges::none_of(lookup_, has_key) || std::ranges::none_of(source_, has_key));
  }

  // That the run finds them and writes nothing, or gives the model's rows.
  void ExpectDuplicates(const Plan& plan, bool has_duplicates, bool is_inner) const {
    if (!has_duplicates) return ExpectRows(plan, ModelRows(is_inner, false));
    const bool exists = delta::TableExists(folder_ / "target").ValueOrDie();
    const int64_t version = exists ? TargetVersion() : -1;
    Progress progress;
    const auto report = pipeline::Run(plan, &progress, StopSignal{0});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(CodeOf(report.status()), ErrorCode::kDuplicateLookupKey) << report.status();
    EXPECT_EQ(delta::TableExists(folder_ / "target").ValueOrDie() ? TargetVersion() : -1, version);
    ExpectNamesDuplicates(report.status());
  }

  // The error's rows have one key; NULLs count as rows, as the lookup's order has them.
  void ExpectNamesDuplicates(const Status& status) const {
    const std::string why = FindError(status)->why;
    size_t first = 0;
    size_t second = 0;
    ASSERT_EQ(std::sscanf(why.c_str(), "its rows %zu and %zu ", &first, &second), 2) << why;
    ASSERT_LT(first, second);
    ASSERT_LT(second, lookup_.size());
    EXPECT_TRUE(lookup_[first].Matches(lookup_[second], by_part_)) << why;
  }

  void ExpectRows(const Plan& plan, const std::vector<std::string>& expected) const {
    Progress progress;
    const auto report = pipeline::Run(plan, &progress, StopSignal{0});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(TargetRows(), expected);
  }
};

TEST_P(RangedKeyTypesTest, GiveTheRowsOfTheModel) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  for (int round = 0; round < 3; ++round) {
    KeyDomain domain = std::move(EveryKeyType(engine, 60)[GetParam()]);
    SCOPED_TRACE(domain.name);
    Use(std::move(domain), OneIn(engine, 3));
    WriteSource(ClusteredGroups(engine, NumKeys()), Draw(engine, 10, 80));
    WriteLookup(ClusteredGroups(engine, NumKeys()), Draw(engine, 10, 80));
    const Way way = RandomWay(engine);
    const std::vector<std::string> expected = ModelRows(way.is_inner, way.only_first);
    EXPECT_EQ(RowsInMemory(way), expected);
    const auto plan = PlanOutOfCore(way);
    ExpectRanges(*plan);
    ExpectRows(*plan, expected);
  }
}

// Duplicates are an error whether a source row matches them or not, and before anything is written:
// as an index in memory, by ranges and out of core alike.
TEST_P(RangedKeyTypesTest, DuplicatesThatAreAnErrorAreFoundInEveryForm) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  for (int round = 0; round < 6; ++round) {
    Use(std::move(EveryKeyType(engine, 60)[GetParam()]), OneIn(engine, 3));
    SCOPED_TRACE(domain_.name);
    WriteSource(ClusteredGroups(engine, NumKeys()), 80);
    WriteLookup(WithFewDuplicates(engine, Draw(engine, 0, 2)), Draw(engine, 10, 80));
    Way way = RandomWay(engine);
    way.settings.back() = "lookups.scores.duplicates=error";
    const bool has_duplicates = HasDuplicates();
    joins_out_of_core_ = false;
    most_range_bytes_.reset();
    ExpectDuplicates(*PlanOf(way.settings, true).ValueOrDie(), has_duplicates, way.is_inner);
    const auto ranged = PlanOutOfCore(way);
    ExpectRanges(*ranged);
    ExpectDuplicates(*ranged, has_duplicates, way.is_inner);
    most_range_bytes_ = 0;
    const auto spilled = PlanOf(way.settings, true).ValueOrDie();
    ASSERT_TRUE(spilled->spills());
    ExpectDuplicates(*spilled, has_duplicates, way.is_inner);
  }
}

// One row group of unknown keys may have any.
TEST_P(RangedKeyTypesTest, RowGroupsWithoutStatisticsAreJoinedToo) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Engine engine(seed);
  for (const bool in_source : {false, true}) {
    Use(std::move(EveryKeyType(engine, 60)[GetParam()]), false);
    SCOPED_TRACE(domain_.name);
    WriteSource(ClusteredGroups(engine, NumKeys()), 80);
    WriteLookup(ClusteredGroups(engine, NumKeys()), 80);
    RowGroup unknown(5);
    for (int key = 0; key < NumKeys(); key += 3) unknown.push_back({.key = key, .part = 1});
    in_source ? AppendToSourceWithoutStatistics(unknown) : AppendToLookupWithoutStatistics(unknown);
    const Way way = RandomWay(engine);
    const std::vector<std::string> expected = ModelRows(way.is_inner, way.only_first);
    EXPECT_EQ(RowsInMemory(way), expected);
    const auto plan = PlanOutOfCore(way);
    EXPECT_FALSE(plan->joins_by_ranges());
    ExpectRows(*plan, expected);
  }
}

std::string TypeName(const ::testing::TestParamInfo<size_t>& info) {
  Engine engine(1);
  std::string name = EveryKeyType(engine, 60)[info.param].name;
  std::ranges::replace_if(name, [](char letter) { return std::isalnum(letter) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Types, RangedKeyTypesTest, ::testing::Range<size_t>(0, kKeyTypes),
                         TypeName);

}  // namespace
}  // namespace spillway::pipeline::test
