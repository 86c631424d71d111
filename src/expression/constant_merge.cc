// Short texts are copied sixteen bytes at a time, whatever their length: the next row's copy writes
// over what is too much, and the buffer has room for the last.
#include "expression/constant_merge.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include <arrow/util/decimal.h>

#include "expression/map.h"

namespace spillway::expression {
namespace {

constexpr size_t kCopyBytes = 16;

using Choices = std::vector<BranchNumber>;

// Entries by branch number, and one more for rows without a branch.
template <typename T>
class Table {
 public:
  explicit Table(size_t branches) : entries_(branches + 1), last_(branches) {}
  T& operator[](size_t branch) { return entries_[branch]; }
  const T& Find(BranchNumber choice) const { return entries_[std::min<size_t>(choice, last_)]; }

 private:
  std::vector<T> entries_;
  size_t last_;
};

template <typename T, typename Read>
Table<T> MakeTable(const std::vector<Branch>& branches, Read read) {
  Table<T> table(branches.size());
  for (size_t i = 0; i < branches.size(); ++i) {
    if (Validity(branches[i].value).IsValid(0)) table[i] = read(branches[i].value);
  }
  return table;
}

template <typename Get>
Result<std::shared_ptr<arrow::Buffer>> MakeBits(const Choices& choices, arrow::MemoryPool* pool,
                                                Get get) {
  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(rows, pool));
  auto choice = choices.begin();
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows,
                                        [&] { return get(*choice++); });
  return bits;
}

// nullptr if no row is null.
Result<std::shared_ptr<arrow::Buffer>> MakeValidity(const Choices& choices,
                                                    const std::vector<Branch>& branches,
                                                    arrow::MemoryPool* pool) {
  const auto valid = MakeTable<uint8_t>(branches, [](const Value&) { return uint8_t{1}; });
  bool all_valid = true;
  for (size_t i = 0; i < branches.size(); ++i) {
    all_valid = all_valid && valid.Find(static_cast<BranchNumber>(i)) != 0;
  }
  BranchNumber largest = 0;
  for (const BranchNumber choice : choices) largest = std::max(largest, choice);
  if (all_valid && largest != kNoBranch) return nullptr;
  return MakeBits(choices, pool, [&valid](BranchNumber choice) { return valid.Find(choice) != 0; });
}

template <typename T>
Result<std::shared_ptr<arrow::Buffer>> MakeFixed(const Choices& choices,
                                                 const std::vector<Branch>& branches,
                                                 arrow::MemoryPool* pool) {
  const auto table =
      MakeTable<T>(branches, [](const Value& value) { return FixedReader<T>(value)[0]; });
  ARROW_ASSIGN_OR_RAISE(auto values, AllocateValues<T>(static_cast<int64_t>(choices.size()), pool));
  T* out = MutableValues<T>(values.get());
  for (const BranchNumber choice : choices) *out++ = table.Find(choice);
  return values;
}

struct ShortText {
  std::array<char, kCopyBytes> bytes = {};
  int32_t size = 0;
};

Result<std::shared_ptr<arrow::Buffer>> MakeOffsets(const Choices& choices,
                                                   const Table<std::string_view>& texts,
                                                   arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        AllocateValues<int32_t>(static_cast<int64_t>(choices.size()) + 1, pool));
  auto* offsets = MutableValues<int32_t>(buffer.get());
  int64_t end = 0;
  *offsets++ = 0;
  for (const BranchNumber choice : choices) {
    end += static_cast<int64_t>(texts.Find(choice).size());
    *offsets++ = static_cast<int32_t>(end);
  }
  if (end > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a batch's texts pass 2 GiB");
  }
  return buffer;
}

void CopyTexts(const Choices& choices, const Table<std::string_view>& texts, uint8_t* out) {
  for (const BranchNumber choice : choices) {
    const std::string_view text = texts.Find(choice);
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    out += text.size();
  }
}

