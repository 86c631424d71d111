// Holds Bind and Evaluate against what a real Spark answered: every file of test/expressions/cases
// is one test here (test/expressions/make_cases.py writes them and describes their format).

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/buffer.h>
#include <arrow/compare.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "expression/expression.h"

namespace spillway::expression {
namespace {

using nlohmann::json;

// 2026-05-17 10:11:12.131415 UTC. No case with a value depends on it.
constexpr int64_t kNowMicros = 1779012672131415;

// Tests run in the root of the sources.
std::filesystem::path CasesFolder() { return "test/expressions/cases"; }

// What Spark computes and we refuse: the lines of test/expressions/not_computed.txt for `topic`,
// each "table expression".
std::set<std::string> NotComputed(const std::string& topic) {
  std::set<std::string> cases;
  std::ifstream lines(CasesFolder() / "../not_computed.txt");
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(topic + " ")) cases.insert(line.substr(topic.size() + 1));
  }
  return cases;
}

// The Arrow type of Spark's `name`, as simpleString() writes it.
Result<std::shared_ptr<arrow::DataType>> TypeOf(const std::string& name) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> kPlain = {
      {"void", arrow::null()},
      {"boolean", arrow::boolean()},
      {"tinyint", arrow::int8()},
      {"smallint", arrow::int16()},
      {"int", arrow::int32()},
      {"bigint", arrow::int64()},
      {"float", arrow::float32()},
      {"double", arrow::float64()},
      {"string", arrow::utf8()},
      {"binary", arrow::binary()},
      {"date", arrow::date32()},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
      {"timestamp_ntz", arrow::timestamp(arrow::TimeUnit::MICRO)},
  };
  if (auto plain = kPlain.find(name); plain != kPlain.end()) return plain->second;
  int precision = 0;
  int scale = 0;
  if (std::sscanf(name.c_str(), "decimal(%d,%d)", &precision, &scale) == 2) {
    return arrow::Decimal128Type::Make(precision, scale);
  }
  if (!name.starts_with("struct<")) return Status::NotImplemented("Spark type ", name);
  arrow::FieldVector fields;
  size_t start = 7;
  int depth = 0;
  for (size_t i = start; i < name.size(); ++i) {
    const char c = name[i];
    const bool ends = depth == 0 && (c == ',' || c == '>');
    depth += (c == '<' || c == '(') - (c == '>' || c == ')');
    if (!ends) continue;
    const size_t colon = name.find(':', start);
    ARROW_ASSIGN_OR_RAISE(auto type, TypeOf(name.substr(colon + 1, i - colon - 1)));
    fields.push_back(arrow::field(name.substr(start, colon - start), type));
    start = i + 1;
  }
  return arrow::struct_(fields);
}

std::string FromHex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// One cell of a case file as a scalar of `type`.
Result<std::shared_ptr<arrow::Scalar>> ScalarOf(const json& cell,
                                                const std::shared_ptr<arrow::DataType>& type) {
  if (cell.is_null()) return arrow::MakeNullScalar(type);
  switch (type->id()) {
    case arrow::Type::BOOL:
      return arrow::MakeScalar(type, cell.get<bool>());
    case arrow::Type::FLOAT:
      return arrow::MakeScalar(type,
                               std::strtof(cell.get_ref<const std::string&>().c_str(), nullptr));
    case arrow::Type::DOUBLE:
      return arrow::MakeScalar(type,
                               std::strtod(cell.get_ref<const std::string&>().c_str(), nullptr));
    case arrow::Type::STRING:
      return std::make_shared<arrow::StringScalar>(
          cell.is_string() ? cell.get<std::string>() : FromHex(cell.at("hex").get<std::string>()));
    case arrow::Type::BINARY:
      return std::make_shared<arrow::BinaryScalar>(
          arrow::Buffer::FromString(FromHex(cell.get<std::string>())));
    case arrow::Type::DECIMAL128: {
      arrow::Decimal128 value;
      int32_t precision = 0;
      int32_t scale = 0;
      ARROW_RETURN_NOT_OK(
          arrow::Decimal128::FromString(cell.get<std::string>(), &value, &precision, &scale));
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
      ARROW_ASSIGN_OR_RAISE(value, value.Rescale(scale, decimal.scale()));
      return std::make_shared<arrow::Decimal128Scalar>(value, type);
    }
    case arrow::Type::STRUCT: {
      arrow::ScalarVector fields;
      for (int i = 0; i < type->num_fields(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto field,
                              ScalarOf(cell.at(static_cast<size_t>(i)), type->field(i)->type()));
        fields.push_back(std::move(field));
      }
      return std::make_shared<arrow::StructScalar>(std::move(fields), type);
    }
    case arrow::Type::DATE32:
      return arrow::MakeScalar(type, cell.get<int32_t>());
    default:
      return arrow::MakeScalar(type, cell.get<int64_t>());
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> TableOf(const json& line) {
  const json& rows = line.at("rows");
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const json& column : line.at("columns")) {
    ARROW_ASSIGN_OR_RAISE(auto type, TypeOf(column.at(1).get<std::string>()));
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(type));
    for (const json& row : rows) {
      ARROW_ASSIGN_OR_RAISE(auto scalar, ScalarOf(row.at(fields.size()), type));
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*scalar));
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
    fields.push_back(arrow::field(column.at(0).get<std::string>(), type));
    columns.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()),
                                  columns);
}

