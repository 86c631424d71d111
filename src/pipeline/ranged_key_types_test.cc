// Joins by ranges of keys of every type, against joins with an index in memory and a model of
// nested loops. Types whose bounds a footer does not tell are joined out of core all the same.
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
    EXPECT_EQ(plan->joins_by_ranges(), domain_.has_ranges);
    ExpectRows(*plan, expected);
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
