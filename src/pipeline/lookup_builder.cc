#include "pipeline/lookup_builder.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "pipeline/build_index.h"
#include "pipeline/join_manifest.h"
#include "pipeline/key_checks.h"
#include "pipeline/lanes.h"
#include "pipeline/lookup_plan.h"
#include "pipeline/silver_reader.h"
#include "pipeline/state_folder.h"

namespace spillway::pipeline {
namespace {

// A join out of core, phase after phase. The lookups before it are joined already.
class ExternalJoinRun {
 public:
  ExternalJoinRun(const RunContext& context, size_t lookup, const Lookups& before,
                  const std::vector<Piece>& pieces, const Moment& moment)
      : context_(context), lookup_(lookup), before_(before), pieces_(pieces), moment_(moment) {}

  Result<std::unique_ptr<join::ExternalJoin>> Run(spill::SpillDirectory* directory) {
    ARROW_ASSIGN_OR_RAISE(join_,
                          join::ExternalJoin::Make(ExternalJoinOptionsOf(
                              context_, lookup_, static_cast<int64_t>(pieces_.size()), directory)));
    RunMemory& memory = context_.memory;
    const LookupReading& reading = context_.plan.memory.lookups[lookup_];
    ARROW_RETURN_NOT_OK(memory.GrantForReading(reading.lookup_bytes));
    ARROW_RETURN_NOT_OK(BuildPartitions());
    ARROW_RETURN_NOT_OK(memory.GrantForReading(reading.source_bytes));
    ARROW_RETURN_NOT_OK(ProbeSource());
    ARROW_RETURN_NOT_OK(memory.GrantForReading(0));
    ARROW_RETURN_NOT_OK(JoinPartitions());
    join_->StartReading();
    return std::move(join_);
  }

 private:
  Status BuildPartitions() {
    const std::vector<RowRange> ranges = RowGroupsOf(*context_.plan.lookups[lookup_]);
    return InLanes(ranges.size(), [&](LaneItems& items) -> Status {
      ARROW_ASSIGN_OR_RAISE(const auto writer, join_->MakeBuildWriter());
      while (const auto item = items.Take()) {
        const std::vector<RowRange> range = {ranges[static_cast<size_t>(*item)]};
        const ReaderPointer rows = ReadLookup(context_, lookup_, range, moment_, /*threads=*/false);
        // Deleted rows leave gaps behind the range's last number, which do no harm.
        int64_t number = range.front().first_ordinal;
        for (;;) {
          ARROW_ASSIGN_OR_RAISE(const auto batch, rows->Next());
          if (batch == nullptr) break;
          ARROW_RETURN_NOT_OK(writer->Append(*batch, number));
          number += batch->num_rows();
        }
      }
      return writer->Finish();
    });
  }

  Status ProbeSource() {
    const std::vector<ColumnUse> uses = UseOfSourceKeys(*context_.plan.pipeline, lookup_);
    const BoundLookup& bound = context_.plan.pipeline->lookups[lookup_];
    return InLanes(pieces_.size(), [&](LaneItems& items) -> Status {
      ARROW_ASSIGN_OR_RAISE(const auto writer, join_->MakeProbeWriter());
      while (const auto item = items.Take()) {
        const Piece& piece = pieces_[static_cast<size_t>(*item)];
        if (piece.kept) continue;
        ARROW_RETURN_NOT_OK(writer->StartPiece(piece.number));
        ReaderPointer rows = ReadSource(context_, piece, moment_, uses);
        if (!before_.KeepRows(piece)) {
          ARROW_ASSIGN_OR_RAISE(rows,
                                JoinLookups(context_, before_, piece, moment_, std::move(rows)));
        }
        for (;;) {
          ARROW_ASSIGN_OR_RAISE(const auto batch, rows->Next());
          if (batch == nullptr) break;
          ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector keys,
                                KeysOf(bound, *batch, EvaluationContextOf(context_, moment_)));
          ARROW_RETURN_NOT_OK(writer->Append(keys));
        }
      }
      return writer->Finish();
    });
  }

  Status JoinPartitions() {
    ARROW_RETURN_NOT_OK(join_->StartJoin());
    return InLanes(1, [&](LaneItems&) -> Status {
      ARROW_ASSIGN_OR_RAISE(const auto joiner, join_->MakeJoiner());
      for (bool more = true; more;) {
        ARROW_RETURN_NOT_OK(CheckStop(context_, kStopNow));
        ARROW_ASSIGN_OR_RAISE(more, joiner->JoinNext());
      }
      return joiner->Finish();
    });
  }

