#include "pipeline/key_ranges.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "pipeline/bounded_groups.h"
#include "pipeline/key_checks.h"

namespace spillway::pipeline {
namespace {

constexpr int64_t kMostComparisons = 50'000'000;

bool Overlap(const ValueBounds& left, const ValueBounds& right) {
  if (left.only_nulls || right.only_nulls) return false;
  return left.minimum <= right.maximum && right.minimum <= left.maximum;
}

class RangeCutter {
 public:
  RangeCutter(const BoundLookup& lookup, const PinnedTable& table, std::vector<BoundedGroup> source,
              std::vector<BoundedGroup> groups, int64_t most_index_bytes)
      : table_(table),
        source_(std::move(source)),
        groups_(std::move(groups)),
        share_(lookup, table, groups_),
        most_index_bytes_(most_index_bytes) {}

  std::optional<KeyRangePlan> Cut(const std::vector<Piece>& pieces) {
    std::vector<uint8_t> matched(groups_.size());  // by the pieces of the range
    int64_t first = 0;                             // of its pieces
    for (const Piece& piece : pieces) {
      std::vector<uint8_t> wider = matched;
      Match(piece, &wider);
      if (IndexBytesOf(wider) > most_index_bytes_ && piece.number > first) {
        Add(piece.number, matched);
        first = piece.number;
        wider.assign(groups_.size(), 0);
        Match(piece, &wider);
      }
      if (IndexBytesOf(wider) > most_index_bytes_) return std::nullopt;
      matched = std::move(wider);
    }
    if (!pieces.empty()) Add(pieces.back().number + 1, matched);
    if (ReadsTooMany(plan_.rows_read, table_)) return std::nullopt;
    return std::move(plan_);
  }

 private:
  // Marks the row groups of the lookup that rows of `piece` can match.
  void Match(const Piece& piece, std::vector<uint8_t>* matched) const {
    const auto begin =
        std::ranges::upper_bound(source_, piece.first_ordinal, {},
                                 [](const BoundedGroup& group) { return group.rows.end_ordinal; });
    for (auto group = begin;
         group != source_.end() && group->rows.first_ordinal < piece.end_ordinal; ++group) {
      for (size_t i = 0; i < groups_.size(); ++i) {
        if (Overlap(*group->bounds, *groups_[i].bounds)) (*matched)[i] = 1;
      }
    }
  }

  int64_t IndexBytesOf(const std::vector<uint8_t>& matched) const {
    int64_t rows = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (!matched[i]) continue;
      rows += groups_[i].num_rows();
      bytes += groups_[i].bytes;
    }
    return share_.BytesOf(rows, bytes);
  }

  void Add(int64_t end_piece, const std::vector<uint8_t>& matched) {
    KeyRange range{.end_piece = end_piece};
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (!matched[i]) continue;
      const RowRange& rows = groups_[i].rows;
      plan_.rows_read += rows.end_ordinal - rows.first_ordinal;
      if (!range.rows.empty() && range.rows.back().end_ordinal == rows.first_ordinal) {
        range.rows.back().end_ordinal = rows.end_ordinal;
      } else {
        range.rows.push_back(rows);
      }
    }
    plan_.index_bytes = std::max(plan_.index_bytes, IndexBytesOf(matched));
    plan_.ranges.push_back(std::move(range));
  }

  const PinnedTable& table_;
  const std::vector<BoundedGroup> source_;
  const std::vector<BoundedGroup> groups_;  // of the lookup
  const IndexShare share_;
  const int64_t most_index_bytes_;
  KeyRangePlan plan_;
};

}  // namespace

std::optional<size_t> BoundedSourceColumn(const BoundLookup& lookup, size_t source_columns) {
  const auto column = static_cast<size_t>(lookup.source_keys.front());
  return column < source_columns ? std::optional(column) : std::nullopt;
}

// A key's expression is only ever a cast: SameBounds decides whether that keeps the bounds.
std::optional<size_t> BoundedLookupColumn(const BoundLookup& lookup) {
  return static_cast<size_t>(lookup.projections.front().column);
}

// Whether keys of the two types that are equal have equal bounds: integers do, whatever their
// width.
static bool SameBounds(const arrow::DataType& left, const arrow::DataType& right) {
  return left.Equals(right) ||
         (arrow::is_signed_integer(left.id()) && arrow::is_signed_integer(right.id()));
}

std::optional<KeyRangePlan> CutKeyRanges(const BoundLookup& lookup, const PinnedTable& source,
                                         const PinnedTable& table, const std::vector<Piece>& pieces,
                                         int64_t most_index_bytes) {
  const auto source_key = BoundedSourceColumn(lookup, source.columns().size());
  const auto lookup_key = BoundedLookupColumn(lookup);
  if (!source_key || !lookup_key) return std::nullopt;
  const auto type_of = [](const PinnedTable& of, size_t column) {
    return of.read_schema()->field(static_cast<int>(column))->type();
  };
  if (!SameBounds(*type_of(source, *source_key), *type_of(table, *lookup_key))) {
    return std::nullopt;
  }
  auto source_groups = BoundedGroupsOf(source, *source_key);
  auto lookup_groups = BoundedGroupsOf(table, *lookup_key);
  if (!source_groups || !lookup_groups) return std::nullopt;
  const auto comparisons =
      static_cast<double>(source_groups->size()) * static_cast<double>(lookup_groups->size());
  if (comparisons > static_cast<double>(kMostComparisons)) return std::nullopt;
  std::optional<KeyRangePlan> cut = RangeCutter(lookup, table, *std::move(source_groups),
                                                *std::move(lookup_groups), most_index_bytes)
                                        .Cut(pieces);
  if (!cut || lookup.duplicates != join::DuplicatePolicy::kError) return cut;
  const std::optional<KeyChecks> checks = CutKeyChecks(lookup, table, most_index_bytes);
  if (!checks) return std::nullopt;
  cut->index_bytes = std::max(cut->index_bytes, checks->index_bytes);
  return cut;
}

std::vector<RowRange> RowGroupsOf(const PinnedTable& table) {
  std::vector<RowRange> ranges;
  for (const PinnedFile& file : table.files()) {
    for (const PinnedRowGroup& group : file.row_groups) {
      const int64_t first = file.first_ordinal + group.first_row;
      ranges.push_back({.first_ordinal = first, .end_ordinal = first + group.num_rows});
    }
  }
  return ranges;
}

}  // namespace spillway::pipeline
