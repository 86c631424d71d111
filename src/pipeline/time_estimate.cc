#include "pipeline/time_estimate.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "base/units.h"
#include "pipeline/build_index.h"
#include "pipeline/clock.h"
#include "pipeline/key_checks.h"
#include "pipeline/lookup_builder.h"
#include "pipeline/run_context.h"
#include "pipeline/silver_reader.h"
#include "storage/transfer_rate.h"

namespace spillway::pipeline {
namespace {

// What is tried with, at most.
constexpr int64_t kTriedRows = 1 << 17;
constexpr int64_t kTriedRowBytes = 8 * kMiB;
constexpr int64_t kTriedTransferBytes = 128 * kMiB;
constexpr int kTries = 3;
constexpr double kMostTransferSeconds = 0.5;
// Of the rest; after that everything is still tried once.
constexpr double kMostRehearsalSeconds = 0.5;

// What a run does beside the rehearsal, as a multiple of it; measured, see docs/benchmarks.md.
constexpr double kOutOfCore = 0.9;  // joining out of core, to indexing and looking up
constexpr double kEncode = 3;       // with columns encoded, to reading and deriving alone

int64_t TriedRows(const PinnedTable& table) {
  int64_t bytes = 0;
  for (const ColumnWeight& weight : table.weights()) bytes += weight.value_bytes;
  const int64_t row_bytes = bytes / std::max<int64_t>(1, table.weighed_rows()) + 1;
  return std::clamp<int64_t>(kTriedRowBytes / row_bytes, 1, kTriedRows);
}

// The bytes of the row groups that are copied.
int64_t CopiedBytes(const Plan& plan) {
  int64_t bytes = 0;
  for (size_t i = 0; i < plan.splice.files.size(); ++i) {
    const PinnedFile& file = plan.source->files()[i];
    for (size_t group = 0; group < file.row_groups.size(); ++group) {
      if (plan.splice.files[i].splices[group]) bytes += file.row_groups[group].compressed_bytes;
    }
  }
  return bytes;
}

class Rehearsal {
 public:
  Rehearsal(const Plan& plan, RunMemory& memory)
      : plan_(plan),
        context_{.plan = plan,
                 .memory = memory,
                 .progress = &progress_,
                 .stop = stop_,
                 .sizes = plan.sizes},
        pieces_(PiecesOf(plan)),
        moment_{.now_micros = NowMicroseconds()} {}

  Result<TimeEstimate> Run() {
    TimeEstimate estimate;
    double external_joins = 0;
    for (size_t i = 0; i < plan_.lookups.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const double seconds, TryLookup(i));
      const std::optional<OutOfCoreJoin>& join = plan_.external_joins[i];
      if (join && !join->ranges) ++external_joins;
      estimate.lookup_seconds += SecondsOf(join, i, seconds);
    }
    ARROW_RETURN_NOT_OK(context_.memory.GrantForStreaming(plan_));
    int64_t spliced_rows = 0;
    for (const Piece& piece : pieces_) spliced_rows += piece.spliced ? piece.num_rows() : 0;
    const int64_t decoded_rows = CountRows(pieces_) - spliced_rows;
    ARROW_ASSIGN_OR_RAISE(const double spliced, TryRows(true, spliced_rows));
    ARROW_ASSIGN_OR_RAISE(const double decoded, TryRows(false, decoded_rows));
    const double lane_seconds = (spliced + decoded) / plan_.lanes;
    estimate.lookup_seconds += external_joins * kOutOfCore * lane_seconds;
    estimate.row_seconds = kEncode * lane_seconds;
    TryTransfer(&estimate);
    return estimate;
  }

 private:
  // Seconds to make a lookup ready, where one thread makes an index of all of it in `seconds`.
  double SecondsOf(const std::optional<OutOfCoreJoin>& join, size_t lookup, double seconds) const {
    const PinnedTable& table = *plan_.lookups[lookup];
    if (!join) return seconds;
    if (!join->ranges) return kOutOfCore * seconds / plan_.lanes;
    const auto rows = static_cast<double>(std::max<int64_t>(table.physical_rows(), 1));
    const int64_t rows_read = join->ranges->rows_read +
                              ChecksOf(plan_.pipeline->lookups[lookup], table, *join->ranges).rows;
    return seconds * static_cast<double>(rows_read) / rows;
  }

