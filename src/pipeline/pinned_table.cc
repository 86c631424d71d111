#include "pipeline/pinned_table.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/saturating.h"
#include "base/units.h"
#include "memory/allocator.h"

namespace spillway::pipeline {
namespace {

// Where the footer does not say how large a page is: the default of the writers in use.
constexpr int64_t kAssumedPageBytes = kMiB;

// Where a dictionary hides how long the strings are that it stands for.
constexpr int64_t kAssumedDictionaryValueBytes = 32;

int64_t DecodedBytes(const parquet::LeafColumn& leaf, const parquet::ColumnChunkFacts& chunk) {
  if (leaf.type_bytes > 0) return MultiplyBytes(chunk.num_values, leaf.type_bytes);
  if (chunk.unencoded_bytes) return *chunk.unencoded_bytes;
  if (!chunk.has_dictionary) return chunk.uncompressed_bytes;
  return std::max(chunk.uncompressed_bytes,
                  MultiplyBytes(chunk.num_values, kAssumedDictionaryValueBytes));
}

// Footers are read before there is a budget to charge.
parquet::ReadOptions FooterReadOptions(const delta::Snapshot& snapshot) {
  return ReadOptionsOf(snapshot, {.pool = memory::BackingPool(), .page_sizes = true});
}

Result<std::vector<delta::DataFile>> ListFiles(const delta::Snapshot& snapshot,
                                               const WantedFile& wanted) {
  ARROW_ASSIGN_OR_RAISE(auto stream, snapshot.Files());
  std::vector<delta::DataFile> files;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(std::optional<delta::DataFile> file, stream->Next());
    if (!file) break;
    if (wanted == nullptr || wanted(file->path)) files.push_back(*std::move(file));
  }
  std::ranges::sort(files, {}, &delta::DataFile::path);
  return files;
}

using Bound = std::variant<int64_t, std::string>;

// A value as it compares, where the file has it in a form of `type`.
std::optional<Bound> MakeBound(const arrow::Scalar& value, const arrow::DataType& type) {
  if (arrow::is_binary_like(type.id()) && arrow::is_binary_like(value.type->id())) {
    return std::string(static_cast<const arrow::BaseBinaryScalar&>(value).view());
  }
  if (!arrow::is_signed_integer(type.id()) && !value.type->Equals(type)) return std::nullopt;
  switch (value.type->id()) {
    case arrow::Type::INT8:
      return static_cast<const arrow::Int8Scalar&>(value).value;
    case arrow::Type::INT16:
      return static_cast<const arrow::Int16Scalar&>(value).value;
    case arrow::Type::INT32:
      return static_cast<const arrow::Int32Scalar&>(value).value;
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Scalar&>(value).value;
    case arrow::Type::DATE32:
      return static_cast<const arrow::Date32Scalar&>(value).value;
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampScalar&>(value).value;
    default:
      return std::nullopt;
  }
}

ValueBounds MakeBounds(const parquet::ColumnChunkFacts& chunk, const arrow::DataType& type,
                       bool counts_nulls_right) {
  if (counts_nulls_right && chunk.null_count && *chunk.null_count == chunk.num_values) {
    return {.is_known = true, .only_nulls = true};
  }
  if (chunk.minimum == nullptr || chunk.maximum == nullptr) return {};
  std::optional<Bound> minimum = MakeBound(*chunk.minimum, type);
  std::optional<Bound> maximum = MakeBound(*chunk.maximum, type);
  if (!minimum || !maximum) return {};
  return {.is_known = true, .minimum = *std::move(minimum), .maximum = *std::move(maximum)};
}

// What the deletion vector takes while its file is read: a bit for each row, and what it is read
// from.
int64_t DeletedRowsBytes(const PinnedFile& file) {
  if (!file.data_file.deletion_vector) return 0;
  return arrow::bit_util::BytesForBits(file.num_rows) +
         2 * int64_t{file.data_file.deletion_vector->size_bytes};
}

}  // namespace

bool IsPartitionColumn(const delta::Snapshot& snapshot, int column) {
  const std::vector<std::string>& names = snapshot.partition_columns();
  return std::ranges::find(names, snapshot.schema()->field(column)->name()) != names.end();
}

parquet::ReadColumn FileColumn(const delta::Snapshot& snapshot, int column) {
  return {.physical_name = snapshot.PhysicalName(column),
          .field = snapshot.schema()->field(column)};
}

std::vector<parquet::ReadColumn> FileColumns(const PinnedTable& table,
                                             const std::vector<ColumnUse>& uses) {
  std::vector<parquet::ReadColumn> wanted;
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const int column = table.columns()[i];
    const ColumnUse use = uses.empty() ? ColumnUse::kValues : uses[i];
    if (use == ColumnUse::kNone || IsPartitionColumn(table.snapshot(), column)) continue;
    wanted.push_back(FileColumn(table.snapshot(), column));
    wanted.back().validity_only = use == ColumnUse::kNulls;
  }
  return wanted;
}

