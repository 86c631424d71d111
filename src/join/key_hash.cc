#include "join/key_hash.h"

#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace spillway::join {
namespace {

uint64_t HashValue(std::string_view value) { return HashBytes(value); }
uint64_t HashValue(const Word128& value) { return HashWord(value); }
uint64_t HashValue(uint64_t value) { return HashWord(value); }

}  // namespace

uint64_t HashBytes(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t HashBytes(const Blocks& blocks, int64_t position, int64_t size) {
  if (size == 0) return HashBytes({});
  if (blocks.IsContiguous(position, size)) {
    return XXH3_64bits(blocks.At(position), static_cast<size_t>(size));
  }
  // Not on the stack: where AddressSanitizer watches for uses after return, gcc 12 aligns locals to
  // 32 bytes at most, and the state wants 64. Few keys lie in several blocks.
  const auto state = std::make_unique<XXH3_state_t>();
  XXH3_64bits_reset(state.get());
  blocks.ForEachPart(position, size, [&state](const uint8_t* part, int64_t bytes) {
    XXH3_64bits_update(state.get(), part, static_cast<size_t>(bytes));
  });
  return XXH3_64bits_digest(state.get());
}

void HashColumn(const arrow::ArrayData& array, KeyKind kind, int64_t first, int64_t count,
                bool combine, uint64_t* hashes) {
  VisitReader(kind, [&]<typename Reader>() {
    const Reader values(array);
    if (combine) {
      for (int64_t i = 0; i < count; ++i) {
        hashes[i] = CombineHashes(hashes[i], HashValue(values[first + i]));
      }
    } else {
      for (int64_t i = 0; i < count; ++i) hashes[i] = HashValue(values[first + i]);
    }
  });
}

}  // namespace spillway::join
