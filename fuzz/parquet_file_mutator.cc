// How libFuzzer changes a Parquet file: half of the time its footer alone, whose length is put
// right again, since nearly all other changes of a footer end at its frame. Only in the build for
// libFuzzer.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kTailBytes = 8;  // the footer's length, 4 bytes, and the magic

// The length of the footer that `data` frames; 0 where it frames none.
size_t FooterBytes(const uint8_t* data, size_t size) {
  if (size < 4 + kTailBytes || std::memcmp(data + size - 4, "PAR1", 4) != 0) return 0;
  uint32_t length = 0;
  std::memcpy(&length, data + size - kTailBytes, sizeof(length));
  return length <= size - 4 - kTailBytes ? length : 0;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  const size_t footer = FooterBytes(data, size);
  if (footer == 0 || max_size < size || seed % 2 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  const size_t begin = size - kTailBytes - footer;
  std::vector<uint8_t> changed(max_size - begin - kTailBytes);
  std::copy_n(data + begin, footer, changed.begin());
  const size_t length = LLVMFuzzerMutate(changed.data(), footer, changed.size());
  std::copy_n(changed.begin(), length, data + begin);
  const auto framed = static_cast<uint32_t>(length);
  std::memcpy(data + begin + length, &framed, sizeof(framed));
  std::memcpy(data + begin + length + 4, "PAR1", 4);
  return begin + length + kTailBytes;
}
