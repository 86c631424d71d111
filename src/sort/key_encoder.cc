#include "sort/key_encoder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include "base/row_bytes.h"

namespace spillway::sort {
namespace {

using join::BoolReader;
using join::BytesReader;
using join::KeyKind;
using join::Word128;

constexpr uint8_t kNull = 0;
constexpr uint8_t kValue = 1;
constexpr int64_t kTerminatorBytes = 2;

template <typename Word>
uint8_t* WriteBigEndian(uint8_t* at, Word word) {
  Store(at, arrow::bit_util::ToBigEndian(word));
  return at + sizeof(word);
}

template <typename Word>
constexpr Word kSignBit = static_cast<Word>(Word{1} << (std::numeric_limits<Word>::digits - 1));

// How the words of a part become words that compare as unsigned ones.
enum class Turn { kNothing, kSign, kFloat };

template <typename Word>
Word Turned(Word word, Turn turn) {
  if (turn == Turn::kNothing) return word;
  const bool is_negative_float = turn == Turn::kFloat && (word & kSignBit<Word>) != 0;
  return is_negative_float ? static_cast<Word>(~word) : static_cast<Word>(word ^ kSignBit<Word>);
}

template <typename Word>
uint8_t* WriteWord(uint8_t* at, Word word, Turn turn) {
  return WriteBigEndian(at, Turned(word, turn));
}

uint8_t* WriteWord(uint8_t* at, const Word128& word, Turn turn) {
  return WriteBigEndian(WriteBigEndian(at, Turned(word.high, turn)), word.low);
}

int64_t EncodedBytes(std::string_view value) {
  return static_cast<int64_t>(value.size()) + std::ranges::count(value, '\0') + kTerminatorBytes;
}

uint8_t* WriteBytes(uint8_t* at, std::string_view value) {
  while (!value.empty()) {
    const size_t plain = std::min(value.find('\0'), value.size());
    std::memcpy(at, value.data(), plain);
    at += plain;
    value.remove_prefix(plain);
    if (value.empty()) break;
    *at++ = 0;
    *at++ = 1;
    value.remove_prefix(1);
  }
  *at++ = 0;
  *at++ = 0;
  return at;
}

Turn TurnOf(KeyKind kind, bool is_signed) {
  if (kind == KeyKind::kFloat || kind == KeyKind::kDouble) return Turn::kFloat;
  return is_signed ? Turn::kSign : Turn::kNothing;
}

// Calls `visit(i, is_valid)` for `count` rows from `first` on, counted from 0.
template <typename Visit>
void ForEachRow(const arrow::ArrayData& array, int64_t first, int64_t count, Visit&& visit) {
  const bool has_nulls = array.GetNullCount() > 0;
  for (int64_t i = 0; i < count; ++i) visit(i, !has_nulls || array.IsValid(first + i));
}

}  // namespace

KeyEncoder::KeyEncoder(const arrow::DataTypeVector& types) {
  for (const auto& type : types) {
    const bool is_unsigned =
        arrow::is_unsigned_integer(type->id()) || type->id() == arrow::Type::BOOL;
    parts_.push_back({.kind = *join::KindOf(*type), .is_signed = !is_unsigned});
  }
}

void KeyEncoder::Measure(int64_t first, int64_t count, int64_t* sizes) const {
  std::fill_n(sizes, count, int64_t{0});
  for (size_t part = 0; part < parts_.size(); ++part) {
    join::VisitReader(parts_[part].kind, [&]<typename Reader>() {
      const Reader values(*columns_[part]);
      ForEachRow(*columns_[part], first, count, [&](int64_t i, bool is_valid) {
        ++sizes[i];
        if (!is_valid) return;
        if constexpr (std::is_same_v<Reader, BytesReader>) {
          sizes[i] += EncodedBytes(values[first + i]);
        } else {
          sizes[i] += sizeof(typename Reader::Word);
        }
      });
    });
  }
}

void KeyEncoder::Write(int64_t first, int64_t count, uint8_t** at) const {
  for (size_t part = 0; part < parts_.size(); ++part) {
    const Turn turn = TurnOf(parts_[part].kind, parts_[part].is_signed);
    join::VisitReader(parts_[part].kind, [&]<typename Reader>() {
      const Reader values(*columns_[part]);
      ForEachRow(*columns_[part], first, count, [&](int64_t i, bool is_valid) {
        *at[i]++ = is_valid ? kValue : kNull;
        if (!is_valid) return;
        if constexpr (std::is_same_v<Reader, BytesReader>) {
          at[i] = WriteBytes(at[i], values[first + i]);
        } else {
          at[i] = WriteWord(at[i], values[first + i], turn);
        }
      });
    });
  }
}

}  // namespace spillway::sort
