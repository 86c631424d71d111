// The values of a utf8 or binary column, stored. Bytes lie end to end over blocks (a value may
// straddle two). While all values have one length, as identifiers mostly do, that length is all
// that is kept of their places; from the first other one on, 4 bytes a row are.
//
// Thread rule: one thread appends; after that, any number may read.
#pragma once

#include <cstdint>
#include <string_view>

#include <arrow/array/data.h>

#include "base/status.h"
#include "join/blocks.h"

namespace spillway::join {

class StoredBytes {
 public:
  StoredBytes(arrow::MemoryPool* pool, int64_t expected_rows);

  // Appends the values [first, first + count) of a utf8 or binary array; a NULL appends whatever
  // bytes its slot has, as a rule none. A CapacityError if 256 neighbours exceed 4 GiB.
  Status Append(const arrow::ArrayData& array, int64_t first, int64_t count);
  Status Finish();

  struct Place {
    int64_t position;
    int64_t size;
  };
  Place operator[](int64_t row) const {
    if (uniform_size_ >= 0) return {row * uniform_size_, uniform_size_};
    const int64_t end = ends_[row];
    const int64_t start = row % kRowsPerBase == 0 ? 0 : ends_[row - 1];
    return {bases_[row / kRowsPerBase] + start, end - start};
  }
  const Blocks& bytes() const { return bytes_; }

  bool Equals(int64_t row, std::string_view value) const {
    const Place place = (*this)[row];
    if (place.size != static_cast<int64_t>(value.size())) return false;
    if (!bytes_.IsContiguous(place.position, place.size)) return EqualsParts(place, value);
    return place.size == 0 ||
           std::memcmp(bytes_.At(place.position), value.data(), value.size()) == 0;
  }
  bool EqualRows(int64_t left, int64_t right) const;
  // Negative, 0 or positive, as memcmp has it; a value comes before those that it begins.
  int CompareRows(int64_t left, int64_t right) const;

  // Loads early what operator[] needs, and then what the value's first and last bytes do: a short
  // value in a third of all places straddles two cache lines.
  void PrefetchPlace(int64_t row) const {
    if (uniform_size_ < 0) __builtin_prefetch(&ends_[row]);
  }
  void PrefetchBytes(int64_t row) const {
    const Place place = (*this)[row];
    if (place.size == 0) return;
    __builtin_prefetch(bytes_.At(place.position));
    __builtin_prefetch(bytes_.At(place.position + place.size - 1));
  }

  // Copies the value at `place` to `out`, which has room for it.
  void Copy(const Place& place, uint8_t* out) const {
    if (place.size == 0) return;
    if (bytes_.IsContiguous(place.position, place.size)) {
      std::memcpy(out, bytes_.At(place.position), static_cast<size_t>(place.size));
    } else {
      CopyParts(place, out);
    }
  }

  int64_t allocated_bytes() const;
  static int64_t EstimateBytes(int64_t rows, int64_t value_bytes);

 private:
  static constexpr int64_t kRowsPerBase = 256;
  static constexpr int64_t kUniformUnknown = -2;
  static constexpr int64_t kNotUniform = -1;

  bool EqualsParts(const Place& place, std::string_view value) const;
  // The first `size` bytes of two values, as memcmp has it.
  int CompareParts(const Place& left, const Place& right, int64_t size) const;
  void CopyParts(const Place& place, uint8_t* out) const;
  Status KeepPlaces();
  Status AppendEnds(int64_t count, const int32_t* arrow_ends);

  int64_t rows_ = 0;
  int64_t uniform_size_ = kUniformUnknown;
  Words<uint32_t> ends_;  // relative to the row's base
  Words<int64_t> bases_;  // one per 256 rows: the position of the first one's bytes
  Blocks bytes_;
};

}  // namespace spillway::join
