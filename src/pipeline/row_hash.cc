#include "pipeline/row_hash.h"

#include <algorithm>
#include <cstring>

#include <arrow/array.h>
#include <arrow/type_traits.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

namespace spillway::pipeline {
namespace {

constexpr uint64_t kNullHash = 0x6e756c6c6e756c6cULL;
constexpr uint64_t kValueHash = 0x76616c756576616cULL;
constexpr uint64_t kEmptyListHash = 0x5b5d5b5d5b5d5b5dULL;

// The finaliser of MurmurHash3: a bijection that spreads every bit.
uint64_t Mix(uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  return value ^ (value >> 33);
}

uint64_t Combine(uint64_t seed, uint64_t hash) { return Mix(seed * 0x9e3779b97f4a7c15ULL + hash); }

void HashFixedWidth(const arrow::Array& column, std::vector<uint64_t>* hashes) {
  const int64_t width = column.type()->bit_width() / 8;
  const uint8_t* values = column.data()->buffers[1]->data() + column.offset() * width;
  for (int64_t row = 0; row < column.length(); ++row) {
    const uint8_t* value = values + row * width;
    uint64_t bits = 0;
    if (width <= 8) {
      std::memcpy(&bits, value, static_cast<size_t>(width));
      bits = Mix(bits);
    } else {
      bits = XXH3_64bits(value, static_cast<size_t>(width));
    }
    (*hashes)[static_cast<size_t>(row)] = bits;
  }
}

void HashBooleans(const arrow::BooleanArray& column, std::vector<uint64_t>* hashes) {
  for (int64_t row = 0; row < column.length(); ++row) {
    (*hashes)[static_cast<size_t>(row)] = Mix(column.Value(row) ? 1 : 0);
  }
}

template <typename ArrayType>
void HashBytes(const arrow::Array& column, std::vector<uint64_t>* hashes) {
  const auto& values = static_cast<const ArrayType&>(column);
  for (int64_t row = 0; row < values.length(); ++row) {
    const std::string_view value = values.GetView(row);
    (*hashes)[static_cast<size_t>(row)] = XXH3_64bits(value.data(), value.size());
  }
}

Status HashStruct(const arrow::StructArray& column, std::vector<uint64_t>* hashes) {
  std::fill(hashes->begin(), hashes->end(), kEmptyListHash);
  for (int child = 0; child < column.num_fields(); ++child) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<uint64_t> values, HashColumn(*column.field(child)));
    CombineHashes(values, hashes);
  }
  return Status::OK();
}

// The hashes of a list column's elements, a block of them at a time: a batch may have a thousand
// times as many elements as rows. They are asked for in their order.
class ElementHashes {
 public:
  // Of the elements [.., end).
  ElementHashes(const arrow::Array& elements, int64_t end) : elements_(elements), end_(end) {}

  Result<uint64_t> At(int64_t element) {
    if (element < first_ || element >= first_ + static_cast<int64_t>(hashes_.size())) {
      constexpr int64_t kBlock = 4096;
      first_ = element;
      ARROW_ASSIGN_OR_RAISE(
          hashes_, HashColumn(*elements_.Slice(element, std::min(kBlock, end_ - element))));
    }
    return hashes_[static_cast<size_t>(element - first_)];
  }

 private:
  const arrow::Array& elements_;
  const int64_t end_;
  int64_t first_ = 0;
  std::vector<uint64_t> hashes_;
};

// Lists and maps: the hashes of the elements in their order.
template <typename ListType>
Status HashList(const arrow::Array& column, std::vector<uint64_t>* hashes) {
  const auto& lists = static_cast<const ListType&>(column);
  ElementHashes elements(*lists.values(), lists.value_offset(lists.length()));
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    uint64_t hash = kEmptyListHash;
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t element, elements.At(i));
      hash = Combine(hash, element);
    }
    (*hashes)[static_cast<size_t>(row)] = hash;
  }
  return Status::OK();
}

Status HashValues(const arrow::Array& column, std::vector<uint64_t>* hashes) {
  if (column.length() == 0) return Status::OK();  // may have no buffers at all
  switch (column.type_id()) {
    case arrow::Type::NA:
      return Status::OK();
    case arrow::Type::BOOL:
      HashBooleans(static_cast<const arrow::BooleanArray&>(column), hashes);
      return Status::OK();
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      HashBytes<arrow::BinaryArray>(column, hashes);
      return Status::OK();
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      HashBytes<arrow::LargeBinaryArray>(column, hashes);
      return Status::OK();
    case arrow::Type::STRUCT:
      return HashStruct(static_cast<const arrow::StructArray&>(column), hashes);
    case arrow::Type::LIST:
      return HashList<arrow::ListArray>(column, hashes);
    case arrow::Type::MAP:
      return HashList<arrow::MapArray>(column, hashes);
    case arrow::Type::LARGE_LIST:
      return HashList<arrow::LargeListArray>(column, hashes);
    default:
      break;
  }
  if (arrow::is_primitive(column.type_id()) || arrow::is_fixed_size_binary(column.type_id())) {
    HashFixedWidth(column, hashes);
    return Status::OK();
  }
  return MakeError(
      {.code = ErrorCode::kUnsupportedType,
       .what = "a column of type " + column.type()->ToString() + " cannot be compared"});
}

}  // namespace

Result<std::vector<uint64_t>> HashColumn(const arrow::Array& column) {
  std::vector<uint64_t> hashes(static_cast<size_t>(column.length()), kNullHash);
  ARROW_RETURN_NOT_OK(HashValues(column, &hashes));
  if (column.null_count() == 0) return hashes;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) hashes[static_cast<size_t>(row)] = kNullHash;
  }
  return hashes;
}

std::vector<uint64_t> HashNulls(const arrow::Array& column) {
  std::vector<uint64_t> hashes(static_cast<size_t>(column.length()), kValueHash);
  if (column.null_count() == 0) return hashes;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) hashes[static_cast<size_t>(row)] = kNullHash;
  }
  return hashes;
}

void CombineHashes(const std::vector<uint64_t>& column, std::vector<uint64_t>* rows) {
  for (size_t row = 0; row < rows->size(); ++row) {
    (*rows)[row] = Combine((*rows)[row], column[row]);
  }
}

void CombineHashes(const std::vector<uint64_t>& column, const std::vector<int64_t>& places,
                   std::vector<uint64_t>* rows) {
  for (size_t i = 0; i < places.size(); ++i) {
    uint64_t& hash = (*rows)[static_cast<size_t>(places[i])];
    hash = Combine(hash, column[i]);
  }
}

void MultisetHash::Add(const std::vector<uint64_t>& hashes) {
  for (const uint64_t hash : hashes) {
    sum += hash;
    sum_of_mixed += Mix(hash ^ 0x2545f4914f6cdd1dULL);
  }
  count += static_cast<int64_t>(hashes.size());
}

void MultisetHash::Add(const MultisetHash& other) {
  sum += other.sum;
  sum_of_mixed += other.sum_of_mixed;
  count += other.count;
}

}  // namespace spillway::pipeline