  Status InLanes(size_t items, const std::function<Status(LaneItems&)>& lane) const {
    return RunLanes(context_.plan.lanes, static_cast<int64_t>(items), lane);
  }

  const RunContext& context_;
  const size_t lookup_;
  const Lookups& before_;
  const std::vector<Piece>& pieces_;
  const Moment& moment_;
  std::unique_ptr<join::ExternalJoin> join_;
};

Result<std::unique_ptr<spill::SpillDirectory>> OpenSpillDirectory(const Plan& plan) {
  const spill::SpillBase base = SpillBaseOf(plan);
  if (plan.spills() || plan.spools) return spill::SpillDirectory::Make(base, plan.app_id);
  spill::SpillDirectory::RemoveDead(base);
  return nullptr;
}

// All lookups once, but for those that are read later by ranges of keys, of which only what is
// checked is; and for each that is joined out of core, the source's keys once more.
int64_t RowsToRead(const Plan& plan, const std::vector<Piece>& pieces) {
  const int64_t source_rows = CountRows(pieces);
  int64_t rows = 0;
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    const std::optional<OutOfCoreJoin>& join = plan.external_joins[i];
    if (join && join->ranges) {
      rows += ChecksOf(plan.pipeline->lookups[i], *plan.lookups[i], *join->ranges).rows;
      continue;
    }
    rows += plan.lookups[i]->live_rows() + (join ? source_rows : 0);
  }
  return rows;
}

// Of a lookup that is joined by ranges, where they are an error.
Status FindDuplicates(const RunContext& context, size_t lookup, const KeyRangePlan& ranges) {
  const Plan& plan = context.plan;
  const KeyChecks checks = ChecksOf(plan.pipeline->lookups[lookup], *plan.lookups[lookup], ranges);
  if (checks.checks.empty()) return Status::OK();
  ARROW_RETURN_NOT_OK(context.memory.GrantForReading(plan.memory.lookups[lookup].lookup_bytes));
  for (const std::vector<RowRange>& check : checks.checks) {
    ARROW_RETURN_NOT_OK(CheckDuplicates(context, lookup, check));
  }
  return Status::OK();
}

}  // namespace

Result<Lookups> BuildLookups(const RunContext& context, const std::vector<Piece>& pieces,
                             const Moment& moment) {
  const Plan& plan = context.plan;
  context.progress->rows_done = 0;
  context.progress->total_rows = RowsToRead(plan, pieces);
  context.progress->phase = Phase::kLookups;

  std::optional<EarlierJoins> earlier = TakeOverJoins(context, pieces);
  std::unique_ptr<spill::SpillDirectory> directory;
  if (earlier) {
    directory = std::move(earlier->directory);
  } else {
    ARROW_ASSIGN_OR_RAISE(directory, OpenSpillDirectory(plan));
  }
  Lookups lookups(std::move(directory));
  if (earlier) lookups.NumberPieces(std::move(earlier->piece_numbers));
  for (size_t i = 0; i < plan.lookups.size(); ++i) {
    const join::JoinType type = plan.pipeline->lookups[i].type;
    const std::optional<OutOfCoreJoin>& join = plan.external_joins[i];
    if (join && join->ranges) {
      ARROW_RETURN_NOT_OK(FindDuplicates(context, i, *join->ranges));
      lookups.Add(type, std::make_unique<RangedLookup>(context, i, *join->ranges, moment));
    } else if (join && earlier) {
      lookups.Add(type, std::move(earlier->joins[i]));
    } else if (join) {
      ExternalJoinRun run(context, i, lookups, pieces, moment);
      ARROW_ASSIGN_OR_RAISE(auto joined, run.Run(lookups.spill_directory()));
      lookups.Add(type, std::move(joined));
    } else {
      const std::vector<RowRange> all_rows = {{0, plan.lookups[i]->physical_rows()}};
      ARROW_RETURN_NOT_OK(context.memory.GrantForReading(plan.memory.lookups[i].lookup_bytes));
      ARROW_ASSIGN_OR_RAISE(auto index, BuildIndex(context, i, all_rows, moment));
      lookups.Add(type, std::move(index));
    }
  }
  if (!earlier) SaveJoins(context, pieces, lookups);
  lookups.set_taken_over(earlier.has_value());
  ARROW_RETURN_NOT_OK(context.memory.GrantForStreaming(plan));
  return lookups;
}

}  // namespace spillway::pipeline
