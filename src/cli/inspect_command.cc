#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <arrow/type.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/command_text.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "delta/heap_share.h"
#include "delta/snapshot.h"
#include "memory/allocator.h"
#include "memory/budget.h"
#include "parquet/reader.h"
#include "pipeline/pinned_table.h"
#include "pipeline/splice_plan.h"
#include "storage/file_range.h"
#include "storage/table_location.h"

namespace spillway::cli {
namespace {

using nlohmann::ordered_json;

constexpr int kMemoryUsagePercent = 80;  // as resources.max_memory_usage is where nothing is given

// Sums over the data files.
struct Layout {
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t rows = 0;
  int64_t deleted_rows = 0;
  int64_t row_groups = 0;
  int64_t smallest_row_group_rows = 0;
  int64_t largest_row_group_bytes = 0;  // compressed
  int64_t spliceable_row_groups = 0;    // whose columns a pipeline can copy as they are stored
  int64_t small_row_groups = 0;         // too small for that to be worth it
  std::map<std::string, int64_t> not_copied;  // "column: reason" and the number of files
  int64_t shared_bytes = 0;                   // of blocks that belong to other files too
};

// Notes which columns of the file can be copied. Returns whether any can.
bool CheckColumns(const delta::Snapshot& table, const parquet::FileReader& file, Layout* layout) {
  bool any = false;
  for (int column = 0; column < table.schema()->num_fields(); ++column) {
    if (pipeline::IsPartitionColumn(table, column)) continue;
    const std::string_view reason = file.WhyNotCopied(pipeline::FileColumn(table, column));
    any |= reason.empty();
    if (reason.empty()) continue;
    ++layout->not_copied[fmt::format("{}: {}", table.schema()->field(column)->name(), reason)];
  }
  return any;
}

// `deleted_rows` begins with those of the first of `row_groups`.
void AddRowGroups(const std::vector<parquet::RowGroupFacts>& row_groups,
                  std::span<const int64_t> deleted_rows, bool any_is_copied, Layout* layout) {
  for (size_t i = 0; i < row_groups.size(); ++i) {
    const parquet::RowGroupFacts& group = row_groups[i];
    const bool is_first = layout->row_groups++ == 0;
    layout->smallest_row_group_rows =
        is_first ? group.num_rows : std::min(layout->smallest_row_group_rows, group.num_rows);
    layout->largest_row_group_bytes =
        std::max(layout->largest_row_group_bytes, group.compressed_bytes);
    const bool is_small = group.compressed_bytes < pipeline::kSmallestSpliceBytes;
    layout->small_row_groups += is_small ? 1 : 0;
    layout->spliceable_row_groups += any_is_copied && !is_small && deleted_rows[i] == 0 ? 1 : 0;
  }
}

Status AddFile(const delta::Snapshot& table, const delta::DataFile& file, Layout* layout) {
  ARROW_ASSIGN_OR_RAISE(const auto footer, parquet::StoredFooter::Read(file.path, file.size_bytes));
  layout->shared_bytes += storage::SharedBytes(file.path);
  ++layout->files;
  layout->bytes += footer->file_bytes();
  layout->rows += footer->num_rows();
  if (file.deletion_vector) layout->deleted_rows += file.deletion_vector->cardinality;
  ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> deleted_rows,
                        pipeline::CountDeletedRows(table, file, *footer));
  std::vector<parquet::RowGroupRange> ranges = footer->Cut(footer->all_row_groups());
  if (ranges.empty()) ranges.emplace_back();
  std::optional<bool> any_is_copied;
  for (const parquet::RowGroupRange& range : ranges) {
    ARROW_ASSIGN_OR_RAISE(
        const auto reader,
        parquet::FileReader::Open(*footer, range,
                                  pipeline::ReadOptionsOf(table, {.pool = memory::BackingPool()})));
    if (!any_is_copied) any_is_copied = CheckColumns(table, *reader, layout);
    AddRowGroups(reader->footer().row_groups, std::span(deleted_rows).subspan(range.first),
                 *any_is_copied, layout);
  }
  return Status::OK();
}

Result<Layout> MeasureLayout(const delta::Snapshot& table) {
  Layout layout;
  ARROW_ASSIGN_OR_RAISE(const auto files, table.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) return layout;
    ARROW_RETURN_NOT_OK(AddFile(table, *file, &layout));
  }
}

std::string ProtocolText(const delta::Protocol& protocol) {
  std::string text =
      fmt::format("reader {}, writer {}", protocol.min_reader_version, protocol.min_writer_version);
  if (!protocol.writer_features.empty()) {
    text += fmt::format(" ({})", fmt::join(protocol.writer_features, ", "));
  }
  return text;
}

