// A key join out of core: LookupIndex's answers for a lookup of any size, in a memory that is set
// beforehand. Only the lookup, and the row numbers of the source, move; the source's own columns
// never do.
//
//   build   lanes x BuildWriter      rows of the lookup       -> 2^bits partitions by key hash
//   probe   lanes x ProbeWriter      row numbers of the source -> the same partitions
//   join    lanes x PartitionJoiner  partition by partition: lookup rows that may match -> buckets
//                                    of source rows
//   read    lanes x PieceMatcher     a piece of the source at a time, in its order: its matches
//
// The source is read twice, its keys alone the first time. Everything goes through files of a
// SpillDirectory, but what the resident quota has room for. See docs/decisions/0005.
//
//   ARROW_ASSIGN_OR_RAISE(auto join, ExternalJoin::Make(options));
//   each lane: { auto writer = join->MakeBuildWriter(); writer->Append(..)..; writer->Finish(); }
//   each lane: { auto writer = join->MakeProbeWriter(); for each of its pieces { StartPiece;
//   Append.. }
//                writer->Finish(); }
//   join->StartJoin();
//   each lane: { auto joiner = join->MakeJoiner(); while (joiner->JoinNext()) {} joiner->Finish();
//   } join->StartReading(); each lane: { auto matcher = join->MakeMatcher(..); for each of its
//   pieces { StartPiece; Start..
//                Next.. ; join->ReleasePiece } }
//
// Thread rule: thread-safe, but a phase begins when all lanes have ended the one before. It must
// outlive what it makes.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "join/build_writer.h"
#include "join/external_join_options.h"
#include "join/partition_joiner.h"
#include "join/piece_matcher.h"
#include "join/probe_writer.h"
#include "spill/manifest.h"

namespace spillway::join {

class ExternalJoin {
 public:
  // Fails with kKeyColumnMissing, and with kUnsupportedType for keys as LookupIndex::Build does and
  // for payload of dictionaries, unions, views and run-end encoded types.
  static Result<std::unique_ptr<ExternalJoin>> Make(ExternalJoinOptions options);
  ~ExternalJoin();

  Result<std::unique_ptr<BuildWriter>> MakeBuildWriter();
  Result<std::unique_ptr<ProbeWriter>> MakeProbeWriter();

  // When all rows are written.
  Status StartJoin();
  Result<std::unique_ptr<PartitionJoiner>> MakeJoiner();

  // When all partitions are joined. Frees what the phases before wrote.
  void StartReading();
  // What a matcher gives out comes from `pool`.
  std::unique_ptr<PieceMatcher> MakeMatcher(JoinType type, arrow::MemoryPool* pool);

  // Instead of what comes before reading: what a killed process has joined. Save puts it, once all
  // partitions are joined and before a piece is read; Load, of a new join with the same options,
  // takes it. Fails with kSpillDamaged where the manifest does not fit, and as SpillError says.
  Status Save(spill::ManifestWriter* manifest);
  Status Load(spill::ManifestReader* manifest);
  // Whether the matches of a piece that was loaded are still in the directory.
  bool IsThere(int64_t piece) const;

  int64_t match_bytes() const;
  int64_t match_bytes_in_memory() const;

  // Whether no row of the piece has more than one match, once all partitions are joined. False may
  // also mean that this is not known, where a partition was joined in passes.
  bool IsUnique(int64_t piece) const;

  // Gives back the space of a piece that nobody will read again.
  void ReleasePiece(int64_t piece);

  const std::shared_ptr<arrow::Schema>& payload_schema() const;
  int64_t PieceRows(int64_t piece) const;  // as probed
  int64_t null_key_rows() const;           // of the lookup, left out

 private:
  explicit ExternalJoin(std::unique_ptr<ExternalJoinState> state);

  std::unique_ptr<ExternalJoinState> state_;
};

}  // namespace spillway::join
