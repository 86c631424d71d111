// A column of few texts against the same one with each value in full.
#include "join/coded_payload.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "join/gather.h"
#include "join/join_test_data.h"

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

void Append(const arrow::Array& array, Random& random, PayloadColumn* column) {
  for (int64_t row = 0; row < array.length();) {
    const int64_t rows = std::min(array.length() - row, 1 + Below(random, 5000));
    ASSERT_TRUE(column->Append(array.data(), row, rows).ok());
    row += rows;
  }
  ASSERT_TRUE(column->Finish().ok());
}

std::shared_ptr<arrow::Array> GatherOf(const PayloadColumn& column,
                                       const std::vector<int64_t>& rows, arrow::MemoryPool* pool) {
  GatherRows wanted{.rows = rows.data(), .count = static_cast<int64_t>(rows.size())};
  wanted.matched = MatchedBits(wanted.rows, wanted.count, pool).ValueOrDie();
  auto gathered = column.Gather(wanted, pool).ValueOrDie();
  EXPECT_TRUE(gathered->ValidateFull().ok()) << gathered->ValidateFull();
  return gathered;
}

struct Case {
  int64_t rows;
  int64_t texts;
  double null_rate;
};

class CodedPayloadTest : public testing::TestWithParam<Case> {};

TEST_P(CodedPayloadTest, GivesWhatAPlainColumnGives) {
  const Case& c = GetParam();
  const uint64_t seed = 7;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Random random(seed);
  const auto array = Texts(c.rows, c.texts, c.null_rate, random);
  StrictPool pool;
  {
    const auto coded = MakeCodedPayload(arrow::utf8(), &pool, 0);
    const auto plain = MakePlainPayload(arrow::utf8(), &pool, 0);
    Append(*array, random, coded.get());
    Append(*array, random, plain.get());
    std::vector<int64_t> wanted = {-1};
    for (int64_t i = 0; i < std::min<int64_t>(c.rows, 20'000); ++i) {
      wanted.push_back(Below(random, 10) == 0 ? -1 : Below(random, c.rows));
    }
    EXPECT_TRUE(GatherOf(*coded, wanted, &pool)->Equals(*GatherOf(*plain, wanted, &pool)));
  }
  EXPECT_EQ(pool.bytes_allocated(), 0);
}

// The last ones have more texts than numbers of two bytes tell apart.
INSTANTIATE_TEST_SUITE_P(Texts, CodedPayloadTest,
                         testing::Values(Case{0, 3, 0}, Case{1, 1, 0}, Case{5'000, 1, 1},
                                         Case{5'000, 4, 0}, Case{70'000, 300, 0.2},
                                         Case{200'000, 65'536, 0}, Case{400'000, 120'000, 0},
                                         Case{400'000, 120'000, 0.3}));

TEST(CodedPayload, NeverTakesMoreThanItsEstimate) {
  Random random(3);
  for (const int64_t rows : {100, 70'000, 1'100'000}) {
    for (const int64_t texts : {1, 5, 300, 60'000}) {
      if (texts * 16 > rows) continue;
      SCOPED_TRACE(fmt::format("{} rows, {} texts", rows, texts));
      const auto array = Texts(rows, texts, 0.1, random);
      const ValueSet values = {.count = texts, .bytes = texts * 10};
      ASSERT_TRUE(PaysCoding(*arrow::utf8(), rows, values));
      StrictPool pool;
      const auto column = MakeCodedPayload(arrow::utf8(), &pool, 0);
      Append(*array, random, column.get());
      EXPECT_LE(pool.max_memory(), EstimateCodedBytes(rows, values));
      EXPECT_EQ(pool.bytes_allocated(), column->allocated_bytes());
    }
  }
}

TEST(CodedPayload, ManyTextsDoNotPay) {
  EXPECT_FALSE(PaysCoding(*arrow::utf8(), 1000, {.count = 500, .bytes = 5000}));
  EXPECT_FALSE(PaysCoding(*arrow::utf8(), 1 << 30, {.count = 1 << 17, .bytes = 1 << 20}));
  EXPECT_FALSE(PaysCoding(*arrow::int64(), 1000, {.count = 5, .bytes = 40}));
  EXPECT_TRUE(PaysCoding(*arrow::binary(), 1000, {.count = 5, .bytes = 50}));
}

}  // namespace
}  // namespace spillway::join
