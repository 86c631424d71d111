#include "pipeline/run.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "memory/process_memory.h"
#include "pipeline/chunk_queue.h"
#include "pipeline/clock.h"
#include "pipeline/lookup_builder.h"
#include "pipeline/piece_writer.h"
#include "pipeline/run_memory.h"
#include "pipeline/target_commits.h"
#include "spill/spool_pool.h"
#include "storage/file_range.h"

namespace spillway::pipeline {
namespace {

// current_timestamp() has one value in all pieces of a chunk: the time when its first one begins.
// Where the time decides which rows there are and a lookup was joined out of core with those of
// `start`, that is the time of all chunks.
class ChunkTimes {
 public:
  ChunkTimes(const Plan& plan, const Moment& start) : micros_(plan.chunks.size()) {
    const bool rows_may_differ =
        plan.pipeline->rows_time_dependence != expression::TimeDependence::kNever;
    if (!plan.spills() || !rows_may_differ) return;
    for (std::atomic<int64_t>& micros : micros_) micros = start.now_micros;
  }

  int64_t Of(size_t chunk) {
    int64_t micros = 0;
    if (micros_[chunk].compare_exchange_strong(micros, NowMicroseconds())) {
      return micros_[chunk].load();
    }
    return micros;
  }

 private:
  std::vector<std::atomic<int64_t>> micros_;  // 0: not begun
};

void Count(const Chunk& chunk, const WrittenFiles& written, RunReport* report) {
  report->source_rows += chunk.num_rows();
  report->files_written += static_cast<int64_t>(written.files().size());
  for (const delta::AddedFile& file : written.files()) {
    report->rows_written += file.num_rows;
    report->bytes_written += file.size_bytes;
  }
  report->copied_bytes += written.copied_bytes;
  report->shared_bytes += written.shared_bytes;
  report->spliced_row_groups += written.spliced_row_groups;
  ++report->chunks_committed;
  --report->chunks_left;
}

storage::TransferMethod TransferMethodOf(const Plan& plan) {
  const std::vector<PinnedFile>& files = plan.source->files();
  if (files.empty() || plan.splice.spliced == 0) return {};
  return storage::FindTransferMethod(files.front().data_file.path, plan.target.path);
}

}  // namespace

Result<RunReport> Run(const Plan& plan, Progress* progress, const StopSignal& stop) {
  const SteadyTime start = std::chrono::steady_clock::now();
  RunReport report{.chunks_left = static_cast<int64_t>(plan.chunks.size())};
  if (plan.finished()) {
    report.already_finished = true;
    report.target_version = plan.target.snapshot->version();
    return report;
  }

  // Reserve the memory, and refuse what does not fit.
  ARROW_RETURN_NOT_OK(CheckBound(plan));
  ARROW_ASSIGN_OR_RAISE(const auto memory, RunMemory::Make(plan));
  memory::PeakSampler sampler;
  ARROW_RETURN_NOT_OK(sampler.Start());

  // Read the lookups, and index them by key or join them out of core.
  const RunContext context{.plan = plan, .memory = *memory, .progress = progress, .stop = stop};
  const std::vector<Piece> pieces = PiecesOf(plan);
  const Moment moment{.now_micros = NowMicroseconds()};
  ARROW_ASSIGN_OR_RAISE(const Lookups lookups, BuildLookups(context, pieces, moment));
  report.lookup_seconds = SecondsSince(start);

  // Make the target with its schema, or empty it; not any more where a stop is wanted.
  TargetCommits commits(plan);
  if (stop.load() < kStopAfterChunk) ARROW_RETURN_NOT_OK(commits.Prepare());

  // Read, join and write in lanes; commit one chunk after another.
  progress->rows_done = plan.committed_ordinal.value_or(0);
  progress->total_rows = plan.source->live_rows();
  progress->chunks_total = static_cast<int64_t>(plan.chunks.size());
  progress->phase = Phase::kChunks;
  std::optional<spill::SpoolPool> spool;
  if (plan.spools) spool.emplace(lookups.spill_directory()->path(), memory->write_pool());
  const PieceContext piece_context{.run = context,
                                   .lookups = lookups,
                                   .encode_pool = spool ? &*spool : memory->write_pool(),
                                   .transfer = TransferMethodOf(plan)};
  ChunkTimes times(plan, moment);
  ChunkQueue queue(
      pieces, plan.lanes,
      [&](const Piece& piece) { return WritePiece(piece_context, piece, times.Of(piece.chunk)); },
      stop);
  for (const Chunk& chunk : plan.chunks) {
    ARROW_ASSIGN_OR_RAISE(std::optional<WrittenFiles> written, queue.Next());
    if (!written) {
      report.stopped = true;
      break;
    }
    Count(chunk, *written, &report);
    ARROW_RETURN_NOT_OK(commits.Commit(chunk, written->Release()));
    progress->chunks_committed.fetch_add(1);
  }

  // Tell what was done.
  progress->phase = Phase::kDone;
  sampler.Stop();
  report.target_version = commits.last_version();
  report.peak_memory_bytes = sampler.peak_bytes();
  report.memory_by_use = memory->governor().Usage();
  report.spilled_bytes = lookups.spilled().bytes_written;
  report.total_seconds = SecondsSince(start);
  return report;
}

std::string DescribeWhatIsKept(const Plan& plan, const Progress& progress) {
  const int64_t committed = progress.chunks_committed.load();
  if (committed == 0 && plan.committed_ordinal.value_or(0) == 0) return {};
  return fmt::format(
      "Nothing was lost: {} of {} chunks of this run are committed; run again to go "
      "on after them.",
      committed, plan.chunks.size());
}

}  // namespace spillway::pipeline
