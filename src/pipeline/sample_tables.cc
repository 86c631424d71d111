#include "pipeline/sample_tables.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "memory/allocator.h"
#include "pipeline/clock.h"
#include "pipeline/table_writer.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kRowsPerFile = 1'000'000;
constexpr int64_t kBatchBytes = 8 * kMiB;
constexpr int64_t kBronzeStartMicros = 1'735'689'600'000'000;      // 2025-01-01 00:00 UTC
constexpr int64_t kPredictionStartMicros = 1'767'225'600'000'000;  // 2026-01-01 00:00 UTC
constexpr int64_t kSecondMicros = 1'000'000;

// What a random number is for; each use has its own stream.
enum class Use : uint64_t {
  kSuffix = 1,
  kNullContent,
  kContent,
  kCamera,
  kHasPrediction,
  kNullSeverity,
  kSeverity,
  kModel,
  kBronzeOrder,
  kPredictionOrder,
};

// SplitMix64.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

uint64_t Random(uint64_t seed, Use use, uint64_t number) {
  return Mix(Mix(seed ^ (static_cast<uint64_t>(use) << 56)) ^ number);
}

// Uniform in [0, 1).
double RandomFraction(uint64_t seed, Use use, uint64_t number) {
  return static_cast<double>(Random(seed, use, number) >> 11) * 0x1.0p-53;
}

// A permutation of 0..rows-1: a Feistel network on the next even number of bits, walked until the
// result is in the range. O(1) time and no memory.
class Permutation {
 public:
  Permutation(uint64_t rows, uint64_t seed, Use use) : rows_(rows), seed_(seed), use_(use) {
    const int bits = std::max(2, static_cast<int>(std::bit_width(rows == 0 ? 0 : rows - 1)));
    half_bits_ = (bits + 1) / 2;
    half_mask_ = (uint64_t{1} << half_bits_) - 1;
  }

  uint64_t At(uint64_t place) const {
    uint64_t value = place;
    do {
      value = Encrypt(value);
    } while (value >= rows_);
    return value;
  }

 private:
  uint64_t Encrypt(uint64_t value) const {
    uint64_t left = value >> half_bits_;
    uint64_t right = value & half_mask_;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t mixed = left ^ (Random(seed_ + round, use_, right) & half_mask_);
      left = right;
      right = mixed;
    }
    return (left << half_bits_) | right;
  }

  const uint64_t rows_;
  const uint64_t seed_;
  const Use use_;
  int half_bits_ = 1;
  uint64_t half_mask_ = 1;
};

std::string ImageName(uint64_t seed, uint64_t number) {
  return fmt::format("acc_{:08}_{:04x}.jpg", number, Random(seed, Use::kSuffix, number) & 0xffff);
}

std::shared_ptr<arrow::DataType> Instant() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

