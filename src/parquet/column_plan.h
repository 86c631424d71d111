// Matches wanted columns with those of a file, before any data is read: which leaf columns must be
// decoded, of which only the levels are wanted, and where in the decoded arrays each wanted field
// is found. Fields match by name, without regard to case, or by id, in any order; the element of a
// list and the entries of a map match by place, for writers do not agree on their names.
//
// Thread rule: immutable values and free functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <parquet/arrow/schema.h>

#include "base/status.h"
#include "parquet/data_file.h"
#include "parquet/reader.h"

namespace spillway::parquet {

// How one wanted field is made.
struct ColumnPlan {
  std::shared_ptr<arrow::Field> wanted;
  // Among the arrays decoded for the parent (the batch's columns, the struct's children), or -1:
  // the file lacks it, and it is NULL.
  int position = -1;
  std::vector<ColumnPlan> children =
      {};  // of a struct, in the wanted order; of a list 1, of a map 2
  // A column may be read from a leaf by itself; it has no position then. Of a column of which only
  // the validity is wanted: the leaf that tells it. Of one of texts: the leaf that has them, if
  // TextColumnReader serves it. Else -1.
  int validity_leaf = -1;
  int text_leaf = -1;
  bool check_text = false;    // of a text leaf: the file does not say that it has strings
  bool old_calendar = false;  // its values are to be looked at, see OldCalendar
};

struct ReadPlan {
  std::vector<ColumnPlan> columns;
  std::vector<int> leaves;  // the file's leaf columns for parquet-cpp, ascending, none twice

  std::vector<int> decoded_leaves() const;  // those, and the text leaves
  std::vector<int> validity_leaves() const;
};

// The id in a field's metadata; none without one, or where it is no number.
std::optional<int32_t> FieldId(const arrow::Field& field);

// Fails with kUnsupportedType where a column of `file` cannot become the wanted one, with
// kCorruptDataFile where it has not one column to read, and as OldCalendar::CheckStatistics does.
Result<ReadPlan> PlanColumns(const ::parquet::arrow::SchemaManifest& manifest,
                             const std::vector<ReadColumn>& columns, bool use_field_ids,
                             const DataFile& file);

}  // namespace spillway::parquet
