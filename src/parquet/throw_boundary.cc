#include "parquet/throw_boundary.h"

#include <arrow/util/io_util.h>

#include "base/error.h"
#include "storage/durable_file.h"

namespace spillway::parquet {

Status ReadError(const Status& status, std::string_view path) {
  if (status.ok() || FindError(status)) return status;
  if (const int error_number = arrow::internal::ErrnoFromStatus(status); error_number != 0) {
    return MakeError({.code = ErrorCode::kStorage,
                      .what = "cannot read a data file",
                      .where = std::string(path),
                      .why = status.message()});
  }
  if (status.IsNotImplemented()) {
    return WithCode(status, ErrorCode::kUnsupportedFeature,
                    "a data file uses a part of Parquet that Spillway does not support", path);
  }
  if (status.IsTypeError()) {
    return WithCode(status, ErrorCode::kUnsupportedType,
                    "a data file has a value that does not fit the table's type", path);
  }
  return WithCode(status, ErrorCode::kCorruptDataFile, "a data file is damaged", path);
}

Status WriteError(const Status& status, std::string_view path) {
  if (status.ok() || FindError(status)) return status;
  if (const int error_number = arrow::internal::ErrnoFromStatus(status); error_number != 0) {
    return storage::StorageError(error_number, "write the file", path);
  }
  return WithCode(status, ErrorCode::kInternal, "a Parquet file cannot be written", path);
}

}  // namespace spillway::parquet
