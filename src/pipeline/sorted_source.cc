#include "pipeline/sorted_source.h"

#include <string>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "pipeline/lanes.h"
#include "pipeline/piece_writer.h"
#include "pipeline/read_ahead.h"
#include "pipeline/silver_reader.h"
#include "pipeline/state_folder.h"
#include "spill/manifest.h"

namespace spillway::pipeline {
namespace {

// Of the rows that are joined with all lookups, as the derived columns find them.
std::shared_ptr<arrow::Schema> JoinedSchema(const BoundPipeline& pipeline) {
  arrow::FieldVector fields = pipeline.source_schema->fields();
  for (const BoundLookup& lookup : pipeline.lookups) {
    for (const Projection& projection : lookup.payload()) {
      fields.push_back(projection.field->WithNullable(true));
    }
  }
  return arrow::schema(std::move(fields));
}

// Sorts the rows of a piece, behind whose columns stand their numbers.
Status SortPiece(const RunContext& context, const std::shared_ptr<arrow::Schema>& schema,
                 arrow::RecordBatchReader* rows, sort::SortWriter* writer) {
  const int numbers = schema->num_fields();
  for (;;) {
    // Nothing is committed meanwhile, so there is no chunk to wait for.
    ARROW_RETURN_NOT_OK(CheckStop(context, kStopAfterChunk));
    ARROW_ASSIGN_OR_RAISE(const auto batch, rows->Next());
    if (batch == nullptr) return Status::OK();
    arrow::ArrayVector columns = batch->columns();
    columns.pop_back();
    const auto joined = arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
    ARROW_RETURN_NOT_OK(
        writer->Append(*joined, static_cast<const arrow::Int64Array&>(*batch->column(numbers))));
  }
}

std::string SubjectOf(const Plan& plan) { return "sorted rows of " + plan.work_identity; }

// The rows of a chunk, as a stage.
class ChunkReader : public arrow::RecordBatchReader {
 public:
  ChunkReader(const RunContext& context, sort::MergedRows* rows, int64_t end_row)
      : context_(context), rows_(rows), end_row_(end_row) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(CheckStop(context_, kStopNow));
    ARROW_ASSIGN_OR_RAISE(*batch, rows_->Next(end_row_));
    Progress& progress = *context_.progress;
    progress.rows_done.store(rows_->source_rows(), std::memory_order_relaxed);
    progress.memory_in_use_bytes.store(context_.memory.in_use_bytes(), std::memory_order_relaxed);
    return Status::OK();
  }

 private:
  const RunContext& context_;
  sort::MergedRows* const rows_;
  const int64_t end_row_;
};

}  // namespace

SortedSource::SortedSource(const RunContext& context,
                           std::unique_ptr<spill::SpillDirectory> directory,
                           std::unique_ptr<sort::ExternalSort> sort)
    : context_(context), directory_(std::move(directory)), sort_(std::move(sort)) {}

Result<std::unique_ptr<SortedSource>> SortedSource::Make(
    const RunContext& context, std::unique_ptr<spill::SpillDirectory> directory) {
  const Plan& plan = context.plan;
  ARROW_ASSIGN_OR_RAISE(auto sort, sort::ExternalSort::Make(
                                       {.schema = JoinedSchema(*plan.pipeline),
                                        .key_columns = plan.pipeline->lookups.front().source_keys,
                                        .sizes = plan.sort->sizes,
                                        .compress = kCompressSpilled,
                                        .directory = directory.get(),
                                        .pool = context.memory.sort_pool()}));
  return std::unique_ptr<SortedSource>(
      new SortedSource(context, std::move(directory), std::move(sort)));
}

