#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <arrow/type.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "cli/command.h"
#include "cli/output.h"
#include "delta/snapshot.h"
#include "memory/allocator.h"
#include "parquet/footer.h"
#include "storage/table_location.h"

namespace spillway::cli {
namespace {

using nlohmann::ordered_json;

// Sums over the data files.
struct Layout {
  int64_t files = 0;
  int64_t bytes = 0;
  int64_t rows = 0;
  int64_t deleted_rows = 0;
  int64_t row_groups = 0;
  int64_t smallest_row_group_rows = 0;
  int64_t largest_row_group_bytes = 0;  // compressed
};

Status AddFile(const delta::DataFile& file, Layout* layout) {
  ARROW_ASSIGN_OR_RAISE(
      const parquet::Footer footer,
      parquet::ReadFooter(file.path, file.size_bytes, {.pool = memory::BackingPool()}));
  ++layout->files;
  layout->bytes += footer.file_bytes;
  layout->rows += footer.num_rows;
  if (file.deletion_vector) layout->deleted_rows += file.deletion_vector->cardinality;
  for (const parquet::RowGroupFacts& group : footer.row_groups) {
    const bool is_first = layout->row_groups++ == 0;
    layout->smallest_row_group_rows =
        is_first ? group.num_rows : std::min(layout->smallest_row_group_rows, group.num_rows);
    layout->largest_row_group_bytes =
        std::max(layout->largest_row_group_bytes, group.compressed_bytes);
  }
  return Status::OK();
}

Result<Layout> MeasureLayout(const delta::Snapshot& table) {
  Layout layout;
  ARROW_ASSIGN_OR_RAISE(const auto files, table.Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<delta::DataFile> file, files->Next());
    if (!file) return layout;
    ARROW_RETURN_NOT_OK(AddFile(*file, &layout));
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
  text += fmt::format("  row groups  {}, the smallest of {} rows, the largest of {}\n",
                      FormatCount(layout.row_groups), FormatCount(layout.smallest_row_group_rows),
                      FormatByteSize(layout.largest_row_group_bytes));
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
          {"largest_row_group_bytes", layout.largest_row_group_bytes}};
}

Result<int> Inspect(const std::string& name, bool json) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(name, "."));
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
  const auto json = std::make_shared<bool>(false);
  app.add_option("table", *table, "the table's folder")->required();
  app.add_flag("--json", *json, "print JSON");
  return [table, json] { return Inspect(*table, *json); };
}

}  // namespace spillway::cli
