// The payload of a lookup against Arrow's own way to take rows.
#include "join/payload_store.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "join/gather.h"
#include "join/join_test_data.h"
#include "join/text_codes.h"

namespace spillway::join {
namespace {

// `rows` of `texts` different texts, some of them NULL; one is empty.
std::shared_ptr<arrow::Array> Texts(int64_t rows, int64_t texts, double null_rate, Random& random) {
  arrow::StringBuilder domain;
  for (int64_t i = 0; i < texts; ++i) {
    EXPECT_TRUE(domain.Append(i == 0 ? std::string() : fmt::format("text {}", i)).ok());
  }
  return RandomColumn(*domain.Finish().ValueOrDie(), rows, null_rate, random);
}

// A store of `columns`, appended in parts of random sizes; the first one's texts are coded.
std::unique_ptr<PayloadStore> StoreOf(const arrow::ArrayVector& columns, Random& random,
                                      arrow::MemoryPool* pool) {
  arrow::FieldVector fields;
  arrow::ArrayDataVector data;
  std::vector<bool> coded;
  for (const auto& column : columns) {
    coded.push_back(fields.empty());
    fields.push_back(arrow::field(fmt::format("c{}", fields.size()), column->type()));
    data.push_back(column->data());
  }
  auto store = PayloadStore::Make(arrow::schema(fields), coded, pool, 0).ValueOrDie();
  for (int64_t row = 0; row < columns[0]->length();) {
    const int64_t rows = std::min(columns[0]->length() - row, 1 + Below(random, 5000));
    EXPECT_TRUE(store->Append(data, row, rows).ok());
    row += rows;
  }
  EXPECT_TRUE(store->Finish().ok());
  return store;
}

// Compares the rows `wanted` (-1: NULL) of the store with those that Arrow takes.
void CompareWithTake(const PayloadStore& store, const arrow::ArrayVector& columns,
                     const std::vector<int64_t>& wanted, arrow::MemoryPool* pool) {
  GatherRows rows{.rows = wanted.data(), .count = static_cast<int64_t>(wanted.size())};
  arrow::Int64Builder indices;
  for (const int64_t row : wanted) {
    ASSERT_TRUE((row < 0 ? indices.AppendNull() : indices.Append(row)).ok());
  }
  if (std::ranges::find(wanted, -1) != wanted.end()) {
    rows.matched = MatchedBits(rows.rows, rows.count, pool).ValueOrDie();
  }
  const auto taken_rows = indices.Finish().ValueOrDie();
  const auto gathered = store.Gather(rows, pool).ValueOrDie();
  ASSERT_EQ(gathered.size(), columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    ASSERT_TRUE(gathered[i]->ValidateFull().ok()) << gathered[i]->ValidateFull();
    const auto plain = PlainTexts(gathered[i], pool).ValueOrDie();
    ASSERT_TRUE(plain->ValidateFull().ok()) << plain->ValidateFull();
    const auto taken = arrow::compute::Take(*columns[i], *taken_rows).ValueOrDie();
    ASSERT_TRUE(plain->Equals(*taken))
        << "column " << i << " is " << plain->ToString() << "\nnot " << taken->ToString();
    if (plain->length() < 2) continue;
    const auto rest = PlainTexts(gathered[i]->Slice(1), pool).ValueOrDie();
    ASSERT_TRUE(rest->Equals(*taken->Slice(1))) << "column " << i << " in part";
  }
}

struct Case {
  int64_t rows;
  int64_t texts;  // different ones
  double null_rate;
};

class PayloadStoreTest : public testing::TestWithParam<Case> {};

TEST_P(PayloadStoreTest, GivesTheRowsThatArrowTakes) {
  const Case& c = GetParam();
  const uint64_t seed = 7;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random(seed);
  const std::vector<std::shared_ptr<arrow::Array>> domains = {
      FromJson(arrow::int8(), "[-3, 0, 3]"),
      FromJson(arrow::utf8(), R"(["a text", "", "another one, which is longer than 32 bytes"])"),
      FromJson(arrow::int16(), "[300, -300]"),
      FromJson(arrow::boolean(), "[true, false]"),
      FromJson(arrow::float32(), "[0.5, -1.25]"),
      FromJson(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[0, 1, 1700000000000000]"),
      FromJson(arrow::decimal128(38, 2), R"(["1.50", "-12345678901234567890.12"])"),
      FromJson(arrow::list(arrow::int32()), "[[1, 2], [], [3]]"),
      FromJson(arrow::date32(), "[1, 20000]"),
  };
  arrow::ArrayVector columns = {Texts(c.rows, c.texts, c.null_rate, random)};
  for (const auto& domain : domains) {
    columns.push_back(RandomColumn(*domain, c.rows, c.null_rate, random));
  }
  StrictPool pool;
  {
    const auto store = StoreOf(columns, random, &pool);
    std::vector<int64_t> wanted;
    for (int64_t i = 0; i < std::min<int64_t>(c.rows, 20'000); ++i) {
      wanted.push_back(Below(random, c.rows));
    }
    CompareWithTake(*store, columns, wanted, &pool);
    for (int64_t& row : wanted) row = Below(random, 10) == 0 ? -1 : row;
    wanted.push_back(-1);
    CompareWithTake(*store, columns, wanted, &pool);
    CompareWithTake(*store, columns, {}, &pool);
  }
  EXPECT_EQ(pool.bytes_allocated(), 0);
}

// The last ones have more texts than there are codes.
INSTANTIATE_TEST_SUITE_P(Texts, PayloadStoreTest,
                         testing::Values(Case{0, 3, 0}, Case{1, 1, 0}, Case{5'000, 1, 1},
                                         Case{5'000, 4, 0}, Case{70'000, 300, 0.2},
                                         Case{200'000, 65'536, 0}, Case{400'000, 120'000, 0},
                                         Case{400'000, 120'000, 0.3}));

TEST(PayloadStore, NeverTakesMoreThanItsEstimate) {
  Random random(3);
  const auto numbers = FromJson(arrow::int64(), "[1, 2, 3]");
  for (const int64_t rows : {100, 70'000, 1'100'000}) {
    for (const int64_t texts : {1, 5, 300, 60'000}) {
      if (texts * 16 > rows) continue;
      SCOPED_TRACE(fmt::format("{} rows, {} texts", rows, texts));
      const arrow::ArrayVector columns = {Texts(rows, texts, 0.1, random),
                                          RandomColumn(*numbers, rows, 0.1, random)};
      const std::vector<ColumnSize> sizes = {
          {.type = arrow::utf8(), .values = ValueSet{.count = texts, .bytes = texts * 10}},
          {.type = arrow::int64()}};
      ASSERT_TRUE(PayloadStore::IsCoded(sizes[0], rows));
      StrictPool pool;
      const auto store = StoreOf(columns, random, &pool);
      EXPECT_LE(pool.max_memory(), PayloadStore::EstimateBytes(rows, sizes));
      EXPECT_EQ(pool.bytes_allocated(), store->allocated_bytes());
    }
  }
}

TEST(TextCodes, ManyTextsDoNotPay) {
  EXPECT_FALSE(TextCodes::Pays(*arrow::utf8(), 1000, {.count = 500, .bytes = 5000}));
  EXPECT_FALSE(TextCodes::Pays(*arrow::utf8(), 1 << 30, {.count = 1 << 17, .bytes = 1 << 20}));
  EXPECT_FALSE(TextCodes::Pays(*arrow::int64(), 1000, {.count = 5, .bytes = 40}));
  EXPECT_TRUE(TextCodes::Pays(*arrow::binary(), 1000, {.count = 5, .bytes = 50}));
}

}  // namespace
}  // namespace spillway::join
