#include "join/key.h"

#include <string>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "join/blocks.h"
#include "join/key_hash.h"
#include "join/key_type.h"
#include "join/stored_bytes.h"

namespace spillway::join {
namespace {

void Put(bool combine, uint64_t value_hash, uint64_t* hash) {
  *hash = combine ? CombineHashes(*hash, value_hash) : value_hash;
}

template <typename Reader>
class WordKeyColumn final : public KeyColumn {
 public:
  using Word = typename Reader::Word;

  WordKeyColumn(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool,
                int64_t expected_rows)
      : type_(std::move(type)), words_(pool, expected_rows) {}

  Status Append(const arrow::ArrayData& array, int64_t first, int64_t count) override {
    const Reader values(array);
    return words_.Append(count, [&](int64_t i) { return values[first + i]; });
  }

  Status Finish() override { return words_.Finish(); }

  void Hash(int64_t first, int64_t count, bool combine, uint64_t* hashes) const override {
    for (int64_t i = 0; i < count; ++i) Put(combine, HashWord(words_[first + i]), &hashes[i]);
  }

  void Prefetch(const int64_t* rows, int64_t count) const override {
    for (int64_t i = 0; i < count; ++i) __builtin_prefetch(&words_[rows[i]]);
  }

  void Compare(const arrow::ArrayData& array, const int64_t* positions, const int64_t* rows,
               int64_t count, uint8_t* equal) const override {
    const Reader values(array);
    for (int64_t i = 0; i < count; ++i) {
      equal[i] = static_cast<uint8_t>(equal[i] & (values[positions[i]] == words_[rows[i]]));
    }
  }

  bool EqualRows(int64_t left, int64_t right) const override {
    return words_[left] == words_[right];
  }

  Result<std::shared_ptr<arrow::Scalar>> ValueOf(int64_t row) const override {
    // A boolean is stored as a byte of 0 or 1, whose first bit is what Arrow wants.
    auto value = std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(&words_[row]),
                                                 static_cast<int64_t>(sizeof(Word)));
    return arrow::MakeArray(arrow::ArrayData::Make(type_, 1, {nullptr, value}, 0))->GetScalar(0);
  }

  int64_t allocated_bytes() const override { return words_.allocated_bytes(); }

 private:
  std::shared_ptr<arrow::DataType> type_;
  Words<Word> words_;
};

class BytesKeyColumn final : public KeyColumn {
 public:
  BytesKeyColumn(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool,
                 int64_t expected_rows)
      : type_(std::move(type)), values_(pool, expected_rows) {}

  Status Append(const arrow::ArrayData& array, int64_t first, int64_t count) override {
    return values_.Append(array, first, count);
  }

  Status Finish() override { return values_.Finish(); }

  void Hash(int64_t first, int64_t count, bool combine, uint64_t* hashes) const override {
    for (int64_t i = 0; i < count; ++i) {
      const StoredBytes::Place place = values_[first + i];
      Put(combine, HashBytes(values_.bytes(), place.position, place.size), &hashes[i]);
    }
  }

  void Prefetch(const int64_t* rows, int64_t count) const override {
    for (int64_t i = 0; i < count; ++i) values_.PrefetchPlace(rows[i]);
    for (int64_t i = 0; i < count; ++i) values_.PrefetchBytes(rows[i]);
  }

  void Compare(const arrow::ArrayData& array, const int64_t* positions, const int64_t* rows,
               int64_t count, uint8_t* equal) const override {
    const BytesReader values(array);
    for (int64_t i = 0; i < count; ++i) {
      if (equal[i]) equal[i] = values_.Equals(rows[i], values[positions[i]]) ? 1 : 0;
    }
  }

  bool EqualRows(int64_t left, int64_t right) const override {
    return values_.EqualRows(left, right);
  }

  Result<std::shared_ptr<arrow::Scalar>> ValueOf(int64_t row) const override {
    const StoredBytes::Place place = values_[row];
    std::string value(static_cast<size_t>(place.size), '\0');
    values_.Copy(place, reinterpret_cast<uint8_t*>(value.data()));
    return arrow::MakeScalar(type_, arrow::Buffer::FromString(std::move(value)));
  }

  int64_t allocated_bytes() const override { return values_.allocated_bytes(); }

 private:
  std::shared_ptr<arrow::DataType> type_;
  StoredBytes values_;
};

}  // namespace

std::unique_ptr<KeyColumn> KeyColumn::Make(const std::shared_ptr<arrow::DataType>& type,
                                           arrow::MemoryPool* pool, int64_t expected_rows) {
  return VisitReader(*KindOf(*type), [&]<typename Reader>() -> std::unique_ptr<KeyColumn> {
    if constexpr (std::is_same_v<Reader, BytesReader>) {
      return std::make_unique<BytesKeyColumn>(type, pool, expected_rows);
    } else {
      return std::make_unique<WordKeyColumn<Reader>>(type, pool, expected_rows);
    }
  });
}

int64_t KeyColumn::EstimateBytes(const arrow::DataType& type, int64_t rows, int64_t value_bytes) {
  return VisitReader(*KindOf(type), [&]<typename Reader>() -> int64_t {
    if constexpr (std::is_same_v<Reader, BytesReader>) {
      return StoredBytes::EstimateBytes(rows, value_bytes);
    } else {
      return Words<typename Reader::Word>::EstimateBytes(rows);
    }
  });
}

}  // namespace spillway::join
