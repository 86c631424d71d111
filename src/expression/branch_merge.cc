#include "expression/branch_merge.h"

#include <cstring>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/util/decimal.h>

#include "expression/constant_merge.h"
#include "expression/map.h"

namespace spillway::expression {
namespace {

// Where a row's value is in its branch's column. Rows are asked in order.
class Cursors {
 public:
  explicit Cursors(const std::vector<Branch>& branches) {
    for (const Branch& branch : branches) {
      cursors_.push_back({.mask = branch.narrow && !branch.value.single ? 0 : branch.value.mask(),
                          .step = branch.narrow && !branch.value.single ? 1 : 0});
    }
  }

  int64_t Next(BranchNumber branch, int64_t row) {
    Cursor& cursor = cursors_[branch];
    const int64_t at = (row & cursor.mask) + cursor.next;
    cursor.next += cursor.step;
    return at;
  }

 private:
  struct Cursor {
    int64_t mask;
    int64_t step;
    int64_t next = 0;
  };
  std::vector<Cursor> cursors_;
};

std::vector<Validity> Validities(const std::vector<Branch>& branches) {
  std::vector<Validity> result;
  for (const Branch& branch : branches) {
    // Cursors gives slots of narrow branches and of single ones, so no mask here.
    result.emplace_back(Value{branch.value.data, false});
  }
  return result;
}

// The validity of the merged rows; nullptr if no row is null.
Result<std::shared_ptr<arrow::Buffer>> MergeNulls(const std::vector<BranchNumber>& choices,
                                                  const std::vector<Branch>& branches,
                                                  arrow::MemoryPool* pool) {
  const std::vector<Validity> validities = Validities(branches);
  bool may_be_null = false;
  for (const Validity& validity : validities) may_be_null |= validity.may_be_null();
  for (const BranchNumber choice : choices) may_be_null |= choice == kNoBranch;
  if (!may_be_null) return nullptr;

  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(rows, pool));
  Cursors cursors(branches);
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows, [&] {
    const BranchNumber choice = choices[static_cast<size_t>(row)];
    const bool valid = choice != kNoBranch && validities[choice].IsValid(cursors.Next(choice, row));
    ++row;
    return valid;
  });
  return bits;
}

template <typename T>
Result<std::shared_ptr<arrow::Buffer>> MergeFixed(const std::vector<BranchNumber>& choices,
                                                  const std::vector<Branch>& branches,
                                                  arrow::MemoryPool* pool) {
  std::vector<const T*> sources;
  for (const Branch& branch : branches) sources.push_back(branch.value.data->GetValues<T>(1));
  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(auto values, AllocateValues<T>(rows, pool));
  T* out = MutableValues<T>(values.get());
  Cursors cursors(branches);
  for (int64_t row = 0; row < rows; ++row) {
    const BranchNumber choice = choices[static_cast<size_t>(row)];
    out[row] = choice == kNoBranch ? T{} : sources[choice][cursors.Next(choice, row)];
  }
  return values;
}

Result<std::shared_ptr<arrow::Buffer>> MergeBits(const std::vector<BranchNumber>& choices,
                                                 const std::vector<Branch>& branches,
                                                 arrow::MemoryPool* pool) {
  std::vector<BooleanReader> readers;
  for (const Branch& branch : branches) readers.emplace_back(Value{branch.value.data, false});
  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(auto bits, MakeBitmap(rows, pool));
  Cursors cursors(branches);
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(bits->mutable_data(), 0, rows, [&] {
    const BranchNumber choice = choices[static_cast<size_t>(row)];
    const bool value = choice != kNoBranch && readers[choice][cursors.Next(choice, row)];
    ++row;
    return value;
  });
  return bits;
}