Result<std::unique_ptr<SortedSource>> SortedSource::Sort(const RunContext& context,
                                                         const std::vector<Piece>& pieces,
                                                         const Lookups& lookups,
                                                         const Moment& moment) {
  const Plan& plan = context.plan;
  context.progress->rows_done = 0;
  context.progress->total_rows = plan.source->live_rows() - plan.source->left_out().rows;
  context.progress->phase = Phase::kSorting;
  ARROW_ASSIGN_OR_RAISE(auto directory,
                        spill::SpillDirectory::Make(SpillBaseOf(plan), plan.app_id));
  ARROW_ASSIGN_OR_RAISE(auto sorted, Make(context, std::move(directory)));
  const std::shared_ptr<arrow::Schema> schema = JoinedSchema(*plan.pipeline);
  ARROW_RETURN_NOT_OK(
      RunLanes(plan.lanes, static_cast<int64_t>(pieces.size()), [&](LaneItems& items) -> Status {
        ARROW_ASSIGN_OR_RAISE(const auto writer, sorted->sort_->MakeWriter());
        while (const auto item = items.Take()) {
          const Piece& piece = pieces[static_cast<size_t>(*item)];
          ARROW_ASSIGN_OR_RAISE(const auto rows, ReadNumbered(context, lookups, piece, moment));
          ARROW_RETURN_NOT_OK(SortPiece(context, schema, rows.get(), writer.get()));
          lookups.Release(piece);
        }
        return writer->Finish();
      }));
  if (plan.keeps_pieces() &&
      plan.saves_spilled(sorted->sort_->kept_bytes(), sorted->sort_->stored_bytes())) {
    // Without a manifest a killed run sorts again, no more.
    sorted->is_saved_ = sorted->Save().ok();
  }
  return sorted;
}

std::unique_ptr<SortedSource> SortedSource::TakeOver(const RunContext& context) {
  const Plan& plan = context.plan;
  if (!plan.keeps_pieces()) return nullptr;
  auto directory = spill::SpillDirectory::TakeOver(SpillBaseOf(plan), plan.app_id);
  if (directory == nullptr) return nullptr;
  spill::SpillDirectory::RemoveDead(SpillBaseOf(plan));  // what others left
  const auto manifest =
      spill::ManifestReader::Open(*directory, SubjectOf(plan), context.memory.sort_pool());
  if (!manifest.ok() || *manifest == nullptr) return nullptr;
  auto sorted = Make(context, std::move(directory));
  if (!sorted.ok() || !(*sorted)->sort_->Load(manifest->get()).ok()) return nullptr;
  (*sorted)->is_saved_ = true;
  return *std::move(sorted);
}

Status SortedSource::Save() const {
  ARROW_ASSIGN_OR_RAISE(const auto manifest,
                        spill::ManifestWriter::Make(*directory_, SubjectOf(context_.plan)));
  ARROW_RETURN_NOT_OK(sort_->Save(manifest.get()));
  return manifest->Finish();
}

Status SortedSource::StartReading() {
  const Plan& plan = context_.plan;
  ARROW_RETURN_NOT_OK(context_.memory.GrantForMerging(plan));
  ARROW_RETURN_NOT_OK(sort_->Premerge([this] { return CheckStop(context_, kStopAfterChunk); }));
  if (is_saved_ && sort_->premerged_runs() > 0) static_cast<void>(Save());
  ARROW_ASSIGN_OR_RAISE(
      rows_, sort_->Merge({.rows = plan.sizes.batch_rows, .bytes = plan.sizes.batch_bytes},
                          context_.memory.transform_pool()));
  context_.progress->rows_done = 0;
  context_.progress->phase = Phase::kChunks;
  const int64_t written =
      plan.kept.empty() ? plan.committed_ordinal.value_or(0) : plan.kept.back().end_ordinal;
  ARROW_RETURN_NOT_OK(rows_->Skip(written));
  if (rows_->source_rows() == written) return Status::OK();
  return MakeError({.code = ErrorCode::kInternal,
                    .what = "fewer rows came than are written",
                    .where = plan.target.path,
                    .why = fmt::format("{} are written, {} came", FormatCount(written),
                                       FormatCount(rows_->source_rows()))});
}

Result<WrittenFiles> SortedSource::WriteChunk(Chunk* chunk, int64_t now_micros) {
  const Plan& plan = context_.plan;
  ReaderPointer rows = std::make_unique<ChunkReader>(context_, rows_.get(), chunk->end_ordinal);
  if (plan.lanes > 1) rows = ReadAhead(std::move(rows));
  ExpectationCounts expectations(plan.pipeline->expectations.size());
  rows =
      MakeDeriveStage(std::move(rows), *plan.pipeline, EvaluationContextOf(context_, {now_micros}),
                      {.for_writing = true, .may_fail = true, .expectations = &expectations});
  ARROW_ASSIGN_OR_RAISE(WrittenFiles files, WriteRows(context_, rows.get()));
  files.expectations = std::move(expectations);
  rows.reset();  // nobody else reads rows_ any more
  if (rows_->done()) {
    chunk->end_ordinal = plan.source->physical_rows();
    chunk->left_out_rows = plan.source->left_out_rows().count();
  }
  return files;
}

}  // namespace spillway::pipeline
