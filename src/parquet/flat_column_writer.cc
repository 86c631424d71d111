#include "parquet/flat_column_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/util/bitmap_ops.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>

#include "parquet/run_encoder.h"

namespace spillway::parquet {
namespace {

using ::parquet::Encoding;

int64_t DictionaryBytes(const ::parquet::WriterProperties& properties,
                        const ::parquet::ColumnDescriptor& leaf) {
  return properties.dictionary_enabled(leaf.path()) ? properties.dictionary_pagesize_limit() : 0;
}

// How many rows have each definition level.
::parquet::SizeStatistics SizesOf(const ::parquet::ColumnDescriptor& leaf, int64_t rows,
                                  int64_t nulls, std::optional<int64_t> byte_array_bytes) {
  ::parquet::SizeStatistics sizes;
  if (leaf.max_definition_level() > 0) sizes.definition_level_histogram = {nulls, rows - nulls};
  sizes.unencoded_byte_array_data_bytes = byte_array_bytes;
  return sizes;
}

// Bounds of pages are kept until their file is finished, in memory that no page accounts for. Those
// of texts longer than this are kept up to so many bytes of a column chunk; one that has more gets
// no column index.
constexpr size_t kLongBound = 128;
constexpr size_t kMostLongBoundsBytes = size_t{256} << 10;

// As the footer and the page index take them.
::parquet::EncodedStatistics Limited(::parquet::EncodedStatistics statistics,
                                     const ::parquet::ColumnDescriptor& leaf,
                                     const ::parquet::WriterProperties& properties) {
  statistics.ApplyStatSizeLimits(properties.max_statistics_size(leaf.path()));
  statistics.set_is_signed(leaf.sort_order() == ::parquet::SortOrder::SIGNED);
  return statistics;
}

}  // namespace

FlatColumnWriter::FlatColumnWriter(::parquet::ColumnChunkMetaDataBuilder* metadata,
                                   std::unique_ptr<::parquet::PageWriter> pager,
                                   const ::parquet::WriterProperties* properties)
    : metadata_(metadata),
      leaf_(metadata->descr()),
      pager_(std::move(pager)),
      properties_(properties),
      page_bytes_(properties->data_pagesize()),
      values_(PageValues::Make(*leaf_, DictionaryBytes(*properties, *leaf_),
                               properties->memory_pool())),
      validity_(properties->memory_pool()),
      pages_(properties->memory_pool()),
      body_(properties->memory_pool()),
      compressed_(::parquet::AllocateBuffer(properties->memory_pool(), 0)) {}

Status FlatColumnWriter::WriteArrow(const int16_t* /*def_levels*/, const int16_t* /*rep_levels*/,
                                    int64_t /*num_levels*/, const arrow::Array& rows,
                                    ::parquet::ArrowWriteContext* /*context*/,
                                    bool /*leaf_field_nullable*/) {
  if (leaf_->max_definition_level() == 0 && rows.null_count() > 0) {
    return Status::Invalid("column ", leaf_->name(), " is declared NOT NULL and has a NULL");
  }
  return Append(*rows.data());
}

Status FlatColumnWriter::Append(const arrow::ArrayData& rows) {
  for (int64_t first = 0; first < rows.length;) {
    const int64_t most =
        std::min(rows.length - first, properties_->max_rows_per_page() - page_rows_);
    ARROW_ASSIGN_OR_RAISE(
        int64_t count, values_->RowsWithin(rows, first, most, page_bytes_ - values_->page_bytes()));
    if (count == 0 && page_rows_ > 0) {
      ARROW_RETURN_NOT_OK(EndPage(/*is_last=*/false));
      continue;
    }
    count = std::max<int64_t>(count, 1);  // a value that is larger than a page has one to itself
    ARROW_ASSIGN_OR_RAISE(const int64_t nulls, AppendValidity(rows, first, count));
    ARROW_RETURN_NOT_OK(values_->Append(rows, first, count, nulls));
    page_rows_ += count;
    first += count;
    if (page_rows_ >= properties_->max_rows_per_page() || values_->page_bytes() >= page_bytes_ ||
        values_->is_full()) {
      ARROW_RETURN_NOT_OK(EndPage(/*is_last=*/false));
    }
  }
  return Status::OK();
}

Result<int64_t> FlatColumnWriter::AppendValidity(const arrow::ArrayData& rows, int64_t first,
                                                 int64_t count) {
  const uint8_t* bitmap = rows.MayHaveNulls() ? rows.buffers[0]->data() : nullptr;
  const int64_t nulls =
      bitmap == nullptr ? 0
                        : count - arrow::internal::CountSetBits(bitmap, rows.offset + first, count);
  if (nulls == 0 && page_nulls_ == 0) return 0;
  if (page_nulls_ == 0) ARROW_RETURN_NOT_OK(validity_.Append(page_rows_, true));
  if (nulls == 0) {
    ARROW_RETURN_NOT_OK(validity_.Append(count, true));
  } else {
    ARROW_RETURN_NOT_OK(validity_.Reserve(count));
    validity_.UnsafeAppend(bitmap, rows.offset + first, count);
  }
  page_nulls_ += nulls;
  return nulls;
}

Status FlatColumnWriter::EndPage(bool is_last) {
  ARROW_RETURN_NOT_OK(AppendLevels());
  ARROW_ASSIGN_OR_RAISE(EncodedValues values, values_->EndPage(page_nulls_, is_last, &body_));
  values.statistics = Limited(std::move(values.statistics), *leaf_, *properties_);
  const size_t longest = std::max(values.statistics.min().size(), values.statistics.max().size());
  if (longest > kLongBound) long_bounds_bytes_ += 2 * longest;
  if (long_bounds_bytes_ > kMostLongBoundsBytes) values.statistics.ClearMinMax();
  auto sizes = SizesOf(*leaf_, page_rows_, page_nulls_, values.byte_array_bytes);
  const int64_t kept = pages_.length();
  const int64_t uncompressed = body_.length();
  ARROW_RETURN_NOT_OK(KeepBody());
  ended_.push_back({.body_bytes = pages_.length() - kept,
                    .uncompressed_bytes = uncompressed,
                    .num_rows = static_cast<int32_t>(page_rows_),
                    .values = std::move(values),
                    .sizes = std::move(sizes)});
  uncompressed_bytes_ += uncompressed;
  num_rows_ += page_rows_;
  page_rows_ = 0;
  page_nulls_ = 0;
  return Status::OK();
}

// The page's definition levels, which are its validity bits, with their size before them.
Status FlatColumnWriter::AppendLevels() {
  if (leaf_->max_definition_level() == 0) return Status::OK();
  uint32_t size = 0;
  ARROW_RETURN_NOT_OK(body_.Append(&size, sizeof(size)));
  const uint8_t* bitmap = page_nulls_ > 0 ? validity_.data() : nullptr;
  ARROW_RETURN_NOT_OK(EncodeBitRuns(bitmap, page_rows_, &body_));
  size = static_cast<uint32_t>(body_.length() - static_cast<int64_t>(sizeof(size)));
  std::memcpy(body_.mutable_data(), &size, sizeof(size));
  validity_.Reset();
  return Status::OK();
}

// Moves the page's body to the others, compressed.
Status FlatColumnWriter::KeepBody() {
  if (body_.length() > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a page of ", body_.length(), " bytes");
  }
  if (!pager_->has_compressor()) {
    ARROW_RETURN_NOT_OK(pages_.Append(body_.data(), body_.length()));
  } else {
    pager_->Compress(arrow::Buffer(body_.data(), body_.length()), compressed_.get());
    ARROW_RETURN_NOT_OK(pages_.Append(compressed_->data(), compressed_->size()));
  }
  body_.Rewind(0);
  return Status::OK();
}

int64_t FlatColumnWriter::Close() {
  if (std::exchange(closed_, true)) return uncompressed_bytes_;
  if (page_rows_ > 0) PARQUET_THROW_NOT_OK(EndPage(/*is_last=*/true));
  WritePages();
  return uncompressed_bytes_;
}

void FlatColumnWriter::WritePages() {
  PARQUET_ASSIGN_OR_THROW(const auto dictionary, values_->FinishDictionary());
  bool has_plain_page = false;
  if (dictionary) {
    pager_->WriteDictionaryPage(
        ::parquet::DictionaryPage(dictionary->values, dictionary->count, Encoding::PLAIN));
  }
  PARQUET_ASSIGN_OR_THROW(const auto bodies, pages_.Finish(/*shrink_to_fit=*/false));
  int64_t offset = 0;
  int64_t first_row = 0;
  std::optional<int64_t> byte_array_bytes;
  for (Page& page : ended_) {
    const EncodedValues& values = page.values;
    has_plain_page |= values.encoding == Encoding::PLAIN;
    if (values.byte_array_bytes) {
      byte_array_bytes = byte_array_bytes.value_or(0) + *values.byte_array_bytes;
    }
    pager_->WriteDataPage(::parquet::DataPageV1(
        arrow::SliceBuffer(bodies, offset, page.body_bytes), page.num_rows, values.encoding,
        Encoding::RLE, Encoding::RLE, page.uncompressed_bytes, values.statistics, first_row,
        std::move(page.sizes)));
    offset += page.body_bytes;
    first_row += page.num_rows;
  }
  const auto statistics = Limited(values_->Statistics(), *leaf_, *properties_);
  if (statistics.is_set()) metadata_->SetStatistics(statistics);
  const auto sizes = SizesOf(*leaf_, num_rows_, statistics.null_count, byte_array_bytes);
  if (sizes.is_set()) metadata_->SetSizeStatistics(sizes);
  pager_->Close(dictionary.has_value(), dictionary.has_value() && has_plain_page);
}

}  // namespace spillway::parquet
