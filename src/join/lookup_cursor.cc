#include "join/lookup_cursor.h"

namespace spillway::join {

Status LookupCursor::Open(const std::vector<SpilledRuns>& writers, uint32_t partition) {
  while (readers_.size() < writers.size()) readers_.push_back(std::make_unique<RunReader>(pool_));
  for (size_t i = 0; i < writers.size(); ++i) {
    ARROW_RETURN_NOT_OK(readers_[i]->Open(*writers[i].streams, partition));
  }
  FindHead();
  return Status::OK();
}

void LookupCursor::FindHead() {
  head_ = nullptr;
  for (const auto& reader : readers_) {
    if (reader->done()) continue;
    if (head_ == nullptr || reader->run().id < head_->run().id) head_ = reader.get();
  }
}

Status LookupCursor::Pass(int64_t bytes) {
  ARROW_RETURN_NOT_OK(head_->Pass(bytes));
  FindHead();
  return Status::OK();
}

}  // namespace spillway::join
