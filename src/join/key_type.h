// The types that a key part may have, and how its values are read from Arrow arrays in the one form
// in which they are hashed, stored and compared: a fixed-width word whose bits are equal exactly
// when the keys are, or bytes.
//
// Thread rule: plain values and functions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include <arrow/array/data.h>
#include <arrow/type_fwd.h>
#include <arrow/util/bit_util.h>

namespace spillway::join {

enum class KeyKind { kBool, kWord8, kWord16, kWord32, kWord64, kWord128, kFloat, kDouble, kBytes };

// The kind of `type`, or nothing if it cannot be a key.
std::optional<KeyKind> KindOf(const arrow::DataType& type);

// Two machine words: a decimal128.
struct Word128 {
  uint64_t low;
  uint64_t high;
  bool operator==(const Word128&) const = default;
};

// Readers of the values of an array: reader[i] is the i-th value of the (sliced) array.
template <typename WordType>
class WordReader {
 public:
  using Word = WordType;
  explicit WordReader(const arrow::ArrayData& array) : values_(array.GetValues<Word>(1)) {}
  Word operator[](int64_t i) const { return values_[i]; }

 private:
  const Word* values_;
};

class BoolReader {
 public:
  using Word = uint8_t;
  explicit BoolReader(const arrow::ArrayData& array)
      : bits_(array.GetValues<uint8_t>(1, 0)), offset_(array.offset) {}
  Word operator[](int64_t i) const {
    return arrow::bit_util::GetBit(bits_, static_cast<uint64_t>(offset_ + i)) ? 1 : 0;
  }

 private:
  const uint8_t* bits_;
  int64_t offset_;
};

// Floating point with one bit pattern for NaN and one for zero.
template <typename Float, typename WordType>
class FloatReader {
 public:
  using Word = WordType;
  static_assert(sizeof(Float) == sizeof(Word));
  explicit FloatReader(const arrow::ArrayData& array) : values_(array.GetValues<Float>(1)) {}
  Word operator[](int64_t i) const {
    const Float value = values_[i];
    if (value == Float{0}) return 0;
    if (std::isnan(value)) return std::bit_cast<Word>(std::numeric_limits<Float>::quiet_NaN());
    return std::bit_cast<Word>(value);
  }

 private:
  const Float* values_;
};

// utf8 and binary.
class BytesReader {
 public:
  explicit BytesReader(const arrow::ArrayData& array)
      : ends_(array.GetValues<int32_t>(1)),
        bytes_(array.buffers[2] ? reinterpret_cast<const char*>(array.buffers[2]->data())
                                : nullptr) {}
  std::string_view operator[](int64_t i) const {
    return {bytes_ + ends_[i], static_cast<size_t>(ends_[i + 1] - ends_[i])};
  }

 private:
  const int32_t* ends_;
  const char* bytes_;
};

// Calls `visit.template operator()<Reader>()` with the reader of `kind`: the one place where a kind
// becomes a type.
template <typename Visit>
auto VisitReader(KeyKind kind, Visit&& visit) {
  switch (kind) {
    case KeyKind::kBool:
      return visit.template operator()<BoolReader>();
    case KeyKind::kWord8:
      return visit.template operator()<WordReader<uint8_t>>();
    case KeyKind::kWord16:
      return visit.template operator()<WordReader<uint16_t>>();
    case KeyKind::kWord32:
      return visit.template operator()<WordReader<uint32_t>>();
    case KeyKind::kWord64:
      return visit.template operator()<WordReader<uint64_t>>();
    case KeyKind::kWord128:
      return visit.template operator()<WordReader<Word128>>();
    case KeyKind::kFloat:
      return visit.template operator()<FloatReader<float, uint32_t>>();
    case KeyKind::kDouble:
      return visit.template operator()<FloatReader<double, uint64_t>>();
    case KeyKind::kBytes:
      break;
  }
  return visit.template operator()<BytesReader>();
}

}  // namespace spillway::join
