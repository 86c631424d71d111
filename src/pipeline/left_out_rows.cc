#include "pipeline/left_out_rows.h"

#include <algorithm>

namespace spillway::pipeline {

void LeftOutRows::Add(int64_t first_ordinal, int64_t end_ordinal) {
  if (first_ordinal >= end_ordinal) return;
  const int64_t before = count();
  if (runs_.empty() || runs_.back().end_ordinal < first_ordinal) {
    runs_.push_back(
        {.first_ordinal = first_ordinal, .end_ordinal = first_ordinal, .count = before});
  }
  runs_.back().count += end_ordinal - first_ordinal;
  runs_.back().end_ordinal = end_ordinal;
}

int64_t LeftOutRows::ReadBefore(int64_t ordinal) const {
  const auto next = std::ranges::upper_bound(runs_, ordinal, {}, &Run::first_ordinal);
  if (next == runs_.begin()) return ordinal;
  const Run& last = *(next - 1);
  return std::max(ordinal, last.end_ordinal) - last.count;
}

int64_t LeftOutRows::EndOf(int64_t read_rows) const {
  // The last run that has fewer than `read_rows` of them before it.
  const auto next = std::ranges::lower_bound(runs_, read_rows, {}, &Run::read_before);
  return next == runs_.begin() ? read_rows : read_rows + (next - 1)->count;
}

int64_t LeftOutRows::NextRead(int64_t ordinal) const {
  const auto next = std::ranges::upper_bound(runs_, ordinal, {}, &Run::first_ordinal);
  return next == runs_.begin() ? ordinal : std::max(ordinal, (next - 1)->end_ordinal);
}

}  // namespace spillway::pipeline