parquet::ReadOptions ReadOptionsOf(const delta::Snapshot& snapshot, parquet::ReadOptions options) {
  options.use_field_ids = snapshot.column_mapping() == delta::ColumnMapping::kId;
  return options;
}

Result<std::vector<int64_t>> CountDeletedRows(const delta::Snapshot& snapshot,
                                              const delta::DataFile& file,
                                              const parquet::Footer& footer) {
  std::vector<int64_t> counts(footer.row_groups.size());
  if (!file.deletion_vector) return counts;
  ARROW_ASSIGN_OR_RAISE(const std::vector<uint8_t> deleted,
                        snapshot.DeletedRows(*file.deletion_vector, footer.num_rows));
  for (size_t i = 0; i < counts.size(); ++i) {
    const parquet::RowGroupFacts& group = footer.row_groups[i];
    counts[i] = arrow::internal::CountSetBits(deleted.data(), group.first_row, group.num_rows);
  }
  return counts;
}

PinnedTable::PinnedTable(std::string name, std::unique_ptr<delta::Snapshot> snapshot,
                         std::vector<int> columns, std::vector<WorkSizes> pieces,
                         std::vector<ColumnUse> computed, std::vector<size_t> bounded)
    : name_(std::move(name)),
      snapshot_(std::move(snapshot)),
      columns_(std::move(columns)),
      pieces_(std::move(pieces)),
      computed_(std::move(computed)),
      bounded_(std::move(bounded)),
      weights_(columns_.size()),
      read_memory_(pieces_.size()),
      spliced_read_memory_(pieces_.size()) {}

Result<std::unique_ptr<PinnedTable>> PinnedTable::Make(
    std::string name, std::unique_ptr<delta::Snapshot> snapshot, std::vector<int> columns,
    std::vector<WorkSizes> pieces, std::vector<ColumnUse> computed, std::vector<size_t> bounded,
    const WantedFile& wanted) {
  std::unique_ptr<PinnedTable> table(new PinnedTable(std::move(name), std::move(snapshot),
                                                     std::move(columns), std::move(pieces),
                                                     std::move(computed), std::move(bounded)));
  arrow::FieldVector fields;
  for (const int column : table->columns_) {
    fields.push_back(table->snapshot_->schema()->field(column));
  }
  table->read_schema_ = arrow::schema(std::move(fields));
  ARROW_ASSIGN_OR_RAISE(std::vector<delta::DataFile> files, ListFiles(*table->snapshot_, wanted));
  table->files_.reserve(files.size());
  for (delta::DataFile& file : files) ARROW_RETURN_NOT_OK(table->AddFile(std::move(file)));
  return table;
}

Status PinnedTable::AddFile(delta::DataFile data_file) {
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::FileReader::Open(data_file.path, data_file.size_bytes,
                                                  FooterReadOptions(*snapshot_)));
  const parquet::Footer& footer = reader->footer();
  if (footer.num_rows > std::numeric_limits<int64_t>::max() - physical_rows()) {
    return MakeError({.code = ErrorCode::kCorruptDataFile,
                      .what = fmt::format("{} has more rows than can be counted", name_),
                      .where = data_file.path});
  }
  PinnedFile file{.data_file = std::move(data_file),
                  .first_ordinal = physical_rows(),
                  .num_rows = footer.num_rows};
  ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> deleted_rows,
                        CountDeletedRows(*snapshot_, file.data_file, footer));
  for (size_t i = 0; i < footer.row_groups.size(); ++i) {
    file.row_groups.push_back({.first_row = footer.row_groups[i].first_row,
                               .num_rows = footer.row_groups[i].num_rows,
                               .deleted_rows = deleted_rows[i]});
  }
  for (const int column : columns_) {
    file.why_not_copied.push_back(IsPartitionColumn(*snapshot_, column)
                                      ? "a partition column, which is not stored in the files"
                                      : reader->WhyNotCopied(FileColumn(*snapshot_, column)));
  }
  Weigh(*reader, &file);
  KeepBounds(*reader, &file);
  if (computed_.empty()) ARROW_RETURN_NOT_OK(CountValues(*reader));
  ARROW_RETURN_NOT_OK(EstimateMemory(*reader, file));
  // As many as there are, whatever the log says that there are.
  deleted_rows_ = std::accumulate(deleted_rows.begin(), deleted_rows.end(), deleted_rows_);
  bytes_ += footer.file_bytes;
  largest_footer_bytes_ = std::max(largest_footer_bytes_, footer.footer_bytes);
  files_.push_back(std::move(file));
  return Status::OK();
}

