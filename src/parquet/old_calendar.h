// Files in which days are counted by the old calendar: Julian before 15 October 1582, as Spark 2
// did, and Spark does today where it is told to (spark.sql.parquet.datetimeRebaseModeInWrite). From
// that day on both calendars agree on days; on instants only where the zone's offset is known, so
// that Spark calls those before 1900 ambiguous. Which files they are: Spark's own rule, by marks in
// the footer (DataSourceUtils.datetimeRebaseSpec, int96RebaseSpec).
//
// Older values are refused, not converted: that would want the history of every time zone.
//
// Thread rule: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>
#include <parquet/metadata.h>

#include "base/status.h"
#include "parquet/leaf_ranges.h"

namespace spillway::parquet {

struct DataFile;

class OldCalendar {
 public:
  explicit OldCalendar(const DataFile& file);

  // Whether a top-level field has a leaf, at any depth, that is counted so.
  bool Counts(int field) const { return !LeavesOf(field).empty(); }

  // Fail with kUnsupportedFeature, naming file and column, where there is a value that means
  // another day or instant today. The first looks at the statistics of a top-level field, if there
  // are any; the second at values of such a field, dates and microseconds at any depth.
  Status CheckStatistics(int field, const std::string& column) const;
  Status CheckValues(const arrow::Array& values, const std::string& column) const;

 private:
  std::vector<int> LeavesOf(int field) const;  // that are counted so
  bool CountsLeaf(int leaf) const;
  int64_t FirstOf(const ::parquet::ColumnDescriptor& leaf) const;
  Status Refuse(const std::string& column) const;

  const std::string path_;
  const std::shared_ptr<::parquet::FileMetaData> metadata_;
  bool counts_dates_ = false;  // and instants but for INT96
  bool counts_int96_ = false;
  int64_t first_second_ = 0;            // that is not ambiguous
  std::vector<LeafRange> leaf_ranges_;  // by top-level field, where anything is counted so
};

}  // namespace spillway::parquet
