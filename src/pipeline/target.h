// The table that a run writes: what is there now, and whether the run may write to it. All checks
// happen before anything is written.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <arrow/type.h>

#include "base/status.h"
#include "delta/snapshot.h"
#include "spec/spec.h"
#include "storage/table_location.h"

namespace spillway::pipeline {

struct ExistingTarget {
  std::string path;                           // absolute
  std::unique_ptr<delta::Snapshot> snapshot;  // null where there is no table yet

  bool exists() const { return snapshot != nullptr; }
};

// Where the target of `spec` is. Errors: those of storage::ParseTableLocation.
Result<storage::TableLocation> LocateTarget(const spec::Spec& spec);

// Opens the target of `spec` if it exists, and checks that its folder can be written and that it is
// none of `input_paths` (absolute). Errors: kTargetIsSource, kReadOnlyStorage, kStorage, and those
// of Snapshot::Open.
Result<ExistingTarget> OpenTarget(const spec::Spec& spec,
                                  const std::vector<std::string>& input_paths);

// Whether a first attempt of `spec` gives the target new columns, whatever it has now.
bool ReplacesSchema(const spec::Spec& spec);

// Whether a table that a run of `spec` makes, or gives new columns, maps them.
bool MapsColumns(const spec::Spec& spec, const ExistingTarget& target);

// Of a table that maps its columns, the largest id that it has given; else 0.
int64_t LargestColumnId(const ExistingTarget& target);

// The properties of such a table: those of the pipeline file, and the mapping's.
std::map<std::string, std::string> NewProperties(const spec::Spec& spec,
                                                 const ExistingTarget& target);

// Whether `table` has no rows, going by its files.
Result<bool> IsEmptyTable(const delta::Snapshot& table);

// Whether `table` was made with the columns of `schema`, and nothing was done to it since.
Result<bool> IsJustMade(const delta::Snapshot& table, const arrow::Schema& schema);

// Whether a run that makes rows of `schema` may write to `target` as `spec` says. A table that was
// just made does not count as existing, and one that does not exist must be one that can be made.
// Errors: kTargetExists, kTargetSchemaDiffers (lists the differences), kFeatureNotBuilt (it is
// partitioned), kUnsupportedFeature (what its protocol or a property asks of writers), and those of
// delta::CheckDefinition.
Status CheckTarget(const spec::Spec& spec, const ExistingTarget& target,
                   const arrow::Schema& schema);

// The differences between the columns of a table and those of new rows, a line each, such as
// "+ score: double (new)"; empty where rows of `wanted` can be appended. Order does not matter, nor
// that the table allows NULLs that `wanted` does not have, and names compare as Delta compares
// them.
std::string SchemaDifference(const arrow::Schema& table, const arrow::Schema& wanted);

// The fields of `schema` as `table` has them: under its names, for names that differ in case alone
// are one column to Delta, but not to every reader of the Parquet files; and with its nullability
// inside, where that holds them.
std::shared_ptr<arrow::Schema> AsStoredIn(const arrow::Schema& table, const arrow::Schema& schema);

}  // namespace spillway::pipeline
