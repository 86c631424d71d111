#include "parquet/value_conversion.h"

#include <utility>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

namespace spillway::parquet {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

bool IsBytes(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || id == arrow::Type::FIXED_SIZE_BINARY;
}

// Fixed bytes are no text: what they stand for, only their logical type would tell.
bool CanConvertToText(const arrow::DataType& from, const arrow::DataType& to) {
  return IsBytes(from.id()) &&
         (!arrow::is_string(to.id()) || from.id() != arrow::Type::FIXED_SIZE_BINARY);
}

// Decimal digits of the largest value of an integer type, as Delta's type widening counts them.
int DigitsOf(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return 3;
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return 5;
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
      return 10;
    case arrow::Type::INT64:
      return 19;
    default:
      return 20;
  }
}

bool CanConvertTo(const arrow::DataType& from, const arrow::Decimal128Type& to) {
  if (arrow::is_decimal(from.id())) return true;  // the values decide, not the declared precision
  return arrow::is_integer(from.id()) && to.precision() - to.scale() >= DigitsOf(from.id());
}

bool CanConvertToDouble(arrow::Type::type from) {
  return from == arrow::Type::FLOAT || from == arrow::Type::HALF_FLOAT ||
         from == arrow::Type::INT8 || from == arrow::Type::INT16 || from == arrow::Type::INT32;
}

Result<ArrayPointer> Cast(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& to,
                          arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  return arrow::compute::Cast(*values, to, arrow::compute::CastOptions::Safe(), &context);
}

ArrayPointer Retype(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& to) {
  std::shared_ptr<arrow::ArrayData> data = values->data()->Copy();
  data->type = to;
  return arrow::MakeArray(data);
}

// Nanoseconds to the microsecond at or before them; a cast would round those before 1970 upwards.
Result<ArrayPointer> FloorToMicroseconds(const ArrayPointer& values,
                                         const std::shared_ptr<arrow::DataType>& to,
                                         arrow::MemoryPool* pool) {
  constexpr int64_t kNanosecondsPerMicrosecond = 1000;
  const int64_t length = values->length();
  const arrow::ArrayData& data = *values->data();
  ARROW_ASSIGN_OR_RAISE(
      auto bytes, arrow::AllocateBuffer((data.offset + length) * int64_t{sizeof(int64_t)}, pool));
  const int64_t* from = data.GetValues<int64_t>(1);
  int64_t* micros = bytes->mutable_data_as<int64_t>() + data.offset;
  for (int64_t i = 0; i < length; ++i) {
    const int64_t quotient = from[i] / kNanosecondsPerMicrosecond;
    micros[i] = quotient - (from[i] % kNanosecondsPerMicrosecond < 0 ? 1 : 0);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(to, length, {data.buffers[0], std::move(bytes)},
                                                 data.null_count.load(), data.offset));
}

// An instant is the same number whatever the zone, so only the unit is converted.
Result<ArrayPointer> ConvertTimestamps(const ArrayPointer& values,
                                       const std::shared_ptr<arrow::DataType>& to,
                                       arrow::MemoryPool* pool) {
  const auto& from_type = static_cast<const arrow::TimestampType&>(*values->type());
  const auto& to_type = static_cast<const arrow::TimestampType&>(*to);
  if (from_type.unit() == to_type.unit()) return Retype(values, to);
  if (from_type.unit() == arrow::TimeUnit::NANO && to_type.unit() == arrow::TimeUnit::MICRO) {
    return FloorToMicroseconds(values, to, pool);
  }
  ARROW_ASSIGN_OR_RAISE(const ArrayPointer converted,
                        Cast(values, arrow::timestamp(to_type.unit(), from_type.timezone()), pool));
  return Retype(converted, to);
}

// What the file calls a string is not checked for UTF-8: Spark reads it as it is, and so do we.
Result<ArrayPointer> ConvertText(const ArrayPointer& values,
                                 const std::shared_ptr<arrow::DataType>& to,
                                 arrow::MemoryPool* pool) {
  if (to->id() != arrow::Type::STRING) return Cast(values, to, pool);
  ArrayPointer bytes = values;
  if (values->type_id() != arrow::Type::BINARY) {
    ARROW_ASSIGN_OR_RAISE(bytes, Cast(values, arrow::binary(), pool));
  }
  const ArrayPointer texts = Retype(bytes, to);
  if (!arrow::is_string(values->type_id())) ARROW_RETURN_NOT_OK(CheckText(*texts));
  return texts;
}

Result<ArrayPointer> Convert(const ArrayPointer& values, const std::shared_ptr<arrow::DataType>& to,
                             arrow::MemoryPool* pool) {
  const arrow::Type::type from = values->type_id();
  if (from == arrow::Type::NA) return arrow::MakeArrayOfNull(to, values->length(), pool);
  if (from == arrow::Type::TIMESTAMP) return ConvertTimestamps(values, to, pool);
  return IsBytes(from) ? ConvertText(values, to, pool) : Cast(values, to, pool);
}

}  // namespace

Status CheckText(const arrow::Array& texts) {
  const Status status = static_cast<const arrow::StringArray&>(texts).ValidateUTF8();
  return status.ok()
             ? status
             : Status::TypeError(
                   "the file has bytes that are not UTF-8, but the table's column is a string");
}

bool CanConvertValues(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.id() == arrow::Type::NA || from.Equals(to)) return true;
  switch (to.id()) {
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
      return arrow::is_integer(from.id());
    case arrow::Type::FLOAT:
      return from.id() == arrow::Type::HALF_FLOAT;
    case arrow::Type::DOUBLE:
      return CanConvertToDouble(from.id());
    case arrow::Type::DECIMAL128:
      return CanConvertTo(from, static_cast<const arrow::Decimal128Type&>(to));
    case arrow::Type::TIMESTAMP:
      return from.id() == arrow::Type::TIMESTAMP ||
             (from.id() == arrow::Type::DATE32 &&
              static_cast<const arrow::TimestampType&>(to).timezone().empty());
    default:
      return IsBytes(to.id()) && CanConvertToText(from, to);
  }
}

Result<std::shared_ptr<arrow::Array>> ConvertValues(std::shared_ptr<arrow::Array> values,
                                                    const std::shared_ptr<arrow::DataType>& to,
                                                    arrow::MemoryPool* pool) {
  const arrow::DataType& from = *values->type();
  // parquet-cpp hands decimals on as the file has them, with more digits than it says at times.
  if (arrow::is_decimal(from.id())) {
    ARROW_RETURN_NOT_OK(values->ValidateFull());
  }
  if (from.Equals(*to)) return values;
  Result<ArrayPointer> converted = Convert(values, to, pool);
  if (!converted.status().IsInvalid()) return converted;
  return Status::TypeError(converted.status().message());
}

}  // namespace spillway::parquet
