#include "pipeline/inputs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/type.h>
#include <fmt/format.h>

#include "base/column_name.h"
#include "base/error.h"
#include "base/suggestion.h"
#include "base/units.h"
#include "pipeline/column_names.h"
#include "storage/table_location.h"

namespace spillway::pipeline {
namespace {

Result<std::unique_ptr<delta::Snapshot>> OpenAt(const spec::Spec& spec,
                                                const spec::InputTable& input,
                                                const delta::SnapshotAt& at) {
  ARROW_ASSIGN_OR_RAISE(const storage::TableLocation location,
                        storage::ParseTableLocation(spec.Resolve(input.path), spec.directory));
  Result<std::unique_ptr<delta::Snapshot>> snapshot = delta::Snapshot::Open(location.path, at);
  if (snapshot.ok()) return snapshot;
  std::optional<ErrorInfo> info = FindError(snapshot.status());
  if (!info) return snapshot;
  if (at.timestamp) {
    info->why = fmt::format("{}{}the timestamp asked for is {}", info->why,
                            info->why.empty() ? "" : "; ", *at.timestamp);
  }
  // Both places help: the file that is wrong, and the line that names it.
  info->where =
      fmt::format("{}{}{}", info->where, info->where.empty() ? "" : ", from ", input.path.Where());
  return MakeError(*std::move(info));
}

std::string NameOf(const spec::Spec& spec, size_t input) {
  return input == 0 ? "source" : spec.lookups[input - 1].name.text;
}

std::string NamesAndVersions(const std::vector<HeldVersion>& held) {
  std::string text;
  for (const HeldVersion& input : held) {
    text += fmt::format("{}{} version {}", text.empty() ? "" : ", ", input.name, input.version);
  }
  return text;
}

}  // namespace

std::vector<InputPin> Inputs::pins() const {
  std::vector<InputPin> pins = {{.version = source->version(), .table_id = source->table_id()}};
  for (const auto& lookup : lookups) {
    pins.push_back({.version = lookup->version(), .table_id = lookup->table_id()});
  }
  return pins;
}

std::vector<std::string> Inputs::paths() const {
  std::vector<std::string> paths = {source->root_path()};
  for (const auto& lookup : lookups) paths.push_back(lookup->root_path());
  return paths;
}

Result<std::shared_ptr<arrow::Schema>> ColumnsOf(const delta::Snapshot& table,
                                                 const spec::InputTable& input,
                                                 const std::string& owner) {
  const arrow::FieldVector& old = table.schema()->fields();
  arrow::FieldVector fields = old;
  for (const spec::Rename& rename : input.rename) {
    ARROW_ASSIGN_OR_RAISE(const int column, FindColumn(old, rename.from, owner));
    if (column < 0) {
      return MakeError({.code = ErrorCode::kUnknownColumn,
                        .what = fmt::format("{} has no column \"{}\"", owner, rename.from.text),
                        .where = rename.from.Where(),
                        .cure = Suggest(rename.from.text, NamesOf(old))});
    }
    auto& field = fields[static_cast<size_t>(column)];
    field = field->WithName(rename.to.text);
  }
  for (const spec::Rename& rename : input.rename) {
    const auto count = std::ranges::count_if(
        fields, [&](const auto& field) { return SameName(field->name(), rename.to.text); });
    if (count == 1) continue;
    return MakeError({.code = ErrorCode::kColumnNameCollision,
                      .what = fmt::format("\"{}\" is also the name of another column of {}",
                                          rename.to.text, owner),
                      .where = rename.to.Where(),
                      .cure = "give the column a name that no other one has"});
  }
  return arrow::schema(std::move(fields), table.schema()->metadata());
}

const spec::InputTable& InputOf(const spec::Spec& spec, size_t input) {
  return input == 0 ? spec.source : spec.lookups[input - 1].table;
}

Result<Inputs> OpenInputs(const spec::Spec& spec) {
  Inputs inputs;
  const auto open = [&spec](const spec::InputTable& input) {
    return OpenAt(spec, input, {.version = input.version, .timestamp = input.timestamp});
  };
  ARROW_ASSIGN_OR_RAISE(inputs.source, open(spec.source));
  for (const spec::Lookup& lookup : spec.lookups) {
    ARROW_ASSIGN_OR_RAISE(auto snapshot, open(lookup.table));
    inputs.lookups.push_back(std::move(snapshot));
  }
  return inputs;
}

Status HoldVersions(const spec::Spec& spec, const std::vector<InputPin>& pins, Inputs* inputs) {
  for (size_t i = 0; i < pins.size(); ++i) {
    std::unique_ptr<delta::Snapshot>& table = i == 0 ? inputs->source : inputs->lookups[i - 1];
    if (pins[i].version == table->version()) continue;
    inputs->held.push_back({.name = NameOf(spec, i),
                            .version = pins[i].version,
                            .newer = table->version() - pins[i].version});
    auto held = OpenAt(spec, InputOf(spec, i), {.version = pins[i].version});
    if (!held.ok()) return CannotGoOn(held.status(), inputs->held, spec);
    table = std::move(held).ValueUnsafe();
  }
  return Status::OK();
}

std::string DescribeHeld(const std::vector<HeldVersion>& held) {
  int64_t newer = 0;
  for (const HeldVersion& input : held) newer += input.newer;
  return fmt::format("{}; {} newer version{} left for the next run", NamesAndVersions(held),
                     FormatCount(newer), newer == 1 ? " is" : "s are");
}

Status CannotGoOn(const Status& status, const std::vector<HeldVersion>& held,
                  const spec::Spec& spec) {
  std::optional<ErrorInfo> error = FindError(status);
  if (held.empty() || !error) return status;
  if (error->code != ErrorCode::kVersionNotFound && error->code != ErrorCode::kDataFileMissing) {
    return status;
  }
  error->why = fmt::format("{}: the run that has not finished reads {}", error->what,
                           NamesAndVersions(held));
  error->what = "the version of an input with which the run began can no longer be read";
  error->cure = spec.target.mode == spec::TargetMode::kAppend
                    ? "bring the files back to finish that run; or RESTORE the target to the "
                      "version before that run, and run with --fresh"
                    : "run with --fresh to rewrite the target from the latest versions; or bring "
                      "the files back to finish that run";
  return MakeError(*std::move(error));
}

}  // namespace spillway::pipeline
