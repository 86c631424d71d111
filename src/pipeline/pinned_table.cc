#include "pipeline/pinned_table.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "pipeline/work_sizes.h"

namespace spillway::pipeline {
namespace {

// Where the footer does not say how large a page is: the default of the writers in use.
constexpr int64_t kAssumedPageBytes = kMiB;

// Where a dictionary hides how long the strings are that it stands for.
constexpr int64_t kAssumedDictionaryValueBytes = 32;

int64_t DecodedBytes(const parquet::LeafColumn& leaf, const parquet::ColumnChunkFacts& chunk) {
  if (leaf.type_bytes > 0) return chunk.num_values * leaf.type_bytes;
  if (chunk.unencoded_bytes) return *chunk.unencoded_bytes;
  if (!chunk.has_dictionary) return chunk.uncompressed_bytes;
  return std::max(chunk.uncompressed_bytes, chunk.num_values * kAssumedDictionaryValueBytes);
}

Result<std::vector<delta::DataFile>> ListFiles(const delta::Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(auto stream, snapshot.Files());
  std::vector<delta::DataFile> files;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(std::optional<delta::DataFile> file, stream->Next());
    if (!file) break;
    files.push_back(*std::move(file));
  }
  std::ranges::sort(files, {}, &delta::DataFile::path);
  return files;
}

}  // namespace

bool IsPartitionColumn(const delta::Snapshot& snapshot, int column) {
  const std::vector<std::string>& names = snapshot.partition_columns();
  return std::ranges::find(names, snapshot.schema()->field(column)->name()) != names.end();
}

std::vector<parquet::ReadColumn> FileColumns(const PinnedTable& table) {
  std::vector<parquet::ReadColumn> wanted;
  for (const int column : table.columns()) {
    if (IsPartitionColumn(table.snapshot(), column)) continue;
    wanted.push_back({.physical_name = table.snapshot().PhysicalName(column),
                      .field = table.snapshot().schema()->field(column)});
  }
  return wanted;
}

parquet::ReadOptions ReadOptionsOf(const delta::Snapshot& snapshot, parquet::ReadOptions options) {
  options.use_field_ids = snapshot.column_mapping() == delta::ColumnMapping::kId;
  return options;
}

PinnedTable::PinnedTable(std::string name, std::unique_ptr<delta::Snapshot> snapshot,
                         std::vector<int> columns, const parquet::ReadOptions& options)
    : name_(std::move(name)),
      snapshot_(std::move(snapshot)),
      columns_(std::move(columns)),
      options_(ReadOptionsOf(*snapshot_, options)),
      weights_(columns_.size()) {}

Result<std::unique_ptr<PinnedTable>> PinnedTable::Make(std::string name,
                                                       std::unique_ptr<delta::Snapshot> snapshot,
                                                       std::vector<int> columns,
                                                       const parquet::ReadOptions& options) {
  std::unique_ptr<PinnedTable> table(
      new PinnedTable(std::move(name), std::move(snapshot), std::move(columns), options));
  arrow::FieldVector fields;
  for (const int column : table->columns_) {
    fields.push_back(table->snapshot_->schema()->field(column));
  }
  table->read_schema_ = arrow::schema(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(std::vector<delta::DataFile> files, ListFiles(*table->snapshot_));
  table->files_.reserve(files.size());
  for (delta::DataFile& file : files) ARROW_RETURN_NOT_OK(table->AddFile(std::move(file)));
  return table;
}

Status PinnedTable::AddFile(delta::DataFile data_file) {
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::FileReader::Open(data_file.path, data_file.size_bytes, options_));
  ARROW_RETURN_NOT_OK(Weigh(*reader));
  const parquet::Footer& footer = reader->footer();
  PinnedFile file{.first_ordinal = physical_rows(), .num_rows = footer.num_rows};
  for (const parquet::RowGroupFacts& group : footer.row_groups) {
    file.row_group_first_rows.push_back(group.first_row);
  }
  bytes_ += footer.file_bytes;
  if (data_file.deletion_vector) deleted_rows_ += data_file.deletion_vector->cardinality;
  file.data_file = std::move(data_file);
  files_.push_back(std::move(file));
  return Status::OK();
}

Status PinnedTable::Weigh(const parquet::FileReader& file) {
  const std::vector<parquet::ReadColumn> wanted = FileColumns(*this);
  const parquet::Footer& footer = file.footer();
  for (size_t group = 0; group < footer.row_groups.size(); ++group) {
    const auto raise = [&](const parquet::ReadOptions& options, parquet::ReadMemory* highest) {
      ARROW_ASSIGN_OR_RAISE(
          const parquet::ReadMemory memory,
          file.EstimateMemory(wanted, static_cast<int>(group), options, kAssumedPageBytes));
      highest->page_bytes = std::max(highest->page_bytes, memory.page_bytes);
      highest->batch_bytes = std::max(highest->batch_bytes, memory.batch_bytes);
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(raise(options_, &read_memory_));
    ARROW_RETURN_NOT_OK(raise(ReadOptionsOf(*snapshot_, ReadOptionsFor(SizesFor(0), options_.pool)),
                              &smallest_read_memory_));
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string& physical_name = snapshot_->PhysicalName(columns_[i]);
      for (size_t leaf = 0; leaf < footer.leaves.size(); ++leaf) {
        if (footer.leaves[leaf].path.front() != physical_name) continue;
        const parquet::ColumnChunkFacts& chunk = footer.row_groups[group].columns[leaf];
        if (weights_[i].compressed_bytes == 0) weights_[i].codec = chunk.codec;
        weights_[i].value_bytes += DecodedBytes(footer.leaves[leaf], chunk);
        weights_[i].compressed_bytes += chunk.compressed_bytes;
      }
    }
  }
  return Status::OK();
}

std::string PinnedTable::Describe() const {
  return fmt::format("{} ({}, version {})", name_, snapshot_->root_path(), snapshot_->version());
}

}  // namespace spillway::pipeline
