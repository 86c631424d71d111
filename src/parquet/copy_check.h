// Whether a column of a file may be copied into another file as it is stored, for readers to find
// there what decoding and encoding would have put.
//
// Thread rule: immutable.
#pragma once

#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "parquet/data_file.h"
#include "parquet/footer.h"
#include "parquet/old_calendar.h"
#include "parquet/reader.h"

namespace spillway::parquet {

class CopyCheck {
 public:
  // `footer` is that of `file`, or a few of its row groups; both outlive the check.
  CopyCheck(const DataFile& file, const Footer& footer);

  // Why the stored bytes of `column` cannot stand for the wanted field, in words for a plan:
  // "timestamps of the old INT96 form"; empty where they can. The text lives as long as the
  // program.
  std::string_view WhyNot(const ReadColumn& column) const;

 private:
  std::string_view FindReason(const ReadColumn& column) const;

  const DataFile& file_;
  const arrow::Schema& file_schema_;
  const OldCalendar calendar_;
  const std::vector<bool> hadoops_lz4_;  // by top-level field
};

// The top-level field of `file` that holds `column`, which the table finds by name, or -1 where
// there is none, or more than one.
int FieldOf(const DataFile& file, const ReadColumn& column);

}  // namespace spillway::parquet
