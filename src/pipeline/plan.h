// A plan: everything that is known of a run before it reads a row. The tables are opened and
// pinned, the pipeline is bound to them, the memory is added up, the chunks are cut, and the target
// says how far an earlier attempt came.
//
// Thread rule: immutable once made, but for `target`, which the run takes over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "memory/budget.h"
#include "pipeline/beginning.h"
#include "pipeline/bound_pipeline.h"
#include "pipeline/checkpoint.h"
#include "pipeline/chunk.h"
#include "pipeline/inputs.h"
#include "pipeline/lookup_plan.h"
#include "pipeline/memory_plan.h"
#include "pipeline/piece.h"
#include "pipeline/pinned_table.h"
#include "pipeline/splice_plan.h"
#include "pipeline/target.h"
#include "pipeline/target_changes.h"
#include "pipeline/work_sizes.h"
#include "spec/spec.h"

namespace spillway::pipeline {

enum class RunMode {
  kStandard,  // one commit
  kChunked,   // the empty table first, then one commit per chunk
};

// As the pipeline file has it.
inline std::string_view ModeName(RunMode mode) {
  return mode == RunMode::kChunked ? "chunked" : "standard";
}

// What more memory would change, as far as this plan can tell: the bound of the other plan, with
// pieces that are sized for this budget. 0 where there is nothing to gain.
struct BudgetAdvice {
  int64_t in_memory_bytes = 0;  // every lookup that is faster so is an index in memory
  int64_t all_lanes_bytes = 0;  // so many lanes work as are wanted and useful,
  int all_lanes = 0;            // these
};

struct Plan {
  spec::Spec spec;
  memory::Budget budget;
  memory::MemorySystemPaths memory_paths;
  bool saves_what_is_in_memory = false;
  std::unique_ptr<PinnedTable> source;
  std::vector<std::unique_ptr<PinnedTable>> lookups;
  std::vector<HeldVersion> held;  // inputs of which an earlier run's version is read
  std::unique_ptr<BoundPipeline> pipeline;
  RunMode mode = RunMode::kStandard;
  std::string mode_reason;
  SplicePlan splice;
  int lanes = 1;        // threads that work on pieces of chunks at the same time
  bool spools = false;  // as WorkPlan
  WorkSizes sizes;      // of one lane
  ExternalJoins external_joins;
  std::optional<sort::SortPlan> sort;  // of the source, where its rows come in key order
  MemoryPlan memory;
  int64_t smallest_budget_bytes = 0;
  BudgetAdvice advice;

  std::string file_tag;  // in the names of the data files of this plan's run; see table_writer.h

  // What decides the rows (PlanText::shown), the app id of this run's txn actions that is made from
  // it, and the version that the last of these recorded: the ordinal behind the last source row
  // that is committed. None: nothing is committed yet.
  std::string plan_text;
  std::string app_id;
  std::optional<int64_t> committed_ordinal;
  // Whether it goes on behind these rows although the log does not tell any more which files hold
  // them: --fresh.
  bool trusts_commits = false;
  std::string work_identity;    // WorkIdentity
  std::vector<KeptPiece> kept;  // what an earlier attempt has written behind that
  // What is left to do. In key order, where `where` and lookups drop rows, they may be fewer.
  std::vector<Chunk> chunks;
  ExistingTarget target;
  // The target's columns, as BoundPipeline::output_schema, as data files have them; and as a table
  // gets them that this run makes, with their mapping where it maps them.
  std::shared_ptr<arrow::Schema> file_schema;
  std::shared_ptr<arrow::Schema> definition;
  TargetChanges changes;  // of a finished run's target, unless the plan only looks

  bool maps_columns() const { return file_schema != pipeline->output_schema; }
  bool spills() const {
    return std::ranges::any_of(external_joins,
                               [](const auto& join) { return join && !join->ranges; });
  }
  bool joins_by_ranges() const {
    return std::ranges::any_of(external_joins,
                               [](const auto& join) { return join && join->ranges; });
  }
  // Whether nothing of the run is to be seen before its end, not even an empty table.
  bool publishes_at_end() const { return spec.target.publish == spec::Publish::kAtEnd; }
  // Whether all chunks are one commit, once the last of them is written.
  bool commits_at_end() const { return mode == RunMode::kStandard || publishes_at_end(); }
  // Whether what is written and not committed is put on record. Not in key order where a row's
  // place depends on the time.
  bool keeps_pieces() const {
    return spec.processing.enable_checkpointing && (!spec.in_key_order() || rows_are_fixed());
  }
  // Whether rows computed at another time are the same ones.
  bool rows_are_fixed() const {
    return pipeline->rows_time_dependence == expression::TimeDependence::kNever;
  }
  // Whether what was joined or sorted gets a manifest, for a run that goes on after a kill. Not
  // where most of it is in memory: to write that would cost every run what few need, and to do it
  // again does not take long.
  bool saves_spilled(int64_t bytes_in_memory, int64_t bytes) const {
    return bytes_in_memory <= bytes / 2 || saves_what_is_in_memory;
  }
  // How many rows between ordinals of chunks are read: of a source in its order, those that are not
  // left out.
  int64_t rows_read_within(int64_t first_ordinal, int64_t end_ordinal) const {
    if (spec.in_key_order()) return end_ordinal - first_ordinal;
    return source->left_out_rows().ReadWithin(first_ordinal, end_ordinal);
  }
  // Of the source, in `kept`.
  int64_t kept_rows() const {
    int64_t rows = 0;
    for (const KeptPiece& piece : kept) {
      rows += rows_read_within(piece.first_ordinal, piece.end_ordinal);
    }
    return rows;
  }
  // What no pool sees: the program itself, and in each lane the footers of what it reads and
  // writes.
  int64_t overhead_bytes(int of_lanes) const;
  bool fits() const { return memory.bound_bytes <= budget.total_bytes; }
  bool finished() const {
    return committed_ordinal.has_value() && *committed_ordinal >= source->physical_rows();
  }
};

struct PlanOptions {
  Beginning beginning;
  int64_t smallest_splice_bytes = kSmallestSpliceBytes;
  bool joins_out_of_core = false;                // all lookups, although their indexes may fit
  int64_t large_index_bytes = kLargeIndexBytes;  // see IsFasterOutOfCore
  // What the index of a range of keys may take at most; none: with joins_out_of_core nothing is
  // joined by ranges, else as much as an index that is not large.
  std::optional<int64_t> most_range_bytes = std::nullopt;
  bool spools = false;  // although there may be memory enough
  // Whether statistics may leave rows of the source out; partition values always do.
  bool trusts_statistics = true;
  memory::MemorySystemPaths memory_paths = {};
  bool saves_what_is_in_memory = false;  // and not on the disk, for a run that goes on
};

// Plans the run of `spec`. Reads logs and footers, and writes nothing. A plan that does not fit its
// budget is a plan too; CheckBound refuses it. Errors: all those of BadInput in docs/errors.
Result<std::unique_ptr<Plan>> MakePlan(spec::Spec spec, const PlanOptions& options);

// CheckRowsAreLeft, where the plan's run has finished.
Status CheckFinishedTarget(const Plan& plan);

// The pieces of all chunks that are left to do; of a finished run and in key order, of all the
// source's rows as one chunk.
std::vector<Piece> PiecesOf(const Plan& plan);

// kBudgetTooSmall, naming the smallest budget that would do, where the plan does not fit.
Status CheckBound(const Plan& plan);

}  // namespace spillway::pipeline
