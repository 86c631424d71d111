#include "pipeline/sample_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>
#include <fmt/compile.h>
#include <fmt/format.h>

namespace spillway::pipeline {
namespace {

constexpr int64_t kBronzeStartMicros = 1'735'689'600'000'000;      // 2025-01-01 00:00 UTC
constexpr int64_t kPredictionStartMicros = 1'767'225'600'000'000;  // 2026-01-01 00:00 UTC
constexpr int64_t kSecondMicros = 1'000'000;

// Texts have room for so many bytes a row; a builder whose rows are longer grows.
constexpr int64_t kNameBytes = 21;
constexpr int64_t kFolderBytes = 48;
constexpr int64_t kShortNameBytes = 7;

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

// The random numbers of one use.
class Stream {
 public:
  Stream(uint64_t seed, Use use) : key_(Mix(seed ^ (static_cast<uint64_t>(use) << 56))) {}

  uint64_t At(uint64_t number) const { return Mix(key_ ^ number); }

  // Uniform in [0, 1).
  double FractionAt(uint64_t number) const {
    return static_cast<double>(At(number) >> 11) * 0x1.0p-53;
  }

 private:
  uint64_t key_;
};

// A permutation of 0..rows-1: a Feistel network on the next even number of bits, walked until the
// result is in the range. O(1) time and no memory.
class Permutation {
 public:
  Permutation(uint64_t rows, uint64_t seed, Use use)
      : rows_(rows),
        rounds_{Stream(seed, use), Stream(seed + 1, use), Stream(seed + 2, use),
                Stream(seed + 3, use)} {
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
    for (const Stream& round : rounds_) {
      const uint64_t mixed = left ^ (round.At(right) & half_mask_);
      left = right;
      right = mixed;
    }
    return (left << half_bits_) | right;
  }

  const uint64_t rows_;
  const std::array<Stream, 4> rounds_;
  int half_bits_ = 1;
  uint64_t half_mask_ = 1;
};

// A short text, made in place: Format(..) is valid until the next one.
class Text {
 public:
  template <typename Pattern, typename... Values>
  std::string_view Format(const Pattern& pattern, const Values&... values) {
    const auto end = fmt::format_to(characters_.data(), pattern, values...);
    return {characters_.data(), static_cast<size_t>(end - characters_.data())};
  }

 private:
  std::array<char, 128> characters_{};
};

std::string_view ImageName(uint64_t number, const Stream& suffix, Text* text) {
  return text->Format(FMT_COMPILE("acc_{:08}_{:04x}.jpg"), number, suffix.At(number) & 0xffff);
}

std::shared_ptr<arrow::DataType> Instant() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

// The bytes of one image.
class Content {
 public:
  Content(uint64_t seed, int64_t bytes)
      : stream_(seed, Use::kContent),
        words_(std::max<size_t>(1, (static_cast<size_t>(bytes) + 7) / 8)),
        bytes_(static_cast<size_t>(bytes)) {}

  std::string_view At(uint64_t number) {
    const Stream words(stream_.At(number), Use::kContent);
    for (size_t i = 0; i < words_.size(); ++i) words_[i] = words.At(i);
    return {reinterpret_cast<const char*>(words_.data()), bytes_};
  }

