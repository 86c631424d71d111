// Encoded runs, read by Arrow's decoder of levels and by a naive one.
#include "parquet/run_encoder.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <parquet/column_reader.h>

namespace spillway::parquet {
namespace {

using Values = std::vector<uint32_t>;
using Engine = std::mt19937_64;

// Runs of random lengths of one value, and between them values that differ.
Values RandomValues(Engine& engine, int64_t count, uint32_t limit) {
  Values values;
  while (static_cast<int64_t>(values.size()) < count) {
    const auto length = 1 + engine() % (engine() % 2 == 0 ? 3 : 60);
    values.insert(values.end(), length, static_cast<uint32_t>(engine() % limit));
  }
  values.resize(static_cast<size_t>(count));
  return values;
}

// As the format specification says, a bit at a time.
Values Decode(const arrow::BufferBuilder& encoded, int bit_width, int64_t count) {
  Values values;
  const uint8_t* at = encoded.data();
  const uint8_t* const end = at + encoded.length();
  while (at < end) {
    uint64_t header = 0;
    for (int shift = 0;; shift += 7) {
      header |= static_cast<uint64_t>(*at & 0x7F) << shift;
      if ((*at++ & 0x80) == 0) break;
    }
    if ((header & 1) == 0) {
      uint32_t value = 0;
      for (int byte = 0; byte < (bit_width + 7) / 8; ++byte) {
        value |= static_cast<uint32_t>(*at++) << (8 * byte);
      }
      values.insert(values.end(), header >> 1, value);
      continue;
    }
    for (uint64_t i = 0; i < (header >> 1) * 8; ++i) {
      uint32_t value = 0;
      for (uint64_t bit = 0; bit < static_cast<uint64_t>(bit_width); ++bit) {
        const uint64_t position = i * static_cast<uint64_t>(bit_width) + bit;
        value |= static_cast<uint32_t>(at[position / 8] >> (position % 8) & 1) << bit;
      }
      values.push_back(value);
    }
    at += (header >> 1) * static_cast<uint64_t>(bit_width);
  }
  EXPECT_EQ(at, end);
  EXPECT_GE(static_cast<int64_t>(values.size()), count);
  EXPECT_LT(static_cast<int64_t>(values.size()), count + 8);
  values.resize(static_cast<size_t>(count));
  return values;
}

TEST(RunEncoderTest, AnyValuesOfAnyWidthComeBack) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (int bit_width = 1; bit_width <= 32; ++bit_width) {
    const auto limit = bit_width == 32 ? UINT32_MAX : (uint32_t{1} << bit_width);
    for (const int64_t count : {1, 7, 8, 9, 63, 64, 1000, 5003}) {
      const Values values = RandomValues(engine, count, limit);
      arrow::BufferBuilder encoded;
      ASSERT_TRUE(EncodeRuns(values, bit_width, &encoded).ok());
      ASSERT_EQ(Decode(encoded, bit_width, count), values) << bit_width << " bits";
    }
  }
}

TEST(RunEncoderTest, ARunIsWrittenOnce) {
  arrow::BufferBuilder encoded;
  ASSERT_TRUE(EncodeRuns(Values(1'000'000, 5), 3, &encoded).ok());
  EXPECT_EQ(encoded.length(), 4);  // a length of three bytes, and the value
  encoded.Rewind(0);
  ASSERT_TRUE(EncodeBitRuns(nullptr, 1'000'000, &encoded).ok());
  EXPECT_EQ(encoded.length(), 4);
  encoded.Rewind(0);
  ASSERT_TRUE(EncodeRuns({}, 1, &encoded).ok());
  EXPECT_EQ(encoded.length(), 0);
}

TEST(RunEncoderTest, ArrowReadsBitsAsDefinitionLevels) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (const int64_t count : {1, 3, 8, 9, 31, 32, 33, 64, 999, 20'000}) {
    const Values values = RandomValues(engine, count, 2);
    std::vector<uint8_t> bitmap(static_cast<size_t>(count / 8 + 1),
                                0xA5);  // what is behind is noise
    for (size_t i = 0; i < values.size(); ++i) {
      const auto bit = static_cast<uint8_t>(1U << (i % 8));
      bitmap[i / 8] =
          static_cast<uint8_t>(values[i] != 0 ? bitmap[i / 8] | bit : bitmap[i / 8] & ~bit);
    }
    arrow::BufferBuilder encoded;
    uint32_t size = 0;
    ASSERT_TRUE(encoded.Append(&size, sizeof(size)).ok());
    ASSERT_TRUE(EncodeBitRuns(bitmap.data(), count, &encoded).ok());
    size = static_cast<uint32_t>(encoded.length() - 4);
    std::memcpy(encoded.mutable_data(), &size, sizeof(size));
    ::parquet::LevelDecoder decoder;
    decoder.SetData(::parquet::Encoding::RLE, 1, static_cast<int>(count), encoded.data(),
                    static_cast<int32_t>(encoded.length()));
    std::vector<int16_t> levels(static_cast<size_t>(count));
    ASSERT_EQ(decoder.Decode(static_cast<int>(count), levels.data()), count);
    EXPECT_EQ(Values(levels.begin(), levels.end()), values) << count;
  }
}

TEST(RunEncoderTest, AnIndexNeedsAtLeastOneBit) {
  EXPECT_EQ(IndexBitWidth(0), 1);
  EXPECT_EQ(IndexBitWidth(1), 1);
  EXPECT_EQ(IndexBitWidth(2), 1);
  EXPECT_EQ(IndexBitWidth(3), 2);
  EXPECT_EQ(IndexBitWidth(256), 8);
  EXPECT_EQ(IndexBitWidth(257), 9);
}

}  // namespace
}  // namespace spillway::parquet