std::string SpliceText(const Layout& layout) {
  std::string text =
      fmt::format("  splice      {} of {} row groups can be copied as they are stored",
                  FormatCount(layout.spliceable_row_groups), FormatCount(layout.row_groups));
  if (layout.small_row_groups > 0) {
    text += fmt::format("; {} {} too small to be worth it", FormatCount(layout.small_row_groups),
                        layout.small_row_groups == 1 ? "is" : "are");
  }
  text += "\n";
  for (const auto& [column, files] : layout.not_copied) {
    text += fmt::format("              not {} ({})\n", column, Counted(files, "file"));
  }
  if (layout.shared_bytes > 0) {
    text += fmt::format("  shared      {} of blocks shared with other files\n",
                        FormatByteSize(layout.shared_bytes));
  }
  return text;
}

std::string InspectText(const delta::Snapshot& table, const Layout& layout) {
  std::string text = fmt::format("{} (version {})\n", table.root_path(), table.version());
  text += fmt::format("  protocol    {}\n", ProtocolText(table.protocol()));
  if (!table.partition_columns().empty()) {
    text += fmt::format("  partitions  {}\n", fmt::join(table.partition_columns(), ", "));
  }
  text += fmt::format("  rows        {}{}\n", FormatCount(layout.rows - layout.deleted_rows),
                      layout.deleted_rows == 0 ? ""
                                               : fmt::format(" ({} more are deleted)",
                                                             FormatCount(layout.deleted_rows)));
  text += fmt::format("  files       {}, {}\n", FormatCount(layout.files),
                      FormatByteSize(layout.bytes));
  text += fmt::format("  row groups  {}, smallest {} rows, largest {}\n",
                      FormatCount(layout.row_groups), FormatCount(layout.smallest_row_group_rows),
                      FormatByteSize(layout.largest_row_group_bytes));
  text += SpliceText(layout);
  text += "  columns\n";
  for (const auto& field : table.schema()->fields()) {
    text += fmt::format("    {:<28} {}{}\n", field->name(), field->type()->ToString(),
                        field->nullable() ? "" : " not null");
  }
  for (const auto& [name, value] : table.properties()) {
    text += fmt::format("  property    {} = {}\n", name, value);
  }
  return text;
}

ordered_json InspectJson(const delta::Snapshot& table, const Layout& layout) {
  ordered_json columns = ordered_json::array();
  for (const auto& field : table.schema()->fields()) {
    columns.push_back({{"name", field->name()},
                       {"type", field->type()->ToString()},
                       {"nullable", field->nullable()}});
  }
  return {{"table", table.root_path()},
          {"version", table.version()},
          {"table_id", table.table_id()},
          {"protocol",
           {{"min_reader_version", table.protocol().min_reader_version},
            {"min_writer_version", table.protocol().min_writer_version},
            {"reader_features", table.protocol().reader_features},
            {"writer_features", table.protocol().writer_features}}},
          {"partition_columns", table.partition_columns()},
          {"properties", table.properties()},
          {"columns", std::move(columns)},
          {"rows", layout.rows - layout.deleted_rows},
          {"deleted_rows", layout.deleted_rows},
          {"files", layout.files},
          {"bytes", layout.bytes},
          {"row_groups", layout.row_groups},
          {"smallest_row_group_rows", layout.smallest_row_group_rows},
          {"largest_row_group_bytes", layout.largest_row_group_bytes},
          {"spliceable_row_groups", layout.spliceable_row_groups},
          {"small_row_groups", layout.small_row_groups},
          {"not_copied", layout.not_copied},
          {"shared_bytes", layout.shared_bytes}};
}

Result<int> Inspect(const std::string& name, bool json) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(name, "."));
  ARROW_ASSIGN_OR_RAISE(const memory::Budget budget,
                        memory::DetermineBudget(std::nullopt, kMemoryUsagePercent));
  delta::LimitHeap(budget.total_bytes);
  ARROW_ASSIGN_OR_RAISE(const auto table, delta::Snapshot::Open(location.path));
  ARROW_ASSIGN_OR_RAISE(const Layout layout, MeasureLayout(*table));
  if (json) {
    PrintJson(InspectJson(*table, layout));
  } else {
    PrintResult(InspectText(*table, layout));
  }
  return 0;
}

}  // namespace

Action DeclareInspect(CLI::App& app) {
  const auto table = std::make_shared<std::string>();
  app.add_option("table", *table, "the table's folder")
      ->type_name(std::string(kFolder))
      ->required();
  const auto flags = AddOutputFlags(app, ShowsProgress::kNo);
  return [table, flags] { return Inspect(*table, flags->json); };
}

}  // namespace spillway::cli
