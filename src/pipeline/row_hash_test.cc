#include "pipeline/row_hash.h"

#include <bit>
#include <set>

#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>

#include "memory/heap_charge.h"
#include "memory/overhead.h"
#include "pipeline/test_tables.h"

namespace spillway::pipeline {
namespace {

struct TypeCase {
  std::shared_ptr<arrow::DataType> type;
  std::string values;  // JSON, all different, one of them null
};

std::vector<TypeCase> TypeCases() {
  const auto point =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())});
  const std::string numbers = "[0, 1, null, -1, 100]";
  const std::string texts = R"(["", "a", null, "b", "ab", "aa"])";
  const std::string lists = "[[], [1], null, [1, 2], [2, 1], [null], [null, null]]";
  return {
      {arrow::boolean(), "[true, null, false]"},
      {arrow::int8(), numbers},
      {arrow::int16(), numbers},
      {arrow::int32(), numbers},
      {arrow::int64(), numbers},
      {arrow::float32(), "[0, -0.0, null, 1.5, NaN, Inf]"},
      {arrow::float64(), "[0, -0.0, null, 1.5, NaN, Inf]"},
      {arrow::date32(), numbers},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), numbers},
      {arrow::timestamp(arrow::TimeUnit::MICRO), numbers},
      {arrow::decimal128(9, 2), R"(["0.00", "1.00", null, "-1.00"])"},
      {arrow::decimal128(38, 2), R"(["0.00", "1.00", null, "-1.00", "100000000000000000.00"])"},
      {arrow::utf8(), texts},
      {arrow::binary(), texts},
      {arrow::large_utf8(), texts},
      {arrow::large_binary(), texts},
      {arrow::fixed_size_binary(2), R"(["aa", "ab", null, "ba"])"},
      {point, R"([{"x": 1, "y": "a"}, {"x": 1, "y": null}, null, {"x": null, "y": "a"},
                      {"x": null, "y": null}])"},
      {arrow::list(arrow::int32()), lists},
      {arrow::large_list(arrow::int32()), lists},
      {arrow::list(arrow::list(arrow::int32())), "[[], [[]], null, [[], []], [[1]], [[1], []]]"},
      {arrow::map(arrow::utf8(), arrow::int32()),
       R"([[], [["a", 1]], null, [["a", null]], [["b", 1]], [["a", 1], ["b", 1]]])"}};
}

std::shared_ptr<arrow::Array> Values(const TypeCase& test_case) {
  return arrow::json::ArrayFromJSONString(test_case.type, test_case.values).ValueOrDie();
}

std::vector<uint64_t> Hashes(const arrow::Array& array) { return HashColumn(array).ValueOrDie(); }

TEST(HashColumn, TellsAllValuesOfEveryTypeApart) {
  for (const TypeCase& test_case : TypeCases()) {
    SCOPED_TRACE(test_case.type->ToString());
    const auto hashes = Hashes(*Values(test_case));
    EXPECT_EQ(std::set<uint64_t>(hashes.begin(), hashes.end()).size(), hashes.size());
  }
}

TEST(HashColumn, GivesSlicesAndCopiesTheHashesOfTheWhole) {
  for (const TypeCase& test_case : TypeCases()) {
    SCOPED_TRACE(test_case.type->ToString());
    const auto whole = Values(test_case);
    const auto hashes = Hashes(*whole);
    for (int64_t first = 0; first <= whole->length(); ++first) {
      for (int64_t rows = 0; rows <= whole->length() - first; ++rows) {
        const auto slice = whole->Slice(first, rows);
        const std::vector<uint64_t> expected(hashes.begin() + first, hashes.begin() + first + rows);
        ASSERT_EQ(Hashes(*slice), expected) << first << "+" << rows;
        // The same values in buffers of their own, after others and at another offset.
        const auto moved = arrow::Concatenate({whole, slice}).ValueOrDie()->Slice(whole->length());
        ASSERT_EQ(Hashes(*moved), expected) << first << "+" << rows;
      }
    }
  }
}

TEST(HashColumn, IgnoresWhatLiesUnderANull) {
  // The second value is null, whatever bytes are there.
  const auto ones = arrow::json::ArrayFromJSONString(arrow::int64(), "[1, 1]").ValueOrDie();
  const auto nulls = arrow::json::ArrayFromJSONString(arrow::int64(), "[1, null]").ValueOrDie();
  auto data = ones->data()->Copy();
  data->buffers[0] = nulls->data()->buffers[0];
  data->null_count = 1;
  EXPECT_EQ(Hashes(*arrow::MakeArray(data)), Hashes(*nulls));
}

TEST(HashColumn, TakesEmptyArraysWithoutBuffers) {
  for (const TypeCase& test_case : TypeCases()) {
    EXPECT_TRUE(Hashes(*arrow::MakeEmptyArray(test_case.type).ValueOrDie()).empty());
  }
  const auto bare = arrow::ArrayData::Make(arrow::int64(), 0, {nullptr, nullptr});
  EXPECT_TRUE(Hashes(*arrow::MakeArray(bare)).empty());
  EXPECT_EQ(Hashes(*arrow::MakeArrayOfNull(arrow::null(), 3).ValueOrDie()).size(), 3U);
}

TEST(HashColumn, RefusesEncodedTypes) {
  arrow::StringDictionaryBuilder builder;
  ASSERT_TRUE(builder.Append("a").ok());
  const auto encoded = builder.Finish().ValueOrDie();
  EXPECT_EQ(test::CodeOf(HashColumn(*encoded).status()), ErrorCode::kUnsupportedType);
}

