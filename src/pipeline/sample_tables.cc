#include "pipeline/sample_tables.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/start_thread.h"
#include "base/units.h"
#include "memory/budget.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "memory/overhead.h"
#include "pipeline/clock.h"
#include "pipeline/sample_rows.h"
#include "pipeline/table_writer.h"
#include "pipeline/target.h"
#include "storage/durable_file.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kBytesPerFile = kGiB;
constexpr int64_t kBatchBytes = 8 * kMiB;

using RowsFunction = Result<std::shared_ptr<arrow::RecordBatch>>(const SampleOptions&, int64_t,
                                                                 int64_t, arrow::MemoryPool*);

struct SampleTable {
  std::string path;
  std::shared_ptr<arrow::Schema> schema;
  RowsFunction* rows;
  int64_t row_bytes;  // about
};

// A run of places of a table, which becomes one file.
struct SampleFile {
  const SampleTable* table;
  size_t number;
  int64_t first;
  int64_t end;
  int64_t rows = 0;      // when it is written
  WrittenFiles written;  // none for no rows
};

// A table that a call made which was killed before it committed the rows counts as absent.
Status CheckAbsent(const SampleTable& sample) {
  ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(sample.path));
  if (!exists) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto table, delta::Snapshot::Open(sample.path));
  ARROW_ASSIGN_OR_RAISE(const bool is_just_made, IsJustMade(*table, *sample.schema));
  if (is_just_made) return Status::OK();
  return MakeError({.code = ErrorCode::kTargetExists,
                    .what = "there is already a table here",
                    .where = sample.path,
                    .cure = "use another --out, or delete the table"});
}

void CutIntoFiles(const SampleTable& table, const SampleOptions& options,
                  std::vector<SampleFile>* files) {
  const int64_t file_places =
      std::clamp<int64_t>(kBytesPerFile / table.row_bytes, 1, options.rows_per_file);
  size_t number = 0;
  for (int64_t first = 0; first < options.rows; first += file_places) {
    files->push_back({.table = &table,
                      .number = number++,
                      .first = first,
                      .end = std::min(first + file_places, options.rows)});
  }
}

Status WriteSampleFile(const SampleOptions& options, SampleFile* file, arrow::MemoryPool* pool,
                       Progress* progress, const StopSignal& stop) {
  const SampleTable& table = *file->table;
  TableWriter writer(table.schema,
                     {.table_path = table.path,
                      .parquet = {.pool = pool, .row_group_rows = options.rows_per_file},
                      .target_file_bytes = std::numeric_limits<int64_t>::max(),
                      .first_file_number = file->number});
  const int64_t batch_rows = std::clamp<int64_t>(kBatchBytes / table.row_bytes, 1, 65536);
  for (int64_t first = file->first; first < file->end; first += batch_rows) {
    if (stop.load() >= kStopAfterChunk) return Status::Cancelled("stopped by a signal");
    const int64_t end = std::min(first + batch_rows, file->end);
    ARROW_ASSIGN_OR_RAISE(const auto batch, table.rows(options, first, end, pool));
    ARROW_RETURN_NOT_OK(writer.Write(*batch));
    progress->rows_done.fetch_add(end - first);
    progress->rows_written.fetch_add(batch->num_rows());
  }
  file->rows = writer.rows_written();
  return writer.Finish().Value(&file->written);
}

// What a lane takes at most: a row group with its pages, a batch, and a large row a few times over.
int64_t LaneBytes(const SampleTable& table) { return 384 * kMiB + 8 * table.row_bytes; }

// One lane for each core, as far as half of the memory goes.
Result<int64_t> ChooseLanes(const SampleOptions& options, int64_t lane_bytes) {
  if (options.lanes > 0) return options.lanes;
  ARROW_ASSIGN_OR_RAISE(const memory::Budget half, memory::DetermineBudget(std::nullopt, 50));
  return std::clamp<int64_t>(half.total_bytes / lane_bytes, 1,
                             std::max<int64_t>(1, std::thread::hardware_concurrency()));
}

