#include "pipeline/run.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "memory/process_memory.h"
#include "pipeline/checkpoint.h"
#include "pipeline/chunk_ahead.h"
#include "pipeline/chunk_queue.h"
#include "pipeline/clock.h"
#include "pipeline/lookup_builder.h"
#include "pipeline/memory_watch.h"
#include "pipeline/piece_writer.h"
#include "pipeline/run_memory.h"
#include "pipeline/sorted_source.h"
#include "pipeline/target_commits.h"
#include "spill/spool_pool.h"
#include "storage/durable_file.h"
#include "storage/file_range.h"
#include "storage/memory_file_system.h"

namespace spillway::pipeline {
namespace {

// current_timestamp() has one value in all rows of a chunk: the time when its first piece begins.
// Where the time decides which rows there are, and those of `start` were joined out of core or
// sorted before, that is the time of all chunks.
class ChunkTimes {
 public:
  ChunkTimes(const Plan& plan, const Moment& start) : micros_(plan.chunks.size()) {
    if (plan.mode == RunMode::kStandard && !plan.kept.empty()) {
      SetAll(plan.kept.front().now_micros);  // it is one chunk, of which a part is written
      return;
    }
    for (size_t chunk = 0; chunk < micros_.size(); ++chunk) {
      const std::optional<size_t> kept = plan.chunks[chunk].kept;
      if (kept) micros_[chunk] = plan.kept[*kept].now_micros;
    }
    const bool had_rows_before = plan.spills() || plan.spec.in_key_order();
    if (had_rows_before && !plan.rows_are_fixed()) SetAll(start.now_micros);
  }

  int64_t Of(size_t chunk) {
    int64_t micros = 0;
    if (micros_[chunk].compare_exchange_strong(micros, NowMicroseconds())) {
      return micros_[chunk].load();
    }
    return micros;
  }

 private:
  void SetAll(int64_t now_micros) {
    for (std::atomic<int64_t>& micros : micros_) micros = now_micros;
  }

  std::vector<std::atomic<int64_t>> micros_;  // 0: not begun
};

void Count(const Chunk& chunk, const WrittenFiles& written, RunReport* report) {
  AddCounts(written.expectations, &report->expectations);
  if (chunk.kept) {
    report->kept_rows += chunk.num_rows();
    return;
  }
  report->source_rows += chunk.num_rows();
  report->files_written += static_cast<int64_t>(written.files().size());
  for (const delta::AddedFile& file : written.files()) {
    report->rows_written += file.num_rows;
    report->bytes_written += file.size_bytes;
  }
  report->copied_bytes += written.copied_bytes;
  report->shared_bytes += written.shared_bytes;
  report->spliced_row_groups += written.spliced_row_groups;
}

// Of texts that are a time of today, only the rows can tell.
Status CheckRowsAreFixed(const Plan& plan, bool found_time_of_today) {
  if (plan.mode == RunMode::kStandard || plan.rows_are_fixed() || !found_time_of_today) {
    return Status::OK();
  }
  return MakeError(
      {.code = ErrorCode::kValueOutOfRange,
       .what = "chunks in key order cannot have rows that depend on the time",
       .where = plan.spec.processing.chunk_order_origin,
       .why = "`where`, a lookup's key or an expectation that drops rows casts text to TIMESTAMP, "
              "and some values are a time without a date, which means today",
       .cure = "write \"mode: standard\""});
}

storage::TransferMethod TransferMethodOf(const Plan& plan) {
  if (plan.splice.spliced == 0) return {};
  return storage::FindTransferMethod(FirstRead(*plan.source).data_file.path, plan.target.path);
}

Status MemoryShort(const Plan& plan, const memory::Shortage& shortage) {
  // The kernel counts such files as others' memory; most of them may be the run's own.
  if (storage::IsInMemory(plan.target.path)) {
    return MakeError({.code = ErrorCode::kMemoryShort,
                      .what = "other uses have taken the memory that the run was planned to use",
                      .where = shortage.why,
                      .why = fmt::format("the target {} is in memory (tmpfs), and so are the files "
                                         "that the run writes there; other processes may use "
                                         "some too",
                                         plan.target.path),
                      .cure = "write to a folder on a disk"});
  }
  return MakeError({.code = ErrorCode::kMemoryShort,
                    .what = "other processes are using the memory that the run was planned to use",
                    .where = shortage.why,
                    .cure = "stop them, or run again with a smaller --memory"});
}

// Writes the files of the next chunk, which may change where it ends; none where the run is to
// stop.
using NextChunk = std::function<Result<std::optional<WrittenFiles>>(Chunk*)>;

// The steps of one run.
class Runner {
 public:
  Runner(const RunContext& context, const MemoryWatch& watch, Checkpoint* checkpoint,
         const OnCommit& on_commit, RunReport* report)
      : context_(context),
        watch_(watch),
        checkpoint_(checkpoint),
        on_commit_(on_commit),
        report_(report),
        commits_(context.plan) {}