// Fills the builders of one table row by row and cuts batches.
class BronzeRows {
 public:
  explicit BronzeRows(const SampleOptions& options)
      : options_(options),
        order_(static_cast<uint64_t>(options.rows), options.seed, Use::kBronzeOrder),
        modification_time_(Instant(), memory::BackingPool()),
        content_buffer_(static_cast<size_t>(options.content_bytes + 8)) {}

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema(
        {arrow::field("image_name", arrow::utf8()), arrow::field("path", arrow::utf8()),
         arrow::field("modificationTime", Instant()), arrow::field("length", arrow::int64()),
         arrow::field("content", arrow::binary()), arrow::field("source", arrow::utf8())});
  }

  int64_t row_bytes() const { return options_.content_bytes + 200; }

  Status Append(uint64_t place) {
    const uint64_t seed = options_.seed;
    const uint64_t number = order_.At(place);
    const std::string name = ImageName(seed, number);
    const int64_t day = static_cast<int64_t>(place / 86400) % 365;
    ARROW_RETURN_NOT_OK(image_name_.Append(name));
    ARROW_RETURN_NOT_OK(path_.Append(
        fmt::format("abfss://claims@onelake/Files/accidents/2025/{:03}/{}", day + 1, name)));
    ARROW_RETURN_NOT_OK(modification_time_.Append(kBronzeStartMicros +
                                                  static_cast<int64_t>(place) * kSecondMicros));
    ARROW_RETURN_NOT_OK(length_.Append(options_.content_bytes));
    ARROW_RETURN_NOT_OK(AppendContent(number));
    return source_.Append(fmt::format("cam-{}", Random(seed, Use::kCamera, number) % 500));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    const int64_t rows = image_name_.length();
    arrow::ArrayVector columns(6);
    ARROW_RETURN_NOT_OK(image_name_.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(path_.Finish(&columns[1]));
    ARROW_RETURN_NOT_OK(modification_time_.Finish(&columns[2]));
    ARROW_RETURN_NOT_OK(length_.Finish(&columns[3]));
    ARROW_RETURN_NOT_OK(content_.Finish(&columns[4]));
    ARROW_RETURN_NOT_OK(source_.Finish(&columns[5]));
    return arrow::RecordBatch::Make(Schema(), rows, std::move(columns));
  }

 private:
  Status AppendContent(uint64_t number) {
    if (Random(options_.seed, Use::kNullContent, number) % 100 < 3) return content_.AppendNull();
    uint64_t state = Random(options_.seed, Use::kContent, number);
    for (size_t at = 0; at < static_cast<size_t>(options_.content_bytes); at += 8) {
      state = Mix(state);
      std::memcpy(content_buffer_.data() + at, &state, 8);
    }
    return content_.Append(content_buffer_.data(), static_cast<int32_t>(options_.content_bytes));
  }

  const SampleOptions& options_;
  const Permutation order_;
  arrow::StringBuilder image_name_;
  arrow::StringBuilder path_;
  arrow::TimestampBuilder modification_time_;
  arrow::Int64Builder length_;
  arrow::BinaryBuilder content_;
  arrow::StringBuilder source_;
  std::vector<uint8_t> content_buffer_;
};

class PredictionRows {
 public:
  explicit PredictionRows(const SampleOptions& options)
      : options_(options),
        order_(static_cast<uint64_t>(options.rows), options.seed, Use::kPredictionOrder),
        predicted_at_(Instant(), memory::BackingPool()) {}

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema(
        {arrow::field("image_name", arrow::utf8()), arrow::field("severity", arrow::float64()),
         arrow::field("model_version", arrow::utf8()), arrow::field("predicted_at", Instant())});
  }

  static int64_t row_bytes() { return 64; }

  // Appends the prediction for the image at `place` of the order, if it has one.
  Status Append(uint64_t place) {
    const uint64_t seed = options_.seed;
    const uint64_t number = order_.At(place);
    if (RandomFraction(seed, Use::kHasPrediction, number) >= options_.match_rate) {
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(image_name_.Append(ImageName(seed, number)));
    if (Random(seed, Use::kNullSeverity, number) % 100 < 1) {
      ARROW_RETURN_NOT_OK(severity_.AppendNull());
    } else {
      const uint64_t millionths = Random(seed, Use::kSeverity, number) % 1'000'001;
      ARROW_RETURN_NOT_OK(severity_.Append(static_cast<double>(millionths) / 1e6));
    }
    ARROW_RETURN_NOT_OK(
        model_version_.Append(fmt::format("yolo-v{}", Random(seed, Use::kModel, number) % 4)));
    return predicted_at_.Append(kPredictionStartMicros +
                                static_cast<int64_t>(place % 86400) * kSecondMicros);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    const int64_t rows = image_name_.length();
    arrow::ArrayVector columns(4);
    ARROW_RETURN_NOT_OK(image_name_.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(severity_.Finish(&columns[1]));
    ARROW_RETURN_NOT_OK(model_version_.Finish(&columns[2]));
    ARROW_RETURN_NOT_OK(predicted_at_.Finish(&columns[3]));
    return arrow::RecordBatch::Make(Schema(), rows, std::move(columns));
  }

 private:
  const SampleOptions& options_;
  const Permutation order_;
  arrow::StringBuilder image_name_;
  arrow::DoubleBuilder severity_;
  arrow::StringBuilder model_version_;
  arrow::TimestampBuilder predicted_at_;
};

Status CheckAbsent(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const bool exists, delta::TableExists(path));
  if (!exists) return Status::OK();
  return MakeError({.code = ErrorCode::kTargetExists,
                    .what = "there is a table already",
                    .where = path,
                    .cure = "give another --out, or remove the table"});
}

