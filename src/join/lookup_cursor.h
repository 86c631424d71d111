// The rows of one partition of a lookup, in the order of their numbers: the runs of all writers,
// merged.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/runs.h"

namespace spillway::join {

class LookupCursor {
 public:
  explicit LookupCursor(arrow::MemoryPool* pool) : pool_(pool) {}

  // Goes to the first run of `partition`. The runs must outlive the reading.
  Status Open(const std::vector<SpilledRuns>& writers, uint32_t partition);

  bool done() const { return head_ == nullptr; }

  // The run that comes next; its records() are those not passed yet.
  const RunReader& head() const { return *head_; }

  // Passes `bytes` bytes of the head's records.
  Status Pass(int64_t bytes);

 private:
  void FindHead();

  arrow::MemoryPool* const pool_;
  std::vector<std::unique_ptr<RunReader>> readers_;
  RunReader* head_ = nullptr;
};

}  // namespace spillway::join
