#include "cli/validation_report.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/units.h"
#include "cli/expectation_report.h"
#include "cli/plan_report.h"

namespace spillway::cli {
namespace {

using nlohmann::ordered_json;
using pipeline::ColumnComparison;
using pipeline::ColumnProfile;
using pipeline::LookupComparison;
using pipeline::RowDifference;
using pipeline::RowDifferences;
using pipeline::RowFate;
using pipeline::ValidationReport;
using pipeline::ValueDifference;
using pipeline::ValueRange;

using RangeValue = decltype(ValueRange::smallest);

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// "90.0 %"; a part that is not nothing is not shown as nothing, nor as all where it is not all.
std::string Percent(int64_t part, int64_t whole) {
  const double percent = 100 * Share(part, whole);
  if (part > 0 && percent < 0.05) return "<0.1 %";
  if (part < whole && percent >= 99.95) return ">99.9 %";
  return part == 0 || part == whole ? fmt::format("{:.0f} %", percent)
                                    : fmt::format("{:.1f} %", percent);
}

std::string RangeText(const RangeValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return FormatCount(*integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.6g}", *number);
  return std::get<std::string>(value);
}

// "Low 29.1 %, High 20.0 %", or "0 to 1, mean 0.5, quartiles 0.25, 0.5, 0.75"; empty where there is
// nothing short to say.
std::string ProfileText(const ColumnProfile& profile) {
  constexpr size_t kMostShown = 5;
  const int64_t rows = profile.rows - profile.nulls;
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(kMostShown, profile.values.size()); ++i) {
    const pipeline::ValueCount& count = profile.values[i];
    parts.push_back(fmt::format("{} {}", count.value, Percent(count.rows, rows)));
  }
  if (profile.values.size() > kMostShown) {
    parts.push_back(fmt::format("{} others", profile.values.size() - kMostShown));
  }
  if (!parts.empty()) return fmt::format("{}", fmt::join(parts, ", "));
  if (!profile.range) return "";
  const ValueRange& range = *profile.range;
  std::string text = fmt::format("{} to {}", RangeText(range.smallest), RangeText(range.largest));
  if (range.mean) text += fmt::format(", mean {:.6g}", *range.mean);
  if (range.quartiles) {
    text += fmt::format(", quartiles about {:.3g}", fmt::join(*range.quartiles, ", "));
  }
  return text;
}

std::string RowsText(const pipeline::Plan& plan, const ValidationReport& report) {
  std::string text =
      fmt::format("  rows        {} expected, {} stored, {}\n", FormatCount(report.expected_rows),
                  FormatCount(report.stored_rows), report.rows_equal ? "equal" : "DIFFERENT");
  if (report.expected_sampled_rows < report.expected_rows) {
    text += fmt::format(
        "  sample      derived columns are compared in {} rows, chosen by {}; --full compares all "
        "rows\n",
        FormatCount(report.expected_sampled_rows), fmt::join(report.identity, ", "));
  }
  for (const LookupComparison& lookup : report.lookups) {
    text += fmt::format(
        "  lookup      {}: {} of {} rows found a match ({}), {} rows came out\n", lookup.name,
        FormatCount(lookup.counts.matched), FormatCount(lookup.counts.rows),
        Percent(lookup.counts.matched, lookup.counts.rows), FormatCount(lookup.counts.output_rows));
  }
  for (size_t i = 0; i < report.expectations.size(); ++i) {
    text += fmt::format("  expected    {}\n",
                        ExpectationText(plan.pipeline->expectations[i], report.expectations[i]));
  }
  return text;
}

std::string ColumnText(const ColumnComparison& column) {
  std::string notes;
  if (column.sampled) notes += ", in the sample";
  if (column.depends_on_time) notes += ", depends on the time: only nulls are compared";
  const int64_t nulls = column.stored ? column.stored->nulls : column.stored_nulls;
  std::string text = fmt::format("  {:<24} {:<10} {} null", column.name,
                                 column.equal ? "equal" : "DIFFERENT", FormatCount(nulls));
  if (column.stored && nulls > 0) text += fmt::format(" ({})", Percent(nulls, column.stored->rows));
  text += notes;
  if (column.changed_rows > 0) {
    text += fmt::format(", changed in {}", Counted(column.changed_rows, "row"));
  }
  text += "\n";
  if (column.expected_nulls != column.stored_nulls) {
    text += fmt::format("  {:<24} {} null expected, {} stored\n", "",
                        FormatCount(column.expected_nulls), FormatCount(column.stored_nulls));
  }
  const std::string stored = column.stored ? ProfileText(*column.stored) : "";
  const std::string expected = column.expected ? ProfileText(*column.expected) : "";
  if (!stored.empty()) text += fmt::format("  {:<24} {}\n", "", stored);
  if (!column.equal && !column.sampled && expected != stored) {
    text += fmt::format("  {:<24} expected: {}\n", "", expected);
  }
  return text;
}

std::string ExampleText(const RowDifference& example) {
  std::vector<std::string> names;
  for (const auto& [name, value] : example.row)
    names.push_back(fmt::format("{} = {}", name, value));
  std::string text = fmt::format("    {}", fmt::join(names, ", "));
  if (example.fate == RowFate::kMissing) return text + ": missing\n";
  if (example.fate == RowFate::kExtra) return text + ": extra\n";
  text += "\n";
  for (const ValueDifference& value : example.values) {
    text += fmt::format("      {}: {} expected, {} stored\n", value.column, value.expected,
                        value.stored);
  }
  return text;
}

std::string DifferencesText(const RowDifferences& differences) {
  if (!differences.examined) {
    return "  differences too many rows look alike: no examples\n";
  }
  std::string text =
      fmt::format("  differences {}{} changed, {} missing, {} extra\n",
                  differences.exact ? "" : "about ", Counted(differences.changed, "row"),
                  FormatCount(differences.missing), FormatCount(differences.extra));
  for (const RowDifference& example : differences.examples) text += ExampleText(example);
  return text;
}

ordered_json RangeValueJson(const RangeValue& value) {
  return std::visit([](const auto& typed) { return ordered_json(typed); }, value);
}

ordered_json ProfileJson(const std::optional<ColumnProfile>& profile) {
  if (!profile) return nullptr;
  ordered_json values = ordered_json::array();
  for (const pipeline::ValueCount& count : profile->values) {
    values.push_back({{"value", count.value}, {"rows", count.rows}});
  }
  ordered_json json{{"rows", profile->rows},
                    {"nulls", profile->nulls},
                    {"null_rate", Share(profile->nulls, profile->rows)},
                    {"values", std::move(values)},
                    {"smallest", nullptr},
                    {"largest", nullptr},
                    {"mean", nullptr},
                    {"quartiles", nullptr}};
  if (!profile->range) return json;
  const ValueRange& range = *profile->range;
  json["smallest"] = RangeValueJson(range.smallest);
  json["largest"] = RangeValueJson(range.largest);
  if (range.mean) json["mean"] = *range.mean;
  if (range.quartiles) json["quartiles"] = *range.quartiles;
  return json;
}

ordered_json ColumnJson(const ColumnComparison& column) {
  return {{"name", column.name},
          {"equal", column.equal},
          {"depends_on_time", column.depends_on_time},
          {"sampled", column.sampled},
          {"expected_nulls", column.expected_nulls},
          {"stored_nulls", column.stored_nulls},
          {"changed_rows", column.changed_rows},
          {"stored", ProfileJson(column.stored)},
          {"expected", ProfileJson(column.expected)}};
}

ordered_json LookupJson(const LookupComparison& lookup) {
  return {{"name", lookup.name},
          {"rows", lookup.counts.rows},
          {"matched_rows", lookup.counts.matched},
          {"match_rate", Share(lookup.counts.matched, lookup.counts.rows)},
          {"output_rows", lookup.counts.output_rows}};
}

std::string FateName(RowFate fate) {
  switch (fate) {
    case RowFate::kChanged:
      return "changed";
    case RowFate::kMissing:
      return "missing";
    case RowFate::kExtra:
      return "extra";
  }
  return "";
}

ordered_json DifferencesJson(const std::optional<RowDifferences>& differences) {
  if (!differences) return nullptr;
  ordered_json examples = ordered_json::array();
  for (const RowDifference& example : differences->examples) {
    ordered_json row = ordered_json::object();
    for (const auto& [name, value] : example.row) row[name] = value;
    ordered_json values = ordered_json::array();
    for (const ValueDifference& value : example.values) {
      values.push_back(
          {{"column", value.column}, {"expected", value.expected}, {"stored", value.stored}});
    }
    examples.push_back(
        {{"fate", FateName(example.fate)}, {"row", std::move(row)}, {"values", std::move(values)}});
  }
  return {{"examined", differences->examined},    {"exact", differences->exact},
          {"changed_rows", differences->changed}, {"missing_rows", differences->missing},
          {"extra_rows", differences->extra},     {"examples", std::move(examples)}};
}

}  // namespace

