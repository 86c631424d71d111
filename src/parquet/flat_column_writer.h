// Writes the column chunk of a top-level column without structure. parquet-cpp's writer works value
// by value, through definition levels of 16 bits; this one by runs and pages, and takes a
// dictionary of any type as it is. What it writes is the same kind of chunk: pages v1 of at most
// 20,000 rows, with a dictionary as long as that pays, statistics, size statistics and page
// indexes.
//
// The pages wait in one buffer until the row group ends, as they are on disk but for their headers.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/buffer_builder.h>
#include <parquet/column_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/size_statistics.h>

#include "base/status.h"
#include "parquet/page_values.h"

namespace spillway::parquet {

class FlatColumnWriter final : public ::parquet::ColumnWriter {
 public:
  // Whether a chunk of this leaf can be written.
  static bool Serves(const ::parquet::ColumnDescriptor& leaf) { return PageValues::Serves(leaf); }

  // `pager` writes straight to the file, in Close, and tells `metadata`; it and `properties`
  // outlive this object.
  FlatColumnWriter(::parquet::ColumnChunkMetaDataBuilder* metadata,
                   std::unique_ptr<::parquet::PageWriter> pager,
                   const ::parquet::WriterProperties* properties);

  // Appends the rows of `rows`, whose levels follow from it. Fails with Invalid where it has a NULL
  // and the column may not, or another type.
  Status WriteArrow(const int16_t* def_levels, const int16_t* rep_levels, int64_t num_levels,
                    const arrow::Array& rows, ::parquet::ArrowWriteContext* context,
                    bool leaf_field_nullable) override;

  // Writes the chunk to the file. Throws what parquet-cpp throws.
  int64_t Close() override;

  ::parquet::Type::type type() const override { return leaf_->physical_type(); }
  const ::parquet::ColumnDescriptor* descr() const override { return leaf_; }
  int64_t rows_written() const override { return num_rows_ + page_rows_; }
  int64_t total_compressed_bytes() const override { return 0; }
  int64_t total_bytes_written() const override { return uncompressed_bytes_; }
  int64_t total_compressed_bytes_written() const override { return pages_.length(); }
  int64_t estimated_buffered_value_bytes() const override { return values_->page_bytes(); }
  int64_t estimated_buffered_def_level_bytes() const override { return validity_.length() / 8; }
  int64_t estimated_buffered_rep_level_bytes() const override { return 0; }
  int64_t estimated_buffered_dict_bytes() const override { return values_->dictionary_bytes(); }
  const ::parquet::WriterProperties* properties() override { return properties_; }

  // No chunk here has metadata of its own.
  void AddKeyValueMetadata(const std::shared_ptr<const arrow::KeyValueMetadata>&) override {}
  void ResetKeyValueMetadata() override {}

 private:
  // A page without its body, which is in pages_ behind those of the pages before it.
  struct Page {
    int64_t body_bytes;
    int64_t uncompressed_bytes;
    int32_t num_rows;
    EncodedValues values;
    ::parquet::SizeStatistics sizes;
  };

  Status Append(const arrow::ArrayData& rows);
  // Returns how many of the rows are NULL.
  Result<int64_t> AppendValidity(const arrow::ArrayData& rows, int64_t first, int64_t count);
  Status EndPage(bool is_last);
  Status AppendLevels();
  Status KeepBody();
  void WritePages();

  ::parquet::ColumnChunkMetaDataBuilder* const metadata_;
  const ::parquet::ColumnDescriptor* const leaf_;
  const std::unique_ptr<::parquet::PageWriter> pager_;
  const ::parquet::WriterProperties* const properties_;
  const int64_t page_bytes_;
  const std::unique_ptr<PageValues> values_;
  bool closed_ = false;

  int64_t page_rows_ = 0;  // of the open page
  int64_t page_nulls_ = 0;
  size_t long_bounds_bytes_ = 0;              // of the pages that ended
  arrow::TypedBufferBuilder<bool> validity_;  // of its rows; empty before its first NULL

  int64_t num_rows_ = 0;  // of the pages that have ended
  int64_t uncompressed_bytes_ = 0;
  arrow::BufferBuilder pages_;
  std::vector<Page> ended_;

  arrow::BufferBuilder body_;  // of the page that is just ending
  const std::shared_ptr<arrow::ResizableBuffer> compressed_;
};

}  // namespace spillway::parquet