struct WrittenTable {
  int64_t rows = 0;
  int64_t bytes = 0;
};

// Creates the table at `path` and writes the rows of all places in one commit.
template <typename Rows>
Result<WrittenTable> WriteTable(const std::string& path, Rows rows, int64_t places,
                                Progress* progress, const StopSignal& stop) {
  ARROW_RETURN_NOT_OK(delta::CreateTable(path, {.schema = Rows::Schema()}).status());
  TableWriter writer(Rows::Schema(),
                     {.table_path = path,
                      .parquet = {.pool = memory::BackingPool(), .row_group_rows = kRowsPerFile},
                      .target_file_bytes = kGiB,
                      .max_records_per_file = kRowsPerFile});
  const int64_t batch_rows = std::clamp<int64_t>(kBatchBytes / rows.row_bytes(), 1, 65536);
  for (int64_t first = 0; first < places; first += batch_rows) {
    if (stop.load() >= kStopAfterChunk) return Status::Cancelled("stopped by a signal");
    const int64_t end = std::min(first + batch_rows, places);
    for (int64_t place = first; place < end; ++place) {
      ARROW_RETURN_NOT_OK(rows.Append(static_cast<uint64_t>(place)));
    }
    ARROW_ASSIGN_OR_RAISE(const auto batch, rows.Finish());
    ARROW_RETURN_NOT_OK(writer.Write(*batch));
    progress->rows_done.fetch_add(end - first);
    progress->rows_written.fetch_add(batch->num_rows());
  }
  WrittenTable written{.rows = writer.rows_written()};
  delta::CommitRequest request;
  ARROW_ASSIGN_OR_RAISE(WrittenFiles files, writer.Finish());
  request.files = files.Release();
  for (const delta::AddedFile& file : request.files) written.bytes += file.size_bytes;
  ARROW_ASSIGN_OR_RAISE(const auto created, delta::Snapshot::Open(path));
  ARROW_ASSIGN_OR_RAISE(const delta::CommitOutcome outcome, delta::Commit(*created, request));
  if (outcome.committed) return written;
  return MakeError({.code = ErrorCode::kCommitConflict,
                    .what = "another writer changed the new table",
                    .where = path,
                    .cure = "give another --out"});
}

}  // namespace

Result<SampleReport> WriteSampleTables(const SampleOptions& options, Progress* progress,
                                       const StopSignal& stop) {
  const SteadyTime start = std::chrono::steady_clock::now();
  const std::string bronze_path = options.folder + "/bronze_accident";
  const std::string predictions_path = options.folder + "/predictions";
  ARROW_RETURN_NOT_OK(CheckAbsent(bronze_path));
  ARROW_RETURN_NOT_OK(CheckAbsent(predictions_path));
  progress->total_rows = 2 * options.rows;
  progress->phase = Phase::kChunks;
  ARROW_ASSIGN_OR_RAISE(const WrittenTable bronze,
                        WriteTable(bronze_path, BronzeRows(options), options.rows, progress, stop));
  ARROW_ASSIGN_OR_RAISE(
      const WrittenTable predictions,
      WriteTable(predictions_path, PredictionRows(options), options.rows, progress, stop));
  progress->phase = Phase::kDone;
  return SampleReport{.bronze_rows = bronze.rows,
                      .prediction_rows = predictions.rows,
                      .bytes = bronze.bytes + predictions.bytes,
                      .seconds = SecondsSince(start)};
}

}  // namespace spillway::pipeline
