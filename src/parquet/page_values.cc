// One class for all types but booleans, over what differs between them (value_kinds.h). Booleans
// have a class of their own: they are bits, and have no dictionary.
//
// Whether a dictionary pays is estimated at the end of the first page. Of n values drawn at random
// out of D, about n^2 / 2D are there already: so many repetitions tell D. A chunk whose dictionary
// would become too large has none from the beginning; one that turns out otherwise gives its
// dictionary up when that is full, and its later pages are PLAIN.
#include "parquet/page_values.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <arrow/type.h>

#include "parquet/run_encoder.h"
#include "parquet/value_dictionary.h"
#include "parquet/value_kinds.h"

namespace spillway::parquet {
namespace {

using arrow::ArrayData;
using ::parquet::Encoding;
using Leaf = ::parquet::ColumnDescriptor;
using Physical = ::parquet::Type;

// The page's statistics, and those of the chunk so far.
template <typename DType>
class ChunkStatistics {
 public:
  ChunkStatistics(const Leaf& leaf, arrow::MemoryPool* pool)
      : page_(::parquet::MakeStatistics<DType>(&leaf, pool)),
        chunk_(::parquet::MakeStatistics<DType>(&leaf, pool)) {}

  ::parquet::TypedStatistics<DType>* page() { return page_.get(); }

  ::parquet::EncodedStatistics EndPage(int64_t nulls) {
    page_->IncrementNullCount(nulls);
    auto encoded = page_->Encode();
    chunk_->Merge(*page_);
    page_->Reset();
    return encoded;
  }

  ::parquet::EncodedStatistics Chunk() const { return chunk_->Encode(); }

 private:
  const std::shared_ptr<::parquet::TypedStatistics<DType>> page_;
  const std::shared_ptr<::parquet::TypedStatistics<DType>> chunk_;
};

template <typename Kind>
class ValuesOf final : public PageValues {
 public:
  using Value = typename Kind::Value;

  ValuesOf(const Leaf& leaf, int64_t most_dictionary_bytes, arrow::MemoryPool* pool)
      : pool_(pool),
        most_dictionary_bytes_(most_dictionary_bytes),
        has_dictionary_(most_dictionary_bytes > 0),
        dictionary_(pool),
        indices_(pool),
        plain_(pool),
        statistics_(leaf, pool),
        source_numbers_(pool) {}

  Result<int64_t> RowsWithin(const ArrayData& rows, int64_t first, int64_t most,
                             int64_t bytes) override {
    if (rows.type->id() != arrow::Type::DICTIONARY) {
      return Kind::RowsWithin(rows, first, most, bytes);
    }
    if (source_ != rows.dictionary) ARROW_RETURN_NOT_OK(OpenSource(rows.dictionary));
    return std::min(most, bytes / source_longest_bytes_);
  }

  Status Append(const ArrayData& rows, int64_t first, int64_t count, int64_t nulls) override {
    if (rows.type->id() == arrow::Type::DICTIONARY) return AppendCodes(rows, first, count, nulls);
    if (has_dictionary_) {
      ARROW_RETURN_NOT_OK(FillIndices(count));
      return Kind::VisitValues(rows, first, count, [this](Value value) {
        uint32_t number = 0;
        ARROW_RETURN_NOT_OK(dictionary_.Add(value, &number));
        AppendIndex(number, value);
        return Status::OK();
      });
    }
    const int64_t before = plain_.length();
    ARROW_RETURN_NOT_OK(Kind::AppendPlain(rows, first, count, &plain_));
    CountPlain(plain_.length() - before, count - nulls);
    return Status::OK();
  }

  int64_t page_bytes() const override {
    if (!has_dictionary_) return plain_.length();
    return num_values_ * IndexBitWidth(dictionary_.size()) / 8;
  }
  int64_t dictionary_bytes() const override { return dictionary_.plain_bytes(); }

  bool is_full() const override {
    return has_dictionary_ && dictionary_.plain_bytes() > most_dictionary_bytes_;
  }

