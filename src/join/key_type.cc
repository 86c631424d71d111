#include "join/key_type.h"

#include <arrow/type.h>

namespace spillway::join {

std::optional<KeyKind> KindOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return KeyKind::kBool;
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return KeyKind::kWord8;
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return KeyKind::kWord16;
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::DATE32:
      return KeyKind::kWord32;
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
    case arrow::Type::TIMESTAMP:
      return KeyKind::kWord64;
    case arrow::Type::DECIMAL128:
      return KeyKind::kWord128;
    case arrow::Type::FLOAT:
      return KeyKind::kFloat;
    case arrow::Type::DOUBLE:
      return KeyKind::kDouble;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return KeyKind::kBytes;
    default:
      return std::nullopt;
  }
}

}  // namespace spillway::join
