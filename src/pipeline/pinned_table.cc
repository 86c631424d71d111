#include "pipeline/pinned_table.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/saturating.h"
#include "base/units.h"
#include "memory/allocator.h"
#include "pipeline/lanes.h"
#include "pipeline/row_pruner.h"

namespace spillway::pipeline {
namespace {

// Where the footer does not say how large a page is: the default of the writers in use.
constexpr int64_t kAssumedPageBytes = kMiB;

// Footers are opened ahead of their turn, side by side: so many files, within so many bytes.
constexpr int64_t kMostFilesAhead = 64;
constexpr int64_t kBytesAhead = 16 * kMiB;
constexpr int64_t kMostThreads = 4;

// Of strings that a dictionary stands for, where it was not measured.
constexpr int64_t kAssumedDictionaryValueBytes = 32;

int64_t DecodedBytes(const parquet::LeafColumn& leaf, const parquet::ColumnChunkFacts& chunk) {
  if (leaf.type_bytes > 0) return MultiplyBytes(chunk.num_values, leaf.type_bytes);
  if (chunk.unencoded_bytes) return *chunk.unencoded_bytes;
  if (!chunk.has_dictionary) return chunk.uncompressed_bytes;
  // A few long values may stand for many: those that repeat are taken for as long as the others.
  const int64_t mean = chunk.dictionary_bytes && chunk.dictionary_values
                           ? *chunk.dictionary_bytes / *chunk.dictionary_values + 1
                           : kAssumedDictionaryValueBytes;
  return std::max(chunk.uncompressed_bytes, MultiplyBytes(chunk.num_values, mean));
}

// No text is longer than all that is stored of its column chunk.
int64_t MostTextBytes(const parquet::ColumnChunkFacts& chunk) {
  if (chunk.unencoded_bytes) return *chunk.unencoded_bytes;
  if (chunk.is_plain) return chunk.uncompressed_bytes;
  return MultiplyBytes(chunk.num_values, chunk.uncompressed_bytes);
}

// Footers are read before there is a budget to charge.
parquet::ReadOptions FooterReadOptions(const delta::Snapshot& snapshot) {
  return ReadOptionsOf(snapshot, {.pool = memory::BackingPool(), .page_sizes = true});
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

const PinnedFile& FirstRead(const PinnedTable& table) {
  return *std::ranges::find(table.files(), false, &PinnedFile::left_out);
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
                                              const parquet::StoredFooter& footer) {
  std::vector<int64_t> counts(footer.row_groups().size());
  if (!file.deletion_vector) return counts;
  ARROW_ASSIGN_OR_RAISE(const std::vector<uint8_t> deleted,
                        snapshot.DeletedRows(*file.deletion_vector, footer.num_rows()));
  for (size_t i = 0; i < counts.size(); ++i) {
    const parquet::StoredFooter::RowGroup& group = footer.row_groups()[i];
    counts[i] = arrow::internal::CountSetBits(deleted.data(), group.first_row, group.num_rows);
  }
  return counts;
}

Result<std::unique_ptr<const parquet::StoredFooter>> ReadFooterAgain(const PinnedFile& file) {
  ARROW_ASSIGN_OR_RAISE(
      auto footer, parquet::StoredFooter::Read(file.data_file.path, file.data_file.size_bytes));
  const bool is_same = std::ranges::equal(
      footer->row_groups(), file.row_groups, [](const auto& now, const PinnedRowGroup& pinned) {
        return now.first_row == pinned.first_row && now.num_rows == pinned.num_rows;
      });
  if (is_same) return footer;
  return MakeError({.code = ErrorCode::kCorruptDataFile,
                    .what = "a data file does not have the same rows as when the run was planned",
                    .where = file.data_file.path,
                    .why = "it was replaced, and a Delta table never replaces a data file"});
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
    const WantedFile& wanted, const RowPruner* pruner) {
  std::unique_ptr<PinnedTable> table(new PinnedTable(std::move(name), std::move(snapshot),
                                                     std::move(columns), std::move(pieces),
                                                     std::move(computed), std::move(bounded)));
  arrow::FieldVector fields;
  for (const int column : table->columns_) {
    fields.push_back(table->snapshot_->schema()->field(column));
    std::optional<parquet::ReadColumn>& in_file = table->file_columns_.emplace_back();
    if (!IsPartitionColumn(*table->snapshot_, column)) {
      in_file = FileColumn(*table->snapshot_, column);
    }
  }
  table->read_schema_ = arrow::schema(std::move(fields));
  for (ColumnWeight& weight : table->weights_) {
    if (table->computed_.empty()) weight.values.emplace();
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<ListedFile> files, table->ListFiles(wanted, pruner));
  table->files_.reserve(files.size());
  for (size_t first = 0; first < files.size();) {
    const auto ahead =
        std::span(files).subspan(first).first(std::min(table->FilesAhead(), files.size() - first));
    ARROW_ASSIGN_OR_RAISE(std::vector<OpenedFile> opened, table->OpenAhead(ahead));
    for (size_t i = 0; i < ahead.size(); ++i) {
      ARROW_RETURN_NOT_OK(table->AddFile(std::move(ahead[i]), std::move(opened[i]), pruner));
    }
    first += ahead.size();
  }
  return table;
}

// The log's statistics are looked at one after another, and not kept.
Result<std::vector<PinnedTable::ListedFile>> PinnedTable::ListFiles(const WantedFile& wanted,
                                                                    const RowPruner* pruner) const {
  ARROW_ASSIGN_OR_RAISE(auto stream, snapshot_->Files());
  std::vector<ListedFile> files;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(std::optional<delta::DataFile> file, stream->Next());
    if (!file) break;
    if (wanted != nullptr && !wanted(file->path)) continue;
    const auto keeps = pruner == nullptr ? RowPruner::Keeps::kSome : pruner->OfFile(*file);
    file->stats_json = std::string();  // the footers tell more
    files.push_back({.data_file = *std::move(file),
                     .left_out = keeps == RowPruner::Keeps::kNone,
                     .keeps_all_rows = keeps == RowPruner::Keeps::kAll});
  }
  std::ranges::sort(
      files, {}, [](const ListedFile& file) -> const std::string& { return file.data_file.path; });
  return files;
}

// By the largest footer so far.
size_t PinnedTable::FilesAhead() const {
  if (largest_footer_bytes_ == 0) return 1;
  return static_cast<size_t>(
      std::clamp<int64_t>(kBytesAhead / largest_footer_bytes_, 1, kMostFilesAhead));
}

// Side by side. What is wrong with a file is said in its turn.
Result<std::vector<PinnedTable::OpenedFile>> PinnedTable::OpenAhead(
    std::span<const ListedFile> files) const {
  std::vector<OpenedFile> opened(files.size());
  const auto count = static_cast<int64_t>(files.size());
  const auto open = [&](LaneItems& items) {
    while (const std::optional<int64_t> item = items.Take()) {
      const auto place = static_cast<size_t>(*item);
      opened[place] = OpenAhead(files[place], kBytesAhead / count);
    }
    return Status::OK();
  };
  const auto cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const auto threads = static_cast<int>(std::min({count, cores, kMostThreads}));
  if (threads > 1) {
    ARROW_RETURN_NOT_OK(RunLanes(threads, count, open));
  } else {
    LaneItems items(count);
    ARROW_RETURN_NOT_OK(open(items));
  }
  return opened;
}

PinnedTable::OpenedFile PinnedTable::OpenAhead(const ListedFile& listed, int64_t most_bytes) const {
  if (listed.is_known()) return {};
  const delta::DataFile& file = listed.data_file;
  auto footer = parquet::StoredFooter::Read(file.path, file.size_bytes);
  if (!footer.ok()) return {.status = footer.status()};
  // Large ones are read again one after another: few of them fit the memory side by side.
  if ((*footer)->memory_bytes() > most_bytes) return {};
  OpenedFile opened{.footer = *std::move(footer)};
  const auto ranges = opened.footer->Cut(opened.footer->all_row_groups());
  if (ranges.empty()) return opened;
  opened.status = OpenRowGroups(*opened.footer, ranges.front()).Value(&opened.first_reader);
  return opened;
}

Result<std::unique_ptr<parquet::FileReader>> PinnedTable::OpenRowGroups(
    const parquet::StoredFooter& footer, const parquet::RowGroupRange& row_groups) const {
  return parquet::FileReader::Open(footer, row_groups, FooterReadOptions(*snapshot_));
}

Status PinnedTable::CheckRows(const PinnedFile& file) const {
  if (file.num_rows <= std::numeric_limits<int64_t>::max() - file.first_ordinal) {
    return Status::OK();
  }
  return MakeError({.code = ErrorCode::kCorruptDataFile,
                    .what = fmt::format("{} has more rows than can be counted", name_),
                    .where = file.data_file.path});
}

void PinnedTable::LeaveOut(PinnedFile file, int64_t deleted_rows) {
  file.left_out = true;
  file.row_groups = std::vector<PinnedRowGroup>();  // and their memory
  ++left_out_.files;
  left_out_.rows += file.num_rows - deleted_rows;
  left_out_rows_.Add(file.first_ordinal, file.end_ordinal());
  deleted_rows_ += deleted_rows;
  bytes_ += file.data_file.size_bytes;
  files_.push_back(std::move(file));
}

void PinnedTable::LeaveOut(const PinnedFile& file, const PinnedRowGroup& group) {
  ++left_out_.row_groups;
  left_out_.rows += group.num_rows - group.deleted_rows;
  const int64_t first = file.first_ordinal + group.first_row;
  left_out_rows_.Add(first, first + group.num_rows);
}

Status PinnedTable::AddFile(ListedFile listed, OpenedFile opened, const RowPruner* pruner) {
  ARROW_RETURN_NOT_OK(opened.status);
  const bool is_known = listed.is_known();
  PinnedFile file{.data_file = std::move(listed.data_file),
                  .first_ordinal = physical_rows(),
                  .keeps_all_rows = listed.keeps_all_rows};
  if (is_known) {
    const auto& vector = file.data_file.deletion_vector;
    const int64_t deleted = vector ? vector->cardinality : 0;
    file.num_rows = *file.data_file.num_records;
    ARROW_RETURN_NOT_OK(CheckRows(file));
    LeaveOut(std::move(file), deleted);
    return Status::OK();
  }
  if (opened.footer == nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        opened.footer, parquet::StoredFooter::Read(file.data_file.path, file.data_file.size_bytes));
  }
  const std::unique_ptr<const parquet::StoredFooter>& footer = opened.footer;
  file.num_rows = footer->num_rows();
  ARROW_RETURN_NOT_OK(CheckRows(file));
  ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> deleted_rows,
                        CountDeletedRows(*snapshot_, file.data_file, *footer));
  // As many as there are, whatever the log says that there are.
  const int64_t all_deleted = std::accumulate(deleted_rows.begin(), deleted_rows.end(), int64_t{0});
  if (listed.left_out) {
    LeaveOut(std::move(file), all_deleted);
    return Status::OK();
  }
  for (size_t i = 0; i < deleted_rows.size(); ++i) {
    file.row_groups.push_back({.first_row = footer->row_groups()[i].first_row,
                               .num_rows = footer->row_groups()[i].num_rows,
                               .deleted_rows = deleted_rows[i]});
  }
  ARROW_RETURN_NOT_OK(DescribeRowGroups(*footer, std::move(opened.first_reader), pruner, &file));
  largest_footer_bytes_ = std::max(largest_footer_bytes_, footer->memory_bytes());
  if (file.num_rows > 0 && std::ranges::all_of(file.row_groups, &PinnedRowGroup::left_out)) {
    LeaveOut(std::move(file), all_deleted);
    return Status::OK();
  }
  for (const PinnedRowGroup& group : file.row_groups) {
    if (group.left_out) {
      LeaveOut(file, group);
    } else {
      weighed_rows_ += group.num_rows - group.deleted_rows;
    }
  }
  deleted_rows_ += all_deleted;
  bytes_ += footer->file_bytes();
  file.parsed_footer_bytes = footer->ParsedBytes(footer->all_row_groups());
  row_groups_ += static_cast<int64_t>(file.row_groups.size());
  files_.push_back(std::move(file));
  return Status::OK();
}

