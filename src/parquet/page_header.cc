// A page header is a struct in Thrift's compact protocol: fields of a byte (type, and the distance
// of its number from the last one's), then the value; integers are zigzag varints, a struct ends
// with a zero byte. Fields that are not wanted, statistics above all, are skipped by their type.
#include "parquet/page_header.h"

#include <initializer_list>
#include <limits>
#include <utility>

namespace spillway::parquet {
namespace {

enum class Type : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};

struct Field {
  int64_t id = 0;
  Type type = Type::kStop;
};

// Structs in structs: a header has two levels, a hostile one any number.
constexpr int kDeepest = 16;

// Reads values as long as all is well; after that each read gives 0, and every loop ends.
class CompactReader {
 public:
  explicit CompactReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool good() const { return !cut_ && !malformed_; }
  bool cut() const { return cut_; }
  bool malformed() const { return malformed_; }
  int64_t position() const { return static_cast<int64_t>(position_); }

  // Moves on to the next field of a struct, from `field`, the one before it or Field{}. False at
  // the struct's end.
  bool Next(Field& field) {
    const uint8_t head = Byte();
    field.type = static_cast<Type>(head & 0x0F);
    if (!good() || field.type == Type::kStop) return false;
    field.id = head >> 4 != 0 ? field.id + (head >> 4) : Integer();
    return good();
  }

  // The value of `field`, if it is the 32-bit integer that it should be.
  void ReadInteger(const Field& field, int32_t* value) {
    if (field.type == Type::kInt32) {
      *value = Integer();
    } else {
      Skip(field.type, 0);
    }
  }

  // Reads the integers with the numbers in `wanted` out of the struct `field`.
  void ReadIntegers(const Field& field,
                    std::initializer_list<std::pair<int64_t, int32_t*>> wanted) {
    if (field.type != Type::kStruct) return Skip(field.type, 0);
    Field member;
    while (Next(member)) {
      int32_t ignored = 0;
      int32_t* value = &ignored;
      for (const auto& [id, place] : wanted) {
        if (id == member.id) value = place;
      }
      ReadInteger(member, value);
    }
  }

  void Skip(Type type, int depth) {
    if (depth > kDeepest) malformed_ = true;
    if (!good()) return;
    switch (type) {
      case Type::kTrue:
      case Type::kFalse:
        return;  // the type is the value
      case Type::kByte:
        return SkipBytes(1);
      case Type::kInt16:
      case Type::kInt32:
      case Type::kInt64:
        Varint();
        return;
      case Type::kDouble:
        return SkipBytes(8);
      case Type::kUuid:
        return SkipBytes(16);
      case Type::kBinary:
        return SkipBytes(Varint());
      case Type::kList:
      case Type::kSet:
        return SkipList(depth + 1);
      case Type::kMap:
        return SkipMap(depth + 1);
      case Type::kStruct:
        return SkipStruct(depth + 1);
      default:
        malformed_ = true;
    }
  }

 private:
  uint8_t Byte() {
    cut_ |= position_ == bytes_.size();
    return good() ? bytes_[position_++] : 0;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Byte();
      value |= uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return good() ? value : 0;
    }
    malformed_ = true;
    return 0;
  }

  // A zigzag varint of 32 bits; smaller integers are the same.
  int32_t Integer() {
    const uint64_t value = Varint();
    if (value > std::numeric_limits<uint32_t>::max()) {
      malformed_ = true;
      return 0;
    }
    return static_cast<int32_t>((value >> 1) ^ (~(value & 1) + 1));
  }

  void SkipBytes(uint64_t count) {
    if (count > bytes_.size() - position_) {
      cut_ = true;
    } else {
      position_ += count;
    }
  }

  // Within a list or a map a boolean takes a byte.
  void SkipElement(Type type, int depth) {
    Skip(type == Type::kTrue || type == Type::kFalse ? Type::kByte : type, depth);
  }

