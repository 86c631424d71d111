#include "join/runs.h"

#include <algorithm>
#include <utility>

#include "base/row_bytes.h"

namespace spillway::join {
namespace {

constexpr int64_t kAlignmentBytes = 64;  // pools round sizes up to this

}  // namespace

RunWriter::RunWriter(std::unique_ptr<spill::SpillWriter> writer, uint32_t streams,
                     std::unique_ptr<arrow::Buffer> runs, std::shared_ptr<arrow::Buffer> records)
    : writer_(std::move(writer)),
      run_buffer_(std::move(runs)),
      runs_(reinterpret_cast<OpenRun*>(run_buffer_->mutable_data())),
      record_buffer_(std::move(records)),
      records_(reinterpret_cast<int64_t*>(record_buffer_->mutable_data())) {
  std::fill_n(runs_, streams, OpenRun{});
  std::fill_n(records_, streams, 0);
}

Result<std::unique_ptr<RunWriter>> RunWriter::Make(spill::SpillDirectory* directory,
                                                   spill::SpillWriterOptions options) {
  const int64_t streams = options.streams;
  arrow::MemoryPool* pool = options.pool;
  ARROW_ASSIGN_OR_RAISE(auto runs, arrow::AllocateBuffer(streams * int64_t{sizeof(OpenRun)}, pool));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> records,
                        arrow::AllocateBuffer(streams * int64_t{sizeof(int64_t)}, pool));
  ARROW_ASSIGN_OR_RAISE(auto writer, spill::SpillWriter::Make(directory, std::move(options)));
  return std::unique_ptr<RunWriter>(new RunWriter(std::move(writer), static_cast<uint32_t>(streams),
                                                  std::move(runs), std::move(records)));
}

int64_t RunWriter::EstimateBytes(uint32_t streams, int64_t block_bytes, int64_t write_bytes,
                                 bool compress) {
  return static_cast<int64_t>(streams * (sizeof(OpenRun) + sizeof(int64_t))) + 2 * kAlignmentBytes +
         spill::SpillWriter::EstimateBytes(streams, block_bytes, write_bytes, compress);
}

void RunWriter::StartRun(int64_t id) {
  for (const uint32_t stream : open_) CloseRun(stream);
  open_.clear();
  id_ = id;
}

void RunWriter::CloseRun(uint32_t stream) {
  OpenRun& run = runs_[stream];
  Store(run.header, RunHeader{.id = id_, .bytes = run.bytes, .records = run.records});
  records_[stream] += run.records;
  run = {};
}

Result<uint8_t*> RunWriter::Extend(uint32_t stream, int64_t bytes) {
  if (runs_[stream].header != nullptr) {
    CloseRun(stream);
  } else {
    open_.push_back(stream);
  }
  const int64_t needed = static_cast<int64_t>(sizeof(RunHeader)) + bytes;
  uint8_t* room = writer_->TryExtend(stream, needed);
  if (room == nullptr) {
    ARROW_RETURN_NOT_OK(writer_->StartBlock(stream, needed));
    room = writer_->TryExtend(stream, needed);
  }
  runs_[stream] = {.header = room, .bytes = static_cast<uint32_t>(bytes), .records = 1};
  return room + sizeof(RunHeader);
}

Result<SpilledRuns> RunWriter::Finish() {
  StartRun(0);  // ends the open ones
  ARROW_ASSIGN_OR_RAISE(auto streams, writer_->Finish());
  return SpilledRuns{.streams = std::move(streams), .records = record_buffer_};
}

Status RunReader::Open(const spill::SpilledStreams& streams, uint32_t stream) {
  reader_.Open(streams, stream);
  block_ = {};
  return ReadRun();
}

Status RunReader::ReadRun() {
  if (block_.empty()) {
    done_ = reader_.done();
    if (done_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(block_, reader_.Next());
  }
  run_ = Load<RunHeader>(block_.data());
  at_ = block_.data() + sizeof(RunHeader);
  end_ = at_ + run_.bytes;
  block_ = block_.subspan(sizeof(RunHeader) + run_.bytes);
  return Status::OK();
}

Status RunReader::Pass(int64_t bytes) {
  at_ += bytes;
  return at_ == end_ ? ReadRun() : Status::OK();
}

}  // namespace spillway::join
