// What the writers of a sort hand to its merging; nobody else uses it.
//
// Thread rule: writers append under the mutex; after that, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "join/row_format.h"
#include "sort/sort_options.h"
#include "spill/resident_quota.h"
#include "spill/spill_writer.h"
#include "spill/spilled_streams.h"

namespace spillway::sort {

inline constexpr char kSortedRows[] = "sorted-rows";  // what the files are named by

// A stream of records in their order.
struct SortedRun {
  spill::SpilledStreams* streams = nullptr;
  uint32_t stream = 0;
  int64_t largest_block_bytes = 0;  // with its header
};

// The sorted runs of one writer, in the order in which they were made, and where they are.
struct SpilledRuns {
  std::vector<std::unique_ptr<spill::SpilledStreams>> streams;
  std::vector<SortedRun> runs;
};

struct SortState {
  SortState(SortOptions the_options, join::RowFormat the_format)
      : options(std::move(the_options)),
        format(std::move(the_format)),
        quota(options.sizes.resident_bytes),
        seen_nulls(format.payload().size()) {}

  spill::SpillWriterOptions WriterOptions(uint32_t streams) {
    return {.purpose = kSortedRows,
            .streams = streams,
            .block_bytes = options.sizes.block_bytes,
            .write_bytes = options.sizes.write_bytes,
            .compress = options.compress,
            .quota = &quota,
            .pool = options.pool};
  }

  const SortOptions options;
  const join::RowFormat format;
  spill::ResidentQuota quota;

  std::mutex mutex;
  std::vector<SpilledRuns> writers;  // this and the rest are guarded by mutex
  std::vector<uint8_t> seen_nulls;   // by column, whether any row has a NULL in it
};

}  // namespace spillway::sort
