#include "pipeline/key_ranges.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>

#include "pipeline/lookup_plan.h"

namespace spillway::pipeline {
namespace {

// What the index of a part of the rows may take above its share of the whole: values are longer in
// some row groups than in others.
constexpr double kShareMargin = 1.25;
constexpr double kMostReadTwice = 0.5;  // of the lookup's rows
constexpr int64_t kMostComparisons = 50'000'000;

// A row group with the bounds of its keys.
struct Group {
  RowRange rows;
  int64_t bytes;
  const ValueBounds* bounds;
};

// The row groups with rows; none where the bounds of one are not known.
std::optional<std::vector<Group>> GroupsOf(const PinnedTable& table, size_t column) {
  std::vector<Group> groups;
  for (const PinnedFile& file : table.files()) {
    for (const PinnedRowGroup& group : file.row_groups) {
      if (group.num_rows == 0) continue;
      const ValueBounds* bounds = table.BoundsOf(group, column);
      if (bounds == nullptr || !bounds->is_known) return std::nullopt;
      const int64_t first = file.first_ordinal + group.first_row;
      groups.push_back({.rows = {first, first + group.num_rows},
                        .bytes = group.compressed_bytes,
                        .bounds = bounds});
    }
  }
  return groups;
}

bool Overlap(const ValueBounds& left, const ValueBounds& right) {
  if (left.only_nulls || right.only_nulls) return false;
  return left.minimum <= right.maximum && right.minimum <= left.maximum;
}

class RangeCutter {
 public:
  RangeCutter(const BoundLookup& lookup, const PinnedTable& table, std::vector<Group> source,
              std::vector<Group> groups, int64_t most_index_bytes)
      : table_(table),
        source_(std::move(source)),
        groups_(std::move(groups)),
        whole_index_bytes_(IndexBytes(lookup, table)),
        most_index_bytes_(most_index_bytes) {
    for (const Group& group : groups_) all_bytes_ += group.bytes;
  }

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
    const auto rows = static_cast<double>(table_.physical_rows());
    if (static_cast<double>(plan_.rows_read) > rows * (1 + kMostReadTwice)) return std::nullopt;
    return std::move(plan_);
  }

 private:
  // Marks the row groups of the lookup that rows of `piece` can match.
  void Match(const Piece& piece, std::vector<uint8_t>* matched) const {
    const auto begin =
        std::ranges::upper_bound(source_, piece.first_ordinal, {},
                                 [](const Group& group) { return group.rows.end_ordinal; });
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
      rows += groups_[i].rows.end_ordinal - groups_[i].rows.first_ordinal;
      bytes += groups_[i].bytes;
    }
    const auto share = [](int64_t part, int64_t all) {
      return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(all, 1));
    };
    const double larger = std::max(share(rows, table_.physical_rows()), share(bytes, all_bytes_));
    return static_cast<int64_t>(static_cast<double>(whole_index_bytes_) *
                                std::min(1.0, larger * kShareMargin));
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
  const std::vector<Group> source_;
  const std::vector<Group> groups_;  // of the lookup
  const int64_t whole_index_bytes_;
  const int64_t most_index_bytes_;
  int64_t all_bytes_ = 0;
  KeyRangePlan plan_;
};

}  // namespace

std::optional<size_t> BoundedSourceColumn(const BoundLookup& lookup, size_t source_columns) {
  const auto column = static_cast<size_t>(lookup.source_keys.front());
  return column < source_columns ? std::optional(column) : std::nullopt;
}

std::optional<size_t> BoundedLookupColumn(const BoundLookup& lookup) {
  const Projection& key = lookup.projections.front();
  return key.expression ? std::nullopt : std::optional(static_cast<size_t>(key.column));
}

std::optional<KeyRangePlan> CutKeyRanges(const BoundLookup& lookup, const PinnedTable& source,
                                         const PinnedTable& table, const std::vector<Piece>& pieces,
                                         int64_t most_index_bytes) {
  if (lookup.duplicates == join::DuplicatePolicy::kError) return std::nullopt;
  const auto source_key = BoundedSourceColumn(lookup, source.columns().size());
  const auto lookup_key = BoundedLookupColumn(lookup);
  if (!source_key || !lookup_key) return std::nullopt;
  const auto type_of = [](const PinnedTable& of, size_t column) {
    return of.read_schema()->field(static_cast<int>(column))->type();
  };
  if (!type_of(source, *source_key)->Equals(*type_of(table, *lookup_key))) return std::nullopt;
  auto source_groups = GroupsOf(source, *source_key);
  auto lookup_groups = GroupsOf(table, *lookup_key);
  if (!source_groups || !lookup_groups) return std::nullopt;
  const auto comparisons =
      static_cast<double>(source_groups->size()) * static_cast<double>(lookup_groups->size());
  if (comparisons > static_cast<double>(kMostComparisons)) return std::nullopt;
  return RangeCutter(lookup, table, *std::move(source_groups), *std::move(lookup_groups),
                     most_index_bytes)
      .Cut(pieces);
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
