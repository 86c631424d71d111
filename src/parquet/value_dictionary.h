// The distinct values of a column chunk, numbered in the order in which they came: the dictionary
// of its pages. The values lie as a dictionary page has them (PLAIN), and an open-addressing table
// of 4-byte numbers, at most half full, finds them.
//
// Thread rule: one thread at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>

#include "base/status.h"

namespace spillway::parquet {

// Fixed-width values. They are told apart by their bits: -0.0 is not 0.0, and a NaN is itself.
template <typename Number>
class NumberStore {
 public:
  using Value = Number;

  explicit NumberStore(arrow::MemoryPool* pool) : values_(pool) {}

  static uint64_t Hash(Value value) {
    const uint64_t bits = std::bit_cast<Bits>(value);
    return (bits ^ bits >> 32) * 0x9E3779B97F4A7C15U;
  }
  bool Equals(int64_t number, Value value) const {
    return std::bit_cast<Bits>((*this)[number]) == std::bit_cast<Bits>(value);
  }
  Value operator[](int64_t number) const { return values_.data()[number]; }
  Status Append(Value value) { return values_.Append(value); }
  int64_t size() const { return values_.length(); }
  int64_t plain_bytes() const { return size() * static_cast<int64_t>(sizeof(Number)); }
  Result<std::shared_ptr<arrow::Buffer>> Finish() { return values_.Finish(); }

 private:
  using Bits = std::conditional_t<sizeof(Number) == 4, uint32_t, uint64_t>;

  arrow::TypedBufferBuilder<Number> values_;
};

// Texts and binaries, each with its length before it.
class BytesStore {
 public:
  using Value = std::string_view;

  explicit BytesStore(arrow::MemoryPool* pool) : places_(pool), bytes_(pool) {}

  static uint64_t Hash(Value value);
  bool Equals(int64_t number, Value value) const { return (*this)[number] == value; }
  Value operator[](int64_t number) const {
    const uint8_t* at = bytes_.data() + places_.data()[number];
    uint32_t size = 0;
    std::memcpy(&size, at, sizeof(size));
    return {reinterpret_cast<const char*>(at) + sizeof(size), size};
  }
  Status Append(Value value);
  int64_t size() const { return places_.length(); }
  int64_t plain_bytes() const { return bytes_.length(); }
  Result<std::shared_ptr<arrow::Buffer>> Finish() { return bytes_.Finish(); }

 private:
  arrow::TypedBufferBuilder<int64_t> places_;
  arrow::BufferBuilder bytes_;
};

// Appends one value of a PLAIN page of texts or binaries.
Status AppendPlain(std::string_view value, arrow::BufferBuilder* out);

template <typename Store>
class ValueDictionary {
 public:
  using Value = typename Store::Value;

  explicit ValueDictionary(arrow::MemoryPool* pool) : pool_(pool), store_(pool) {}

  // Sets `number` to that of `value`, which may be new.
  Status Add(Value value, uint32_t* number) {
    if (2 * (store_.size() + 1) > num_slots_) ARROW_RETURN_NOT_OK(Grow());
    uint32_t* slot = Find(value);
    if (*slot == kFree) {
      *slot = static_cast<uint32_t>(store_.size());
      ARROW_RETURN_NOT_OK(store_.Append(value));
    }
    *number = *slot;
    return Status::OK();
  }

  Value operator[](int64_t number) const { return store_[number]; }
  int64_t size() const { return store_.size(); }
  int64_t plain_bytes() const { return store_.plain_bytes(); }

  // The dictionary page's bytes; the dictionary is over.
  Result<std::shared_ptr<arrow::Buffer>> Finish() {
    slots_.reset();
    num_slots_ = 0;
    return store_.Finish();
  }

 private:
  static constexpr uint32_t kFree = UINT32_MAX;
  static constexpr int64_t kFewestSlots = 64;

  uint32_t* Find(Value value) {
    auto* slots = reinterpret_cast<uint32_t*>(slots_->mutable_data());
    const auto last = static_cast<uint64_t>(num_slots_ - 1);
    uint64_t at = Store::Hash(value) >> shift_;
    while (slots[at] != kFree && !store_.Equals(slots[at], value)) at = (at + 1) & last;
    return &slots[at];
  }

  // Makes twice as many slots, and enters all values again.
  Status Grow() {
    const int64_t num_slots = num_slots_ == 0 ? kFewestSlots : 2 * num_slots_;
    const auto bytes = num_slots * static_cast<int64_t>(sizeof(uint32_t));
    ARROW_ASSIGN_OR_RAISE(slots_, arrow::AllocateBuffer(bytes, pool_));
    num_slots_ = num_slots;
    shift_ = 64 - std::countr_zero(static_cast<uint64_t>(num_slots));
    std::memset(slots_->mutable_data(), 0xFF, static_cast<size_t>(bytes));
    for (int64_t i = 0; i < store_.size(); ++i) *Find(store_[i]) = static_cast<uint32_t>(i);
    return Status::OK();
  }

  arrow::MemoryPool* pool_;
  Store store_;
  std::unique_ptr<arrow::Buffer> slots_;
  int64_t num_slots_ = 0;
  int shift_ = 0;
};

}  // namespace spillway::parquet