// A few row groups at a time. A file without one is opened too: its columns may be wrong.
Status PinnedTable::DescribeRowGroups(const parquet::StoredFooter& footer,
                                      std::unique_ptr<parquet::FileReader> reader,
                                      const RowPruner* pruner, PinnedFile* file) {
  std::vector<parquet::RowGroupRange> ranges = footer.Cut(footer.all_row_groups());
  if (ranges.empty()) ranges.emplace_back();
  for (const parquet::RowGroupRange& range : ranges) {
    if (reader == nullptr) {
      ARROW_ASSIGN_OR_RAISE(reader, OpenRowGroups(footer, range));
    }
    if (file->why_not_copied == nullptr) file->why_not_copied = CopyReasonsOf(*reader);
    const auto row_groups =
        std::span(file->row_groups)
            .subspan(static_cast<size_t>(range.first), static_cast<size_t>(range.count));
    if (pruner != nullptr) {
      ARROW_RETURN_NOT_OK(pruner->LeaveOut(file->data_file, *reader, row_groups));
    }
    ARROW_RETURN_NOT_OK(KeepBounds(*reader, row_groups));
    if (row_groups.empty() || !std::ranges::all_of(row_groups, &PinnedRowGroup::left_out)) {
      if (computed_.empty()) ARROW_RETURN_NOT_OK(CountValues(*reader));
      Weigh(*reader, row_groups);
      ARROW_RETURN_NOT_OK(EstimateMemory(*reader, *file));
    }
    reader.reset();
  }
  return Status::OK();
}

