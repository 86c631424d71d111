#include "sort/key_encoder.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "sort/sort_test_data.h"

namespace spillway::sort {
namespace {

// The keys of the rows of columns, one text each.
std::vector<std::string> Encode(const arrow::ArrayVector& columns) {
  arrow::DataTypeVector types;
  std::vector<const arrow::ArrayData*> arrays;
  for (const auto& column : columns) {
    types.push_back(column->type());
    arrays.push_back(column->data().get());
  }
  KeyEncoder encoder(types);
  encoder.StartBatch(std::move(arrays));
  const int64_t rows = columns[0]->length();
  std::vector<int64_t> sizes(static_cast<size_t>(rows));
  encoder.Measure(0, rows, sizes.data());
  std::vector<std::string> keys;
  std::vector<uint8_t*> at;
  for (const int64_t size : sizes) keys.emplace_back(static_cast<size_t>(size), '#');
  for (std::string& key : keys) at.push_back(reinterpret_cast<uint8_t*>(key.data()));
  encoder.Write(0, rows, at.data());
  for (size_t row = 0; row < keys.size(); ++row) {
    EXPECT_EQ(at[row], reinterpret_cast<uint8_t*>(keys[row].data() + keys[row].size()));
  }
  return keys;
}

int SignOf(int order) { return (order > 0) - (order < 0); }

TEST(KeyEncoderTest, BytesHaveTheOrderOfTheKeys) {
  for (const Domain& domain : AllDomains()) {
    SCOPED_TRACE(domain.values->type()->ToString());
    const auto null = arrow::MakeArrayOfNull(domain.values->type(), 1).ValueOrDie();
    std::vector<std::string> keys = Encode({null});
    std::vector<int> ranks = {-1};
    for (std::string& key : Encode({domain.values})) keys.push_back(std::move(key));
    ranks.insert(ranks.end(), domain.ranks.begin(), domain.ranks.end());
    for (size_t i = 0; i < keys.size(); ++i) {
      for (size_t j = 0; j < keys.size(); ++j) {
        EXPECT_EQ(SignOf(keys[i].compare(keys[j])), SignOf(ranks[i] - ranks[j]))
            << fmt::format("values {} and {}", i, j);
        // What follows a key never counts.
        const bool is_beginning = keys[i] != keys[j] && keys[j].starts_with(keys[i]);
        EXPECT_FALSE(is_beginning);
      }
    }
  }
}

TEST(KeyEncoderTest, EarlierPartsCountFirst) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  Random random(seed);
  const std::vector<Domain> domains = AllDomains();
  for (int round = 0; round < 50; ++round) {
    const auto& first = domains[static_cast<size_t>(Below(random, std::ssize(domains)))];
    const auto& second = domains[static_cast<size_t>(Below(random, std::ssize(domains)))];
    const KeyColumn one = RandomKeys(first, 30, 0.2, random);
    const KeyColumn two = RandomKeys(second, 30, 0.2, random);
    const std::vector<std::string> keys = Encode({one.values, two.values});
    for (size_t i = 0; i < keys.size(); ++i) {
      for (size_t j = 0; j < keys.size(); ++j) {
        const auto left = std::pair(one.ranks[i], two.ranks[i]);
        const auto right = std::pair(one.ranks[j], two.ranks[j]);
        EXPECT_EQ(SignOf(keys[i].compare(keys[j])), (left > right) - (left < right));
      }
    }
  }
}

}  // namespace
}  // namespace spillway::sort
