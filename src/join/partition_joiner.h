// The third phase of an external join: partition by partition, the rows of the lookup go into a
// hash table, and for each row of the source that may match, a copy of the lookup row goes to its
// bucket. That the hashes agree is all that is known then; the keys are compared when a bucket is
// read.
//
// A partition that is too large for its memory is joined in passes: as many lookup rows as fit at a
// time, in their order, with all of the source's. So no key can be too frequent.
//
// Thread rule: one thread; each lane has a joiner, and they share out the partitions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <arrow/buffer.h>
#include <arrow/type_fwd.h>

#include "base/row_bytes.h"
#include "base/status.h"
#include "join/lookup_cursor.h"
#include "join/partition_table.h"
#include "join/runs.h"
#include "spill/spill_writer.h"

namespace spillway::join {

struct ExternalJoinState;

class PartitionJoiner {
 public:
  // `state` must outlive the joiner.
  static Result<std::unique_ptr<PartitionJoiner>> Make(ExternalJoinState* state);

  // Joins the next partition and takes the one behind it, which then nobody else joins; false where
  // there is none left. Under kError it fails with kDuplicateLookupKey as LookupIndex::Build does;
  // of several pairs any may be named.
  Result<bool> JoinNext();

  // Hands all over to the join. After that the joiner can only be destroyed.
  Status Finish();

 private:
  // A row of the source and a lookup row whose hash it has.
  struct Candidate {
    uint32_t source_row;  // in its piece
    uint32_t position;    // of the last row of the hash's list
  };
  static constexpr int64_t kGroup = 32;       // rows that are inserted together
  static constexpr int64_t kSlotsAhead = 32;  // how far ahead of its use a slot is asked for,
  static constexpr uint32_t kRowsAhead = 16;  // and a row: so that cache misses overlap

  PartitionJoiner(ExternalJoinState* state, std::unique_ptr<spill::SpillWriter> matches);

  void Claim(uint32_t partition);
  Status JoinPartition();
  Status MakeRoom(int64_t bytes, int64_t rows);
  void FreePartition();

  Status LoadRows();
  Result<int64_t> LoadRun(std::span<const uint8_t> rows, int64_t first_row);
  Status MakeRoomForRow(int64_t size);
  Status InsertRow(const uint8_t* row, int64_t size, int64_t first_row);
  std::optional<uint32_t> FindBefore(uint32_t last, const uint8_t* row) const;
  void ChooseRow(const uint8_t* row, int64_t size, uint32_t before, PartitionTable::Slot* slot);
  uint32_t AddRow(const uint8_t* row, int64_t size);
  Status CheckOtherRows();
  Status DuplicateError(const uint8_t* row, int64_t row_number) const;

  Status ProbePartition(bool first_pass);
  Status ProbeRun(int64_t piece, std::span<const uint8_t> rows, bool first_pass);
  Status AddCandidate(int64_t piece, const Candidate& candidate, bool first_pass);
  Status EmitMatches(int64_t piece, const Candidate& candidate, bool first_pass);
  bool MayHaveDuplicates(uint32_t last) const;

  uint8_t* RowAt(uint32_t position) const { return rows_ + position; }
  uint32_t After(uint32_t position) const { return Load<uint32_t>(RowAt(position)); }

  ExternalJoinState* const state_;
  const std::unique_ptr<spill::SpillWriter> matches_;
  LookupCursor lookup_;
  RunReader source_;
  PartitionTable table_;
  std::unique_ptr<arrow::ResizableBuffer> buffer_;  // of rows_
  uint8_t* rows_ = nullptr;                         // that the table has
  int64_t rows_room_ = 0;                           // how many bytes of rows may be in it
  int64_t rows_end_ = 0;                            // and how many are
  int64_t most_hashes_ = 0;                         // of the table
  int64_t passed_rows_ = 0;                         // of the partition, by all passes so far
  uint32_t partition_ = 0;
  std::optional<uint32_t> claimed_;               // the partition that this lane joins next
  std::array<Candidate, kRowsAhead> candidates_;  // a ring: those whose rows were asked for
  uint32_t candidates_added_ = 0;
  uint32_t candidates_emitted_ = 0;
};

}  // namespace spillway::join
