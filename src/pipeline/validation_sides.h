// The two sides of a validation, read by the plan's lanes into sinks. A sink takes rows in: it has
// Add(rows) and Merge(other), and each lane has a copy of its own of an empty one.
//
// Thread rule: one thread, which starts the lanes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/status.h"
#include "pipeline/compared_rows.h"
#include "pipeline/key_ranges.h"
#include "pipeline/lanes.h"
#include "pipeline/lookup_builder.h"

namespace spillway::pipeline {

// The rows of the target that are compared.
struct StoredTable {
  std::unique_ptr<PinnedTable> table;
  std::vector<int> places;  // by output column, in the table's read schema
};

class ValidationSides {
 public:
  // What is given outlives the sides.
  ValidationSides(const RunContext& context, const StoredTable& stored, const Moment& moment)
      : context_(context), stored_(stored), moment_(moment), pieces_(PiecesOf(context.plan)) {}

  Result<Comparison> Compare(int64_t sample_rows) const {
    return MakeComparison(context_, pieces_.front(), moment_, sample_rows);
  }

  // Makes the lookups ready, and then the sink, which may take what writing is granted. Adds to
  // `counts`. Errors are those of Run.
  template <typename Sink>
  Result<Sink> ReadExpected(const Comparison& comparison,
                            const std::function<Result<Sink>()>& make_sink,
                            PipelineCounts* counts) const {
    ARROW_RETURN_NOT_OK(context_.memory.ReleaseGrants());
    ARROW_ASSIGN_OR_RAISE(const Lookups lookups, BuildLookups(context_, pieces_, moment_));
    ARROW_ASSIGN_OR_RAISE(const Sink empty, make_sink());
    StartPhase(context_.plan.source->live_rows());
    std::mutex mutex;  // guards *counts
    const auto read = [&](size_t item, const RowsVisitor& visit) -> Status {
      const Piece& piece = pieces_[item];
      PipelineCounts of_piece(*context_.plan.pipeline);
      ARROW_RETURN_NOT_OK(
          VisitExpected(context_, lookups, piece, moment_, comparison, &of_piece, visit));
      lookups.Release(piece);
      const std::lock_guard lock(mutex);
      counts->Add(of_piece);
      return Status::OK();
    };
    return ReadInLanes(context_.plan.lanes, pieces_.size(), empty, read);
  }

  // Errors: those of ScanTable.
  template <typename Sink>
  Result<Sink> ReadStored(const Comparison& comparison, const Sink& empty) const {
    ARROW_RETURN_NOT_OK(context_.memory.ReleaseGrants());
    ARROW_ASSIGN_OR_RAISE(const int lanes, GrantForStored());
    const PinnedTable& table = *stored_.table;
    StartPhase(table.live_rows());
    const std::vector<RowRange> ranges = RowGroupsOf(table);
    const auto read = [&](size_t item, const RowsVisitor& visit) {
      return VisitStored(context_, table, ranges[item].first_ordinal, ranges[item].end_ordinal,
                         stored_.places, comparison, visit);
    };
    return ReadInLanes(lanes, ranges.size(), empty, read);
  }

 private:
  using ReadItem = std::function<Status(size_t item, const RowsVisitor& visit)>;

  template <typename Sink>
  static Result<Sink> ReadInLanes(int lanes, size_t items, const Sink& empty,
                                  const ReadItem& read) {
    std::mutex mutex;  // guards result
    Sink result = empty;
    const auto lane = [&](LaneItems& left) -> Status {
      Sink own = empty;
      const RowsVisitor visit = [&own](const ComparedRows& rows) { return own.Add(rows); };
      while (const auto item = left.Take()) {
        ARROW_RETURN_NOT_OK(read(static_cast<size_t>(*item), visit));
      }
      const std::lock_guard lock(mutex);
      result.Merge(own);
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(RunLanes(lanes, static_cast<int64_t>(items), lane));
    return result;
  }

  void StartPhase(int64_t rows) const;

  // Grants what reading the target takes; in how many lanes that is.
  Result<int> GrantForStored() const;

  const RunContext& context_;
  const StoredTable& stored_;
  const Moment& moment_;
  const std::vector<Piece> pieces_;
};

}  // namespace spillway::pipeline
