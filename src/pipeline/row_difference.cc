#include "pipeline/row_difference.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <tuple>

#include "base/units.h"
#include "pipeline/value_text.h"

namespace spillway::pipeline {
namespace {

constexpr size_t kMostExamples = 5;  // of each fate

// The rows of one side that may be held: each value is a hash and a short text.
int64_t MostExaminedRows(const Comparison& comparison) {
  constexpr int64_t kBytes = 4 * kMiB;
  constexpr int64_t kValueBytes = 80;
  const auto columns = static_cast<int64_t>(comparison.num_columns());
  return kBytes / (static_cast<int64_t>(sizeof(ExaminedRow)) + columns * kValueBytes);
}

struct RowPair {
  const ExaminedRow* expected;
  const ExaminedRow* stored;
};

// The rows of one side that the other one does not have, and which of them are paired.
struct LoneRows {
  std::vector<ExaminedRow> rows;  // by identity
  std::vector<bool> is_paired;

  explicit LoneRows(std::vector<ExaminedRow> lone)
      : rows(std::move(lone)), is_paired(rows.size(), false) {}

  int64_t CountUnpaired() const { return std::ranges::count(is_paired, false); }

  std::vector<const ExaminedRow*> Unpaired() const {
    std::vector<const ExaminedRow*> unpaired;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!is_paired[i]) unpaired.push_back(&rows[i]);
    }
    return unpaired;
  }
};

class RowMatcher {
 public:
  RowMatcher(const std::vector<bool>& is_compared, const std::vector<ExaminedRow>& expected,
             const std::vector<ExaminedRow>& stored)
      : is_compared_(is_compared),
        missing_(Without(expected, stored)),
        extra_(Without(stored, expected)) {}

  // Takes pairs out of what is missing and what is extra.
  std::vector<RowPair> Pair() {
    for (size_t i = 0; i < missing_.rows.size(); ++i) {
      const auto same = std::ranges::equal_range(extra_.rows, missing_.rows[i].identity, {},
                                                 &ExaminedRow::identity);
      PairWith(i, static_cast<size_t>(same.begin() - extra_.rows.begin()), same.size(), -1);
    }
    // The columns of the identity may be what was changed.
    constexpr int64_t kMostCompared = 500;  // each with each
    if (missing_.CountUnpaired() > kMostCompared || extra_.CountUnpaired() > kMostCompared) {
      return std::move(pairs_);
    }
    const auto half = static_cast<int64_t>((is_compared_.size() + 1) / 2);
    for (size_t i = 0; i < missing_.rows.size(); ++i) {
      if (!missing_.is_paired[i]) PairWith(i, 0, extra_.rows.size(), half - 1);
    }
    return std::move(pairs_);
  }

  std::vector<const ExaminedRow*> missing() const { return missing_.Unpaired(); }
  std::vector<const ExaminedRow*> extra() const { return extra_.Unpaired(); }

 private:
  static auto OrderOf(const ExaminedRow& row) { return std::tie(row.identity, row.hash); }

  // The rows of `rows` that are not in `others`, as multisets, in order.
  static std::vector<ExaminedRow> Without(std::vector<ExaminedRow> rows,
                                          std::vector<ExaminedRow> others) {
    std::vector<ExaminedRow> lone;
    std::ranges::sort(rows, {}, OrderOf);
    std::ranges::sort(others, {}, OrderOf);
    std::ranges::set_difference(rows, others, std::back_inserter(lone), {}, OrderOf, OrderOf);
    return lone;
  }

  // The number of columns that are equal.
  int64_t Alike(const ExaminedRow& left, const ExaminedRow& right) const {
    int64_t alike = 0;
    for (size_t i = 0; i < is_compared_.size(); ++i) {
      alike += is_compared_[i] && left.values[i] == right.values[i] ? 1 : 0;
    }
    return alike;
  }

