#include "join/lookup_index.h"

#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "join/join_test_data.h"

namespace spillway::join {
namespace {

using testing::HasSubstr;

std::shared_ptr<arrow::RecordBatch> Predictions(const std::string& names,
                                                const std::string& severities) {
  return BatchOf({"image_name", "severity"},
                 {FromJson(arrow::utf8(), names), FromJson(arrow::float64(), severities)});
}

ErrorCode CodeOf(const Status& status) {
  const auto info = FindError(status);
  EXPECT_TRUE(info.has_value()) << status.ToString();
  return info ? info->code : ErrorCode::kInternal;
}

TEST(LookupIndexTest, NullKeysAreLeftOutAndMatchNothing) {
  StrictPool pool;
  const auto index =
      BuildOf(Predictions(R"(["a", null, "b", null])", "[1, 2, 3, 4]"), {0}, &pool).ValueOrDie();
  EXPECT_EQ(index->num_rows(), 2);
  EXPECT_EQ(index->null_key_rows(), 2);
  EXPECT_TRUE(index->unique());
  EXPECT_EQ(index->bytes(), pool.bytes_allocated());
  auto prober = index
                    ->Probe({FromJson(arrow::utf8(), R"([null, "b", "c", "a"])")},
                            JoinType::kLeftOuter, &pool)
                    .ValueOrDie();
  const Matches matches = prober->Next(100).ValueOrDie();
  EXPECT_TRUE(prober->done());
  EXPECT_TRUE(matches.one_to_one);
  EXPECT_EQ(matches.first_source_row, 0);
  EXPECT_EQ(matches.unmatched, 2);
  const auto severity = index->Gather(matches, &pool).ValueOrDie()[0];
  EXPECT_TRUE(severity->Equals(*FromJson(arrow::float64(), "[null, 3, null, 1]")));
  EXPECT_EQ(index->payload_schema()->ToString(), "severity: double");
}

TEST(LookupIndexTest, DuplicatesUnderEachPolicy) {
  StrictPool pool;
  const auto batch = Predictions(R"(["a", null, "b", "c", "b", "b"])", "[1, 2, 3, 4, 5, 6]");
  const auto probe = [&](DuplicatePolicy policy) {
    const auto index = BuildOf(batch, {0}, &pool, policy).ValueOrDie();
    auto prober = index->Probe({FromJson(arrow::utf8(), R"(["b", "a"])")}, JoinType::kInner, &pool)
                      .ValueOrDie();
    const Matches matches = prober->Next(100).ValueOrDie();
    EXPECT_EQ(index->unique(), JoinsOneRow(policy));
    return index->Gather(matches, &pool).ValueOrDie()[0];
  };
  EXPECT_TRUE(probe(DuplicatePolicy::kExpand)->Equals(*FromJson(arrow::float64(), "[3, 5, 6, 1]")));
  EXPECT_TRUE(probe(DuplicatePolicy::kFirst)->Equals(*FromJson(arrow::float64(), "[3, 1]")));
  EXPECT_TRUE(probe(DuplicatePolicy::kLast)->Equals(*FromJson(arrow::float64(), "[6, 1]")));

  const Status refused = BuildOf(batch, {0}, &pool, DuplicatePolicy::kError).status();
  EXPECT_EQ(CodeOf(refused), ErrorCode::kDuplicateLookupKey);
  EXPECT_THAT(FindError(refused)->what,
              HasSubstr("lookup \"predictions\" has the key \"b\" more than once"));
  EXPECT_THAT(FindError(refused)->why, HasSubstr("rows 2 and 4 "));  // the NULL row counts
  EXPECT_EQ(pool.bytes_allocated(), 0);
}

TEST(LookupIndexTest, ADuplicateOfManyPartsIsNamedAndShortened) {
  StrictPool pool;
  const std::string text = std::string(99, 'k') + "\u00e9\u00e9\u00e9";
  const auto batch =
      BatchOf({"day", "name"}, {FromJson(arrow::date32(), "[0, 0]"),
                                FromJson(arrow::utf8(), "[\"" + text + "\", \"" + text + "\"]")});
  const Status refused = BuildOf(batch, {0, 1}, &pool, DuplicatePolicy::kError).status();
  EXPECT_THAT(FindError(refused)->what,
              HasSubstr("1970-01-01, \"" + std::string(99, 'k') + "..\""));
}

TEST(LookupIndexTest, EqualKeysUnderErrorPass) {
  StrictPool pool;
  const auto batch = Predictions(R"(["a", null, "b", null, ""])", "[1, 2, 3, 4, 5]");
  EXPECT_TRUE(BuildOf(batch, {0}, &pool, DuplicatePolicy::kError).ok());
}

TEST(LookupIndexTest, AKeyThatAllRowsHaveIsLinearAndBounded) {
  constexpr int64_t kRows = 100'000;
  StrictPool pool;
  arrow::Int64Builder keys;
  arrow::Int64Builder ordinals;
  for (int64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(keys.Append(42).ok());
    ASSERT_TRUE(ordinals.Append(i).ok());
  }
  const auto batch =
      BatchOf({"k", "i"}, {keys.Finish().ValueOrDie(), ordinals.Finish().ValueOrDie()});
  const auto index = BuildOf(batch, {0}, &pool).ValueOrDie();
  auto prober =
      index->Probe({FromJson(arrow::int64(), "[41, 42, 43, 42]")}, JoinType::kLeftOuter, &pool)
          .ValueOrDie();
  int64_t total = 0;
  int64_t previous = -1;
  while (!prober->done()) {
    const Matches matches = prober->Next(777).ValueOrDie();
    ASSERT_LE(matches.num_rows(), 777);
    for (int64_t i = 0; i < matches.num_rows(); ++i, ++total) {
      const int64_t row = matches.lookup_rows->Value(i);
      if (row > 0) {
        ASSERT_EQ(row, previous + 1);
      }
      previous = row;
    }
  }
  EXPECT_EQ(total, 2 * kRows + 2);
}

TEST(LookupIndexTest, RunsAreOneToOneWhereTheyCan) {
  StrictPool pool;
  const auto index =
      BuildOf(Predictions(R"(["a", "b", "b", "c"])", "[1, 2, 3, 4]"), {0}, &pool).ValueOrDie();
  const auto keys = FromJson(arrow::utf8(), R"(["a", "x", "c", "b", "a"])");
  auto outer = index->Probe({keys}, JoinType::kLeftOuter, &pool).ValueOrDie();
  Matches matches = outer->Next(3).ValueOrDie();
  EXPECT_TRUE(matches.one_to_one);
  EXPECT_EQ(matches.num_rows(), 3);
  matches = outer->Next(1).ValueOrDie();  // the first of two matches of "b"
  EXPECT_FALSE(matches.one_to_one);
  EXPECT_EQ(matches.source_rows->Value(0), 3);
  EXPECT_EQ(matches.lookup_rows->Value(0), 1);
  matches = outer->Next(1).ValueOrDie();
  EXPECT_EQ(matches.lookup_rows->Value(0), 2);
  matches = outer->Next(9).ValueOrDie();
  EXPECT_TRUE(matches.one_to_one);
  EXPECT_EQ(matches.first_source_row, 4);
  EXPECT_TRUE(outer->done());
  EXPECT_EQ(CodeOf(outer->Next(9).status()), ErrorCode::kInternal);

  auto inner = index->Probe({keys->Slice(1, 1)}, JoinType::kInner, &pool).ValueOrDie();
  EXPECT_TRUE(inner->done());
}

TEST(LookupIndexTest, AnEmptyLookupMatchesNothing) {
  StrictPool pool;
  const auto batch = Predictions("[]", "[]");
  const auto reader = ReaderOf({}, batch->schema());
  const auto index =
      LookupIndex::Build(*reader, {.name = "p", .key_columns = {0}, .pool = &pool}).ValueOrDie();
  const auto keys = FromJson(arrow::utf8(), R"(["a", null])");
  auto prober = index->Probe({keys}, JoinType::kLeftOuter, &pool).ValueOrDie();
  const Matches matches = prober->Next(10).ValueOrDie();
  EXPECT_TRUE(matches.one_to_one);
  EXPECT_EQ(index->Gather(matches, &pool).ValueOrDie()[0]->null_count(), 2);
  EXPECT_TRUE(index->Probe({keys}, JoinType::kInner, &pool).ValueOrDie()->done());
}

TEST(LookupIndexTest, WrongKeysAreRefused) {
  StrictPool pool;
  const auto batch = BatchOf({"list", "n"}, {FromJson(arrow::list(arrow::int8()), "[[1]]"),
                                             FromJson(arrow::int32(), "[1]")});
  EXPECT_EQ(CodeOf(BuildOf(batch, {0}, &pool).status()), ErrorCode::kUnsupportedType);
  EXPECT_EQ(CodeOf(BuildOf(batch, {2}, &pool).status()), ErrorCode::kKeyColumnMissing);
  EXPECT_EQ(CodeOf(BuildOf(batch, {}, &pool).status()), ErrorCode::kKeyColumnMissing);
  const auto index = BuildOf(batch, {1}, &pool).ValueOrDie();
  const auto longs = FromJson(arrow::int64(), "[1]");
  EXPECT_EQ(CodeOf(index->Probe({longs}, JoinType::kInner, &pool).status()),
            ErrorCode::kKeyTypeMismatch);
  EXPECT_EQ(CodeOf(index->Probe({}, JoinType::kInner, &pool).status()), ErrorCode::kInternal);
}

TEST(LookupIndexTest, StringsAbove2GiBAreRefused) {
  StrictPool pool;
  const auto batch =
      BatchOf({"k", "text"}, {FromJson(arrow::int32(), "[1]"),
                              FromJson(arrow::utf8(), "[\"" + std::string(1 << 20, 't') + "\"]")});
  const auto index = BuildOf(batch, {0}, &pool).ValueOrDie();
  arrow::Int32Builder ones;
  for (int i = 0; i < 2048; ++i) ASSERT_TRUE(ones.Append(1).ok());
  auto prober = index->Probe({ones.Finish().ValueOrDie()}, JoinType::kInner, &pool).ValueOrDie();
  const Matches matches = prober->Next(2048).ValueOrDie();
  EXPECT_TRUE(index->Gather(matches, &pool).status().IsCapacityError());
}

TEST(LookupIndexTest, ManyThreadsMayProbe) {
  StrictPool pool;
  Random random(3);
  std::string names = "[";
  for (int i = 0; i < 5000; ++i) names += fmt::format("{}\"name {}\"", i ? "," : "", i % 4000);
  const auto domain = FromJson(arrow::utf8(), names + "]");
  const auto batch = BatchOf({"k", "copy"}, {domain, domain});
  const auto index = BuildOf(batch, {0}, &pool).ValueOrDie();
  std::vector<std::shared_ptr<arrow::Array>> sources;
  for (int i = 0; i < 4; ++i) sources.push_back(RandomColumn(*domain, 20'000, 0.1, random));
  std::vector<int64_t> wrong(4, -1);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      int64_t differing = 0;
      auto prober = index->Probe({sources[t]}, JoinType::kInner, &pool).ValueOrDie();
      while (!prober->done()) {
        const Matches matches = prober->Next(3000).ValueOrDie();
        const auto copy = index->Gather(matches, &pool).ValueOrDie()[0];
        const auto keys = arrow::compute::Take(*sources[t], *matches.source_rows).ValueOrDie();
        differing += copy->Equals(*keys) ? 0 : 1;
      }
      wrong[t] = differing;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int64_t>(4, 0));
}

}  // namespace
}  // namespace spillway::join