  // Seconds for all rows of a lookup, on one thread.
  Result<double> TryLookup(size_t lookup) {
    const PinnedTable& table = *plan_.lookups[lookup];
    const int64_t rows = std::min(TriedRows(table), table.physical_rows());
    const std::vector<RowRange> tried = {{0, rows}};
    ARROW_RETURN_NOT_OK(context_.memory.GrantForReading(plan_.memory.lookups[lookup].lookup_bytes));
    std::unique_ptr<join::LookupIndex> index;
    ARROW_ASSIGN_OR_RAISE(const double seconds, Time([&] {
                            index.reset();
                            return BuildIndex(context_, lookup, tried, moment_).Value(&index);
                          }));
    tried_.Add(plan_.pipeline->lookups[lookup].type, std::move(index));
    if (rows == 0) return 0;
    return seconds * static_cast<double>(table.physical_rows()) / static_cast<double>(rows);
  }

  // Seconds to read, join and derive so many rows, of the first piece that is spliced, or is not.
  Result<double> TryRows(bool spliced, int64_t all_rows) {
    if (all_rows == 0) return 0;
    Piece piece = *std::ranges::find_if(pieces_, [spliced](const Piece& candidate) {
      return candidate.spliced == spliced && candidate.num_rows() > 0;
    });
    const LeftOutRows& left_out = plan_.source->left_out_rows();
    const int64_t first = left_out.NextRead(piece.first_ordinal);
    piece.end_ordinal = std::min(piece.end_ordinal, first + TriedRows(*plan_.source));
    const int64_t tried_rows = left_out.ReadWithin(first, piece.end_ordinal);
    SilverOptions options{.derive = {.for_writing = true}};
    if (spliced) options.uses = UseOfSource(*plan_.pipeline).computed;
    ARROW_ASSIGN_OR_RAISE(const double seconds, Time([&]() -> Status {
                            ARROW_ASSIGN_OR_RAISE(
                                const ReaderPointer rows,
                                ReadSilver(context_, tried_, piece, moment_, options));
                            std::shared_ptr<arrow::RecordBatch> batch;
                            do {
                              ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
                            } while (batch != nullptr);
                            return Status::OK();
                          }));
    return seconds * static_cast<double>(all_rows) / static_cast<double>(tried_rows);
  }

  void TryTransfer(TimeEstimate* estimate) const {
    const auto bytes = static_cast<double>(CopiedBytes(plan_));
    if (bytes == 0) return;
    const double seconds_per_byte =
        storage::MeasureSecondsPerByte(FirstRead(*plan_.source).data_file.path, plan_.target.path,
                                       kTriedTransferBytes, kMostTransferSeconds)
            .value_or(0);
    estimate->transfer_seconds = bytes * seconds_per_byte;
    if (seconds_per_byte > 0) estimate->bytes_per_second = 1 / seconds_per_byte;
  }

  // Seconds of the fastest of a few tries: the first one meets pages that are not there yet, and
  // any of them other programs.
  Result<double> Time(const std::function<Status()>& work) const {
    double fastest = std::numeric_limits<double>::max();
    for (int tries = 0; tries < kTries; ++tries) {
      if (tries > 0 && SecondsSince(start_) > kMostRehearsalSeconds) break;
      const auto start = std::chrono::steady_clock::now();
      ARROW_RETURN_NOT_OK(work());
      fastest = std::min(fastest, SecondsSince(start));
    }
    return fastest;
  }

  const SteadyTime start_ = std::chrono::steady_clock::now();
  const Plan& plan_;
  Progress progress_;
  StopSignal stop_{0};
  const RunContext context_;
  const std::vector<Piece> pieces_;
  const Moment moment_;
  Lookups tried_{nullptr};
};

}  // namespace

Result<TimeEstimate> EstimateTime(const Plan& plan) {
  if (plan.finished() || plan.source->physical_rows() == 0) return TimeEstimate{};
  ARROW_ASSIGN_OR_RAISE(const auto memory, RunMemory::Make(plan));
  return Rehearsal(plan, *memory).Run();
}

}  // namespace spillway::pipeline