  Result<EncodedValues> EndPage(int64_t nulls, bool is_last, arrow::BufferBuilder* out) override {
    if (has_dictionary_ && is_first_page_ && !DictionaryPays(is_last)) {
      ARROW_RETURN_NOT_OK(MakePlain());
    }
    is_first_page_ = false;
    EncodedValues encoded;
    if (has_dictionary_) {
      encoded.encoding = Encoding::RLE_DICTIONARY;
      ARROW_RETURN_NOT_OK(EncodeIndices(out));
      has_indices_ = true;
      if (is_full()) has_dictionary_ = false;
    } else {
      Kind::SummarizePlain(plain_, num_values_, statistics_.page());
      ARROW_RETURN_NOT_OK(out->Append(plain_.data(), plain_.length()));
      plain_.Rewind(0);
    }
    if (Kind::kHasLength) encoded.byte_array_bytes = byte_array_bytes_;
    encoded.statistics = statistics_.EndPage(nulls);
    byte_array_bytes_ = 0;
    num_values_ = 0;
    return encoded;
  }

  ::parquet::EncodedStatistics Statistics() const override { return statistics_.Chunk(); }

  Result<std::optional<EncodedDictionary>> FinishDictionary() override {
    if (!has_indices_) return std::nullopt;
    const auto count = static_cast<int32_t>(dictionary_.size());
    ARROW_ASSIGN_OR_RAISE(auto values, dictionary_.Finish());
    return EncodedDictionary{std::move(values), count};
  }

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX;

  void AppendIndex(uint32_t number, Value value) {
    indices_.UnsafeAppend(number);
    CountPlain(Kind::PlainBytes(value), 1);
  }

  void CountPlain(int64_t bytes, int64_t values) {
    num_values_ += values;
    if (Kind::kHasLength) {
      byte_array_bytes_ += bytes - values * static_cast<int64_t>(sizeof(uint32_t));
    }
  }

  // The rows of a column that has a dictionary: each of its values is looked up once.
  Status AppendCodes(const ArrayData& rows, int64_t first, int64_t count, int64_t nulls) {
    if (has_dictionary_) {
      ARROW_ASSIGN_OR_RAISE(const bool is_constant, AppendConstant(count - nulls));
      if (is_constant) return Status::OK();
      ARROW_RETURN_NOT_OK(FillIndices(count));
    }
    switch (static_cast<const arrow::DictionaryType&>(*rows.type).index_type()->id()) {
      case arrow::Type::INT32:
        return AppendCodesOf<int32_t>(rows, first, count);
      case arrow::Type::UINT16:
        return AppendCodesOf<uint16_t>(rows, first, count);
      default:
        return UnknownType(*rows.type);
    }
  }

  // Appends so many values of the source if it has one, which is the only one so far: then there is
  // nothing to do for each of them.
  Result<bool> AppendConstant(int64_t values) {
    if (source_->length != 1 || dictionary_.size() > 1 || indices_.length() > 0) {
      return false;
    }
    uint32_t number = 0;
    ARROW_RETURN_NOT_OK(dictionary_.Add(Kind::At(*source_, 0), &number));
    if (dictionary_.size() > 1) return false;
    CountPlain(values * Kind::PlainBytes(Kind::At(*source_, 0)), values);
    return true;
  }

  // Enters the indices of the values so far, where they are all 0 and were left out, and makes room
  // for `more`.
  Status FillIndices(int64_t more) {
    if (indices_.length() == 0) ARROW_RETURN_NOT_OK(indices_.Append(num_values_, 0));
    return indices_.Reserve(more);
  }

  template <typename Code>
  Status AppendCodesOf(const ArrayData& rows, int64_t first, int64_t count) {
    const auto* codes = rows.GetValues<Code>(1);
    const auto num_codes = static_cast<size_t>(source_->length);
    uint32_t* numbers = source_numbers_.mutable_data();
    return VisitValid(rows, first, count, [&](int64_t row, int64_t length) -> Status {
      for (int64_t i = row; i < row + length; ++i) {
        const auto code = static_cast<size_t>(codes[i]);
        if (code >= num_codes) return Status::Invalid("a code without a value");
        const Value value = Kind::At(*source_, codes[i]);
        if (!has_dictionary_) {
          ARROW_RETURN_NOT_OK(Kind::AppendPlain(value, &plain_));
          CountPlain(Kind::PlainBytes(value), 1);
          continue;
        }
        uint32_t& number = numbers[code];
        if (number == kUnknown) ARROW_RETURN_NOT_OK(dictionary_.Add(value, &number));
        AppendIndex(number, value);
      }
      return Status::OK();
    });
  }