// Equal as Spark's own answers are: NaN is NaN whatever its bits, and -0.0 is not 0.0.
bool Same(const arrow::Scalar& expected, const arrow::Scalar& actual) {
  return expected.Equals(
      actual, arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

// One line of a failure's text, so that a list of many stays readable.
std::string FirstLine(const Status& status) {
  const std::optional<ErrorInfo> error = FindError(status);
  std::string text = error ? error->what + "; " + error->why : status.ToString();
  return text.substr(0, text.find('\n'));
}

// Checks the cases of one file and collects what differs.
class CaseFile {
 public:
  explicit CaseFile(const std::string& topic) : not_computed_(NotComputed(topic)) {}

  void Check(const json& line) {
    if (line.contains("columns")) {
      auto table = TableOf(line);
      ASSERT_TRUE(table.ok()) << table.status();
      tables_[line.at("table").get<std::string>()] = *table;
      return;
    }
    ++cases_;
    text_ = line.at("expr").get<std::string>();
    table_ = line.at("table").get<std::string>();
    const std::shared_ptr<arrow::RecordBatch>& batch = tables_.at(table_);
    auto bound = Bind(text_, *batch->schema(), {});
    if (not_computed_.erase(table_ + " " + text_) > 0) {
      CheckRefused(bound, "not_computed.txt");
    } else if (line.contains("refused")) {
      CheckRefused(bound, "Spark: " + line.at("refused").get<std::string>());
    } else if (!bound.ok()) {
      CheckEarlyFailure(bound.status(), line);
    } else {
      CheckType(*bound, line.at("type").get<std::string>());
      CheckValues(*bound, *batch, line.value("values", json::array()));
    }
  }

  int cases() const { return cases_; }
  // Lines of not_computed.txt that no case was found for.
  const std::set<std::string>& not_computed_left() const { return not_computed_; }
  int differing() const { return differing_; }
  const std::string& report() const { return report_; }

 private:
  void Differ(const std::string& how) {
    if (last_differing_ != cases_) ++differing_;
    last_differing_ = cases_;
    report_ += fmt::format("  [{}] {}\n      {}\n", table_, json(text_).dump(-1, ' ', false), how);
  }

  void CheckRefused(const Result<BoundExpression>& bound, const std::string& reason) {
    if (bound.ok()) {
      Differ(fmt::format("Bind must refuse it ({}), but accepts it as {}", reason,
                         bound->type()->ToString()));
      return;
    }
    const std::optional<ErrorInfo> error = FindError(bound.status());
    if (!error) {
      Differ("refused without a code: " + FirstLine(bound.status()));
    } else if (error->where.empty()) {
      Differ("refused without a position: " + FirstLine(bound.status()));
    } else if (error->code == ErrorCode::kEvaluation) {
      Differ(fmt::format("Bind must refuse its text or type ({}), but evaluated it: {}", reason,
                         FirstLine(bound.status())));
    }
  }

  // Where Spark fails on every row that is not NULL, as a failing constant or a malformed pattern
  // makes it, Bind may say so before a row is read.
  void CheckEarlyFailure(const Status& status, const json& line) {
    const json& values = line.value("values", json::array());
    const bool some_fail = std::any_of(values.begin(), values.end(), IsFailure);
    const bool none_has_value = std::all_of(values.begin(), values.end(), [](const json& cell) {
      return cell.is_null() || IsFailure(cell);
    });
    if (some_fail && none_has_value && FindError(status)) return;
    Differ(fmt::format("Spark: {}, {}; Bind refuses: {}", line.at("type").get<std::string>(),
                       values.dump(-1, ' ', false), FirstLine(status)));
  }

  static bool IsFailure(const json& cell) { return cell.is_object() && cell.contains("error"); }

  void CheckType(const BoundExpression& bound, const std::string& spark_type) {
    auto type = TypeOf(spark_type);
    if (!type.ok() || !bound.type()->Equals(**type)) {
      Differ(fmt::format("Spark's type {}, ours {}", spark_type, bound.type()->ToString()));
    }
  }

  void CheckValues(const BoundExpression& bound, const arrow::RecordBatch& batch,
                   const json& values) {
    const auto rows = static_cast<int64_t>(values.size());
    if (rows == 0) return;  // the value is not fixed
    if (std::none_of(values.begin(), values.end(), IsFailure)) {
      CheckSlice(bound, batch, values, 0, rows);
      if (rows > 1) CheckSlice(bound, batch, values, 1, rows - 1);
      return;
    }
    const EvaluationContext context{.now_micros = kNowMicros};
    if (bound.Evaluate(batch, context).ok()) Differ("Evaluate must fail on the whole table");
    for (int64_t row = 0; row < rows; ++row) CheckSlice(bound, batch, values, row, 1);
  }

  // Evaluates rows [first, first + count) in one batch; only a slice of one row may fail.
  void CheckSlice(const BoundExpression& bound, const arrow::RecordBatch& batch, const json& values,
                  int64_t first, int64_t count) {
    const EvaluationContext context{.now_micros = kNowMicros};
    auto datum = bound.Evaluate(*batch.Slice(first, count), context);
    for (int64_t row = first; row < first + count; ++row) {
      const json& expected = values.at(static_cast<size_t>(row));
      if (!datum.ok()) {
        if (IsFailure(expected)) {
          const auto error = FindError(datum.status());
          if (!error || error->code != ErrorCode::kEvaluation) {
            Differ(fmt::format("row {}: wrong failure: {}", row, datum.status().ToString()));
          }
        } else {
          Differ(fmt::format("row {} {}: Spark {}, ours fails: {}", row, Inputs(batch, row),
                             expected.dump(-1, ' ', false), FirstLine(datum.status())));
        }
        if (count > 1) return;  // the slice failed as a whole: said once
        continue;
      }
      CheckCell(bound, *datum, batch, expected, row, row - first);
    }
  }

  void CheckCell(const BoundExpression& bound, const arrow::Datum& datum,
                 const arrow::RecordBatch& batch, const json& expected, int64_t row,
                 int64_t position) {
    auto actual = datum.is_scalar() ? Result<std::shared_ptr<arrow::Scalar>>(datum.scalar())
                                    : datum.make_array()->GetScalar(position);
    if (!actual.ok()) {
      Differ(fmt::format("row {}: {}", row, actual.status().ToString()));
    } else if (IsFailure(expected)) {
      Differ(fmt::format("row {} {}: Spark fails ({}), ours {}", row, Inputs(batch, row),
                         expected.at("error").get<std::string>(), (*actual)->ToString()));
    } else if (auto wanted = ScalarOf(expected, bound.type()); !wanted.ok()) {
      Differ(fmt::format("row {}: {} is not of type {}", row, expected.dump(-1, ' ', false),
                         bound.type()->ToString()));
    } else if (!Same(**wanted, **actual)) {
      Differ(fmt::format("row {} {}: Spark {}, ours {}", row, Inputs(batch, row),
                         expected.dump(-1, ' ', false), (*actual)->ToString()));
    } else if (!(*actual)->is_valid && !bound.nullable()) {
      Differ(fmt::format("row {}: NULL from an expression that says it gives none", row));
    }
  }

  // The row's values where they are few.
  static std::string Inputs(const arrow::RecordBatch& batch, int64_t row) {
    std::string text;
    for (int i = 0; i < batch.num_columns() && i < 3; ++i) {
      text += (i > 0 ? ", " : "") + (*batch.column(i)->GetScalar(row))->ToString();
    }
    return "(" + text + ")";
  }

  std::set<std::string> not_computed_;
  std::map<std::string, std::shared_ptr<arrow::RecordBatch>> tables_;
  std::string text_;
  std::string table_;
  std::string report_;
  int cases_ = 0;
  int differing_ = 0;
  int last_differing_ = 0;
};

std::vector<std::string> Topics() {
  std::vector<std::string> topics;
  for (const auto& entry : std::filesystem::directory_iterator(CasesFolder())) {
    if (entry.path().extension() == ".jsonl") topics.push_back(entry.path().stem().string());
  }
  std::sort(topics.begin(), topics.end());
  return topics;
}

class SparkCases : public testing::TestWithParam<std::string> {};

TEST_P(SparkCases, GiveWhatSparkGives) {
  std::ifstream lines(CasesFolder() / (GetParam() + ".jsonl"));
  ASSERT_TRUE(lines.is_open());
  CaseFile file(GetParam());
  for (std::string line; std::getline(lines, line);) {
    ASSERT_NO_FATAL_FAILURE(file.Check(json::parse(line)));
  }
  EXPECT_GT(file.cases(), 0);
  EXPECT_THAT(file.not_computed_left(), testing::IsEmpty());
  EXPECT_EQ(file.differing(), 0) << "of " << file.cases() << " cases:\n" << file.report();
}

INSTANTIATE_TEST_SUITE_P(Topics, SparkCases, testing::ValuesIn(Topics()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace spillway::expression