  // Pairs missing row `missing` with the one among `count` extra rows that is like it in the most
  // columns, and in more than `least`.
  void PairWith(size_t missing, size_t first_extra, size_t count, int64_t least) {
    std::optional<size_t> best;
    for (size_t i = first_extra; i < first_extra + count; ++i) {
      if (extra_.is_paired[i]) continue;
      const int64_t alike = Alike(missing_.rows[missing], extra_.rows[i]);
      if (alike <= least) continue;
      least = alike;
      best = i;
    }
    if (!best) return;
    missing_.is_paired[missing] = true;
    extra_.is_paired[*best] = true;
    pairs_.push_back({&missing_.rows[missing], &extra_.rows[*best]});
  }

  const std::vector<bool>& is_compared_;
  LoneRows missing_;
  LoneRows extra_;
  std::vector<RowPair> pairs_;
};

// Names and values of `row` that tell it apart from others.
std::vector<std::pair<std::string, std::string>> NameRow(const Comparison& comparison,
                                                         const ExaminedRow& row) {
  constexpr size_t kMostColumns = 8;
  std::vector<std::pair<std::string, std::string>> named;
  const auto add = [&](int column) {
    if (named.size() == kMostColumns) return;
    named.emplace_back(comparison.schema->field(column)->name(),
                       row.texts[static_cast<size_t>(column)]);
  };
  for (const int column : comparison.identity) add(column);
  if (!comparison.identity.empty()) return named;
  for (size_t i = 0; i < comparison.num_columns(); ++i) add(static_cast<int>(i));
  return named;
}

// Collects what the pairs and single rows are like.
class DifferenceReport {
 public:
  DifferenceReport(const Comparison& comparison, const std::vector<bool>& is_compared)
      : comparison_(comparison), is_compared_(is_compared) {
    result_.examined = true;
    result_.changed_by_column.resize(comparison.num_columns());
  }

  void AddPairs(const std::vector<RowPair>& pairs) {
    std::vector<RowDifference> others;
    size_t examples = 0;
    for (const RowPair& pair : pairs) {
      RowDifference difference{.row = NameRow(comparison_, *pair.expected)};
      bool is_first = false;  // of a column
      for (size_t i = 0; i < is_compared_.size(); ++i) {
        if (!is_compared_[i] || pair.expected->values[i] == pair.stored->values[i]) continue;
        is_first = is_first || result_.changed_by_column[i] == 0;
        ++result_.changed_by_column[i];
        difference.values.push_back({comparison_.schema->field(static_cast<int>(i))->name(),
                                     pair.expected->texts[i], pair.stored->texts[i]});
      }
      ++result_.changed;
      if (is_first && examples < kMostExamples) {
        result_.examples.push_back(std::move(difference));
        ++examples;
      } else if (others.size() < kMostExamples) {
        others.push_back(std::move(difference));
      }
    }
    // Rows that show a further column come first.
    others.resize(std::min(others.size(), kMostExamples - examples));
    std::ranges::move(others, std::back_inserter(result_.examples));
  }

  void AddSingle(RowFate fate, const std::vector<const ExaminedRow*>& rows) {
    (fate == RowFate::kMissing ? result_.missing : result_.extra) =
        static_cast<int64_t>(rows.size());
    for (size_t i = 0; i < std::min(rows.size(), kMostExamples); ++i) {
      result_.examples.push_back({.fate = fate, .row = NameRow(comparison_, *rows[i])});
    }
  }

  // `share` of what there is was seen.
  RowDifferences Finish(double share) {
    const auto scale = [share](int64_t* count) {
      *count = static_cast<int64_t>(std::llround(static_cast<double>(*count) / share));
    };
    result_.exact = share == 1;
    for (int64_t* count : {&result_.changed, &result_.missing, &result_.extra}) scale(count);
    for (int64_t& count : result_.changed_by_column) scale(&count);
    return std::move(result_);
  }

 private:
  const Comparison& comparison_;
  const std::vector<bool>& is_compared_;
  RowDifferences result_;
};

}  // namespace

