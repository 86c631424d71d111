// Streams of records that carry where they come from: a run is records with one id, such as those
// of one piece of the source, so that the id is stored once and not with each record. A run ends
// where its block ends; then the next block goes on with one of the same id.
//
//   block:  | id, bytes, records | record | record | .. | id, bytes, records | record | ..
//
// Thread rule: a writer and a reader belong to one thread each; SpilledRuns as SpilledStreams.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/status.h"
#include "spill/spill_writer.h"
#include "spill/spilled_streams.h"
#include "spill/stream_reader.h"

namespace spillway::join {

struct RunHeader {
  int64_t id;
  uint32_t bytes;  // of the records
  uint32_t records;
};

// What a RunWriter wrote.
struct SpilledRuns {
  std::unique_ptr<spill::SpilledStreams> streams;
  std::shared_ptr<arrow::Buffer> records;  // int64 per stream

  int64_t Records(uint32_t stream) const {
    return reinterpret_cast<const int64_t*>(records->data())[stream];
  }
};

class RunWriter {
 public:
  static Result<std::unique_ptr<RunWriter>> Make(spill::SpillDirectory* directory,
                                                 spill::SpillWriterOptions options);
  // The most that it takes, but for its log and what its quota lets it keep.
  static int64_t EstimateBytes(uint32_t streams, int64_t block_bytes, int64_t write_bytes,
                               bool compress);

  // The records that come next have this id.
  void StartRun(int64_t id);

  // As SpillWriter::TryExtend, for one record.
  uint8_t* TryExtend(uint32_t stream, int64_t bytes) {
    OpenRun& run = runs_[stream];
    if (run.header == nullptr) return nullptr;
    uint8_t* room = writer_->TryExtend(stream, bytes);
    if (room != nullptr) {
      run.bytes += static_cast<uint32_t>(bytes);
      ++run.records;
    }
    return room;
  }

  // Room where TryExtend found none.
  Result<uint8_t*> Extend(uint32_t stream, int64_t bytes);

  Result<SpilledRuns> Finish();

 private:
  struct OpenRun {
    uint8_t* header;  // in the stream's block; null while the stream has no run
    uint32_t bytes;
    uint32_t records;
  };

  RunWriter(std::unique_ptr<spill::SpillWriter> writer, uint32_t streams,
            std::unique_ptr<arrow::Buffer> runs, std::shared_ptr<arrow::Buffer> records);

  void CloseRun(uint32_t stream);

  std::unique_ptr<spill::SpillWriter> writer_;
  std::unique_ptr<arrow::Buffer> run_buffer_;  // of runs_
  OpenRun* runs_;
  std::shared_ptr<arrow::Buffer> record_buffer_;  // of records_
  int64_t* records_;
  std::vector<uint32_t> open_;  // streams that have a run
  int64_t id_ = 0;
};

// Reads the runs of one stream.
class RunReader {
 public:
  explicit RunReader(arrow::MemoryPool* pool) : reader_(pool) {}

  // Goes to the first run.
  Status Open(const spill::SpilledStreams& streams, uint32_t stream);

  bool done() const { return done_; }
  const RunHeader& run() const { return run_; }

  // The records of the run that were not passed yet; kBlockSlackBytes behind them may be read.
  std::span<const uint8_t> records() const { return {at_, end_}; }

  // Passes `bytes` bytes of the run's records. Behind the last one comes the next run.
  Status Pass(int64_t bytes);

  static int64_t EstimateBytes(int64_t block_bytes, bool compressed) {
    return spill::StreamReader::EstimateBytes(block_bytes, compressed);
  }

 private:
  Status ReadRun();

  spill::StreamReader reader_;
  std::span<const uint8_t> block_;  // what follows the run
  RunHeader run_ = {};
  const uint8_t* at_ = nullptr;
  const uint8_t* end_ = nullptr;
  bool done_ = true;
};

}  // namespace spillway::join
