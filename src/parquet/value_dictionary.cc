#include "parquet/value_dictionary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace spillway::parquet {

uint64_t BytesStore::Hash(Value value) { return XXH3_64bits(value.data(), value.size()); }

Status BytesStore::Append(Value value) {
  ARROW_RETURN_NOT_OK(places_.Append(bytes_.length()));
  return AppendPlain(value, &bytes_);
}

Status AppendPlain(std::string_view value, arrow::BufferBuilder* out) {
  const auto size = static_cast<uint32_t>(value.size());
  ARROW_RETURN_NOT_OK(out->Reserve(static_cast<int64_t>(sizeof(size) + value.size())));
  out->UnsafeAppend(&size, sizeof(size));
  out->UnsafeAppend(value.data(), static_cast<int64_t>(value.size()));
  return Status::OK();
}

}  // namespace spillway::parquet
