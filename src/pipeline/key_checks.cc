// Walks through the keys by the row groups' minima. A check has all row groups that reach into its
// range of keys, so that those at a border are in two.
#include "pipeline/key_checks.h"

#include <algorithm>
#include <utility>

#include "pipeline/bounded_groups.h"

namespace spillway::pipeline {
namespace {

class CheckCutter {
 public:
  CheckCutter(const BoundLookup& lookup, const PinnedTable& table, std::vector<BoundedGroup> groups,
              int64_t most_index_bytes)
      : groups_(std::move(groups)),
        share_(lookup, table, groups_),
        most_index_bytes_(most_index_bytes) {}

  std::optional<KeyChecks> Cut() {
    const std::vector<size_t> by_minimum = ByMinimum();
    std::vector<size_t> check;
    for (auto next = by_minimum.begin(); next != by_minimum.end();) {
      const auto end = std::find_if(next, by_minimum.end(),
                                    [&](size_t i) { return MinimumOf(*next) < MinimumOf(i); });
      std::vector<size_t> wider = check;
      wider.insert(wider.end(), next, end);
      if (IndexBytesOf(wider) > most_index_bytes_ && !check.empty()) {
        Add(std::move(check));
        std::erase_if(wider,
                      [&](size_t i) { return groups_[i].bounds->maximum < MinimumOf(*next); });
      }
      if (IndexBytesOf(wider) > most_index_bytes_) return std::nullopt;
      check = std::move(wider);
      next = end;
    }
    if (!check.empty()) Add(std::move(check));
    return std::move(cut_);
  }

 private:
  // Those with values.
  std::vector<size_t> ByMinimum() const {
    std::vector<size_t> numbers;
    for (size_t i = 0; i < groups_.size(); ++i) {
      if (!groups_[i].bounds->only_nulls) numbers.push_back(i);
    }
    std::ranges::sort(
        numbers, [this](size_t left, size_t right) { return MinimumOf(left) < MinimumOf(right); });
    return numbers;
  }

  const std::variant<int64_t, std::string>& MinimumOf(size_t group) const {
    return groups_[group].bounds->minimum;
  }

  int64_t IndexBytesOf(const std::vector<size_t>& check) const {
    int64_t rows = 0;
    int64_t bytes = 0;
    for (const size_t i : check) {
      rows += groups_[i].num_rows();
      bytes += groups_[i].bytes;
    }
    return share_.BytesOf(rows, bytes);
  }

  void Add(std::vector<size_t> check) {
    std::ranges::sort(check);
    std::vector<RowRange> ranges;
    for (const size_t i : check) {
      const RowRange& rows = groups_[i].rows;
      cut_.rows += groups_[i].num_rows();
      if (!ranges.empty() && ranges.back().end_ordinal == rows.first_ordinal) {
        ranges.back().end_ordinal = rows.end_ordinal;
      } else {
        ranges.push_back(rows);
      }
    }
    cut_.checks.push_back(std::move(ranges));
    cut_.index_bytes = std::max(cut_.index_bytes, IndexBytesOf(check));
  }

  const std::vector<BoundedGroup> groups_;
  const IndexShare share_;
  const int64_t most_index_bytes_;
  KeyChecks cut_;
};

}  // namespace

std::optional<KeyChecks> CutKeyChecks(const BoundLookup& lookup, const PinnedTable& table,
                                      int64_t most_index_bytes) {
  const auto end = lookup.projections.begin() + lookup.num_keys();
  const bool has_expression =
      std::any_of(lookup.projections.begin(), end,
                  [](const Projection& key) { return key.expression.has_value(); });
  if (has_expression) return std::nullopt;
  auto groups = BoundedGroupsOf(table, static_cast<size_t>(lookup.projections.front().column));
  if (!groups) return std::nullopt;
  auto cut = CheckCutter(lookup, table, *std::move(groups), most_index_bytes).Cut();
  return cut && !ReadsTooMany(cut->rows, table) ? std::move(cut) : std::nullopt;
}

// With the bytes of the largest of its ranges and checks the lookup is cut as it was planned.
KeyChecks ChecksOf(const BoundLookup& lookup, const PinnedTable& table,
                   const KeyRangePlan& ranges) {
  if (lookup.duplicates != join::DuplicatePolicy::kError) return {};
  return *CutKeyChecks(lookup, table, ranges.index_bytes);
}

}  // namespace spillway::pipeline