 private:
  const Stream stream_;
  std::vector<uint64_t> words_;
  const size_t bytes_;
};

Result<std::shared_ptr<arrow::RecordBatch>> FinishBatch(
    std::shared_ptr<arrow::Schema> schema, const std::vector<arrow::ArrayBuilder*>& builders) {
  arrow::ArrayVector columns(builders.size());
  for (size_t i = 0; i < builders.size(); ++i) {
    ARROW_RETURN_NOT_OK(builders[i]->Finish(&columns[i]));
  }
  const int64_t rows = columns.front()->length();
  return arrow::RecordBatch::Make(std::move(schema), rows, std::move(columns));
}

}  // namespace

std::shared_ptr<arrow::Schema> BronzeSchema() {
  return arrow::schema(
      {arrow::field("image_name", arrow::utf8()), arrow::field("path", arrow::utf8()),
       arrow::field("modificationTime", Instant()), arrow::field("length", arrow::int64()),
       arrow::field("content", arrow::binary()), arrow::field("source", arrow::utf8())});
}

std::shared_ptr<arrow::Schema> PredictionSchema() {
  return arrow::schema(
      {arrow::field("image_name", arrow::utf8()), arrow::field("severity", arrow::float64()),
       arrow::field("model_version", arrow::utf8()), arrow::field("predicted_at", Instant())});
}

Result<std::shared_ptr<arrow::RecordBatch>> BronzeRows(const SampleOptions& options, int64_t first,
                                                       int64_t end, arrow::MemoryPool* pool) {
  const uint64_t seed = options.seed;
  const Permutation order(static_cast<uint64_t>(options.rows), seed, Use::kBronzeOrder);
  const Stream suffix(seed, Use::kSuffix);
  const Stream null_content(seed, Use::kNullContent);
  const Stream camera(seed, Use::kCamera);
  Content image(seed, options.content_bytes);
  Text name_text;
  Text text;

  arrow::StringBuilder image_name(pool);
  arrow::StringBuilder path(pool);
  arrow::TimestampBuilder modification_time(Instant(), pool);
  arrow::Int64Builder length(pool);
  arrow::BinaryBuilder content(pool);
  arrow::StringBuilder source(pool);
  const std::vector<arrow::ArrayBuilder*> builders = {&image_name, &path,    &modification_time,
                                                      &length,     &content, &source};
  const int64_t rows = end - first;
  for (arrow::ArrayBuilder* builder : builders) ARROW_RETURN_NOT_OK(builder->Reserve(rows));
  ARROW_RETURN_NOT_OK(image_name.ReserveData(rows * kNameBytes));
  ARROW_RETURN_NOT_OK(path.ReserveData(rows * (kFolderBytes + kNameBytes)));
  ARROW_RETURN_NOT_OK(content.ReserveData(rows * options.content_bytes));
  ARROW_RETURN_NOT_OK(source.ReserveData(rows * kShortNameBytes));

  for (int64_t place = first; place < end; ++place) {
    const uint64_t number = order.At(static_cast<uint64_t>(place));
    const std::string_view name = ImageName(number, suffix, &name_text);
    ARROW_RETURN_NOT_OK(image_name.Append(name));
    ARROW_RETURN_NOT_OK(
        path.Append(text.Format(FMT_COMPILE("abfss://claims@onelake/Files/accidents/2025/{:03}/{}"),
                                place / 86400 % 365 + 1, name)));
    modification_time.UnsafeAppend(kBronzeStartMicros + place * kSecondMicros);
    length.UnsafeAppend(options.content_bytes);
    if (null_content.At(number) % 100 < 3) {
      content.UnsafeAppendNull();
    } else {
      content.UnsafeAppend(image.At(number));
    }
    ARROW_RETURN_NOT_OK(source.Append(text.Format(FMT_COMPILE("cam-{}"), camera.At(number) % 500)));
  }
  return FinishBatch(BronzeSchema(), builders);
}

Result<std::shared_ptr<arrow::RecordBatch>> PredictionRows(const SampleOptions& options,
                                                           int64_t first, int64_t end,
                                                           arrow::MemoryPool* pool) {
  const uint64_t seed = options.seed;
  const Permutation order(static_cast<uint64_t>(options.rows), seed, Use::kPredictionOrder);
  const Stream suffix(seed, Use::kSuffix);
  const Stream has_prediction(seed, Use::kHasPrediction);
  const Stream null_severity(seed, Use::kNullSeverity);
  const Stream severity_millionths(seed, Use::kSeverity);
  const Stream model(seed, Use::kModel);
  Text text;

  arrow::StringBuilder image_name(pool);
  arrow::DoubleBuilder severity(pool);
  arrow::StringBuilder model_version(pool);
  arrow::TimestampBuilder predicted_at(Instant(), pool);
  const std::vector<arrow::ArrayBuilder*> builders = {&image_name, &severity, &model_version,
                                                      &predicted_at};
  const int64_t rows = end - first;
  for (arrow::ArrayBuilder* builder : builders) ARROW_RETURN_NOT_OK(builder->Reserve(rows));
  ARROW_RETURN_NOT_OK(image_name.ReserveData(rows * kNameBytes));
  ARROW_RETURN_NOT_OK(model_version.ReserveData(rows * kShortNameBytes));

  for (int64_t place = first; place < end; ++place) {
    const uint64_t number = order.At(static_cast<uint64_t>(place));
    if (has_prediction.FractionAt(number) >= options.match_rate) continue;
    ARROW_RETURN_NOT_OK(image_name.Append(ImageName(number, suffix, &text)));
    if (null_severity.At(number) % 100 < 1) {
      severity.UnsafeAppendNull();
    } else {
      const uint64_t millionths = severity_millionths.At(number) % 1'000'001;
      severity.UnsafeAppend(static_cast<double>(millionths) / 1e6);
    }
    ARROW_RETURN_NOT_OK(
        model_version.Append(text.Format(FMT_COMPILE("yolo-v{}"), model.At(number) % 4)));
    predicted_at.UnsafeAppend(kPredictionStartMicros + place % 86400 * kSecondMicros);
  }
  return FinishBatch(PredictionSchema(), builders);
}

}  // namespace spillway::pipeline
