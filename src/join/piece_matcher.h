// The last phase of an external join: the matches of a piece of the source, batch by batch. The
// caller reads the source's keys once more; they are compared in full with those that came with the
// matches.
//
// Thread rule: one thread; each lane has a matcher, which reads one piece after another.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/bucket_reader.h"
#include "join/match_runs.h"
#include "join/matcher.h"
#include "join/piece_table.h"
#include "join/row_decoder.h"
#include "join/row_keys.h"

namespace spillway::join {

struct ExternalJoinState;

class PieceMatcher final : public Matcher {
 public:
  // `state` must outlive the matcher. What it gives out comes from `pool`.
  PieceMatcher(const ExternalJoinState& state, JoinType type, arrow::MemoryPool* pool);

  // The batches that come next are the rows of `piece` from the first one on, in the order in which
  // ProbeWriter got them. A piece may be started again until it is released.
  Status StartPiece(int64_t piece);

  // Starts the next batch of the piece: the rows behind the last batch's.
  Status Start(const arrow::ArrayVector& keys) override;
  bool done() const override { return !runs_.has_value(); }
  Result<MatchedRows> Next(int64_t max_output_rows) override;
  bool unique() const override;
  const std::shared_ptr<arrow::Schema>& payload_schema() const override;

 private:
  struct BucketLists {
    const BucketReader* reader;
    uint32_t first_row;  // the bucket's row that the first head belongs to

    int64_t After(int64_t source_row, int64_t position) const {
      const auto at = static_cast<uint32_t>(position);
      const uint32_t last = reader->Last(first_row + static_cast<uint32_t>(source_row));
      return at == last ? -1 : int64_t{reader->After(at)};
    }
    bool unique() const { return !reader->has_lists(); }
  };
  static constexpr int64_t kGroupRows = RowKeys::kGroupRows;

  Status FindRuns();
  void WillSeekBehind(uint32_t bucket);
  Status FindRunsOfPart(const BucketRow& at);
  Status SeekJoinedPart(const BucketRow& at);
  Result<std::shared_ptr<arrow::Buffer>> FindHeads(uint32_t first_row, int64_t count);
  void FindHeadsOfGroup(uint32_t first_row, int64_t batch_row, int64_t count, int64_t* heads);
  int64_t FilterRing(uint32_t row, int64_t batch_row);

  const ExternalJoinState& state_;
  const JoinType type_;
  arrow::MemoryPool* const pool_;
  arrow::DataTypeVector key_types_;
  BucketReader reader_;
  RowKeys keys_;
  RowDecoder decoder_;
  int64_t piece_ = -1;
  uint32_t ahead_of_bucket_ = BucketReader::kNone;  // the bucket behind it is being fetched
  int64_t first_row_ = 0;                           // of the batch, in the piece
  int64_t batch_rows_ = 0;                          // of the batch
  int64_t batch_row_ = 0;                           // the first one that is not in runs_ yet
  bool in_parts_ = false;      // its matches come in parts, and some were in runs_
  bool part_matched_ = false;  // one of them matched
  std::optional<MatchRuns<BucketLists>> runs_;
  // The candidates of a group of rows: rows of the batch, what may match them, whether it does.
  std::array<int64_t, kGroupRows> positions_;
  std::array<const uint8_t*, kGroupRows> rows_;
  std::array<uint8_t, kGroupRows> equal_;
};

}  // namespace spillway::join
