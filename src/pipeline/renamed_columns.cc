#include "pipeline/renamed_columns.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/column_name.h"
#include "expression/column_reference.h"
#include "spec/yaml_value.h"

namespace spillway::pipeline {
namespace {

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [name](const std::string& other) { return SameName(other, name); });
}

}  // namespace

std::vector<RenamedColumn> RenameColumns(const std::string& lookup,
                                         const std::vector<std::string>& names,
                                         std::vector<std::string> taken) {
  std::vector<RenamedColumn> columns;
  std::vector<bool> clashes;
  for (const std::string& name : names) clashes.push_back(Has(taken, name));
  for (size_t i = 0; i < names.size(); ++i) {
    if (!clashes[i]) taken.push_back(names[i]);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    std::string new_name = clashes[i] ? lookup + "_" + names[i] : names[i];
    while (clashes[i] && Has(taken, new_name)) new_name += "_2";
    if (clashes[i]) taken.push_back(new_name);
    columns.push_back({names[i], std::move(new_name)});
  }
  return columns;
}

std::string ColumnAsYaml(const std::string& name) {
  return spec::YamlValue(spec::WithoutVariables(expression::ColumnReference(name)));
}

std::string ColumnsAsYaml(const std::vector<RenamedColumn>& columns) {
  std::vector<std::string> items;
  for (const RenamedColumn& column : columns) {
    items.push_back(
        fmt::format("{}: {}", spec::YamlValue(column.new_name), ColumnAsYaml(column.old_name)));
  }
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

}  // namespace spillway::pipeline
