// What the phases of an external join hand from one to the next; nobody else uses it.
//
// Thread rule: a phase's writers append under the mutex; in the phases after it, that part is
// immutable.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "join/external_join_options.h"
#include "join/key_hash.h"
#include "join/piece_table.h"
#include "join/row_format.h"
#include "join/runs.h"
#include "spill/resident_quota.h"
#include "spill/spilled_streams.h"

namespace spillway::join {

// What the table of a partition has of a key's hash, besides the bits that chose the partition.
inline uint32_t TableHash(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

inline constexpr char kMatchesPurpose[] = "matches";  // of a spill file

// A row of the source on its way to its partition.
struct SourceRow {
  uint32_t hash;
  uint32_t row;  // in its piece
};

struct ExternalJoinState {
  ExternalJoinState(ExternalJoinOptions the_options, RowFormat the_format,
                    std::shared_ptr<arrow::Schema> the_payload_schema,
                    std::unique_ptr<PieceTable> the_pieces)
      : options(std::move(the_options)),
        format(std::move(the_format)),
        payload_schema(std::move(the_payload_schema)),
        pieces(std::move(the_pieces)),
        quota(options.sizes.resident_bytes),
        seen_nulls(format.payload().size()) {}

  uint32_t num_partitions() const { return uint32_t{1} << options.sizes.partition_bits; }

  spill::SpillWriterOptions WriterOptions(const char* purpose, uint32_t streams,
                                          int64_t block_bytes) {
    return {.purpose = purpose,
            .streams = streams,
            .block_bytes = block_bytes,
            .write_bytes = options.sizes.write_bytes,
            .compress = options.compress,
            .quota = &quota,
            .pool = options.pool};
  }

  const ExternalJoinOptions options;
  const RowFormat format;
  const std::shared_ptr<arrow::Schema> payload_schema;
  const std::unique_ptr<PieceTable> pieces;
  spill::ResidentQuota quota;

  std::mutex mutex;
  std::vector<SpilledRuns> lookup_rows;  // a writer's runs, by partition; the id of a run is the
                                         // row number of its batch's first row
  std::vector<SpilledRuns> source_rows;  // SourceRows, by partition; the id of a run is its piece
  std::vector<std::unique_ptr<spill::SpilledStreams>> matches;  // rows, by bucket; their link is
                                                                // the row in the bucket
  std::vector<uint8_t> seen_nulls;                              // of the payload columns
  int64_t null_key_rows = 0;                                    // of the lookup
  std::atomic<uint32_t> next_partition{0};
};

}  // namespace spillway::join
