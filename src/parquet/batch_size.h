// How many rows make a batch of about so many bytes. The footer tells most of it; where it cannot
// (a dictionary hides how long its strings are), batches start small and what was decoded so far
// decides.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "parquet/footer.h"

namespace spillway::parquet {

// Bytes of the decoded values of one column chunk, and whether the footer really tells.
struct DecodedSize {
  int64_t bytes = 0;
  bool known = true;
};
DecodedSize DecodedSizeOf(const LeafColumn& leaf, const ColumnChunkFacts& chunk);

class BatchSize {
 public:
  // For the `leaves` (indices) of a row group; batches of at most `batch_rows` rows, and at
  // least 1.
  BatchSize(const Footer& footer, const RowGroupFacts& row_group, const std::vector<int>& leaves,
            int64_t batch_rows, int64_t batch_bytes);

  // The rows that the next batch should have.
  int64_t next_rows() const { return next_rows_; }

  // Whether the footer tells how large the rows are, and how large then, on average.
  bool is_known() const { return known_; }
  double bytes_per_row() const { return bytes_per_row_; }

  // Takes what a batch really had into account.
  void Observe(int64_t rows, int64_t bytes);

 private:
  const int64_t batch_rows_;
  const int64_t batch_bytes_;
  bool known_ = true;
  double bytes_per_row_ = 0;
  int64_t next_rows_ = 1;
};

}  // namespace spillway::parquet
