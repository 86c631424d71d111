// Finding the lookup rows of many source keys at once.
//
// Thread rule: a free function that only reads what it is given.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "join/bucket_table.h"
#include "join/key.h"

namespace spillway::join {

// For each of the `rows` keys, whose parts are arrays of `types`: the row in `table` that has this
// key in `columns`, or -1. A key with a NULL in any part has none.
template <typename Table>
void FindFirstRows(const Table& table, const std::vector<std::unique_ptr<KeyColumn>>& columns,
                   const arrow::DataTypeVector& types, const arrow::ArrayVector& parts,
                   int64_t rows, int64_t* first_rows);

}  // namespace spillway::join
