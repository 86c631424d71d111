// What a Snapshot holds: the bridge's table, and its facts as C++ values. Only for files of delta/.
//
// Thread rule: immutable; the bridge's table takes calls from several threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type.h>

#include "delta/bridge_boundary.h"
#include "delta/snapshot.h"

namespace spillway::delta {

struct Snapshot::Impl {
  TableHandle table;
  std::string root_path;
  int64_t version = 0;
  std::optional<int64_t> timestamp_ms = {};
  std::string table_id = {};
  std::shared_ptr<arrow::Schema> schema = {};
  std::vector<std::string> physical_names = {};  // of the schema's top-level columns
  ColumnMapping column_mapping = ColumnMapping::kNone;
  std::vector<std::string> partition_columns = {};
  std::map<std::string, std::string> properties = {};
  Protocol protocol = {};
};

}  // namespace spillway::delta