std::shared_ptr<const CopyReasons> PinnedTable::CopyReasonsOf(const parquet::FileReader& file) {
  CopyReasons reasons;
  reasons.reserve(file_columns_.size());
  for (const std::optional<parquet::ReadColumn>& column : file_columns_) {
    reasons.push_back(column ? file.WhyNotCopied(*column)
                             : "a partition column, which is not stored in the files");
  }
  return *copy_reasons_.insert(std::make_shared<const CopyReasons>(std::move(reasons))).first;
}

std::vector<size_t> PinnedTable::LeavesOf(const parquet::FileReader& file, size_t column) const {
  return file_columns_[column] ? file.LeavesOf(*file_columns_[column]) : std::vector<size_t>();
}

void PinnedTable::Weigh(const parquet::FileReader& file, std::span<PinnedRowGroup> row_groups) {
  const parquet::Footer& footer = file.footer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<size_t> leaves = LeavesOf(file, i);
    for (size_t group = 0; group < footer.row_groups.size(); ++group) {
      if (row_groups[group].left_out) continue;
      for (const size_t leaf : leaves) {
        const parquet::ColumnChunkFacts& chunk = footer.row_groups[group].columns[leaf];
        if (weights_[i].compressed_bytes == 0) {
          weights_[i].codec = chunk.codec;
          weights_[i].is_plain = !chunk.has_dictionary || chunk.gave_up_dictionary;
        }
        weights_[i].value_bytes =
            AddBytes(weights_[i].value_bytes, DecodedBytes(footer.leaves[leaf], chunk));
        weights_[i].most_value_bytes = AddBytes(weights_[i].most_value_bytes, MostTextBytes(chunk));
        weights_[i].compressed_bytes += chunk.compressed_bytes;
        row_groups[group].compressed_bytes += chunk.compressed_bytes;
      }
    }
  }
}

