#include "parquet/batch_encoder.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include "base/error.h"

namespace spillway::parquet {
namespace {

using ArrowWriter = ::parquet::arrow::FileWriter;
using PropertiesBuilder = ::parquet::WriterProperties::Builder;

Status CheckCodec(const ColumnCompression& compression) {
  if (arrow::util::Codec::IsAvailable(compression.type)) return Status::OK();
  return MakeError({.code = ErrorCode::kValueOutOfRange,
                    .what = fmt::format("the codec {} is not available",
                                        arrow::util::Codec::GetCodecAsString(compression.type)),
                    .cure = "write snappy, zstd, lz4, gzip or none"});
}

PropertiesBuilder CommonProperties(const WriteOptions& options, arrow::MemoryPool* pool) {
  PropertiesBuilder builder;
  builder.memory_pool(pool)
      ->created_by(kCreatedBy)
      ->version(::parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(::parquet::ParquetDataPageVersion::V1)
      ->enable_store_decimal_as_integer()
      ->enable_write_page_index()
      ->enable_page_checksum()
      ->data_pagesize(options.page_bytes)
      ->max_row_group_length(std::max<int64_t>(1, options.row_group_rows))
      ->compression(options.compression);
  if (options.compression_level) builder.compression_level(*options.compression_level);
  if (options.dictionary_page_bytes > 0) {
    builder.dictionary_pagesize_limit(options.dictionary_page_bytes);
  } else {
    builder.disable_dictionary();
  }
  return builder;
}

// Options are given by top-level column, and set for each leaf below it.
void SetColumnOptions(const WriteOptions& options, const ::parquet::SchemaDescriptor& schema,
                      PropertiesBuilder& builder) {
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    if (options.plain_columns.contains(schema.GetColumnRoot(leaf)->name())) {
      builder.disable_dictionary(schema.Column(leaf)->path());
    }
    const auto chosen = options.column_compression.find(schema.GetColumnRoot(leaf)->name());
    if (chosen == options.column_compression.end()) continue;
    const auto path = schema.Column(leaf)->path();
    builder.compression(path, chosen->second.type);
    if (chosen->second.level) builder.compression_level(path, *chosen->second.level);
  }
}

// Rows of a piece of `batch` that takes about `piece_bytes`.
Result<int64_t> RowsOfPiece(const arrow::RecordBatch& batch, int64_t piece_bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(batch));
  const int64_t row_bytes = std::max<int64_t>(1, bytes / std::max<int64_t>(1, batch.num_rows()));
  return std::max<int64_t>(1, piece_bytes / row_bytes);
}

}  // namespace

BatchEncoder::BatchEncoder(std::shared_ptr<arrow::Schema> schema, WriteOptions options)
    : schema_(std::move(schema)),
      options_(std::move(options)),
      pool_(options_.pool),
      tally_(*schema_) {}

Status BatchEncoder::Start(const std::shared_ptr<arrow::io::OutputStream>& sink) {
  const auto arrow_properties = ::parquet::ArrowWriterProperties::Builder().build();
  PropertiesBuilder builder = CommonProperties(options_, &pool_);
  std::shared_ptr<::parquet::SchemaDescriptor> descriptor;
  ARROW_RETURN_NOT_OK(::parquet::arrow::ToParquetSchema(schema_.get(), *builder.build(),
                                                        *arrow_properties, &descriptor));
  SetColumnOptions(options_, *descriptor, builder);
  auto root = std::static_pointer_cast<::parquet::schema::GroupNode>(descriptor->schema_root());
  return ArrowWriter::Make(&pool_,
                           OpenRowGroupFile(sink, std::move(root), builder.build(), &row_group_),
                           schema_, arrow_properties, &writer_);
}

// parquet-cpp looks at a page's size only after 1,024 values, and at a row group's never: pieces of
// about a page keep both from growing far above their limits where rows are large.
Status BatchEncoder::Write(const arrow::RecordBatch& batch) {
  ARROW_ASSIGN_OR_RAISE(const int64_t piece_rows, RowsOfPiece(batch, options_.page_bytes));
  for (int64_t first = 0; first < batch.num_rows(); first += piece_rows) {
    if (row_group_.writer == nullptr ||
        row_group_.IsFull(options_.row_group_bytes, 2 * options_.page_bytes)) {
      ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
      ++row_groups_written_;
      ARROW_RETURN_NOT_OK(pool_.refusal());
    }
    const auto piece = batch.Slice(first, piece_rows);
    ARROW_RETURN_NOT_OK(tally_.Add(*piece, &pool_));
    ARROW_RETURN_NOT_OK(writer_->WriteRecordBatch(*piece));
    ARROW_RETURN_NOT_OK(pool_.refusal());
    rows_written_ += piece->num_rows();
  }
  return Status::OK();
}

Status BatchEncoder::EndRowGroup() {
  if (row_group_.writer == nullptr) return Status::OK();
  std::exchange(row_group_.writer, nullptr)->Close();
  return pool_.refusal();
}

Status BatchEncoder::Finish() {
  ARROW_RETURN_NOT_OK(writer_->Close());
  ARROW_RETURN_NOT_OK(pool_.refusal());
  metadata_ = writer_->metadata();
  return Status::OK();
}

void BatchEncoder::Abandon() {
  row_group_.writer = nullptr;
  writer_.reset();
}

bool IsEncodedByPage(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || MayBeDictionary(type);
}

bool MayBeDictionary(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         type.id() == arrow::Type::DATE32 || type.id() == arrow::Type::TIMESTAMP ||
         arrow::is_binary_like(type.id());
}

bool FitsSchema(const arrow::ArrayVector& columns, const arrow::Schema& schema) {
  if (static_cast<int>(columns.size()) != schema.num_fields()) return false;
  for (size_t i = 0; i < columns.size(); ++i) {
    const arrow::DataType* type = columns[i]->type().get();
    if (type->id() == arrow::Type::DICTIONARY) {
      type = static_cast<const arrow::DictionaryType&>(*type).value_type().get();
      if (!MayBeDictionary(*type)) return false;
    }
    if (!type->Equals(*schema.field(static_cast<int>(i))->type())) return false;
  }
  return true;
}

Status CheckCodecs(const WriteOptions& options) {
  ARROW_RETURN_NOT_OK(CheckCodec({.type = options.compression}));
  for (const auto& [column, compression] : options.column_compression) {
    ARROW_RETURN_NOT_OK(CheckCodec(compression));
  }
  return Status::OK();
}

}  // namespace spillway::parquet