void CopyShortTexts(const Choices& choices, const Table<ShortText>& texts, uint8_t* out) {
  for (const BranchNumber choice : choices) {
    const ShortText& text = texts.Find(choice);
    std::memcpy(out, text.bytes.data(), kCopyBytes);
    out += text.size;
  }
}

Result<Value> MakeTexts(const ValueType& type, const Choices& choices,
                        const std::vector<Branch>& branches, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto validity, MakeValidity(choices, branches, pool));
  const auto texts = MakeTable<std::string_view>(
      branches, [](const Value& value) { return TextReader(value)[0]; });
  ARROW_ASSIGN_OR_RAISE(auto offsets, MakeOffsets(choices, texts, pool));
  const int32_t size = reinterpret_cast<const int32_t*>(offsets->data())[choices.size()];
  ARROW_ASSIGN_OR_RAISE(
      auto bytes, arrow::AllocateResizableBuffer(size + static_cast<int64_t>(kCopyBytes), pool));
  bool all_short = true;
  Table<ShortText> shorts(branches.size());
  for (size_t i = 0; i < branches.size(); ++i) {
    const std::string_view text = texts.Find(static_cast<BranchNumber>(i));
    all_short = all_short && text.size() <= kCopyBytes;
    shorts[i].size = static_cast<int32_t>(std::min(text.size(), kCopyBytes));
    std::copy_n(text.begin(), shorts[i].size, shorts[i].bytes.begin());
  }
  if (all_short) {
    CopyShortTexts(choices, shorts, bytes->mutable_data());
  } else {
    CopyTexts(choices, texts, bytes->mutable_data());
  }
  ARROW_RETURN_NOT_OK(bytes->Resize(size, false));
  return MakeTextColumn(type, static_cast<int64_t>(choices.size()), std::move(validity),
                        std::move(offsets), std::move(bytes));
}

}  // namespace

bool AreConstants(const ValueType& type, const std::vector<Branch>& branches) {
  return type.nested == nullptr && type.kind != Kind::kNull &&
         std::all_of(branches.begin(), branches.end(),
                     [](const Branch& branch) { return branch.value.single; });
}

Result<Value> MergeConstants(const ValueType& type, const Choices& choices,
                             const std::vector<Branch>& branches, arrow::MemoryPool* pool) {
  if (type.kind == Kind::kString || type.kind == Kind::kBinary) {
    return MakeTexts(type, choices, branches, pool);
  }
  std::shared_ptr<arrow::Buffer> values;
  switch (type.kind) {
    case Kind::kBoolean: {
      const auto table = MakeTable<uint8_t>(branches, [](const Value& value) {
        return static_cast<uint8_t>(BooleanReader(value)[0] ? 1 : 0);
      });
      ARROW_ASSIGN_OR_RAISE(values, MakeBits(choices, pool, [&table](BranchNumber choice) {
                              return table.Find(choice) != 0;
                            }));
      break;
    }
    case Kind::kByte: {
      ARROW_ASSIGN_OR_RAISE(values, MakeFixed<int8_t>(choices, branches, pool));
      break;
    }
    case Kind::kShort: {
      ARROW_ASSIGN_OR_RAISE(values, MakeFixed<int16_t>(choices, branches, pool));
      break;
    }
    case Kind::kInt:
    case Kind::kDate:
    case Kind::kFloat: {
      ARROW_ASSIGN_OR_RAISE(values, MakeFixed<int32_t>(choices, branches, pool));
      break;
    }
    case Kind::kDecimal: {
      ARROW_ASSIGN_OR_RAISE(values, MakeFixed<arrow::Decimal128>(choices, branches, pool));
      break;
    }
    default: {
      ARROW_ASSIGN_OR_RAISE(values, MakeFixed<int64_t>(choices, branches, pool));
      break;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, MakeValidity(choices, branches, pool));
  return MakeColumn(type, static_cast<int64_t>(choices.size()), std::move(validity),
                    std::move(values));
}

}  // namespace spillway::expression