Result<Value> MergeTexts(const ValueType& type, const std::vector<BranchNumber>& choices,
                         const std::vector<Branch>& branches,
                         std::shared_ptr<arrow::Buffer> validity, arrow::MemoryPool* pool) {
  std::vector<TextReader> readers;
  for (const Branch& branch : branches) readers.emplace_back(Value{branch.value.data, false});
  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(TextWriter writer, TextWriter::Make(rows, rows * 8, pool));
  Cursors cursors(branches);
  for (int64_t row = 0; row < rows; ++row) {
    const BranchNumber choice = choices[static_cast<size_t>(row)];
    if (choice == kNoBranch) {
      writer.AppendNothing();
      continue;
    }
    const std::string_view text = readers[choice][cursors.Next(choice, row)];
    if (validity != nullptr && !arrow::bit_util::GetBit(validity->data(), row)) {
      writer.AppendNothing();
    } else {
      ARROW_RETURN_NOT_OK(writer.Append(text));
    }
  }
  return writer.Finish(type, std::move(validity));
}

// Structs have no loop of their own: Arrow's take over all branches' rows.
Result<Value> MergeNested(const std::vector<BranchNumber>& choices,
                          const std::vector<Branch>& branches, arrow::MemoryPool* pool) {
  arrow::ArrayVector arrays;
  std::vector<int64_t> starts;
  int64_t start = 0;
  for (const Branch& branch : branches) {
    arrays.push_back(arrow::MakeArray(branch.value.data));
    starts.push_back(start);
    start += branch.value.data->length;
  }
  ARROW_ASSIGN_OR_RAISE(const auto all, arrow::Concatenate(arrays, pool));
  const auto rows = static_cast<int64_t>(choices.size());
  ARROW_ASSIGN_OR_RAISE(auto indices, AllocateValues<int64_t>(rows, pool));
  ARROW_ASSIGN_OR_RAISE(auto valid, MakeBitmap(rows, pool));
  Cursors cursors(branches);
  for (int64_t row = 0; row < rows; ++row) {
    const BranchNumber choice = choices[static_cast<size_t>(row)];
    arrow::bit_util::SetBitTo(valid->mutable_data(), row, choice != kNoBranch);
    MutableValues<int64_t>(indices.get())[row] =
        choice == kNoBranch ? 0 : starts[choice] + cursors.Next(choice, row);
  }
  const auto index_data = arrow::ArrayData::Make(arrow::int64(), rows, {valid, indices});
  arrow::compute::ExecContext context(pool, nullptr);
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum taken,
      arrow::compute::Take(arrow::Datum(all), arrow::Datum(index_data),
                           arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  return Value{taken.array()};
}

}  // namespace

Result<Value> MergeBranches(const ValueType& type, const std::vector<BranchNumber>& choices,
                            const std::vector<Branch>& branches, arrow::MemoryPool* pool) {
  const auto rows = static_cast<int64_t>(choices.size());
  if (type.kind == Kind::kNull || branches.empty()) return MakeNulls(type, rows, pool);
  if (AreConstants(type, branches)) return MergeConstants(type, choices, branches, pool);
  if (type.nested != nullptr) return MergeNested(choices, branches, pool);
  ARROW_ASSIGN_OR_RAISE(auto validity, MergeNulls(choices, branches, pool));
  Result<std::shared_ptr<arrow::Buffer>> values = nullptr;
  switch (type.kind) {
    case Kind::kBoolean:
      values = MergeBits(choices, branches, pool);
      break;
    case Kind::kByte:
      values = MergeFixed<int8_t>(choices, branches, pool);
      break;
    case Kind::kShort:
      values = MergeFixed<int16_t>(choices, branches, pool);
      break;
    case Kind::kInt:
    case Kind::kDate:
    case Kind::kFloat:
      values = MergeFixed<int32_t>(choices, branches, pool);
      break;
    case Kind::kDecimal:
      values = MergeFixed<arrow::Decimal128>(choices, branches, pool);
      break;
    case Kind::kString:
    case Kind::kBinary:
      return MergeTexts(type, choices, branches, std::move(validity), pool);
    default:
      values = MergeFixed<int64_t>(choices, branches, pool);
      break;
  }
  ARROW_RETURN_NOT_OK(values.status());
  return MakeColumn(type, rows, std::move(validity), std::move(values).ValueUnsafe());
}

}  // namespace spillway::expression