Status PinnedTable::KeepBounds(const parquet::FileReader& file,
                               std::span<PinnedRowGroup> row_groups) const {
  for (const size_t column : bounded_) {
    const std::vector<size_t> leaves = LeavesOf(file, column);
    const arrow::DataType& type = *read_schema_->field(static_cast<int>(column))->type();
    for (size_t group = 0; group < row_groups.size(); ++group) {
      ValueBounds& bounds = row_groups[group].bounds.emplace_back();
      if (leaves.size() != 1) continue;
      ARROW_ASSIGN_OR_RAISE(const auto statistics, file.StatisticsOf(group, leaves[0]));
      bounds = MakeBounds(statistics, row_groups[group].num_rows, type,
                          file.footer().counts_nulls_right);
    }
  }
  return Status::OK();
}

const ValueBounds* PinnedTable::BoundsOf(const PinnedRowGroup& group, size_t column) const {
  const auto found = std::ranges::find(bounded_, column);
  if (found == bounded_.end()) return nullptr;
  return &group.bounds[static_cast<size_t>(found - bounded_.begin())];
}

// Of each column that is one leaf of texts, adds the row groups' dictionaries up; measures those of
// all texts of which the footer does not say how long they are.
Status PinnedTable::CountValues(parquet::FileReader& file) {
  constexpr auto kLengthBytes = static_cast<int64_t>(sizeof(int32_t));
  const parquet::Footer& footer = file.footer();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::vector<size_t> leaves = LeavesOf(file, i);
    std::optional<join::ValueSet>& values = weights_[i].values;
    if (leaves.size() != 1 || footer.leaves[leaves[0]].type_bytes != 0) values.reset();
    for (const size_t leaf : leaves) {
      if (footer.leaves[leaf].type_bytes != 0) continue;
      for (size_t group = 0; group < footer.row_groups.size(); ++group) {
        if (!values && footer.row_groups[group].columns[leaf].unencoded_bytes) continue;
        ARROW_ASSIGN_OR_RAISE(const auto bytes, file.MeasureDictionary(group, leaf));
        if (bytes && values) {
          values->count += *bytes / kLengthBytes;
          values->bytes += *bytes;
        } else {
          values.reset();
        }
      }
    }
  }
  return Status::OK();
}

Status PinnedTable::EstimateMemory(parquet::FileReader& file, const PinnedFile& pinned) {
  std::vector<ColumnUse> spliced = computed_;
  for (size_t i = 0; i < spliced.size(); ++i) {
    if (!(*pinned.why_not_copied)[i].empty()) spliced[i] = ColumnUse::kValues;
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
    if ((*pinned.why_not_copied)[i].empty()) copied.push_back(*file_columns_[i]);
  }
  return raise(spliced, file.EstimateCountMemory(copied, kAssumedPageBytes), &spliced_read_memory_);
}

// Measured with 50,000 files and with 40,000 row groups, see docs/decisions/0016-footers.md.
int64_t PinnedTable::facts_bytes() const {
  constexpr int64_t kFileBytes = 1024;
  constexpr int64_t kRowGroupBytes = 256;
  constexpr int64_t kBoundsBytes = 320;
  return kFileBytes * static_cast<int64_t>(files_.size()) +
         (kRowGroupBytes + kBoundsBytes * static_cast<int64_t>(bounded_.size())) * row_groups_;
}

std::string PinnedTable::Describe() const {
  return fmt::format("{} ({}, version {})", name_, snapshot_->root_path(), snapshot_->version());
}

}  // namespace spillway::pipeline
