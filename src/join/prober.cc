#include "join/prober.h"

#include <arrow/array/array_base.h>

#include "join/key_columns.h"

namespace spillway::join {

int64_t Matches::num_rows() const { return lookup_rows->length(); }

Result<std::unique_ptr<Prober>> Prober::Make(const KeyTable& table, const arrow::ArrayVector& keys,
                                             JoinType type, arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(CheckKeys(keys, table.types()));
  const int64_t rows = keys[0]->length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> heads,
                        arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(int64_t)), pool));
  table.FindFirst(keys, rows, reinterpret_cast<int64_t*>(heads->mutable_data()));
  return std::unique_ptr<Prober>(new Prober(MatchRuns<KeyLists>(
      KeyLists{&table}, type, std::move(heads), rows, /*first_source_row=*/0, pool)));
}

}  // namespace spillway::join
