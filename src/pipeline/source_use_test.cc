#include "pipeline/source_use.h"

#include <gtest/gtest.h>

#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

constexpr auto kNone = ColumnUse::kNone;
constexpr auto kNulls = ColumnUse::kNulls;
constexpr auto kValues = ColumnUse::kValues;

const auto kSource =
    arrow::schema({arrow::field("id", arrow::int64()), arrow::field("key", arrow::utf8()),
                   arrow::field("content", arrow::binary()), arrow::field("size", arrow::int32())});
const auto kLookup =
    arrow::schema({arrow::field("key", arrow::utf8()), arrow::field("score", arrow::float64())});

SourceUse UseOf(const std::string& keys) {
  const test::TestFolder folder;
  const auto parsed =
      test::ParseSpec(folder, "pipeline: test\nsource: {table: s}\ntarget: {table: t}\n" + keys);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  std::vector<std::shared_ptr<arrow::Schema>> lookups;
  if (!parsed->lookups.empty()) lookups.push_back(kLookup);
  const auto bound = BindPipeline(*parsed, *kSource, lookups);
  EXPECT_TRUE(bound.ok()) << bound.status().ToString();
  return UseOfSource(**bound);
}

TEST(SourceUse, OfColumnsThatAreOnlyHandedOnNothingIsRead) {
  const SourceUse use = UseOf("");
  EXPECT_EQ(use.computed, (std::vector{kNone, kNone, kNone, kNone}));
  EXPECT_EQ(use.unchanged, (std::vector{0, 1, 2, 3}));
}

TEST(SourceUse, OfANullTestOnlyTheNullsAreRead) {
  const SourceUse use = UseOf(
      "lookups: [{name: scores, table: l, key: [key]}]\n"
      "columns: {has: content IS NOT NULL, twice: size + score}\n");
  EXPECT_EQ(use.computed, (std::vector{kNone, kValues, kNulls, kValues}));
  EXPECT_EQ(use.unchanged, (std::vector{0, 1, 2, 3, -1, -1, -1}));
}

TEST(SourceUse, AReplacedColumnIsNoColumnOfTheSourceAnyMore) {
  const SourceUse use = UseOf("columns: {content: upper(key), size: length(content)}\n");
  EXPECT_EQ(use.computed, (std::vector{kNone, kValues, kNone, kNone}));
  EXPECT_EQ(use.unchanged, (std::vector{0, 1, -1, -1}));
}

TEST(SourceUse, TheFilterReadsValues) {
  const SourceUse use = UseOf("where: size > 3 AND content IS NULL\ncolumns: {size: 1}\n");
  EXPECT_EQ(use.computed.back(), kValues);
}

}  // namespace
}  // namespace spillway::pipeline