  Status OpenSource(const std::shared_ptr<ArrayData>& dictionary) {
    if (dictionary->GetNullCount() > 0) return Status::Invalid("a dictionary with a NULL");
    source_longest_bytes_ = Kind::PlainBytes({});
    ARROW_RETURN_NOT_OK(Kind::VisitValues(*dictionary, 0, dictionary->length, [this](Value value) {
      source_longest_bytes_ = std::max(source_longest_bytes_, Kind::PlainBytes(value));
      return Status::OK();
    }));
    source_numbers_.Reset();
    ARROW_RETURN_NOT_OK(source_numbers_.Append(dictionary->length, kUnknown));
    source_ = dictionary;
    return Status::OK();
  }

  bool DictionaryPays(bool is_last) const {
    const auto values = static_cast<double>(num_values_);
    const auto distinct = static_cast<double>(dictionary_.size());
    const auto bytes = static_cast<double>(dictionary_.plain_bytes());
    const double repeated = values - distinct;
    if (2 * repeated >= values) return true;
    if (is_last) return bytes / distinct * repeated > static_cast<double>(page_bytes());
    const double all_distinct =
        repeated > 0 ? values * values / (2 * repeated) : std::numeric_limits<double>::infinity();
    return all_distinct * bytes / distinct <= static_cast<double>(most_dictionary_bytes_);
  }

  // Gives the dictionary up, as if there had been none.
  Status MakePlain() {
    ARROW_RETURN_NOT_OK(FillIndices(0));
    for (int64_t i = 0; i < indices_.length(); ++i) {
      ARROW_RETURN_NOT_OK(Kind::AppendPlain(dictionary_[indices_.data()[i]], &plain_));
    }
    indices_.Reset();
    has_dictionary_ = false;
    dictionary_ = ValueDictionary<typename Kind::Store>(pool_);
    return Status::OK();
  }

  Status EncodeIndices(arrow::BufferBuilder* out) {
    const auto width = static_cast<uint8_t>(IndexBitWidth(dictionary_.size()));
    ARROW_RETURN_NOT_OK(out->Append(&width, sizeof(width)));
    if (num_values_ > 0 && indices_.length() == 0) {
      Kind::Summarize({dictionary_[0]}, statistics_.page());
      return EncodeRun(0, num_values_, width, out);
    }
    const std::span<const uint32_t> indices(indices_.data(),
                                            static_cast<size_t>(indices_.length()));
    Summarize(indices);
    ARROW_RETURN_NOT_OK(EncodeRuns(indices, width, out));
    indices_.bytes_builder()->Rewind(0);
    return Status::OK();
  }

  // The statistics of a page are those of its distinct values.
  void Summarize(std::span<const uint32_t> indices) {
    used_.assign(static_cast<size_t>(dictionary_.size() / 64 + 1), 0);
    for (const uint32_t index : indices) used_[index / 64] |= uint64_t{1} << (index % 64);
    std::vector<Value> values;
    for (size_t word = 0; word < used_.size(); ++word) {
      for (uint64_t bits = used_[word]; bits != 0; bits &= bits - 1) {
        values.push_back(dictionary_[static_cast<int64_t>(word) * 64 + std::countr_zero(bits)]);
      }
    }
    Kind::Summarize(values, statistics_.page());
  }

  arrow::MemoryPool* const pool_;
  const int64_t most_dictionary_bytes_;
  bool has_dictionary_;       // the open page is one of indices
  bool has_indices_ = false;  // a page before was
  bool is_first_page_ = true;
  ValueDictionary<typename Kind::Store> dictionary_;
  arrow::TypedBufferBuilder<uint32_t> indices_;  // none while all values are the first one
  arrow::BufferBuilder plain_;
  int64_t num_values_ = 0;        // of the page
  int64_t byte_array_bytes_ = 0;  // of the page
  ChunkStatistics<typename Kind::Type> statistics_;
  std::vector<uint64_t> used_;  // a bit for each value of the dictionary

