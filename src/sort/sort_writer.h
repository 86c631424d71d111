// Takes rows in any order, and makes sorted runs of them: rows are collected as records in one
// buffer, and when it is full, sorted and spilled.
//
// Thread rule: one thread; each lane has a writer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/record_batch.h>

#include "base/status.h"
#include "join/row_encoder.h"
#include "sort/key_encoder.h"
#include "sort/run_spiller.h"
#include "sort/sort_state.h"

namespace spillway::sort {

class SortWriter {
 public:
  static Result<std::unique_ptr<SortWriter>> Make(SortState* state);

  // Adds the rows of `batch`, which has the sort's schema. numbers[i] (not negative, no NULLs) is
  // the source row that row i comes from: it orders rows of one key, and rows of one key and number
  // stay in the order in which one writer gets them.
  Status Append(const arrow::RecordBatch& batch, const arrow::Int64Array& numbers);

  // Ends the last run. The writer can only be destroyed afterwards.
  Status Finish();

  // The most that a writer takes, but for its log of blocks and what the quota lets it keep. A row
  // that is longer than `lane_bytes` takes its length instead of that.
  static int64_t EstimateBytes(const SortSizes& sizes, bool compress);

 private:
  static constexpr int64_t kGroupRows = join::RowEncoder::kGroupRows;

  // A record of the buffer: bytes of its key that tell it from most others, and where it is.
  struct Entry {
    uint64_t prefix;
    uint64_t offset;
  };

  SortWriter(SortState* state, std::unique_ptr<arrow::Buffer> buffer);

  Status AppendGroup(const arrow::Int64Array& numbers, int64_t first, int64_t count);
  bool HasRoom(int64_t bytes) const;
  Status MakeRoom(int64_t bytes);
  void AddRecord(int64_t i, int64_t bytes);
  void WriteRecords(const arrow::Int64Array& numbers, int64_t first, int64_t begin, int64_t end);
  void ShortenCommonKey(const uint8_t* record);
  void SortEntries();
  Status EndRun();

  Entry* entries() const;

  SortState* const state_;
  std::unique_ptr<arrow::Buffer> buffer_;  // records from its begin, entries from its end
  KeyEncoder keys_;
  join::RowEncoder rows_;
  RunSpiller spiller_;
  int64_t used_bytes_ = 0;        // of the buffer, by records
  int64_t num_records_ = 0;       // in the buffer
  int64_t written_records_ = 0;   // of those, the filled ones
  int64_t common_key_bytes_ = 0;  // with which all keys in the buffer begin

  // Of the group of rows that is being added.
  std::array<int64_t, kGroupRows> positions_;
  std::array<int64_t, kGroupRows> row_sizes_;
  std::array<int64_t, kGroupRows> key_sizes_;
  std::array<uint8_t*, kGroupRows> records_;
  std::array<uint8_t*, kGroupRows> at_;
};

}  // namespace spillway::sort