// Writes all files, each by one of the lanes. The first failure ends them all.
Status WriteFiles(const SampleOptions& options, int64_t lane_bytes, std::vector<SampleFile>* files,
                  Progress* progress, const StopSignal& stop) {
  ARROW_ASSIGN_OR_RAISE(const int64_t lanes, ChooseLanes(options, lane_bytes));
  ARROW_ASSIGN_OR_RAISE(const auto governor,
                        memory::Governor::Make(memory::kProcessOverheadBytes + lanes * lane_bytes,
                                               memory::kProcessOverheadBytes));
  std::atomic<size_t> next{0};
  const auto write_next_ones = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto pool, memory::GovernedPool::Make(governor.get(), "generate",
                                                                      lane_bytes, lane_bytes));
    for (size_t i = next++; i < files->size(); i = next++) {
      ARROW_RETURN_NOT_OK(WriteSampleFile(options, &(*files)[i], pool.get(), progress, stop));
    }
    return Status::OK();
  };

  std::vector<Status> statuses(static_cast<size_t>(lanes));
  {
    std::vector<std::jthread> threads;
    for (Status& status : statuses) {
      auto thread = StartThread([&] {
        status = write_next_ones();
        if (!status.ok()) next = files->size();
      });
      if (!thread.ok()) {
        next = files->size();
        return thread.status();
      }
      threads.push_back(*std::move(thread));
    }
  }
  for (const Status& status : statuses) ARROW_RETURN_NOT_OK(status);
  return Status::OK();
}

// Makes the table with its rows, and adds up what they hold.
Status CommitTable(const SampleTable& table, std::vector<SampleFile>& files, int64_t* rows,
                   int64_t* bytes) {
  delta::CommitRequest request;
  for (SampleFile& file : files) {
    if (file.table != &table) continue;
    *rows += file.rows;
    for (delta::AddedFile& written : file.written.Release()) {
      *bytes += written.size_bytes;
      request.files.push_back(std::move(written));
    }
  }
  ARROW_RETURN_NOT_OK(delta::CreateTable(table.path, {.schema = table.schema}).status());
  ARROW_ASSIGN_OR_RAISE(const auto created, delta::Snapshot::Open(table.path));
  ARROW_ASSIGN_OR_RAISE(const delta::CommitOutcome outcome, delta::Commit(*created, request));
  if (outcome.committed) return Status::OK();
  return MakeError({.code = ErrorCode::kCommitConflict,
                    .what = "another writer changed the new table",
                    .where = table.path,
                    .cure = "use another --out"});
}

}  // namespace

Result<SampleReport> WriteSampleTables(const SampleOptions& options, Progress* progress,
                                       const StopSignal& stop) {
  const SteadyTime start = std::chrono::steady_clock::now();
  const SampleTable bronze{.path = options.folder + "/bronze_accident",
                           .schema = BronzeSchema(),
                           .rows = BronzeRows,
                           .row_bytes = options.content_bytes + 200};
  const SampleTable predictions{.path = options.folder + "/predictions",
                                .schema = PredictionSchema(),
                                .rows = PredictionRows,
                                .row_bytes = 64};
  ARROW_RETURN_NOT_OK(CheckAbsent(bronze));
  ARROW_RETURN_NOT_OK(CheckAbsent(predictions));
  progress->total_rows = 2 * options.rows;
  progress->phase = Phase::kChunks;

  // The large files first, so that the lanes end together.
  std::vector<SampleFile> files;
  for (const SampleTable* table : {&bronze, &predictions}) {
    ARROW_RETURN_NOT_OK(storage::MakeFolders(table->path));
    CutIntoFiles(*table, options, &files);
  }
  ARROW_RETURN_NOT_OK(WriteFiles(options, LaneBytes(bronze), &files, progress, stop));

  SampleReport report;
  ARROW_RETURN_NOT_OK(CommitTable(bronze, files, &report.bronze_rows, &report.bytes));
  ARROW_RETURN_NOT_OK(CommitTable(predictions, files, &report.prediction_rows, &report.bytes));
  progress->phase = Phase::kDone;
  report.seconds = SecondsSince(start);
  return report;
}

}  // namespace spillway::pipeline
