#include "join/nested_value.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>

#include "base/row_bytes.h"

namespace spillway::join {
namespace {

// What a type is laid out like.
enum class Layout {
  kNull,
  kBit,
  kFixed,
  kBytes,
  kLargeBytes,
  kList,
  kLargeList,
  kFixedList,
  kStruct,
  kNone
};

Layout LayoutOf(const arrow::DataType& storage) {
  switch (storage.id()) {
    case arrow::Type::NA:
      return Layout::kNull;
    case arrow::Type::BOOL:
      return Layout::kBit;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return Layout::kBytes;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return Layout::kLargeBytes;
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return Layout::kList;
    case arrow::Type::LARGE_LIST:
      return Layout::kLargeList;
    case arrow::Type::FIXED_SIZE_LIST:
      return Layout::kFixedList;
    case arrow::Type::STRUCT:
      return Layout::kStruct;
    case arrow::Type::DICTIONARY:
      return Layout::kNone;
    default:
      return arrow::is_fixed_width(storage.id()) ? Layout::kFixed : Layout::kNone;
  }
}

const std::shared_ptr<arrow::DataType>& StorageOf(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::EXTENSION) return type;
  return static_cast<const arrow::ExtensionType&>(*type).storage_type();
}

int64_t ListSizeOf(const arrow::DataType& type) {
  return static_cast<const arrow::FixedSizeListType&>(type).list_size();
}

template <typename Offset>
Status EncodeBytes(const arrow::ArrayData& array, int64_t row, arrow::BufferBuilder* out) {
  const Offset* offsets = array.GetValues<Offset>(1) + row;
  const Offset size = offsets[1] - offsets[0];
  ARROW_RETURN_NOT_OK(out->Append(&size, sizeof(size)));
  return size == 0 ? Status::OK() : out->Append(array.buffers[2]->data() + offsets[0], size);
}

Status EncodeElements(const arrow::ArrayData& values, int64_t first, int64_t count,
                      arrow::BufferBuilder* out) {
  for (int64_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(EncodeNested(values, first + i, out));
  return Status::OK();
}

template <typename Offset>
Status EncodeList(const arrow::ArrayData& array, int64_t row, arrow::BufferBuilder* out) {
  const Offset* offsets = array.GetValues<Offset>(1) + row;
  const Offset count = offsets[1] - offsets[0];
  ARROW_RETURN_NOT_OK(out->Append(&count, sizeof(count)));
  return EncodeElements(*array.child_data[0], offsets[0], count, out);
}

}  // namespace

bool HasNestedForm(const arrow::DataType& type) {
  if (type.id() == arrow::Type::EXTENSION) {
    return HasNestedForm(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  }
  return LayoutOf(type) != Layout::kNone &&
         std::ranges::all_of(type.fields(), [](const std::shared_ptr<arrow::Field>& field) {
           return HasNestedForm(*field->type());
         });
}

Status EncodeNested(const arrow::ArrayData& array, int64_t row, arrow::BufferBuilder* out) {
  const uint8_t valid = array.IsValid(row) ? 1 : 0;
  ARROW_RETURN_NOT_OK(out->Append(&valid, 1));
  if (!valid) return Status::OK();
  const auto& storage = StorageOf(array.type);
  switch (LayoutOf(*storage)) {
    case Layout::kNull:
    case Layout::kNone:
      return Status::OK();
    case Layout::kBit: {
      const uint8_t bit = arrow::bit_util::GetBit(array.buffers[1]->data(),
                                                  static_cast<uint64_t>(array.offset + row));
      return out->Append(&bit, 1);
    }
    case Layout::kFixed: {
      const int64_t width = storage->byte_width();
      return out->Append(array.buffers[1]->data() + (array.offset + row) * width, width);
    }
    case Layout::kBytes:
      return EncodeBytes<int32_t>(array, row, out);
    case Layout::kLargeBytes:
      return EncodeBytes<int64_t>(array, row, out);
    case Layout::kList:
      return EncodeList<int32_t>(array, row, out);
    case Layout::kLargeList:
      return EncodeList<int64_t>(array, row, out);
    case Layout::kFixedList: {
      const int64_t size = ListSizeOf(*storage);
      return EncodeElements(*array.child_data[0], (array.offset + row) * size, size, out);
    }
    case Layout::kStruct:
      for (const auto& child : array.child_data) {
        ARROW_RETURN_NOT_OK(EncodeNested(*child, array.offset + row, out));
      }
      return Status::OK();
  }
  return Status::OK();
}

NestedBuilder::NestedBuilder(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
    : type_(std::move(type)),
      storage_(StorageOf(type_)),
      validity_(pool),
      bits_(pool),
      offsets_(pool),
      values_(pool) {
  for (const auto& field : storage_->fields()) children_.emplace_back(field->type(), pool);
}

Status NestedBuilder::Append(const uint8_t* bytes) { return AppendFrom(&bytes); }

// Appends the value at `*at`, which moves behind it.
Status NestedBuilder::AppendFrom(const uint8_t** at) {
  const bool valid = *(*at)++ != 0;
  if (!valid) return AppendNull();
  ARROW_RETURN_NOT_OK(AppendValue(at));
  ++length_;
  return validity_.Append(true);
}

Status NestedBuilder::AppendValue(const uint8_t** at) {
  switch (LayoutOf(*storage_)) {
    case Layout::kNull:
    case Layout::kNone:
      return Status::OK();
    case Layout::kBit:
      return bits_.Append(*(*at)++ != 0);
    case Layout::kFixed: {
      const int64_t width = storage_->byte_width();
      ARROW_RETURN_NOT_OK(values_.Append(*at, width));
      *at += width;
      return Status::OK();
    }
    case Layout::kBytes:
      return AppendBytes<int32_t>(at);
    case Layout::kLargeBytes:
      return AppendBytes<int64_t>(at);
    case Layout::kList:
      return AppendList<int32_t>(at);
    case Layout::kLargeList:
      return AppendList<int64_t>(at);
    case Layout::kFixedList:
      for (int64_t i = ListSizeOf(*storage_); i > 0; --i) {
        ARROW_RETURN_NOT_OK(children_[0].AppendFrom(at));
      }
      return Status::OK();
    case Layout::kStruct:
      for (NestedBuilder& child : children_) ARROW_RETURN_NOT_OK(child.AppendFrom(at));
      return Status::OK();
  }
  return Status::OK();
}

template <typename Offset>
Status NestedBuilder::AppendBytes(const uint8_t** at) {
  const auto size = Load<Offset>(*at);
  *at += sizeof(size);
  ARROW_RETURN_NOT_OK(values_.Append(*at, size));
  *at += size;
  return AppendOffset<Offset>(values_.length());
}

template <typename Offset>
Status NestedBuilder::AppendList(const uint8_t** at) {
  const auto count = Load<Offset>(*at);
  *at += sizeof(count);
  for (Offset i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(children_[0].AppendFrom(at));
  return AppendOffset<Offset>(children_[0].length_);
}

template <typename Offset>
Status NestedBuilder::AppendOffset(int64_t end) {
  if (end > std::numeric_limits<Offset>::max()) {
    return Status::CapacityError("the joined values of one batch exceed 2 GiB");
  }
  const Offset offsets[2] = {0, static_cast<Offset>(end)};
  if (length_ == 0) return offsets_.Append(offsets, sizeof(offsets));
  return offsets_.Append(&offsets[1], sizeof(Offset));
}

Status NestedBuilder::AppendNull() {
  switch (LayoutOf(*storage_)) {
    case Layout::kNull:
    case Layout::kNone:
      break;
    case Layout::kBit:
      ARROW_RETURN_NOT_OK(bits_.Append(false));
      break;
    case Layout::kFixed:
      ARROW_RETURN_NOT_OK(values_.Append(storage_->byte_width(), 0));
      break;
    case Layout::kBytes:
      ARROW_RETURN_NOT_OK(AppendOffset<int32_t>(values_.length()));
      break;
    case Layout::kLargeBytes:
      ARROW_RETURN_NOT_OK(AppendOffset<int64_t>(values_.length()));
      break;
    case Layout::kList:
      ARROW_RETURN_NOT_OK(AppendOffset<int32_t>(children_[0].length_));
      break;
    case Layout::kLargeList:
      ARROW_RETURN_NOT_OK(AppendOffset<int64_t>(children_[0].length_));
      break;
    case Layout::kFixedList:
      for (int64_t i = ListSizeOf(*storage_); i > 0; --i) {
        ARROW_RETURN_NOT_OK(children_[0].AppendNull());
      }
      break;
    case Layout::kStruct:
      for (NestedBuilder& child : children_) ARROW_RETURN_NOT_OK(child.AppendNull());
      break;
  }
  ++length_;
  ++nulls_;
  return validity_.Append(false);
}

template <typename Offset>
Result<std::shared_ptr<arrow::Buffer>> NestedBuilder::FinishOffsets() {
  const Offset zero = 0;
  if (length_ == 0) ARROW_RETURN_NOT_OK(offsets_.Append(&zero, sizeof(zero)));
  return offsets_.Finish();
}

Result<std::shared_ptr<arrow::ArrayData>> NestedBuilder::Finish() {
  auto data = arrow::ArrayData::Make(type_, length_, nulls_);
  std::shared_ptr<arrow::Buffer> validity;
  const Layout layout = LayoutOf(*storage_);
  if (nulls_ > 0 && layout != Layout::kNull) {
    ARROW_ASSIGN_OR_RAISE(validity, validity_.Finish());
  }
  data->buffers.push_back(std::move(validity));
  std::shared_ptr<arrow::Buffer> buffer;
  if (layout == Layout::kBytes || layout == Layout::kList) {
    ARROW_ASSIGN_OR_RAISE(buffer, FinishOffsets<int32_t>());
    data->buffers.push_back(std::move(buffer));
  } else if (layout == Layout::kLargeBytes || layout == Layout::kLargeList) {
    ARROW_ASSIGN_OR_RAISE(buffer, FinishOffsets<int64_t>());
    data->buffers.push_back(std::move(buffer));
  } else if (layout == Layout::kBit) {
    ARROW_ASSIGN_OR_RAISE(buffer, bits_.Finish());
    data->buffers.push_back(std::move(buffer));
  }
  if (layout == Layout::kFixed || layout == Layout::kBytes || layout == Layout::kLargeBytes) {
    ARROW_ASSIGN_OR_RAISE(buffer, values_.Finish());
    data->buffers.push_back(std::move(buffer));
  }
  for (NestedBuilder& child : children_) {
    ARROW_ASSIGN_OR_RAISE(auto child_data, child.Finish());
    data->child_data.push_back(std::move(child_data));
  }
  return data;
}

}  // namespace spillway::join
