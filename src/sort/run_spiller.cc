#include "sort/run_spiller.h"

#include <algorithm>
#include <utility>

#include "spill/block_format.h"
#include "spill/spill_file.h"

namespace spillway::sort {

Status RunSpiller::StartRun() {
  if (writer_ != nullptr && stream_ + 1 < runs_per_writer_) {
    ++stream_;
  } else {
    ARROW_RETURN_NOT_OK(FinishWriter());
    ARROW_ASSIGN_OR_RAISE(writer_,
                          spill::SpillWriter::Make(state_->options.directory,
                                                   state_->WriterOptions(runs_per_writer_)));
    stream_ = 0;
  }
  largest_block_bytes_ = state_->options.sizes.block_bytes;
  return Status::OK();
}

Status RunSpiller::Append(const RecordView& record) {
  uint8_t* room = writer_->TryExtend(stream_, record.bytes());
  if (room == nullptr) {
    ARROW_RETURN_NOT_OK(writer_->StartBlock(stream_, record.bytes()));
    room = writer_->TryExtend(stream_, record.bytes());
    largest_block_bytes_ =
        std::max(largest_block_bytes_, spill::kHeaderBytes + record.bytes() + spill::kPageBytes);
  }
  std::memcpy(room, record.begin(), static_cast<size_t>(record.bytes()));
  return Status::OK();
}

Status RunSpiller::EndRun() {
  spilled_.runs.push_back({.stream = stream_, .largest_block_bytes = largest_block_bytes_});
  return writer_->EndStream(stream_);
}

Status RunSpiller::FinishWriter() {
  if (writer_ == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto streams, writer_->Finish());
  writer_.reset();
  for (; first_of_writer_ < spilled_.runs.size(); ++first_of_writer_) {
    spilled_.runs[first_of_writer_].streams = streams.get();
  }
  spilled_.streams.push_back(std::move(streams));
  return Status::OK();
}

Result<SpilledRuns> RunSpiller::Finish() {
  ARROW_RETURN_NOT_OK(FinishWriter());
  return std::move(spilled_);
}

int64_t RunSpiller::EstimateBytes(uint32_t runs_per_writer, const SortSizes& sizes, bool compress) {
  // Of the streams only one has a block at a time.
  constexpr int64_t kStreamBytes = 24;
  return spill::SpillWriter::EstimateBytes(1, sizes.block_bytes, sizes.write_bytes, compress) +
         runs_per_writer * kStreamBytes;
}

}  // namespace spillway::sort
