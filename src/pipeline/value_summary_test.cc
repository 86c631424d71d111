#include "pipeline/value_summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <arrow/array/builder_primitive.h>

#include "pipeline/row_hash.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

using Numbers = std::vector<std::optional<double>>;

std::shared_ptr<arrow::Array> ArrayOf(const Numbers& values) {
  arrow::DoubleBuilder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

// Summarises `values` in batches of random sizes, in `parts` summaries that are merged.
ValueSummary Summarise(const Numbers& values, size_t parts, std::mt19937_64* random) {
  std::vector<ValueSummary> summaries(parts, ValueSummary(arrow::float64()));
  for (size_t first = 0; first < values.size();) {
    const size_t rows = std::min<size_t>((*random)() % 500 + 1, values.size() - first);
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
    const auto array = ArrayOf(Numbers(begin, begin + static_cast<std::ptrdiff_t>(rows)));
    ValueSummary& summary = summaries[(*random)() % parts];
    EXPECT_TRUE(summary.Add(*array, HashColumn(*array).ValueOrDie()).ok());
    std::vector<uint64_t> keys;
    for (size_t i = 0; i < rows; ++i) keys.push_back((first + i) * 0x9e3779b97f4a7c15ULL);
    summary.Sample(*array, keys);
    first += rows;
  }
  for (size_t i = 1; i < parts; ++i) summaries[0].Merge(summaries[i]);
  return summaries[0];
}

// Against a map, on columns of few and of many different values.
TEST(ValueSummary, IsThatOfANaiveModelForAnyOrderAndBatches) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const uint64_t different : {1, 2, 31, 32, 33, 5000}) {
    SCOPED_TRACE(different);
    Numbers values;
    std::map<double, int64_t> counts;
    long double sum = 0;
    int64_t nulls = 0;
    for (int i = 0; i < 6000; ++i) {
      if (random() % 7 == 0) {
        values.emplace_back();
        ++nulls;
        continue;
      }
      const double value = static_cast<double>(random() % different) / 8 - 1;
      values.emplace_back(value);
      ++counts[value];
      sum += value;
    }
    const ValueSummary summary = Summarise(values, 3, &random);
    EXPECT_EQ(summary.rows(), 6000);
    EXPECT_EQ(summary.nulls(), nulls);
    const ValueRange range = summary.Range().ValueOrDie().value();
    EXPECT_EQ(std::get<double>(range.smallest), counts.begin()->first);
    EXPECT_EQ(std::get<double>(range.largest), counts.rbegin()->first);
    EXPECT_NEAR(range.mean.value_or(NAN), static_cast<double>(sum / (6000 - nulls)), 1e-9);
    std::map<std::string, int64_t> expected;
    if (counts.size() <= ValueCounts::kMostValues) {
      for (const auto& [value, rows] : counts) expected[fmt::format("{}", value)] = rows;
    }
    std::map<std::string, int64_t> counted;
    int64_t before = INT64_MAX;
    for (const ValueCount& count : summary.Values()) {
      counted[count.value] = count.rows;
      EXPECT_LE(count.rows, before);
      before = count.rows;
    }
    EXPECT_EQ(counted, expected);
  }
}

TEST(ValueSummary, TakesQuartilesFromAFairSample) {
  std::mt19937_64 random(1);
  Numbers values;
  for (int i = 0; i < 100'000; ++i) values.emplace_back(std::pow(i / 1e5, 2));
  const auto quartiles = Summarise(values, 1, &random).Range().ValueOrDie()->quartiles.value();
  // The sample's ranks are within five standard deviations of those of all values.
  for (size_t i = 0; i < quartiles.size(); ++i) {
    const double rank = 0.25 * static_cast<double>(i + 1);
    EXPECT_NEAR(std::sqrt(quartiles.at(i)), rank, 5 * std::sqrt(rank * (1 - rank) / 1024)) << i;
  }
  // It does not depend on the order of the rows, or on who had them.
  std::mt19937_64 other(2);
  EXPECT_EQ(Summarise(values, 4, &other).Range().ValueOrDie()->quartiles.value(), quartiles);
}

TEST(ValueSummary, LeavesNotANumberAside) {
  std::mt19937_64 random(1);
  const ValueSummary summary = Summarise({NAN, 2, std::nullopt, -1, NAN}, 1, &random);
  const ValueRange range = summary.Range().ValueOrDie().value();
  EXPECT_EQ(std::get<double>(range.smallest), -1);
  EXPECT_EQ(std::get<double>(range.largest), 2);
  EXPECT_EQ(range.mean, 0.5);
  EXPECT_EQ(summary.Values().front().value, "nan");
  EXPECT_FALSE(Summarise({NAN}, 1, &random).Range().ValueOrDie().has_value());
}

TEST(ValueSummary, HasWhatEachTypeIsGoodFor) {
  const auto of = [](const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
    const auto array = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
    ValueSummary summary(type);
    EXPECT_TRUE(summary.Add(*array, HashColumn(*array).ValueOrDie()).ok());
    return summary;
  };
  const ValueSummary integers = of(arrow::int64(), "[9007199254740993, null, 1]");
  const ValueRange range = integers.Range().ValueOrDie().value();
  EXPECT_EQ(std::get<int64_t>(range.largest), 9007199254740993);
  EXPECT_FALSE(range.quartiles.has_value());
  const ValueRange dates = of(arrow::date32(), "[1, 0]").Range().ValueOrDie().value();
  EXPECT_EQ(std::get<std::string>(dates.smallest), "1970-01-01");
  EXPECT_EQ(std::get<std::string>(dates.largest), "1970-01-02");
  EXPECT_FALSE(dates.mean.has_value());
  const ValueSummary texts = of(arrow::utf8(), R"(["b", "a", "b", null])");
  EXPECT_FALSE(texts.Range().ValueOrDie().has_value());
  ASSERT_EQ(texts.Values().size(), 2U);
  EXPECT_EQ(texts.Values()[0].value, "b");
  EXPECT_EQ(texts.Values()[0].rows, 2);
  EXPECT_TRUE(of(arrow::binary(), R"(["a"])").Values().empty());
}

}  // namespace
}  // namespace spillway::pipeline