TEST(HashColumn, EveryBitOfAValueCounts) {
  std::set<uint64_t> seen;
  for (int bit = 0; bit < 64; ++bit) {
    const auto value = std::bit_cast<int64_t>(uint64_t{1} << bit);
    const auto array = arrow::MakeArrayFromScalar(arrow::Int64Scalar(value), 1).ValueOrDie();
    seen.insert(Hashes(*array).front());
  }
  EXPECT_EQ(seen.size(), 64U);
}

// Lists of a batch are hashed as each is alone, whatever stands between them and around.
TEST(HashColumn, HashesLongListsAsEachAlone) {
  const uint64_t seed = test::Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  std::mt19937_64 random(seed);
  const auto elements = std::make_shared<arrow::BooleanBuilder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), elements);
  for (int row = 0; row < 300; ++row) {
    ASSERT_TRUE((random() % 9 == 0 ? lists.AppendNull() : lists.Append()).ok());
    const uint64_t size = random() % (random() % 30 == 0 ? 20'000 : 200);
    for (uint64_t i = 0; i < size; ++i) {
      ASSERT_TRUE(
          (random() % 9 == 0 ? elements->AppendNull() : elements->Append(random() % 2 == 0)).ok());
    }
  }
  const auto column = lists.Finish().ValueOrDie();
  const auto hashes = Hashes(*column);
  for (int64_t row = 0; row < column->length(); ++row) {
    ASSERT_EQ(Hashes(*column->Slice(row, 1)).front(), hashes[static_cast<size_t>(row)]) << row;
  }
  EXPECT_EQ(Hashes(*column->Slice(100, 50)),
            std::vector<uint64_t>(hashes.begin() + 100, hashes.begin() + 150));
}

// A hash of eight bytes for each of 40 million bits would be 320 MB.
TEST(HashColumn, TakesLittleMemoryForLongLists) {
  constexpr int64_t kRows = 20'000;
  constexpr int32_t kElements = 2'000;
  const auto elements =
      arrow::MakeArrayFromScalar(arrow::BooleanScalar(true), kRows * kElements).ValueOrDie();
  arrow::Int32Builder offsets;
  for (int32_t row = 0; row <= kRows; ++row) ASSERT_TRUE(offsets.Append(row * kElements).ok());
  const auto lists =
      arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *elements).ValueOrDie();
  memory::LimitHeap(memory::HeapInUse() + memory::kProcessOverheadBytes, nullptr);
  const auto hashes = HashColumn(*lists->Slice(1));
  memory::LimitHeap(0, nullptr);
  EXPECT_EQ(hashes->size(), static_cast<size_t>(kRows - 1));
  EXPECT_EQ(hashes->front(), hashes->back());
}

TEST(HashNulls, TellsNullsFromValuesAlone) {
  for (const TypeCase& test_case : TypeCases()) {
    SCOPED_TRACE(test_case.type->ToString());
    const auto values = Values(test_case);
    const auto hashes = HashNulls(*values);
    EXPECT_EQ(std::set<uint64_t>(hashes.begin(), hashes.end()).size(), 2U);
    for (int64_t row = 0; row < values->length(); ++row) {
      const bool is_like_first = hashes[static_cast<size_t>(row)] == hashes.front();
      EXPECT_EQ(is_like_first, values->IsNull(row) == values->IsNull(0)) << row;
    }
  }
}

TEST(CombineHashes, LeavesRowsAtOtherPlacesAlone) {
  std::vector<uint64_t> all = {1, 2, 3};
  CombineHashes({7, 8, 9}, &all);
  std::vector<uint64_t> some = {1, 2, 3};
  CombineHashes({7, 9}, {0, 2}, &some);
  EXPECT_EQ(some, (std::vector<uint64_t>{all[0], 2, all[2]}));
}

TEST(CombineHashes, KnowsWhichColumnAValueIsIn) {
  const std::vector<uint64_t> left = {1, 2};
  const std::vector<uint64_t> right = {2, 1};
  std::vector<uint64_t> forward(2, 0);
  CombineHashes(left, &forward);
  CombineHashes(right, &forward);
  std::vector<uint64_t> swapped(2, 0);
  CombineHashes(right, &swapped);
  CombineHashes(left, &swapped);
  EXPECT_NE(forward[0], swapped[0]);
  EXPECT_EQ(forward[0], swapped[1]);
}

TEST(MultisetHash, IsOneForAllOrdersAndPieces) {
  MultisetHash whole;
  whole.Add(std::vector<uint64_t>{1, 2, 3, 3});
  MultisetHash pieces;
  pieces.Add(std::vector<uint64_t>{3});
  pieces.Add(std::vector<uint64_t>{});
  pieces.Add(std::vector<uint64_t>{2, 3, 1});
  EXPECT_EQ(whole, pieces);
  MultisetHash sum;
  for (const uint64_t hash : {3, 1, 2, 3}) {
    MultisetHash part;
    part.Add(std::vector<uint64_t>{hash});
    sum.Add(part);
  }
  EXPECT_EQ(whole, sum);
}

TEST(MultisetHash, CountsRepetitionsAndChanges) {
  const auto of = [](const std::vector<uint64_t>& hashes) {
    MultisetHash hash;
    hash.Add(hashes);
    return hash;
  };
  EXPECT_FALSE(of({1, 2}) == of({1, 2, 2}));
  EXPECT_FALSE(of({1, 1, 2}) == of({1, 2, 2}));
  EXPECT_FALSE(of({}) == of({0}));
  // The plain sums are equal, the mixed ones are not.
  EXPECT_FALSE(of({1, 4}) == of({2, 3}));
  EXPECT_FALSE(of({0, 0}) == of({1, ~uint64_t{0}}));
}

}  // namespace
}  // namespace spillway::pipeline
