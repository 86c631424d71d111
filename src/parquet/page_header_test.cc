#include "parquet/page_header.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <parquet/types.h>

#include "parquet/random_rows.h"

namespace spillway::parquet {
namespace {

Result<std::optional<PageHeader>> Parse(std::string_view bytes) {
  return ParsePageHeader({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

// Thrift's compact protocol, as its specification has it.
std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Integer(int64_t value) {
  return Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
}
std::string Head(int distance, int type) { return {static_cast<char>(distance << 4 | type)}; }
std::string I32(int distance, int64_t value) { return Head(distance, 5) + Integer(value); }
const std::string kStop(1, '\0');

std::string Statistics() {
  const std::string value(300, 'v');
  return Head(1, 8) + Varint(value.size()) + value + Head(2, 6) + Integer(-7) +
         Head(4, 1) /* true */ + kStop;
}

// Of every kind that Thrift has: bool, byte, i16, i64, double, list, set, map, struct, uuid.
std::string UnknownFields() {
  return Head(1, 2) + Head(1, 3) + "x" + Head(1, 4) + Integer(-300) + Head(1, 6) +
         Integer(INT64_MIN) + Head(1, 7) + "12345678" + Head(1, 9) + Head(3, 1) + "\1\2\1" +
         Head(1, 10) + Head(15, 5) + Varint(20) + std::string(20, '\2') + Head(1, 11) + Varint(2) +
         Head(8, 12) + Varint(2) + "ab" + kStop + Varint(0) + I32(1, 5) + kStop + Head(1, 11) +
         Varint(0) + Head(1, 12) + Statistics() + Head(1, 13) + std::string(16, 'u');
}

// Field numbers in full instead of their distance.
std::string I32At(int number, int64_t value) {
  return Head(0, 5) + Integer(number) + Integer(value);
}

std::string DataHeader() {
  return I32(1, 0) + I32(1, 100000) + I32(1, 70000) + I32(1, -1) + Head(1, 12) + I32(1, 1234) +
         I32(1, 0) + I32(1, ::parquet::Encoding::RLE) + I32(1, ::parquet::Encoding::BIT_PACKED) +
         Head(1, 12) + Statistics() + kStop + kStop;
}

std::string DataHeaderV2() {
  return I32(1, 3) + I32(1, 500) + I32(1, 400) + Head(5, 12) + I32(1, 77) + I32(1, 7) + I32(1, 60) +
         I32(1, 8) + I32(1, 33) + I32(1, 22) + Head(1, 2) + Head(1, 12) + Statistics() +
         UnknownFields() + kStop + UnknownFields() + kStop;
}

PageHeader MustParse(const std::string& bytes) {
  const auto header = Parse(bytes + "the body");
  EXPECT_TRUE(header.ok()) << header.status().ToString();
  if (!header.ok() || !*header) return {};
  EXPECT_EQ((*header)->header_bytes, static_cast<int64_t>(bytes.size()));
  return **header;
}

TEST(PageHeaderTest, SaysHowTheLevelsOfADataPageAreStored) {
  const PageHeader header = MustParse(DataHeader());
  EXPECT_EQ(header.kind, PageKind::kData);
  EXPECT_EQ(header.uncompressed_bytes, 100000);
  EXPECT_EQ(header.compressed_bytes, 70000);
  EXPECT_EQ(header.num_values, 1234);
  EXPECT_EQ(header.encoding, 0);
  EXPECT_EQ(header.definition_encoding, ::parquet::Encoding::RLE);
  EXPECT_EQ(header.repetition_encoding, ::parquet::Encoding::BIT_PACKED);

  const PageHeader v2 = MustParse(DataHeaderV2());
  EXPECT_EQ(v2.kind, PageKind::kDataV2);
  EXPECT_EQ(v2.uncompressed_bytes, 500);
  EXPECT_EQ(v2.compressed_bytes, 400);
  EXPECT_EQ(v2.num_values, 77);
  EXPECT_EQ(v2.encoding, ::parquet::Encoding::RLE_DICTIONARY);
  EXPECT_EQ(v2.definition_bytes, 33);
  EXPECT_EQ(v2.repetition_bytes, 22);
}

TEST(PageHeaderTest, OtherPagesAreOfNoInterest) {
  const std::string dictionary =
      I32(1, 2) + I32(1, 10) + I32(1, 20) + Head(4, 12) + I32(1, 5) + I32(1, 0) + kStop + kStop;
  EXPECT_EQ(MustParse(dictionary).kind, PageKind::kOther);
  EXPECT_EQ(MustParse(dictionary).num_values, 5);
  const std::string unheard_of = I32(1, 99) + I32(1, 10) + I32(1, 20) + UnknownFields() + kStop;
  EXPECT_EQ(MustParse(unheard_of).kind, PageKind::kOther);
  EXPECT_EQ(MustParse(unheard_of).compressed_bytes, 20);
  EXPECT_EQ(MustParse(unheard_of).num_values, -1);
}

TEST(PageHeaderTest, FieldsMayComeInAnyOrder) {
  const PageHeader header = MustParse(I32At(3, 20) + I32At(2, 10) + Head(3, 12) + I32At(4, 9) +
                                      I32At(1, 5) + I32At(3, 8) + kStop + I32At(1, 0) + kStop);
  EXPECT_EQ(header.kind, PageKind::kData);
  EXPECT_EQ(header.compressed_bytes, 20);
  EXPECT_EQ(header.num_values, 5);
  EXPECT_EQ(header.definition_encoding, 8);
  EXPECT_EQ(header.repetition_encoding, 9);
}

TEST(PageHeaderTest, ACutHeaderWantsMoreBytes) {
  for (const std::string& whole : {DataHeader(), DataHeaderV2()}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      const auto header = Parse(whole.substr(0, length));
      ASSERT_TRUE(header.ok()) << length << header.status().ToString();
      EXPECT_FALSE(*header) << length;
    }
  }
}

TEST(PageHeaderTest, RefusesWhatIsNoHeader) {
  const std::string sizes = I32(1, 10) + I32(1, 20);
  const std::string page = I32(1, 0) + sizes;
  const std::string deep(100, Head(1, 12).front());
  const std::vector<std::string> malformed = {
      kStop,                                                         // nothing
      sizes + kStop,                                                 // no type
      I32(1, 2) + I32(1, 10) + kStop,                                // a size is missing
      I32(1, 2) + I32(1, 10) + I32(1, -1) + kStop,                   // a size is negative
      I32(1, 2) + I32(1, -10) + I32(1, 1) + kStop,                   //
      page + kStop,                                                  // no data page header
      page + Head(2, 12) + kStop + kStop,                            // without values
      page + Head(2, 12) + I32(1, -5) + kStop + kStop,               //
      page + Head(2, 12) + Head(1, 6) + Integer(5) + kStop + kStop,  // of another type
      page + Head(2, 8) + Varint(1) + "x" + kStop,                   // of another type
      I32(1, 3) + sizes + Head(5, 12) + I32(1, 5) + kStop + kStop,   // without its lengths
      I32(1, int64_t{1} << 33),                                      // no 32 bits
      Head(1, 5) + std::string(11, '\xFF'),                          // an integer without end
      Head(1, 14),
      Head(1, 15),  // no types
      deep,         //
  };
  for (const std::string& bytes : malformed) {
    EXPECT_TRUE(Parse(bytes + std::string(100, '\0')).status().IsInvalid())
        << testing::PrintToString(bytes);
  }
}

TEST(PageHeaderTest, RandomBytesAreAHeaderOrNone) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Engine engine(seed);
  int headers = 0;
  int failures = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string bytes = round % 2 == 0 ? DataHeader() : DataHeaderV2();
    for (int64_t flips = Draw(engine, 1, 5); flips > 0; --flips) {
      const size_t place = static_cast<size_t>(Draw(engine, 0, round % 3 == 0 ? 30 : 300));
      bytes[place % bytes.size()] = static_cast<char>(Draw(engine, -128, 127));
    }
    // A block of its own, so that a sanitizer sees a read behind it.
    const std::vector<uint8_t> block(bytes.begin(), bytes.end() - Draw(engine, 0, 20));
    const auto header = ParsePageHeader(block);
    failures += header.ok() ? 0 : 1;
    if (!header.ok() || !*header) continue;
    ++headers;
    ASSERT_LE((*header)->header_bytes, static_cast<int64_t>(block.size()));
    ASSERT_GE((*header)->compressed_bytes, 0);
    ASSERT_TRUE((*header)->num_values >= 0 || (*header)->kind == PageKind::kOther);
  }
  EXPECT_GT(headers, 1000);
  EXPECT_GT(failures, 1000);
}

}  // namespace
}  // namespace spillway::parquet
