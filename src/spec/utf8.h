// The little of UTF-8 that texts, positions and name lengths need.
//
// Thread rule: free functions without state.
#pragma once

#include <cstddef>
#include <string_view>

#include <arrow/util/utf8.h>

namespace spillway::spec {

inline bool IsUtf8(std::string_view text) {
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(text);
}

// Whether `byte` begins a character (it is not one of the continuation bytes 10xxxxxx).
constexpr bool BeginsCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// The number of characters (code points) in valid UTF-8.
constexpr size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char byte : text) count += BeginsCharacter(byte) ? 1 : 0;
  return count;
}

}  // namespace spillway::spec
