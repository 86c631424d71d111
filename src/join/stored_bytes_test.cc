#include "join/stored_bytes.h"

#include <string>

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

std::shared_ptr<arrow::StringArray> Texts(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return std::static_pointer_cast<arrow::StringArray>(builder.Finish().ValueOrDie());
}

std::string ValueAt(const StoredBytes& stored, int64_t row) {
  const StoredBytes::Place place = stored[row];
  std::string value(static_cast<size_t>(place.size), '?');
  stored.Copy(place, reinterpret_cast<uint8_t*>(value.data()));
  return value;
}

// Stores `values` in appends of at most `step` rows, and reads them back in every way.
void RoundTrip(const std::vector<std::string>& values, int64_t step) {
  StrictPool pool;
  StoredBytes stored(&pool, 0);
  const auto array = Texts(values);
  int64_t bytes = 0;
  for (int64_t row = 0; row < array->length(); row += step) {
    const int64_t count = std::min(step, array->length() - row);
    ASSERT_TRUE(stored.Append(*array->data(), row, count).ok());
  }
  ASSERT_TRUE(stored.Finish().ok());
  for (int64_t row = 0; row < array->length(); ++row) {
    const std::string& value = values[static_cast<size_t>(row)];
    bytes += static_cast<int64_t>(value.size());
    ASSERT_EQ(ValueAt(stored, row), value) << "row " << row;
    ASSERT_TRUE(stored.Equals(row, value));
    ASSERT_FALSE(stored.Equals(row, value + "x"));
    if (!value.empty()) {
      std::string other = value;
      other.back() = static_cast<char>(other.back() ^ 1);
      ASSERT_FALSE(stored.Equals(row, other));
    }
    const int64_t previous = std::max<int64_t>(0, row - 1);
    const std::string& before = values[static_cast<size_t>(previous)];
    ASSERT_EQ(stored.EqualRows(row, previous), value == before);
    const int order = stored.CompareRows(row, previous);
    ASSERT_EQ(order < 0, value < before);
    ASSERT_EQ(order > 0, value > before);
  }
  EXPECT_EQ(pool.bytes_allocated(), stored.allocated_bytes());
  EXPECT_LE(pool.max_memory(), StoredBytes::EstimateBytes(array->length(), bytes));
}

TEST(StoredBytesTest, ValuesOfOneSizeTakeNoPlaces) {
  StrictPool pool;
  StoredBytes stored(&pool, 0);
  std::vector<std::string> values;
  for (int i = 0; i < 100'000; ++i) values.push_back(fmt::format("image_{:06}.jpg", i));
  const auto array = Texts(values);
  ASSERT_TRUE(stored.Append(*array->data(), 0, array->length()).ok());
  ASSERT_TRUE(stored.Finish().ok());
  EXPECT_LE(stored.allocated_bytes(), 100'000 * 16 + 64);
  RoundTrip(values, 333);
}

TEST(StoredBytesTest, TheSizeMayChangeAtAnyRow) {
  for (const size_t change : {0U, 1U, 255U, 256U, 257U, 511U, 512U, 999U}) {
    std::vector<std::string> values(1000, "abc");
    values[change] = "abcd";
    RoundTrip(values, 7);
    RoundTrip(values, 1000);
  }
}

TEST(StoredBytesTest, EmptyAndLongValues) {
  RoundTrip({}, 1);
  RoundTrip({"", "", ""}, 1);
  RoundTrip({"", "a", "", std::string(5 << 20, 'b'), "", std::string(5 << 20, 'b'), "c"}, 2);
  std::vector<std::string> straddling;
  for (size_t i = 0; i < 400; ++i) straddling.push_back(std::string(10'000 + i % 3, 'k'));
  RoundTrip(straddling, 50);
}

TEST(StoredBytesTest, RandomSizes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    std::vector<std::string> values;
    for (int i = 0; i < 3000; ++i) {
      values.emplace_back(static_cast<size_t>(Below(random, 900)), static_cast<char>('a' + i % 26));
    }
    RoundTrip(values, 1 + Below(random, 1000));
  }
}

}  // namespace
}  // namespace spillway::join
