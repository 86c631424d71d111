// What the tests of the external join share: a join that runs its phases over batches in memory.
// Included by tests only.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "join/external_join.h"
#include "join/join_random_cases.h"
#include "spill/spill_directory.h"

namespace spillway::join {

// How a source is cut: the rows of each piece.
using PieceRows = std::vector<int64_t>;

inline PieceRows CutIntoPieces(int64_t rows, int64_t longest, Random& random) {
  PieceRows pieces;
  for (int64_t done = 0; done < rows;) {
    pieces.push_back(std::min(rows - done, Below(random, longest + 1)));
    done += pieces.back();
  }
  pieces.push_back(0);
  return pieces;
}

inline arrow::ArrayVector SliceAll(const arrow::ArrayVector& arrays, int64_t first, int64_t rows) {
  arrow::ArrayVector sliced;
  for (const auto& array : arrays) sliced.push_back(array->Slice(first, rows));
  return sliced;
}

// The lookup's batches go to the writers of `lanes` lanes at random.
inline Status BuildFrom(ExternalJoin* join, const arrow::RecordBatch& lookup, int lanes,
                        Random& random) {
  std::vector<std::unique_ptr<BuildWriter>> writers;
  for (int lane = 0; lane < lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, join->MakeBuildWriter());
    writers.push_back(std::move(writer));
  }
  for (int64_t row = 0; row < lookup.num_rows();) {
    const int64_t rows = std::min(lookup.num_rows() - row, Below(random, 400));
    const auto lane = static_cast<size_t>(Below(random, lanes));
    ARROW_RETURN_NOT_OK(writers[lane]->Append(*lookup.Slice(row, rows), row));
    row += rows;
  }
  for (const auto& writer : writers) ARROW_RETURN_NOT_OK(writer->Finish());
  return Status::OK();
}

// Each piece goes to the writer of a lane at random.
inline Status ProbeFrom(ExternalJoin* join, const arrow::ArrayVector& keys, const PieceRows& pieces,
                        int lanes, Random& random) {
  std::vector<std::unique_ptr<ProbeWriter>> writers;
  for (int lane = 0; lane < lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, join->MakeProbeWriter());
    writers.push_back(std::move(writer));
  }
  int64_t first = 0;
  for (size_t piece = 0; piece < pieces.size(); ++piece) {
    ProbeWriter& writer = *writers[static_cast<size_t>(Below(random, lanes))];
    ARROW_RETURN_NOT_OK(writer.StartPiece(static_cast<int64_t>(piece)));
    for (int64_t row = 0; row < pieces[piece];) {
      const int64_t rows = std::min(pieces[piece] - row, 1 + Below(random, 300));
      ARROW_RETURN_NOT_OK(writer.Append(SliceAll(keys, first + row, rows)));
      row += rows;
    }
    first += pieces[piece];
  }
  for (const auto& writer : writers) ARROW_RETURN_NOT_OK(writer->Finish());
  return Status::OK();
}

inline Status JoinAll(ExternalJoin* join, int lanes, Random& random) {
  ARROW_RETURN_NOT_OK(join->StartJoin());
  std::vector<std::unique_ptr<PartitionJoiner>> joiners;
  for (int lane = 0; lane < lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto joiner, join->MakeJoiner());
    joiners.push_back(std::move(joiner));
  }
  std::vector<PartitionJoiner*> busy;
  for (const auto& joiner : joiners) busy.push_back(joiner.get());
  while (!busy.empty()) {
    const auto lane = Below(random, static_cast<int64_t>(busy.size()));
    ARROW_ASSIGN_OR_RAISE(const bool more, busy[static_cast<size_t>(lane)]->JoinNext());
    if (!more) busy.erase(busy.begin() + lane);
  }
  for (const auto& joiner : joiners) ARROW_RETURN_NOT_OK(joiner->Finish());
  join->StartReading();
  return Status::OK();
}

}  // namespace spillway::join
