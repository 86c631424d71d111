// How large the pages of a column chunk are, where the footer and the offset index do not tell:
// dictionaries, and all pages of files without an index. DuckDB's are up to 100 MB large.
//
// Thread rule: a free function.
#pragma once

#include "base/status.h"
#include "parquet/data_file.h"
#include "parquet/footer.h"

namespace spillway::parquet {

// Reads the headers of all pages of `chunk`, one read of 4 KiB for each, and notes what they say;
// of the dictionary alone where index and footer told of the data pages and encodings. A header
// that cannot be read leaves the sizes unknown: the reader will tell what is wrong with it. Fails
// where memory runs out.
Status MeasurePages(const DataFile& file, ColumnChunkFacts& chunk);

}  // namespace spillway::parquet
