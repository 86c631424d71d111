// How many values of a leaf column are NULL in a row group. A footer says so too, but there are
// writers that count wrong (Arrow up to 4.0.1 says 0 of every dictionary), and a wrong count
// changes rows: in what is copied, readers would skip the NULLs. So the definition levels are
// counted, which for most columns are a few bytes of each page.
//
// The footer is believed only where the levels would cost as much as the values, which is where a
// page is compressed by ZSTD, and only that of a writer that is known to count right.
//
// Thread rule: free functions without state.
#pragma once

#include <cstdint>

#include <arrow/memory_pool.h>

#include "base/status.h"
#include "parquet/data_file.h"

namespace spillway::parquet {

// As Parquet counts them: values below the leaf's greatest definition level, so that NULLs of what
// is around the leaf, and empty lists, are among them. Fails with an uncoded status, or throws as
// parquet-cpp does, where the pages' levels are damaged or cannot be read.
Result<int64_t> CountNulls(const DataFile& file, int row_group, int leaf, arrow::MemoryPool* pool);

// Whether the file's writer is known to count NULLs right.
bool CountsNullsRight(const ::parquet::FileMetaData& metadata);

}  // namespace spillway::parquet