void PinnedTable::Weigh(const parquet::FileReader& file, PinnedFile* pinned) {
  const parquet::Footer& footer = file.footer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<size_t> leaves = file.LeavesOf(FileColumn(*snapshot_, columns_[i]));
    for (size_t group = 0; group < footer.row_groups.size(); ++group) {
      for (const size_t leaf : leaves) {
        const parquet::ColumnChunkFacts& chunk = footer.row_groups[group].columns[leaf];
        if (weights_[i].compressed_bytes == 0) {
          weights_[i].codec = chunk.codec;
          weights_[i].is_plain = !chunk.has_dictionary || chunk.gave_up_dictionary;
        }
        weights_[i].value_bytes =
            AddBytes(weights_[i].value_bytes, DecodedBytes(footer.leaves[leaf], chunk));
        weights_[i].compressed_bytes += chunk.compressed_bytes;
        pinned->row_groups[group].compressed_bytes += chunk.compressed_bytes;
      }
    }
  }
}

void PinnedTable::KeepBounds(const parquet::FileReader& file, PinnedFile* pinned) const {
  const parquet::Footer& footer = file.footer();
  for (const size_t column : bounded_) {
    const std::vector<size_t> leaves = file.LeavesOf(FileColumn(*snapshot_, columns_[column]));
    const arrow::DataType& type = *read_schema_->field(static_cast<int>(column))->type();
    for (size_t group = 0; group < footer.row_groups.size(); ++group) {
      pinned->row_groups[group].bounds.push_back(
          leaves.size() == 1 ? MakeBounds(footer.row_groups[group].columns[leaves[0]], type,
                                          footer.counts_nulls_right)
                             : ValueBounds());
    }
  }
}

const ValueBounds* PinnedTable::BoundsOf(const PinnedRowGroup& group, size_t column) const {
  const auto found = std::ranges::find(bounded_, column);
  if (found == bounded_.end()) return nullptr;
  return &group.bounds[static_cast<size_t>(found - bounded_.begin())];
}

// Of each column that is one leaf of texts, adds the row groups' dictionaries up.
Status PinnedTable::CountValues(parquet::FileReader& file) {
  constexpr auto kLengthBytes = static_cast<int64_t>(sizeof(int32_t));
  const parquet::Footer& footer = file.footer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<size_t> leaves = file.LeavesOf(FileColumn(*snapshot_, columns_[i]));
    std::optional<join::ValueSet>& values = weights_[i].values;
    if (files_.empty()) values.emplace();
    if (leaves.size() != 1 || footer.leaves[leaves[0]].type_bytes != 0) values.reset();
    for (size_t group = 0; values && group < footer.row_groups.size(); ++group) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, file.MeasureDictionary(group, leaves[0]));
      if (bytes) {
        values->count += *bytes / kLengthBytes;
        values->bytes += *bytes;
      } else {
        values.reset();
      }
    }
  }
  return Status::OK();
}

Status PinnedTable::EstimateMemory(parquet::FileReader& file, const PinnedFile& pinned) {
  std::vector<ColumnUse> spliced = computed_;
  for (size_t i = 0; i < spliced.size(); ++i) {
    if (!pinned.why_not_copied[i].empty()) spliced[i] = ColumnUse::kValues;
  }
  std::vector<parquet::ReadOptions> ways;
  for (const WorkSizes& sizes : pieces_) ways.push_back(ReadOptionsFor(sizes, nullptr));
  const auto raise = [&](const std::vector<ColumnUse>& uses, int64_t counting_bytes,
                         std::vector<parquet::ReadMemory>* highest) {
    ARROW_ASSIGN_OR_RAISE(std::vector<parquet::ReadMemory> memory,
                          file.EstimateMemory(FileColumns(*this, uses), ways, kAssumedPageBytes));
    for (size_t i = 0; i < memory.size(); ++i) {
      memory[i].page_bytes += DeletedRowsBytes(pinned) + counting_bytes;
      (*highest)[i].RaiseTo(memory[i]);
    }
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(raise({}, 0, &read_memory_));
  if (computed_.empty()) return Status::OK();
  std::vector<parquet::ReadColumn> copied;
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (pinned.why_not_copied[i].empty()) copied.push_back(FileColumn(*snapshot_, columns_[i]));
  }
  return raise(spliced, file.EstimateCountMemory(copied, kAssumedPageBytes), &spliced_read_memory_);
}

std::string PinnedTable::Describe() const {
  return fmt::format("{} ({}, version {})", name_, snapshot_->root_path(), snapshot_->version());
}

}  // namespace spillway::pipeline
