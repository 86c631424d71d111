#include "pipeline/run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <arrow/util/compression.h>
#include <fmt/format.h>

#include "memory/process_memory.h"
#include "pipeline/clock.h"
#include "pipeline/run_memory.h"
#include "pipeline/silver_reader.h"
#include "pipeline/table_writer.h"
#include "pipeline/target_commits.h"

namespace spillway::pipeline {
namespace {

parquet::ColumnCompression CompressionOf(const spec::Compression& wanted,
                                         arrow::Compression::type source_codec) {
  switch (wanted.codec) {
    case spec::Compression::Codec::kKeep:
      return {.type = source_codec};
    case spec::Compression::Codec::kSnappy:
      return {.type = arrow::Compression::SNAPPY};
    case spec::Compression::Codec::kZstd:
      return {.type = arrow::Compression::ZSTD, .level = wanted.level};
    case spec::Compression::Codec::kLz4:
      return {.type = arrow::Compression::LZ4};
    case spec::Compression::Codec::kNone:
      return {.type = arrow::Compression::UNCOMPRESSED};
  }
  return {.type = arrow::Compression::SNAPPY};
}

// Columns that the pipeline leaves alone keep the codec that they have; the others get the one that
// the pipeline file says.
parquet::WriteOptions WriteOptionsFor(const Plan& plan, arrow::MemoryPool* pool) {
  const BoundPipeline& pipeline = *plan.pipeline;
  const std::vector<ColumnWeight>& source = plan.source->weights();
  const bool keep = !source.empty() && arrow::util::Codec::IsAvailable(source.front().codec);
  const parquet::ColumnCompression added = CompressionOf(
      plan.spec.target.compression, keep ? source.front().codec : arrow::Compression::SNAPPY);
  parquet::WriteOptions options{.pool = pool,
                                .compression = added.type,
                                .compression_level = added.level,
                                .row_group_bytes = plan.sizes.row_group_bytes,
                                .page_bytes = plan.sizes.page_bytes,
                                .dictionary_page_bytes = plan.sizes.page_bytes};
  for (size_t i = 0; i < pipeline.output_columns.size(); ++i) {
    const auto column = static_cast<size_t>(pipeline.output_columns[i]);
    const bool is_derived =
        std::ranges::any_of(pipeline.derived, [column](const DerivedColumn& derived) {
          return static_cast<size_t>(derived.position) == column;
        });
    if (column >= source.size() || is_derived) continue;
    if (!arrow::util::Codec::IsAvailable(source[column].codec)) continue;
    options.column_compression[pipeline.output_schema->field(static_cast<int>(i))->name()] = {
        .type = source[column].codec};
  }
  return options;
}

struct WrittenChunk {
  std::vector<delta::AddedFile> files;
  int64_t rows = 0;
};

Result<WrittenChunk> WriteChunk(const Plan& plan, const LookupIndexes& indexes, const Chunk& chunk,
                                RunMemory& memory, Progress* progress, const StopSignal& stop) {
  const auto rows = ReadSilver(plan, indexes, chunk, memory, NowMicroseconds(), progress, stop);
  TableWriter writer(plan.pipeline->output_schema,
                     {.table_path = plan.target.path,
                      .parquet = WriteOptionsFor(plan, memory.write_pool()),
                      .target_file_bytes = plan.spec.target.target_file_size_bytes,
                      .max_records_per_file = plan.spec.target.max_records_per_file});
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(writer.Write(*batch));
    progress->rows_written.fetch_add(batch->num_rows(), std::memory_order_relaxed);
  }
  WrittenChunk written{.rows = writer.rows_written()};
  ARROW_ASSIGN_OR_RAISE(written.files, writer.Finish());
  return written;
}

void Count(const Chunk& chunk, const WrittenChunk& written, RunReport* report) {
  report->source_rows += chunk.num_rows();
  report->rows_written += written.rows;
  report->files_written += static_cast<int64_t>(written.files.size());
  for (const delta::AddedFile& file : written.files) report->bytes_written += file.size_bytes;
  ++report->chunks_committed;
  --report->chunks_left;
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

  // Read the lookups, and index them by key.
  ARROW_ASSIGN_OR_RAISE(const LookupIndexes indexes,
                        BuildLookupIndexes(plan, *memory, NowMicroseconds(), progress, stop));
  report.lookup_seconds = SecondsSince(start);

  // Make the target with its schema, or empty it; not any more where a stop is wanted.
  TargetCommits commits(plan);
  if (stop.load() < kStopAfterChunk) ARROW_RETURN_NOT_OK(commits.Prepare());

  // Read, join, write and commit, one chunk after another.
  progress->rows_done = plan.committed_ordinal.value_or(0);
  progress->total_rows = plan.source->live_rows();
  progress->chunks_total = static_cast<int64_t>(plan.chunks.size());
  progress->phase = Phase::kChunks;
  for (const Chunk& chunk : plan.chunks) {
    if (stop.load() >= kStopAfterChunk) {
      report.stopped = true;
      break;
    }
    ARROW_ASSIGN_OR_RAISE(WrittenChunk written,
                          WriteChunk(plan, indexes, chunk, *memory, progress, stop));
    Count(chunk, written, &report);
    ARROW_RETURN_NOT_OK(commits.Commit(chunk, std::move(written.files)));
    progress->chunks_committed.fetch_add(1);
  }

  // Tell what was done.
  progress->phase = Phase::kDone;
  sampler.Stop();
  report.target_version = commits.last_version();
  report.peak_memory_bytes = sampler.peak_bytes();
  report.memory_by_use = memory->governor().Usage();
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
