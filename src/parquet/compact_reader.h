// Values of Thrift's compact protocol, in which Parquet files describe themselves: fields of a byte
// (type, and the distance of its number from the last one's), then the value; integers are zigzag
// varints, a struct ends with a zero byte. What is not wanted is skipped by its type. Allocates
// nothing; looks at each byte once.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace spillway::parquet::compact {

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

// Structs in structs: what Parquet describes has a few levels, a hostile file any number.
inline constexpr int kDeepest = 16;

// Reads values as long as all is well; after that each read gives 0, and every loop ends.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

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
      Skip(field.type);
    }
  }

  // The same of 64 bits.
  void ReadLong(const Field& field, int64_t* value) {
    if (field.type == Type::kInt64) {
      *value = Unzigzag(Varint());
    } else {
      Skip(field.type);
    }
  }

  // The bytes of `field`, if it is the binary that it should be; they are part of those read.
  void ReadBinary(const Field& field, std::string_view* value) {
    if (field.type != Type::kBinary) return Skip(field.type);
    const uint64_t size = Varint();
    const size_t begin = position_;
    SkipBytes(size);
    if (good()) *value = {reinterpret_cast<const char*>(bytes_.data()) + begin, size};
  }

  // The head of a list, at whose first value the reader then is.
  struct ListHead {
    uint64_t size = 0;
    Type type = Type::kStop;
  };
  ListHead ReadListHead() {
    const uint8_t head = Byte();
    const uint64_t size = head >> 4 == 0x0F ? Varint() : head >> 4;
    return good() ? ListHead{size, static_cast<Type>(head & 0x0F)} : ListHead{};
  }

  void Skip(Type type) { Skip(type, 0); }

 private:
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
    return static_cast<int32_t>(Unzigzag(value));
  }

  static int64_t Unzigzag(uint64_t value) {
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
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
    const ListHead list = ReadListHead();
    for (uint64_t i = 0; i < list.size && good(); ++i) SkipElement(list.type, depth);
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

}  // namespace spillway::parquet::compact
