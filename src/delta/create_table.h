// Makes a Delta table: version 0 with a schema and no rows.
//
// Thread rule: free functions; several processes may race, one of them wins.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "delta/commit_outcome.h"

namespace spillway::delta {

struct CreateRequest {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;            // of the table
  std::map<std::string, std::string> operation_parameters;  // for DESCRIBE HISTORY
};

// Creates the table's folder (and the ones above it) where missing, and commits version 0. A table
// that is there already, or that another writer makes at the same time, is not an error:
// `committed` is false and `version` the one that is there. Errors: kUnsupportedType (a column
// Delta has no type for), kUnsupportedFeature (a property whose duties Spillway does not do),
// kValueOutOfRange (a partition column that the schema has not, or names that differ only in case),
// kReadOnlyStorage, kStorageFull, kStorage, kUnsupportedUrl.
Result<CommitOutcome> CreateTable(const std::string& table, const CreateRequest& request);

}  // namespace spillway::delta
