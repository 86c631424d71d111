// Reads the matches of a bucket in the order of its source rows, with bounded memory. A window of
// source rows is loaded at a time: the whole bucket where that fits. If a bucket has more matches
// than fit, because a key is frequent, it is split into buckets of fewer rows, by one pass over it;
// and the matches of a single row that are still too many come in parts.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/row_bytes.h"
#include "base/status.h"
#include "spill/spill_writer.h"
#include "spill/spilled_streams.h"
#include "spill/stream_reader.h"

namespace spillway::join {

struct ExternalJoinState;

class BucketReader {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // `state` must outlive the reader.
  explicit BucketReader(const ExternalJoinState& state);

  // The most that a reader takes: either it has a window, or it splits a bucket.
  static int64_t EstimateBytes(int64_t bucket_bytes, int bucket_bits, int64_t block_bytes,
                               int64_t write_bytes, bool compress);

  // Moves the window so that it has `row` of `bucket`; if its matches come in parts, the first one.
  Status Seek(uint32_t bucket, uint32_t row);

  // Lets the kernel begin to fetch a bucket that will be wanted soon.
  void WillSeek(uint32_t bucket) const;

  uint32_t end_row() const { return end_row_; }  // of the window

  // Whether the window is one row, and it has more matches than are loaded.
  bool has_more_parts() const { return part_stream_ < part_streams_.size(); }
  Status NextPart();

  // The lookup rows that may match a source row of the window form a ring: the position of the last
  // one (kNone: there is none), and from each one to the next, from the last one to the first.
  uint32_t Last(uint32_t row) const { return lasts_[row - first_row_]; }
  uint32_t After(uint32_t position) const { return Load<uint32_t>(rows_ + position); }
  void SetLast(uint32_t row, uint32_t position) { lasts_[row - first_row_] = position; }
  void SetAfter(uint32_t position, uint32_t next) { Store(rows_ + position, next); }
  bool has_lists() const { return has_lists_; }  // some ring has more than one

  const uint8_t* rows() const { return rows_; }

 private:
  // A stream, and what keeps it alive where it is a part of a bucket that was split.
  struct Stream {
    const spill::SpilledStreams* streams;
    uint32_t number;
    std::shared_ptr<spill::SpilledStreams> owner;
  };
  // The source rows [first_row, end_row) of the bucket.
  struct Range {
    uint32_t first_row;
    uint32_t end_row;
    std::vector<Stream> streams;
  };

  void OpenBucket(uint32_t bucket);
  Status LoadNextWindow();
  Status LoadWindow(const Range& range, int64_t bytes);
  Status Split(const Range& range);
  Status Distribute(const Range& range, uint32_t width, spill::SpillWriter* parts);
  Status MakeRoom(int64_t bytes);
  Status Link(int64_t bytes);

  const ExternalJoinState& state_;
  spill::StreamReader reader_;
  uint32_t bucket_ = kNone;
  std::vector<Range> ranges_;  // of the bucket behind the window, the last one first
  uint32_t first_row_ = 0;     // the window
  uint32_t end_row_ = 0;
  bool has_lists_ = false;
  std::vector<Stream> part_streams_;  // of a row whose matches come in parts
  size_t part_stream_ = 0;
  std::unique_ptr<arrow::Buffer> row_buffer_;   // of rows_
  uint8_t* rows_ = nullptr;                     // that were loaded
  std::unique_ptr<arrow::Buffer> last_buffer_;  // of lasts_
  uint32_t* lasts_ = nullptr;                   // by source row of the window
};

}  // namespace spillway::join
