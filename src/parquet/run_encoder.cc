// The functions look at eight values at a time, which are a whole number of bytes when they are
// packed. A group of eight equal values begins a run, which may end anywhere; the groups between
// two runs are packed. So there is one comparison for a value and no decision, unlike an encoder
// that takes values one by one.
#include "parquet/run_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace spillway::parquet {
namespace {

constexpr int64_t kGroup = 8;

Status AppendVarint(uint64_t value, arrow::BufferBuilder* out) {
  std::array<uint8_t, 10> bytes;
  int64_t size = 0;
  while (value >= 0x80) {
    bytes[static_cast<size_t>(size++)] = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  bytes[static_cast<size_t>(size++)] = static_cast<uint8_t>(value);
  return out->Append(bytes.data(), size);
}

Status AppendPackedHeader(int64_t groups, arrow::BufferBuilder* out) {
  return AppendVarint(static_cast<uint64_t>(groups) << 1 | 1, out);
}

bool IsAll(const uint32_t* group, uint32_t value) {
  uint32_t difference = 0;
  for (int64_t i = 0; i < kGroup; ++i) difference |= group[i] ^ value;
  return difference == 0;
}

// How many values from the start of `values` on equal the first one.
int64_t RunLength(std::span<const uint32_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  const uint32_t value = values.front();
  int64_t length = 1;
  while (length + kGroup <= count && IsAll(&values[static_cast<size_t>(length)], value)) {
    length += kGroup;
  }
  while (length < count && values[static_cast<size_t>(length)] == value) ++length;
  return length;
}

// Packs eight values into `bit_width` bytes.
void PackGroup(const uint32_t* group, int bit_width, uint8_t* out) {
  uint64_t bits = 0;
  if (bit_width <= 8) {
    for (int64_t i = 0; i < kGroup; ++i) bits |= static_cast<uint64_t>(group[i]) << (i * bit_width);
    std::memcpy(out, &bits, static_cast<size_t>(bit_width));
    return;
  }
  int filled = 0;
  for (int64_t i = 0; i < kGroup; ++i) {
    bits |= static_cast<uint64_t>(group[i]) << filled;
    filled += bit_width;
    if (filled < 32) continue;
    const auto low = static_cast<uint32_t>(bits);
    std::memcpy(out, &low, sizeof(low));
    out += sizeof(low);
    bits >>= 32;
    filled -= 32;
  }
  std::memcpy(out, &bits, static_cast<size_t>(filled / 8));
}

// Packs the values; the last group is filled up with zeros.
Status AppendPacked(std::span<const uint32_t> values, int bit_width, arrow::BufferBuilder* out) {
  const auto count = static_cast<int64_t>(values.size());
  const int64_t groups = (count + kGroup - 1) / kGroup;
  ARROW_RETURN_NOT_OK(AppendPackedHeader(groups, out));
  ARROW_RETURN_NOT_OK(out->Reserve(groups * bit_width));
  uint8_t* to = out->mutable_data() + out->length();
  for (int64_t i = 0; i + kGroup <= count; i += kGroup, to += bit_width) {
    PackGroup(&values[static_cast<size_t>(i)], bit_width, to);
  }
  if (count % kGroup != 0) {
    std::array<uint32_t, kGroup> last{};
    std::copy_n(values.end() - count % kGroup, count % kGroup, last.begin());
    PackGroup(last.data(), bit_width, to);
  }
  out->UnsafeAdvance(groups * bit_width);
  return Status::OK();
}

}  // namespace

int IndexBitWidth(int64_t num_values) {
  if (num_values <= 2) return 1;
  return static_cast<int>(std::bit_width(static_cast<uint64_t>(num_values - 1)));
}

Status EncodeRun(uint32_t value, int64_t count, int bit_width, arrow::BufferBuilder* out) {
  ARROW_RETURN_NOT_OK(AppendVarint(static_cast<uint64_t>(count) << 1, out));
  return out->Append(&value, (bit_width + 7) / 8);  // little-endian, as Arrow's machines are
}

Status EncodeRuns(std::span<const uint32_t> values, int bit_width, arrow::BufferBuilder* out) {
  const auto count = static_cast<int64_t>(values.size());
  int64_t packed = 0;  // where the values begin that are to be packed
  int64_t at = 0;
  while (at + kGroup <= count) {
    if (!IsAll(&values[static_cast<size_t>(at)], values[static_cast<size_t>(at)])) {
      at += kGroup;
      continue;
    }
    const int64_t length = RunLength(values.subspan(static_cast<size_t>(at)));
    if (packed < at) {
      ARROW_RETURN_NOT_OK(AppendPacked(
          values.subspan(static_cast<size_t>(packed), static_cast<size_t>(at - packed)), bit_width,
          out));
    }
    ARROW_RETURN_NOT_OK(EncodeRun(values[static_cast<size_t>(at)], length, bit_width, out));
    packed = at += length;
  }
  if (packed == count) return Status::OK();
  return AppendPacked(values.subspan(static_cast<size_t>(packed)), bit_width, out);
}

Status EncodeBitRuns(const uint8_t* bitmap, int64_t count, arrow::BufferBuilder* out) {
  constexpr int64_t kShortestRun = 4;  // bytes of one bit that are worth ending what is packed
  if (bitmap == nullptr) return EncodeRun(1, count, /*bit_width=*/1, out);
  const int64_t whole = count / kGroup;
  const auto append_packed = [&](int64_t from, int64_t end) -> Status {
    if (from == end) return Status::OK();
    ARROW_RETURN_NOT_OK(AppendPackedHeader(end - from, out));
    return out->Append(bitmap + from, end - from);
  };
  int64_t packed = 0;
  for (int64_t at = 0; at < whole;) {
    const uint8_t byte = bitmap[at];
    int64_t end = at + 1;
    if (byte == 0 || byte == 0xFF) {
      while (end < whole && bitmap[end] == byte) ++end;
      if (end - at >= kShortestRun || (at == packed && end == whole)) {
        ARROW_RETURN_NOT_OK(append_packed(packed, at));
        ARROW_RETURN_NOT_OK(EncodeRun(byte & 1, (end - at) * kGroup, /*bit_width=*/1, out));
        packed = end;
      }
    }
    at = end;
  }
  ARROW_RETURN_NOT_OK(append_packed(packed, whole));
  const int64_t rest = count % kGroup;
  if (rest == 0) return Status::OK();
  const auto last = static_cast<uint8_t>(bitmap[whole] & ((1U << rest) - 1));
  ARROW_RETURN_NOT_OK(AppendPackedHeader(1, out));
  return out->Append(&last, 1);
}

}  // namespace spillway::parquet
