#include "parquet/partial_decompression.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "parquet/random_rows.h"

namespace spillway::parquet {
namespace {

using Block = std::vector<uint8_t>;
using arrow::Compression;

const std::vector<Compression::type> kStreamable = {Compression::SNAPPY, Compression::GZIP,
                                                    Compression::ZSTD, Compression::BROTLI,
                                                    Compression::LZ4};

Block Compress(Compression::type codec, const Block& content) {
  const auto compressor = arrow::util::Codec::Create(codec).ValueOrDie();
  const auto size = static_cast<int64_t>(content.size());
  Block compressed(static_cast<size_t>(compressor->MaxCompressedLen(size, content.data())));
  compressed.resize(
      static_cast<size_t>(compressor
                              ->Compress(size, content.data(),
                                         static_cast<int64_t>(compressed.size()), compressed.data())
                              .ValueOrDie()));
  return compressed;
}

// Noise, runs, and pieces of what came before, up to 300 kB.
Block RandomContent(Engine& engine) {
  Block content;
  const int64_t size = Draw(engine, 0, 5) == 0 ? Draw(engine, 0, 300000) : Draw(engine, 0, 3000);
  while (static_cast<int64_t>(content.size()) < size) {
    const auto length = static_cast<size_t>(Draw(engine, 1, Draw(engine, 0, 9) == 0 ? 5000 : 90));
    const auto byte = static_cast<uint8_t>(Draw(engine, 0, 255));
    const size_t start = content.size();
    const int64_t kind = Draw(engine, 0, start == 0 ? 1 : 2);
    const size_t from =
        start == 0 ? 0 : static_cast<size_t>(Draw(engine, 0, static_cast<int64_t>(start) - 1));
    for (size_t i = 0; i < length; ++i) {
      content.push_back(kind == 0   ? static_cast<uint8_t>(Draw(engine, 0, 255))
                        : kind == 1 ? byte
                                    : content[from + i]);
    }
  }
  return content;
}

Block First(const Block& block, int64_t size) { return {block.begin(), block.begin() + size}; }

TEST(PartialDecompressionTest, GivesTheStartOfWhatArrowCompressed) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (const auto codec : kStreamable) {
    auto decompressor = PartialDecompressor::Make(codec).ValueOrDie();
    EXPECT_TRUE(PartialDecompressor::StopsEarly(codec));
    for (int round = 0; round < 300; ++round) {
      const Block content = RandomContent(engine);
      const Block compressed = Compress(codec, content);
      const auto size = static_cast<int64_t>(content.size());
      const auto compressed_size = static_cast<int64_t>(compressed.size());
      const bool is_whole = Draw(engine, 0, 1) == 0;
      const Block input =
          First(compressed, is_whole ? compressed_size : Draw(engine, 0, compressed_size));
      Block output(static_cast<size_t>(Draw(engine, 0, size + 100)), 0xEE);
      const auto written = decompressor.Decompress(input, output);
      ASSERT_TRUE(written.ok()) << written.status().ToString();
      const int64_t most = std::min(size, static_cast<int64_t>(output.size()));
      ASSERT_LE(*written, most);
      ASSERT_TRUE(*written == most || !is_whole);
      ASSERT_EQ(First(output, *written), First(content, *written)) << "codec " << codec;
    }
  }
}

// The point of it: a small part of the input does for a small part of the output.
TEST(PartialDecompressionTest, TakesLittleInputForLittleOutput) {
  Engine engine(1);
  Block content(1 << 20);
  for (uint8_t& byte : content) byte = static_cast<uint8_t>(Draw(engine, 0, 255));
  for (const auto codec : kStreamable) {
    auto decompressor = PartialDecompressor::Make(codec).ValueOrDie();
    const Block compressed = Compress(codec, content);
    // LZ4 takes a byte for each 255 of a literal to tell its length.
    const int64_t input_bytes =
        std::max<int64_t>(4096 + 5000, PartialDecompressor::BlockBytes(codec));
    Block output(4096);
    EXPECT_EQ(decompressor.Decompress(First(compressed, input_bytes), output).ValueOrDie(), 4096)
        << "codec " << codec;
    EXPECT_TRUE(output == First(content, 4096)) << "codec " << codec;
  }
}

TEST(PartialDecompressionTest, HadoopsLz4IsDecompressedWhole) {
  Engine engine(2);
  auto decompressor = PartialDecompressor::Make(Compression::LZ4_HADOOP).ValueOrDie();
  EXPECT_FALSE(PartialDecompressor::StopsEarly(Compression::LZ4_HADOOP));
  const Block content = RandomContent(engine);
  Block output(content.size());
  EXPECT_EQ(
      decompressor.Decompress(Compress(Compression::LZ4_HADOOP, content), output).ValueOrDie(),
      content.size());
  EXPECT_EQ(output, content);
}

std::string MustDecompress(Compression::type codec, const std::string& input, size_t size) {
  auto decompressor = PartialDecompressor::Make(codec).ValueOrDie();
  std::string output(size, '?');
  const auto written =
      decompressor.Decompress({reinterpret_cast<const uint8_t*>(input.data()), input.size()},
                              {reinterpret_cast<uint8_t*>(output.data()), output.size()});
  if (!written.ok()) return "malformed";
  return output.substr(0, static_cast<size_t>(*written));
}

// Valid, but not what Arrow's compressor writes.
TEST(PartialDecompressionTest, KnowsEveryElementOfSnappy) {
  using std::string_literals::operator""s;
  const auto snappy = [](const std::string& input, size_t size = 100) {
    return MustDecompress(Compression::SNAPPY, input, size);
  };
  const std::string start = "\x14\x0C"s + "abcd";                   // 20 bytes, a literal of four
  EXPECT_EQ(snappy(start + "\x01\x02"s), "abcdcdcd");               // copies: 1 byte
  EXPECT_EQ(snappy(start + "\x0E\x04\x00"s), "abcdabcd");           // 2 bytes
  EXPECT_EQ(snappy(start + "\x0F\x01\x00\x00\x00"s), "abcddddd");   // 4 bytes
  EXPECT_EQ(snappy(start + "\x0F\x01\x00\x00\x00"s, 6), "abcddd");  // for a small output
  EXPECT_EQ(snappy("\x14\xF0\x03"s + "wxyz"), "wxyz");              // literals: 1 byte
  EXPECT_EQ(snappy("\x14\xF4\x03\x00"s + "wxyz"), "wxyz");          // 2 bytes
  EXPECT_EQ(snappy("\x14\xF8\x03\x00\x00"s + "wxyz"), "wxyz");      // 3 bytes
  EXPECT_EQ(snappy("\x14\xFC\x03\x00\x00\x00"s + "wxyz"), "wxyz");  // 4 bytes
  EXPECT_EQ(snappy("\x14\xFC\xFF\xFF\xFF\xFF"s + "wxyz"), "wxyz");  // cut
  EXPECT_EQ(snappy("\x02\x0C"s + "abcd"), "ab");                    // not beyond its size
  EXPECT_EQ(snappy("\xFF"s), "");
  EXPECT_EQ(snappy("\xFF\xFF\xFF\xFF\xFF\xFF"s), "malformed");
  EXPECT_EQ(snappy(start + "\x01\x00"s), "malformed");  // from nowhere
  EXPECT_EQ(snappy(start + "\x01\x05"s), "malformed");  // before the start
  EXPECT_EQ(snappy(start + "\x0F\x01\x00\x00\x80"s), "malformed");
}

TEST(PartialDecompressionTest, DamageIsAnErrorOrSomeBytes) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  for (const auto codec : kStreamable) {
    auto decompressor = PartialDecompressor::Make(codec).ValueOrDie();
    int failures = 0;
    for (int round = 0; round < 2000; ++round) {
      const Block content = RandomContent(engine);
      Block input = Compress(
          codec, First(content, std::min<int64_t>(3000, static_cast<int64_t>(content.size()))));
      for (int64_t flips = Draw(engine, 1, 4); flips > 0; --flips) {
        const auto place = static_cast<size_t>(Draw(engine, 0, 1 << 20)) % input.size();
        input[place] = static_cast<uint8_t>(Draw(engine, 0, 255));
      }
      input.shrink_to_fit();  // so that a sanitizer sees a read behind it
      Block output(static_cast<size_t>(Draw(engine, 0, 4000)));
      const auto written = decompressor.Decompress(input, output);
      failures += written.ok() ? 0 : 1;
      ASSERT_LE(written.ValueOr(0), static_cast<int64_t>(output.size()));
    }
    EXPECT_GT(failures, 10) << "codec " << codec;
  }
}

}  // namespace
}  // namespace spillway::parquet