std::string ValidationText(const pipeline::Plan& plan, const ValidationReport& report) {
  std::string text = fmt::format("{} (version {}{})\n", plan.target.path, report.target_version,
                                 report.whole_table ? "" : ", files appended by this run");
  text += RowsText(plan, report);
  for (const ColumnComparison& column : report.columns) text += ColumnText(column);
  if (report.differences) text += DifferencesText(*report.differences);
  if (!report.equal()) return text + "NOT VALID: the target does not match its inputs\n";
  if (!report.passed()) {
    return text + "NOT VALID: rows do not meet an expectation with action: fail\n";
  }
  return text + "valid: the target matches its inputs\n";
}

ordered_json ValidationJson(const pipeline::Plan& plan, const ValidationReport& report) {
  ordered_json lookups = ordered_json::array();
  for (const LookupComparison& lookup : report.lookups) lookups.push_back(LookupJson(lookup));
  ordered_json expectations = ordered_json::array();
  for (size_t i = 0; i < report.expectations.size(); ++i) {
    expectations.push_back(ExpectationJson(plan.pipeline->expectations[i], report.expectations[i]));
  }
  ordered_json columns = ordered_json::array();
  for (const ColumnComparison& column : report.columns) columns.push_back(ColumnJson(column));
  return {{"target", plan.target.path},
          {"target_version", report.target_version},
          {"valid", report.passed()},
          {"compared", report.whole_table ? "table" : "run"},
          {"held_versions", HeldJson(plan)},
          {"expected_rows", report.expected_rows},
          {"stored_rows", report.stored_rows},
          {"rows_equal", report.rows_equal},
          {"expected_sampled_rows", report.expected_sampled_rows},
          {"stored_sampled_rows", report.stored_sampled_rows},
          {"identity", report.identity},
          {"lookups", std::move(lookups)},
          {"expectations", std::move(expectations)},
          {"columns", std::move(columns)},
          {"differences", DifferencesJson(report.differences)},
          {"seconds", report.seconds},
          {"peak_memory_bytes", report.peak_memory_bytes}};
}

}  // namespace spillway::cli
