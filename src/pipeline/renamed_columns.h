// New names for columns of a lookup that other tables have too.
//
// Thread rule: free functions without state.
#pragma once

#include <string>
#include <vector>

namespace spillway::pipeline {

struct RenamedColumn {
  std::string old_name;
  std::string new_name;  // the old one where nothing has it
};

// The columns `names` of the lookup called `lookup`, in order. Those that `taken` has, without
// regard to case, get the lookup's name before theirs, and more where that is taken too.
std::vector<RenamedColumn> RenameColumns(const std::string& lookup,
                                         const std::vector<std::string>& names,
                                         std::vector<std::string> taken);

// The Spark SQL for the column `name`, as a YAML value: in back quotes where it needs them.
std::string ColumnAsYaml(const std::string& name);

// "{new_name: old_name, b: b}": all of `columns`, as a lookup's `columns` in a pipeline file.
std::string ColumnsAsYaml(const std::vector<RenamedColumn>& columns);

}  // namespace spillway::pipeline
