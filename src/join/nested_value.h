// One value of a nested type (struct, list, map and their kin) as a string of bytes that needs
// nothing else to be read: for each value below, whether it is NULL, then its bytes, its length and
// bytes, or its count and elements.
//
// Thread rule: HasNestedForm is a free function; a NestedBuilder belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type_fwd.h>

#include "base/status.h"

namespace spillway::join {

// Whether values of `type` have this form. Dictionaries, unions, views and run-end encoded types,
// which share data between values, have not.
bool HasNestedForm(const arrow::DataType& type);

// Appends value `row` of `array` to `out`.
Status EncodeNested(const arrow::ArrayData& array, int64_t row, arrow::BufferBuilder* out);

// Makes an array of encoded values. Its buffers grow by doubling.
class NestedBuilder {
 public:
  NestedBuilder(std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool);

  // Appends the value that EncodeNested wrote to `bytes`.
  Status Append(const uint8_t* bytes);
  Status AppendNull();

  Result<std::shared_ptr<arrow::ArrayData>> Finish();

 private:
  Status AppendFrom(const uint8_t** at);
  Status AppendValue(const uint8_t** at);
  template <typename Offset>
  Status AppendBytes(const uint8_t** at);
  template <typename Offset>
  Status AppendList(const uint8_t** at);
  template <typename Offset>
  Status AppendOffset(int64_t end);
  template <typename Offset>
  Result<std::shared_ptr<arrow::Buffer>> FinishOffsets();

  std::shared_ptr<arrow::DataType> type_;     // as it is shown
  std::shared_ptr<arrow::DataType> storage_;  // as it is laid out
  int64_t length_ = 0;
  int64_t nulls_ = 0;
  arrow::TypedBufferBuilder<bool> validity_;
  arrow::TypedBufferBuilder<bool> bits_;
  arrow::BufferBuilder offsets_;
  arrow::BufferBuilder values_;
  std::vector<NestedBuilder> children_;
};

}  // namespace spillway::join
