#include "pipeline/table_writer.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <utility>

#include <arrow/util/compression.h>
#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "pipeline/clock.h"

namespace spillway::pipeline {
namespace {

// Of the files that this process wrote.
std::atomic<uint64_t> next_serial = 0;

// What the tags of a pipeline begin with, and what follows in those of one run.
uint32_t Mark(std::string_view name) {
  return static_cast<uint32_t>(XXH3_64bits(name.data(), name.size()));
}

uint32_t RunMark(const FileOwner& owner) { return Mark(owner.app_id) & 0xffff; }

}  // namespace

// Random in 74 bits (UUID version 4).
std::string NewFileTag(const FileOwner& owner) {
  std::random_device device;
  const auto word = [&device] { return static_cast<uint32_t>(device()); };
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", Mark(owner.pipeline),
                     RunMark(owner), word() & 0xfff, 0x8000 | (word() & 0x3fff), word(),
                     word() & 0xffff);
}

bool IsFileOf(const std::string& path, const FileOwner& owner) {
  std::string mark = fmt::format("{:08x}-", Mark(owner.pipeline));
  if (!owner.app_id.empty()) mark += fmt::format("{:04x}-", RunMark(owner));
  return FileTagIn(path.substr(path.rfind('/') + 1)).starts_with(mark);
}

std::string FileTagIn(const std::string& name) {
  constexpr size_t kFirst = std::string_view("part-00000-").size();
  constexpr size_t kLength = 36;
  return name.size() < kFirst ? std::string() : name.substr(kFirst, kLength);
}

std::string NewDataFileName(size_t number, const std::string& tag, arrow::Compression::type codec) {
  const std::string suffix = codec == arrow::Compression::UNCOMPRESSED
                                 ? ""
                                 : "." + arrow::util::Codec::GetCodecAsString(codec);
  return fmt::format("part-{:05}-{}-c{:03}{}.parquet", number, tag, next_serial.fetch_add(1),
                     suffix);
}

delta::AddedFile DescribeFile(const parquet::WrittenFile& written, std::string name) {
  delta::AddedFile added{.relative_path = std::move(name),
                         .size_bytes = written.size_bytes,
                         .modification_time_ms = NowMicroseconds() / 1000,
                         .num_rows = written.num_rows};
  for (const parquet::ColumnStatistics& column : written.columns) {
    added.columns.push_back({.path = column.path,
                             .null_count = column.null_count,
                             .minimum = column.minimum,
                             .maximum = column.maximum,
                             // Of a column with a NaN the bounds are unknown.
                             .is_nan_free = column.minimum != nullptr});
  }
  return added;
}

TableWriter::TableWriter(std::shared_ptr<arrow::Schema> schema, TableWriterOptions options)
    : schema_(std::move(schema)),
      options_(std::move(options)),
      file_tag_(options_.file_tag.empty() ? NewFileTag(FileOwner{}) : options_.file_tag) {}

Status TableWriter::Write(const arrow::RecordBatch& batch) {
  int64_t written = 0;
  while (written < batch.num_rows()) {
    if (file_ == nullptr) ARROW_RETURN_NOT_OK(OpenFile());
    const int64_t rows = RoomInFile(batch.num_rows() - written);
    ARROW_RETURN_NOT_OK(file_->Write(*batch.Slice(written, rows)));
    written += rows;
    files_.rows += rows;
    const bool is_full =
        file_->row_groups_written() >= parquet::kMostRowGroups ||
        (options_.max_records_per_file && file_->rows_written() >= *options_.max_records_per_file);
    if (is_full || file_->bytes_written() >= options_.target_file_bytes) {
      ARROW_RETURN_NOT_OK(CloseFile());
    }
  }
  return Status::OK();
}

int64_t TableWriter::RoomInFile(int64_t rows) const {
  if (!options_.max_records_per_file) return rows;
  return std::min(rows, *options_.max_records_per_file - file_->rows_written());
}

Result<WrittenFiles> TableWriter::Finish() {
  if (file_ != nullptr) ARROW_RETURN_NOT_OK(CloseFile());
  return std::move(files_);
}

Status TableWriter::OpenFile() {
  file_name_ = NewDataFileName(options_.first_file_number + files_.files().size(), file_tag_,
                               options_.parquet.compression);
  ARROW_ASSIGN_OR_RAISE(file_, parquet::FileWriter::Open(options_.table_path + "/" + file_name_,
                                                         schema_, options_.parquet));
  return Status::OK();
}

Status TableWriter::CloseFile() {
  ARROW_ASSIGN_OR_RAISE(const parquet::WrittenFile written, file_->Close());
  file_.reset();
  files_.Add(options_.table_path, DescribeFile(written, std::move(file_name_)));
  return Status::OK();
}

}  // namespace spillway::pipeline