  Status Run(SteadyTime start) {
    // Read the lookups, and index them by key or join them out of core.
    const std::vector<Piece> pieces = PiecesOf(context_.plan);
    std::atomic<bool> found_time_of_today = false;
    const Moment moment{.now_micros = NowMicroseconds(),
                        .found_time_of_today = &found_time_of_today};
    std::unique_ptr<SortedSource> sorted;
    if (context_.plan.spec.in_key_order()) {
      if (AllIsKept()) return RunInKeyOrder(nullptr, moment);
      sorted = SortedSource::TakeOver(context_);
      report_->sort_taken_over = sorted != nullptr;
    }
    if (sorted == nullptr) {
      ARROW_ASSIGN_OR_RAISE(const Lookups lookups, BuildLookups(context_, pieces, moment));
      report_->lookup_seconds = SecondsSince(start);
      report_->spilled_bytes = lookups.spilled().bytes_written;
      report_->joins_taken_over = lookups.taken_over();
      if (!context_.plan.spec.in_key_order()) return RunInSourceOrder(pieces, lookups, moment);
      ARROW_ASSIGN_OR_RAISE(sorted, SortedSource::Sort(context_, pieces, lookups, moment));
    }
    // The lookups are gone: merging wants their memory.
    return RunInKeyOrder(sorted.get(), moment);
  }

  int64_t target_version() const { return commits_.last_version(); }

 private:
  // Reads, joins and writes in lanes.
  Status RunInSourceOrder(const std::vector<Piece>& pieces, const Lookups& lookups,
                          const Moment& moment) {
    const Plan& plan = context_.plan;
    ARROW_RETURN_NOT_OK(PrepareTarget());
    std::optional<spill::SpoolPool> spool;
    arrow::MemoryPool* encode_pool = context_.memory.write_pool();
    if (plan.spools && !context_.memory.GrantForUnspooledWriting(plan)) {
      encode_pool = &spool.emplace(lookups.spill_directory()->path(), encode_pool);
    }
    const PieceContext piece_context{.run = context_,
                                     .lookups = lookups,
                                     .encode_pool = encode_pool,
                                     .transfer = TransferMethodOf(plan)};
    ChunkTimes times(plan, moment);
    const auto write = [&](const Piece& piece) -> Result<WrittenFiles> {
      if (piece.kept) return FilesOf(plan.kept[*piece.kept], plan.target.path);
      const int64_t now_micros = times.Of(piece.chunk);
      ARROW_ASSIGN_OR_RAISE(WrittenFiles files, WritePiece(piece_context, piece, now_micros));
      ARROW_RETURN_NOT_OK(Keep(piece, plan.chunks[piece.chunk].end_ordinal, now_micros, &files));
      return files;
    };
    ChunkQueue queue(pieces, plan.lanes, write, context_.stop, watch_.is_short());
    return CommitChunks([&queue](Chunk*) { return queue.Next(); });
  }

  bool AllIsKept() const {
    return std::ranges::all_of(context_.plan.chunks,
                               [](const Chunk& chunk) { return chunk.kept.has_value(); });
  }

  // Merges and writes what was sorted; null where nothing is left to write.
  Status RunInKeyOrder(SortedSource* sorted, const Moment& moment) {
    const Plan& plan = context_.plan;
    if (sorted != nullptr) {
      ARROW_RETURN_NOT_OK(CheckRowsAreFixed(plan, *moment.found_time_of_today));
      ARROW_RETURN_NOT_OK(sorted->StartReading());
      report_->spilled_bytes += sorted->spilled().bytes_written;
    }
    ARROW_RETURN_NOT_OK(PrepareTarget());
    ChunkTimes times(plan, moment);
    size_t number = 0;
    const auto write = [&](Chunk* chunk) -> Result<WrittenFiles> {
      const int64_t now_micros = times.Of(number++);
      if (chunk->kept) return FilesOf(plan.kept[*chunk->kept], plan.target.path);
      ARROW_ASSIGN_OR_RAISE(WrittenFiles files, sorted->WriteChunk(chunk, now_micros));
      ARROW_RETURN_NOT_OK(Keep(*chunk, chunk->end_ordinal, now_micros, &files));
      return files;
    };
    ChunkAhead ahead(plan.chunks, write, context_.stop);
    return CommitChunks([&ahead](Chunk* chunk) { return ahead.Next(chunk); });
  }

