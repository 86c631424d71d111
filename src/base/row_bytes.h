// Bytes of rows that lie end to end without alignment: loads, stores and copies. The copies are of
// the few dozen bytes that a key or a row has, where a call of memcpy costs more than the copy.
//
// Thread rule: free functions.
#pragma once

#include <cstdint>
#include <cstring>

namespace spillway {

template <typename Word>
Word Load(const void* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

template <typename Word>
void Store(void* to, Word word) {
  std::memcpy(to, &word, sizeof(word));
}

// Copies exactly `size` bytes.
[[gnu::always_inline]] inline void CopyValue(uint8_t* to, const uint8_t* from, int64_t size) {
  const auto copy_ends = [=]<typename Word>(Word /*tag*/) {
    // Two words, which may overlap.
    const int64_t last = size - static_cast<int64_t>(sizeof(Word));
    const Word first_word = Load<Word>(from);
    const Word last_word = Load<Word>(from + last);
    Store(to, first_word);
    Store(to + last, last_word);
  };
  using Wide = unsigned __int128;
  if (size > 32) {
    std::memcpy(to, from, static_cast<size_t>(size));
  } else if (size >= 16) {
    copy_ends(Wide{});
  } else if (size >= 8) {
    copy_ends(uint64_t{});
  } else if (size >= 4) {
    copy_ends(uint32_t{});
  } else if (size > 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

// Whether two values of `size` bytes are equal.
[[gnu::always_inline]] inline bool EqualValues(const uint8_t* left, const uint8_t* right,
                                               int64_t size) {
  const auto equal_ends = [=]<typename Word>(Word /*tag*/) {
    // Two words, which may overlap.
    const int64_t last = size - static_cast<int64_t>(sizeof(Word));
    return ((Load<Word>(left) ^ Load<Word>(right)) |
            (Load<Word>(left + last) ^ Load<Word>(right + last))) == 0;
  };
  using Wide = unsigned __int128;
  if (size == 0) return true;
  if (size > 32 || size < 4) {
    return std::memcmp(left, right, static_cast<size_t>(size)) == 0;
  }
  if (size >= 16) return equal_ends(Wide{});
  if (size >= 8) return equal_ends(uint64_t{});
  return equal_ends(uint32_t{});
}

// How many bytes behind a row CopyRow may read and write.
inline constexpr int64_t kRowSlackBytes = 32;

// Copies `size` bytes, and up to kRowSlackBytes behind them.
[[gnu::always_inline]] inline void CopyRow(uint8_t* to, const uint8_t* from, int64_t size) {
  if (size > 256) {
    std::memcpy(to, from, static_cast<size_t>(size));
    return;
  }
  using Vector [[gnu::vector_size(16)]] = uint64_t;
  constexpr auto kWidth = static_cast<int64_t>(sizeof(Vector));
  static_assert(kRowSlackBytes == 2 * kWidth);
  for (int64_t at = 0; at < size; at += kRowSlackBytes) {
    const auto first = Load<Vector>(from + at);
    const auto second = Load<Vector>(from + at + kWidth);
    Store(to + at, first);
    Store(to + at + kWidth, second);
  }
}

}  // namespace spillway