  // Every element takes a byte at least, so that no loop is longer than the bytes.
  void SkipList(int depth) {
    const uint8_t head = Byte();
    const uint64_t size = head >> 4 == 0x0F ? Varint() : head >> 4;
    for (uint64_t i = 0; i < size && good(); ++i) {
      SkipElement(static_cast<Type>(head & 0x0F), depth);
    }
  }

  void SkipMap(int depth) {
    const uint64_t size = Varint();
    const uint8_t types = size == 0 ? 0 : Byte();
    for (uint64_t i = 0; i < size && good(); ++i) {
      SkipElement(static_cast<Type>(types >> 4), depth);
      SkipElement(static_cast<Type>(types & 0x0F), depth);
    }
  }

  void SkipStruct(int depth) {
    Field field;
    while (Next(field)) Skip(field.type, depth);
  }

  const std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  bool cut_ = false;        // the bytes ended
  bool malformed_ = false;  // whatever may follow
};

// What the format calls the fields of PageHeader, DataPageHeader and DataPageHeaderV2.
namespace page {
constexpr int kType = 1, kUncompressedSize = 2, kCompressedSize = 3, kDataPage = 5, kDataPageV2 = 8;
}
namespace data_page {
constexpr int kNumValues = 1, kEncoding = 2, kDefinitionEncoding = 3, kRepetitionEncoding = 4;
}
namespace data_page_v2 {
constexpr int kNumValues = 1, kEncoding = 4, kDefinitionBytes = 5, kRepetitionBytes = 6;
}
constexpr int32_t kDataPageType = 0, kDataPageV2Type = 3;

// Reads the integers of the header; what is missing stays as it is. Returns the page's type.
int32_t ReadHeader(CompactReader& reader, PageHeader& header) {
  int32_t type = -1;
  Field field;
  while (reader.Next(field)) {
    switch (field.id) {
      case page::kType:
        reader.ReadInteger(field, &type);
        break;
      case page::kUncompressedSize:
        reader.ReadInteger(field, &header.uncompressed_bytes);
        break;
      case page::kCompressedSize:
        reader.ReadInteger(field, &header.compressed_bytes);
        break;
      case page::kDataPage:
        reader.ReadIntegers(field, {{data_page::kNumValues, &header.num_values},
                                    {data_page::kEncoding, &header.encoding},
                                    {data_page::kDefinitionEncoding, &header.definition_encoding},
                                    {data_page::kRepetitionEncoding, &header.repetition_encoding}});
        break;
      case page::kDataPageV2:
        reader.ReadIntegers(field, {{data_page_v2::kNumValues, &header.num_values},
                                    {data_page_v2::kEncoding, &header.encoding},
                                    {data_page_v2::kDefinitionBytes, &header.definition_bytes},
                                    {data_page_v2::kRepetitionBytes, &header.repetition_bytes}});
        break;
      default:
        reader.Skip(field.type, 0);
    }
  }
  return type;
}

}  // namespace

Result<std::optional<PageHeader>> ParsePageHeader(std::span<const uint8_t> bytes) {
  CompactReader reader(bytes);
  // What stays negative was missing, or is as wrong.
  PageHeader header{.compressed_bytes = -1,
                    .uncompressed_bytes = -1,
                    .num_values = -1,
                    .repetition_bytes = -1,
                    .definition_bytes = -1};
  const int32_t type = ReadHeader(reader, header);
  if (reader.malformed()) return Status::Invalid("a page header is malformed");
  if (reader.cut()) return std::nullopt;
  header.header_bytes = reader.position();
  if (type == kDataPageType) header.kind = PageKind::kData;
  if (type == kDataPageV2Type) header.kind = PageKind::kDataV2;
  const bool is_data = header.kind != PageKind::kOther;
  const bool is_v2 = header.kind == PageKind::kDataV2;
  if (type < 0 || header.compressed_bytes < 0 || header.uncompressed_bytes < 0 ||
      (is_data && header.num_values < 0) ||
      (is_v2 && (header.repetition_bytes < 0 || header.definition_bytes < 0))) {
    return Status::Invalid("a page header lacks a field, or it is negative");
  }
  return header;
}

}  // namespace spillway::parquet