  std::shared_ptr<ArrayData> source_;                   // the dictionary of the rows that came last
  int64_t source_longest_bytes_ = 0;                    // of its longest value, PLAIN
  arrow::TypedBufferBuilder<uint32_t> source_numbers_;  // in ours, of its values
};

class BooleanValues final : public PageValues {
 public:
  BooleanValues(const Leaf& leaf, arrow::MemoryPool* pool) : bits_(pool), statistics_(leaf, pool) {}

  Result<int64_t> RowsWithin(const ArrayData&, int64_t, int64_t most, int64_t bytes) override {
    return std::min(most, 8 * bytes);
  }

  Status Append(const ArrayData& rows, int64_t first, int64_t count, int64_t /*nulls*/) override {
    if (rows.type->id() != arrow::Type::BOOL) return UnknownType(*rows.type);
    ARROW_RETURN_NOT_OK(bits_.Reserve(count));
    return VisitValid(rows, first, count, [&](int64_t row, int64_t length) {
      bits_.UnsafeAppend(rows.buffers[1]->data(), rows.offset + row, length);
      return Status::OK();
    });
  }

  int64_t page_bytes() const override { return bits_.length() / 8; }
  int64_t dictionary_bytes() const override { return 0; }
  bool is_full() const override { return false; }

  Result<EncodedValues> EndPage(int64_t nulls, bool /*is_last*/,
                                arrow::BufferBuilder* out) override {
    if (bits_.length() > 0) {
      const bool least = bits_.false_count() == 0;
      const bool greatest = bits_.false_count() < bits_.length();
      statistics_.page()->SetMinMax(least, greatest);
      statistics_.page()->IncrementNumValues(bits_.length());
    }
    ARROW_RETURN_NOT_OK(out->Append(bits_.data(), (bits_.length() + 7) / 8));
    ARROW_ASSIGN_OR_RAISE(const auto done, bits_.Finish(/*shrink_to_fit=*/false));
    return EncodedValues{.encoding = Encoding::PLAIN, .statistics = statistics_.EndPage(nulls)};
  }

  ::parquet::EncodedStatistics Statistics() const override { return statistics_.Chunk(); }
  Result<std::optional<EncodedDictionary>> FinishDictionary() override { return std::nullopt; }

 private:
  arrow::TypedBufferBuilder<bool> bits_;
  ChunkStatistics<::parquet::BooleanType> statistics_;
};

}  // namespace

bool PageValues::Serves(const Leaf& leaf) {
  if (leaf.max_repetition_level() > 0 || leaf.max_definition_level() > 1 ||
      leaf.path()->ToDotVector().size() > 1 ||
      leaf.converted_type() == ::parquet::ConvertedType::DECIMAL) {
    return false;
  }
  switch (leaf.physical_type()) {
    case Physical::BOOLEAN:
    case Physical::INT32:
    case Physical::INT64:
    case Physical::FLOAT:
    case Physical::DOUBLE:
    case Physical::BYTE_ARRAY:
      return true;
    default:
      return false;
  }
}

std::unique_ptr<PageValues> PageValues::Make(const Leaf& leaf, int64_t dictionary_bytes,
                                             arrow::MemoryPool* pool) {
  const auto of = [&]<typename Kind>(Kind) -> std::unique_ptr<PageValues> {
    return std::make_unique<ValuesOf<Kind>>(leaf, dictionary_bytes, pool);
  };
  switch (leaf.physical_type()) {
    case Physical::BOOLEAN:
      return std::make_unique<BooleanValues>(leaf, pool);
    case Physical::INT32:
      return of(Numbers<::parquet::Int32Type>());
    case Physical::INT64:
      return of(Numbers<::parquet::Int64Type>());
    case Physical::FLOAT:
      return of(Numbers<::parquet::FloatType>());
    case Physical::DOUBLE:
      return of(Numbers<::parquet::DoubleType>());
    default:
      return of(Bytes());
  }
}

}  // namespace spillway::parquet