ExaminedBuckets ChooseBuckets(const Comparison& comparison, const SideBuckets& expected,
                              const SideBuckets& stored, bool timeless) {
  const bool other_set = timeless && comparison.may_depend_on_time();
  const RowBuckets& left = other_set ? expected.timeless_rows : expected.rows;
  const RowBuckets& right = other_set ? stored.timeless_rows : stored.rows;
  const std::vector<size_t> different = RowBuckets::Different(left, right);
  ExaminedBuckets examined{
      .timeless = other_set, .shift = left.shift(), .different = different.size()};
  int64_t left_rows = MostExaminedRows(comparison);
  for (const size_t bucket : different) {
    const int64_t rows = std::max(left.rows(bucket), right.rows(bucket));
    if (rows > left_rows) continue;
    left_rows -= rows;
    examined.buckets.push_back(bucket);
  }
  return examined;
}

// Of a batch whose identities are known only the wanted rows' hashes are kept: those of all columns
// and rows would take more memory than the batch. Without an identity a row's hash says whether it
// is wanted, so that its columns are hashed twice.
Status RowExaminer::Add(const ComparedRows& rows) {
  std::vector<uint64_t> identities = rows.identity;
  if (identities.empty()) {
    ARROW_ASSIGN_OR_RAISE(RowHashes hashes,
                          HashRows(*comparison_, rows, [](size_t, const auto&) {}));
    identities = std::move(examined_->timeless ? hashes.timeless_rows : hashes.rows);
  }
  std::vector<size_t> wanted;
  for (size_t row = 0; row < identities.size(); ++row) {
    if (examined_->Contain(identities[row])) wanted.push_back(row);
  }
  if (wanted.empty()) return Status::OK();
  return Examine(rows, identities, wanted);
}

Status RowExaminer::Examine(const ComparedRows& rows, const std::vector<uint64_t>& identities,
                            const std::vector<size_t>& wanted) {
  const size_t columns = comparison_->num_columns();
  const size_t first = rows_.size();
  for (const size_t row : wanted) {
    rows_.push_back({.identity = identities[row],
                     .values = std::vector<uint64_t>(columns),
                     .texts = std::vector<std::string>(columns)});
  }
  const auto keep = [&](size_t column, const std::vector<uint64_t>& hashes) {
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto place = PlaceOf(rows, column, wanted[i]);
      if (place) rows_[first + i].values[column] = hashes[*place];
    }
  };
  ARROW_ASSIGN_OR_RAISE(const RowHashes hashes, HashRows(*comparison_, rows, keep));
  const auto& row_hashes = examined_->timeless ? hashes.timeless_rows : hashes.rows;
  for (size_t i = 0; i < wanted.size(); ++i) {
    ExaminedRow& examined = rows_[first + i];
    examined.hash = row_hashes[wanted[i]];
    for (size_t column = 0; column < columns; ++column) {
      const auto place = PlaceOf(rows, column, wanted[i]);
      if (!place) continue;
      ARROW_ASSIGN_OR_RAISE(examined.texts[column],
                            ValueText(*rows.compared[column], static_cast<int64_t>(*place)));
    }
  }
  return Status::OK();
}

// Where a row's value stands in a column's compared values; nowhere outside the sample.
std::optional<size_t> RowExaminer::PlaceOf(const ComparedRows& rows, size_t column,
                                           size_t row) const {
  if (!comparison_->is_derived[column] || rows.all_sampled()) return row;
  const auto sampled = std::ranges::lower_bound(rows.sampled, static_cast<int64_t>(row));
  if (sampled == rows.sampled.end() || *sampled != static_cast<int64_t>(row)) return std::nullopt;
  return static_cast<size_t>(sampled - rows.sampled.begin());
}

void RowExaminer::Merge(const RowExaminer& other) {
  std::ranges::copy(other.rows_, std::back_inserter(rows_));
}

RowDifferences DescribeDifferences(const Comparison& comparison,
                                   const std::vector<bool>& is_compared,
                                   const ExaminedBuckets& examined,
                                   const std::vector<ExaminedRow>& expected,
                                   const std::vector<ExaminedRow>& stored) {
  RowMatcher matcher(is_compared, expected, stored);
  const std::vector<RowPair> pairs = matcher.Pair();
  DifferenceReport report(comparison, is_compared);
  report.AddPairs(pairs);
  report.AddSingle(RowFate::kMissing, matcher.missing());
  report.AddSingle(RowFate::kExtra, matcher.extra());
  return report.Finish(examined.share());
}

}  // namespace spillway::pipeline
