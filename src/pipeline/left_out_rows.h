// The rows of a table that are not read, because it is known before that `where` keeps none of
// them, as runs of ordinals.
//
// Thread rule: immutable once all are added.
#pragma once

#include <cstdint>
#include <vector>

namespace spillway::pipeline {

class LeftOutRows {
 public:
  // Adds [first, end), which begins at the end of the run before it or behind.
  void Add(int64_t first_ordinal, int64_t end_ordinal);

  int64_t count() const { return runs_.empty() ? 0 : runs_.back().count; }

  // How many rows in front of `ordinal` are read.
  int64_t ReadBefore(int64_t ordinal) const;
  int64_t ReadWithin(int64_t first_ordinal, int64_t end_ordinal) const {
    return ReadBefore(end_ordinal) - ReadBefore(first_ordinal);
  }

  // The ordinal behind the `read_rows`-th row that is read.
  int64_t EndOf(int64_t read_rows) const;

  // The first row from `ordinal` on that is read.
  int64_t NextRead(int64_t ordinal) const;

 private:
  struct Run {
    int64_t first_ordinal;
    int64_t end_ordinal;
    int64_t count;  // of this run and all before it

    // How many rows are read before it.
    int64_t read_before() const { return end_ordinal - count; }
  };
  std::vector<Run> runs_;  // ascending; none ends where another begins
};

}  // namespace spillway::pipeline
