#include "join/stored_bytes.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace spillway::join {
namespace {

constexpr int kBytesBlockBits = 20;

}  // namespace

StoredBytes::StoredBytes(arrow::MemoryPool* pool, int64_t expected_rows)
    : ends_(pool, expected_rows),
      bases_(pool, expected_rows / kRowsPerBase),
      bytes_(pool, kBytesBlockBits, 0) {}

Status StoredBytes::Append(const arrow::ArrayData& array, int64_t first, int64_t count) {
  if (count == 0) return Status::OK();
  const int32_t* ends = array.GetValues<int32_t>(1) + first;
  if (uniform_size_ == kUniformUnknown) uniform_size_ = ends[1] - ends[0];
  if (uniform_size_ != kNotUniform) {
    bool uniform = true;
    for (int64_t i = 0; i < count; ++i) uniform &= ends[i + 1] - ends[i] == uniform_size_;
    if (!uniform) ARROW_RETURN_NOT_OK(KeepPlaces());
  }
  if (uniform_size_ == kNotUniform) ARROW_RETURN_NOT_OK(AppendEnds(count, ends));
  rows_ += count;
  const int64_t bytes = ends[count] - ends[0];
  return bytes == 0 ? Status::OK() : bytes_.Append(array.buffers[2]->data() + ends[0], bytes);
}

// Writes down the places of the rows of one size that came so far.
Status StoredBytes::KeepPlaces() {
  const int64_t size = uniform_size_;
  if (size * kRowsPerBase > std::numeric_limits<uint32_t>::max()) {
    return Status::CapacityError("256 neighbouring values of a lookup exceed 4 GiB");
  }
  uniform_size_ = kNotUniform;
  const int64_t bases = (rows_ + kRowsPerBase - 1) / kRowsPerBase;
  ARROW_RETURN_NOT_OK(bases_.Append(bases, [size](int64_t i) { return i * kRowsPerBase * size; }));
  return ends_.Append(
      rows_, [size](int64_t i) { return static_cast<uint32_t>((i % kRowsPerBase + 1) * size); });
}

Status StoredBytes::AppendEnds(int64_t count, const int32_t* arrow_ends) {
  const int64_t position = bytes_.size();
  int64_t done = 0;
  while (done < count) {
    const int64_t row = rows_ + done;
    if (row % kRowsPerBase == 0) {
      const int64_t base = position + arrow_ends[done] - arrow_ends[0];
      ARROW_RETURN_NOT_OK(bases_.Append(1, [base](int64_t) { return base; }));
    }
    const int64_t part = std::min(count - done, kRowsPerBase - row % kRowsPerBase);
    const int64_t shift = position - arrow_ends[0] - bases_[row / kRowsPerBase];
    if (shift + arrow_ends[done + part] > std::numeric_limits<uint32_t>::max()) {
      return Status::CapacityError("256 neighbouring values of a lookup exceed 4 GiB");
    }
    ARROW_RETURN_NOT_OK(ends_.Append(part, [shift, ends = arrow_ends + done + 1](int64_t i) {
      return static_cast<uint32_t>(shift + ends[i]);
    }));
    done += part;
  }
  return Status::OK();
}

Status StoredBytes::Finish() {
  ARROW_RETURN_NOT_OK(ends_.Finish());
  ARROW_RETURN_NOT_OK(bases_.Finish());
  return bytes_.Finish();
}

bool StoredBytes::EqualsParts(const Place& place, std::string_view value) const {
  const char* other = value.data();
  bool equal = true;
  bytes_.ForEachPart(place.position, place.size, [&](const uint8_t* part, int64_t bytes) {
    equal = equal && std::memcmp(part, other, static_cast<size_t>(bytes)) == 0;
    other += bytes;
  });
  return equal;
}

bool StoredBytes::EqualRows(int64_t left, int64_t right) const {
  const Place place = (*this)[left];
  const Place other = (*this)[right];
  return place.size == other.size && CompareParts(place, other, place.size) == 0;
}

int StoredBytes::CompareRows(int64_t left, int64_t right) const {
  const Place place = (*this)[left];
  const Place other = (*this)[right];
  const int order = CompareParts(place, other, std::min(place.size, other.size));
  if (order != 0) return order;
  return place.size < other.size ? -1 : static_cast<int>(place.size > other.size);
}

int StoredBytes::CompareParts(const Place& left, const Place& right, int64_t size) const {
  int order = 0;
  int64_t position = right.position;
  bytes_.ForEachPart(left.position, size, [&](const uint8_t* part, int64_t bytes) {
    bytes_.ForEachPart(position, bytes, [&](const uint8_t* other, int64_t other_bytes) {
      if (order == 0) order = std::memcmp(part, other, static_cast<size_t>(other_bytes));
      part += other_bytes;
    });
    position += bytes;
  });
  return order;
}

void StoredBytes::CopyParts(const Place& place, uint8_t* out) const {
  bytes_.ForEachPart(place.position, place.size, [&out](const uint8_t* part, int64_t bytes) {
    out = std::copy_n(part, bytes, out);
  });
}

int64_t StoredBytes::allocated_bytes() const {
  return ends_.allocated_bytes() + bases_.allocated_bytes() + bytes_.allocated_bytes();
}

int64_t StoredBytes::EstimateBytes(int64_t rows, int64_t value_bytes) {
  return Words<uint32_t>::EstimateBytes(rows) +
         Words<int64_t>::EstimateBytes(rows / kRowsPerBase + 1) +
         Blocks::EstimateBytes(value_bytes, kBytesBlockBits);
}

}  // namespace spillway::join