  // Puts `files` on record, which have the rows of `part`, a piece or a whole chunk.
  template <typename Part>
  Status Keep(const Part& part, int64_t chunk_end, int64_t now_micros, WrittenFiles* files) const {
    if (checkpoint_ == nullptr || part.num_rows() == 0) return Status::OK();
    return checkpoint_->Add({.first_ordinal = part.first_ordinal,
                             .end_ordinal = part.end_ordinal,
                             .chunk_end = chunk_end,
                             .now_micros = now_micros,
                             .rows = files->rows,
                             .files = files->files(),
                             .expectations = files->expectations},
                            files);
  }

  // Empties a target that chunks are to overwrite; not any more where a stop is wanted.
  Status PrepareTarget() {
    const Plan& plan = context_.plan;
    ARROW_RETURN_NOT_OK(storage::MakeFolders(plan.target.path));
    if (context_.stop.load() < kStopAfterChunk) ARROW_RETURN_NOT_OK(commits_.Prepare());
    Progress& progress = *context_.progress;
    progress.rows_done = plan.rows_read_within(0, plan.committed_ordinal.value_or(0));
    progress.total_rows = plan.source->live_rows() - plan.source->left_out().rows;
    progress.chunks_total = static_cast<int64_t>(plan.chunks.size());
    progress.phase = Phase::kChunks;
    return Status::OK();
  }

  // Commits one chunk after another, until the source's last row is; or all of them then.
  Status CommitChunks(const NextChunk& next) {
    const Plan& plan = context_.plan;
    const int64_t last_ordinal = plan.source->physical_rows();
    Chunk waiting{.first_ordinal = plan.chunks.front().first_ordinal};
    WrittenFiles files;
    int64_t chunks = 0;  // that wait
    for (Chunk chunk : plan.chunks) {
      ARROW_ASSIGN_OR_RAISE(std::optional<WrittenFiles> written, next(&chunk));
      if (!written) {
        report_->stopped = true;
        return Status::OK();
      }
      Count(chunk, *written, report_);
      files.Append(*std::move(written));
      waiting.end_ordinal = chunk.end_ordinal;
      ++chunks;
      context_.progress->chunks_written.fetch_add(1);
      const bool is_last = chunk.end_ordinal == last_ordinal;
      if (plan.commits_at_end() && !is_last) continue;
      ARROW_RETURN_NOT_OK(Commit(waiting, chunks, &files));
      context_.progress->chunks_committed.fetch_add(chunks);
      report_->chunks_committed += chunks;
      report_->chunks_left = is_last ? 0 : report_->chunks_left - chunks;
      if (is_last) break;
      waiting.first_ordinal = chunk.end_ordinal;
      chunks = 0;
    }
    return Status::OK();
  }

  // Commits `files`, the rows of `chunk`, which is so many of the plan's.
  Status Commit(const Chunk& chunk, int64_t chunks, WrittenFiles* files) {
    CommittedChunk committed{.first_ordinal = chunk.first_ordinal,
                             .end_ordinal = chunk.end_ordinal,
                             .chunks = chunks,
                             .files = static_cast<int64_t>(files->files().size())};
    for (const delta::AddedFile& file : files->files()) {
      committed.rows += file.num_rows;
      committed.bytes += file.size_bytes;
    }
    ARROW_RETURN_NOT_OK(commits_.Commit(chunk, files->Release()));
    committed.target_version = commits_.last_version();
    if (on_commit_) on_commit_(committed);
    return Status::OK();
  }

  const RunContext& context_;
  const MemoryWatch& watch_;
  Checkpoint* const checkpoint_;  // may be null
  const OnCommit& on_commit_;
  RunReport* const report_;
  TargetCommits commits_;
};

}  // namespace

Result<RunReport> Run(const Plan& plan, Progress* progress, const StopSignal& stop,
                      Checkpoint* checkpoint, const OnCommit& on_commit) {
  const SteadyTime start = std::chrono::steady_clock::now();
  progress->chunks_written = 0;
  progress->chunks_committed = 0;
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

  // Read, join, write and commit.
  const MemoryWatch watch(plan, *progress, sampler, stop);
  const RunContext context{.plan = plan,
                           .memory = *memory,
                           .progress = progress,
                           .stop = watch.stop(),
                           .sizes = plan.sizes};
  Runner runner(context, watch, checkpoint, on_commit, &report);
  const Status status = runner.Run(start);
  if (status.IsCancelled() || report.stopped) {
    const std::optional<memory::Shortage> shortage = watch.stopped_for();
    if (shortage) return MemoryShort(plan, *shortage);
  }
  const bool is_stop = status.IsCancelled() && stop.load() < kStopNow;
  if (!status.ok() && !is_stop) return status;
  report.stopped |= is_stop;

  // Tell what was done.
  progress->phase = Phase::kDone;
  sampler.Stop();
  report.target_version = runner.target_version();
  report.peak_memory_bytes = sampler.peak_bytes();
  report.memory_by_use = memory->governor().Usage();
  report.total_seconds = SecondsSince(start);
  return report;
}

}  // namespace spillway::pipeline
