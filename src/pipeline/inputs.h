// The tables that a pipeline reads, each opened at one version: the one that the pipeline file asks
// for, the latest, or the one that an earlier run had pinned.
//
// Thread rule: plain values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/status.h"
#include "delta/snapshot.h"
#include "spec/spec.h"

namespace spillway::pipeline {

// One version of one table.
struct InputPin {
  int64_t version = 0;
  std::string table_id;
  bool operator==(const InputPin&) const = default;
};

// A version that is read although the table has newer ones, which the pipeline file would ask for.
struct HeldVersion {
  std::string name;  // "source", or the lookup's
  int64_t version = 0;
  int64_t newer = 0;  // so many versions
};

struct Inputs {
  std::unique_ptr<delta::Snapshot> source;
  std::vector<std::unique_ptr<delta::Snapshot>> lookups;
  std::vector<HeldVersion> held;  // the source's first

  // The source's comes first in both.
  std::vector<InputPin> pins() const;
  std::vector<std::string> paths() const;  // absolute
};

// The columns of `table`, under the names that `input` gives them. Errors: kUnknownColumn,
// kAmbiguousColumn, kColumnNameCollision (a new name is another column's).
Result<std::shared_ptr<arrow::Schema>> ColumnsOf(const delta::Snapshot& table,
                                                 const spec::InputTable& input,
                                                 const std::string& owner);

// The source (0) and the lookups of `spec`, by number.
const spec::InputTable& InputOf(const spec::Spec& spec, size_t input);

// Opens what `spec` asks for. Errors: those of delta::Snapshot::Open, with the file's line.
Result<Inputs> OpenInputs(const spec::Spec& spec);

// Opens those of `pins` (as Inputs::pins) that `inputs` has another version of, and puts them on
// record as held. Errors: as OpenInputs, amended by CannotGoOn.
Status HoldVersions(const spec::Spec& spec, const std::vector<InputPin>& pins, Inputs* inputs);

// "source version 1, predictions version 0; 2 newer versions are left for the next run".
std::string DescribeHeld(const std::vector<HeldVersion>& held);

// Of a run that holds versions: what is to be done where one of them cannot be read any more
// (kVersionNotFound, kDataFileMissing). Other failures are returned unchanged.
Status CannotGoOn(const Status& status, const std::vector<HeldVersion>& held,
                  const spec::Spec& spec);

}  // namespace spillway::pipeline
