// The hash of a composite key and what its bits are used for. One key has one hash wherever it is
// computed, so that rows can be routed before they are stored. A hash finds candidates only.
//
//   bit 63 .. 34        33 .. 24   23 .. 8          7 .. 0
//   bucket (high bits)  unused     partition (16)   tag
//
// Thread rule: free functions.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include <arrow/array/data.h>

#include "join/blocks.h"
#include "join/key_type.h"

namespace spillway::join {

// A bijection, so that two different 64-bit keys never share a hash.
inline uint64_t HashWord(uint64_t word) {
  word ^= word >> 32;
  word *= 0xe9846af9b1a615dULL;
  word ^= word >> 32;
  word *= 0xe9846af9b1a615dULL;
  word ^= word >> 28;
  return word;
}

inline uint64_t HashWord(const Word128& word) {
  return HashWord(HashWord(word.low) + std::rotl(word.high, 32));
}

uint64_t HashBytes(std::string_view bytes);

// The hash of a key whose first parts hash to `hash` and whose next part hashes to `part`.
inline uint64_t CombineHashes(uint64_t hash, uint64_t part) {
  return HashWord(std::rotl(hash, 23) + part);
}

// HashBytes of stored bytes, which may lie in several blocks.
uint64_t HashBytes(const Blocks& blocks, int64_t position, int64_t size);

// Hashes `count` values from `first` on of one key part: into `hashes`, or combined with what
// stands there for the second and later parts. NULLs get some hash.
void HashColumn(const arrow::ArrayData& array, KeyKind kind, int64_t first, int64_t count,
                bool combine, uint64_t* hashes);

// One byte of the hash, kept beside each slot; 0 means an empty slot.
inline uint8_t TagOf(uint64_t hash) {
  const uint8_t tag = static_cast<uint8_t>(hash);
  return tag == 0 ? 1 : tag;
}

// The bucket of `hash` among `buckets` (< 2^60, any number): its high bits, scaled.
inline uint64_t BucketOf(uint64_t hash, uint64_t buckets) {
  using Wide = unsigned __int128;
  return static_cast<uint64_t>((Wide{hash} * Wide{buckets}) >> 64);
}

// The partition of `hash` among 2^bits (bits <= 16), independent of its bucket and its tag.
inline uint32_t PartitionOf(uint64_t hash, int bits) {
  return static_cast<uint32_t>(hash >> 8) & ((uint32_t{1} << bits) - 1);
}

}  // namespace spillway::join
