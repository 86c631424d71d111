// Tables that are clustered by keys of any type, for the tests of joins by ranges of keys. Keys are
// numbers in the order of a domain's values, so that a model of the join needs no values.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <parquet/arrow/writer.h>

#include "pipeline/test_pipeline.h"

namespace spillway::pipeline::test {

using Engine = std::mt19937_64;

inline int64_t Draw(Engine& engine, int64_t least, int64_t most) {
  return std::uniform_int_distribution<int64_t>(least, most)(engine);
}

inline bool OneIn(Engine& engine, int64_t number) { return Draw(engine, 1, number) == 1; }

constexpr int kNoKey = -1;

// A row's key by its number, and what a second key column has.
struct KeyedRow {
  int key = kNoKey;
  std::optional<int32_t> part = std::nullopt;

  bool Matches(const KeyedRow& other, bool by_part) const {
    if (key == kNoKey || key != other.key) return false;
    return !by_part || (part && part == other.part);
  }
};
using RowGroup = std::vector<KeyedRow>;

inline std::vector<KeyedRow> AllRows(const std::vector<RowGroup>& groups) {
  std::vector<KeyedRow> rows;
  for (const RowGroup& group : groups) rows.insert(rows.end(), group.begin(), group.end());
  return rows;
}

// Row groups whose keys ascend but for neighbours: few keys come often, some not at all, some over
// several row groups. There are NULLs, and row groups of nothing else.
inline std::vector<RowGroup> ClusteredGroups(Engine& engine, int keys) {
  std::vector<KeyedRow> rows;
  for (int key = 0; key < keys; ++key) {
    const int64_t times = OneIn(engine, 12) ? Draw(engine, 20, 40) : Draw(engine, 0, 3);
    for (int64_t i = 0; i < times; ++i) rows.push_back({.key = key});
  }
  for (size_t i = 2; i < rows.size(); ++i) {
    if (OneIn(engine, 4)) std::swap(rows[i], rows[i - 2]);
  }
  for (KeyedRow& row : rows) {
    if (OneIn(engine, 10)) row.key = kNoKey;
    if (!OneIn(engine, 10)) row.part = static_cast<int32_t>(Draw(engine, 0, 1));
  }
  std::vector<RowGroup> groups;
  for (auto first = rows.begin(); first != rows.end();) {
    if (OneIn(engine, 8)) groups.emplace_back(static_cast<size_t>(Draw(engine, 1, 12)));
    const auto end = first + std::min<int64_t>(rows.end() - first, Draw(engine, 1, 15));
    groups.emplace_back(first, end);
    first = end;
  }
  if (groups.empty()) groups.emplace_back(1);
  return groups;
}

// Values of one type in ascending order.
struct KeyDomain {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  std::vector<std::shared_ptr<arrow::Scalar>> values;
  bool has_ranges = true;  // whether footers bound them
};

// `count` different numbers between those two and those among them, ascending.
inline std::vector<int64_t> SomeNumbers(Engine& engine, size_t count, int64_t least, int64_t most) {
  std::set<int64_t> numbers = {least, least + 1, -1, 0, 1, most - 1, most};
  while (numbers.size() < count) {
    numbers.insert(OneIn(engine, 2) ? Draw(engine, least, most) : Draw(engine, -100, 100));
  }
  return {numbers.begin(), numbers.end()};
}

template <typename Number>
KeyDomain NumbersOf(const std::string& name, std::shared_ptr<arrow::DataType> type, Engine& engine,
                    size_t count, int64_t least = std::numeric_limits<Number>::min(),
                    int64_t most = std::numeric_limits<Number>::max()) {
  KeyDomain domain{.name = name, .type = std::move(type), .values = {}};
  for (const int64_t number : SomeNumbers(engine, count, least, most)) {
    domain.values.push_back(
        arrow::MakeScalar(domain.type, static_cast<Number>(number)).ValueOrDie());
  }
  return domain;
}

inline KeyDomain DecimalsOf(int precision, int scale, Engine& engine, size_t count) {
  KeyDomain domain{.name = fmt::format("decimal({},{})", precision, scale),
                   .type = arrow::decimal128(precision, scale),
                   .values = {},
                   .has_ranges = false};
  constexpr int64_t kMost = 999'999'999;
  for (const int64_t number : SomeNumbers(engine, count, -kMost, kMost)) {
    domain.values.push_back(
        std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(number), domain.type));
  }
  return domain;
}

// Texts that begin with each other, and of bytes that are no ASCII.
inline std::vector<std::string> SomeTexts(Engine& engine, size_t count) {
  static const std::vector<std::string> kParts = {"a", "k", "z", " ", "\x7f", "Ä", "日", "🚗"};
  std::set<std::string> texts = {""};
  while (texts.size() < count) {
    std::string text;
    for (int64_t i = Draw(engine, 1, 5); i > 0; --i) {
      text += kParts[static_cast<size_t>(Draw(engine, 0, 7))];
    }
    texts.insert(text);
  }
  return {texts.begin(), texts.end()};
}

template <typename ScalarType>
KeyDomain TextsOf(const std::string& name, std::shared_ptr<arrow::DataType> type, Engine& engine,
                  size_t count) {
  KeyDomain domain{.name = name, .type = std::move(type), .values = {}};
  for (const std::string& text : SomeTexts(engine, count)) {
    domain.values.push_back(std::make_shared<ScalarType>(text));
  }
  return domain;
}

// A domain of every type that a key may have.
inline std::vector<KeyDomain> EveryKeyType(Engine& engine, size_t count) {
  const auto instants = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto local_times = arrow::timestamp(arrow::TimeUnit::MICRO);
  KeyDomain flags{.name = "boolean",
                  .type = arrow::boolean(),
                  .values = {arrow::MakeScalar(false), arrow::MakeScalar(true)},
                  .has_ranges = false};
  return {NumbersOf<int8_t>("int8", arrow::int8(), engine, std::min<size_t>(count, 60)),
          NumbersOf<int16_t>("int16", arrow::int16(), engine, count),
          NumbersOf<int32_t>("int32", arrow::int32(), engine, count),
          NumbersOf<int64_t>("int64", arrow::int64(), engine, count),
          NumbersOf<int32_t>("date", arrow::date32(), engine, count),
          NumbersOf<int64_t>("timestamp", instants, engine, count),
          NumbersOf<int64_t>("timestamp_ntz", local_times, engine, count),
          TextsOf<arrow::StringScalar>("text", arrow::utf8(), engine, count),
          TextsOf<arrow::BinaryScalar>("binary", arrow::binary(), engine, count),
          DecimalsOf(9, 2, engine, count),
          DecimalsOf(38, 10, engine, count),
          flags};
}

// Makes the tables, and knows what a join of them gives.
class KeyedTablesTest : public PipelineTest {
 protected:
  // Of `domain`, joined by `key` alone, or by `part` too.
  void Use(KeyDomain domain, bool by_part) {
    domain_ = std::move(domain);
    by_part_ = by_part;
    pipeline_ = fmt::format(R"yaml(
pipeline: test
source: {{table: source}}
lookups: [{{name: scores, table: lookup, key: [{}]}}]
target: {{table: target}}
resources: {{memory: 256MiB}}
)yaml",
                            by_part ? "key, part" : "key");
    for (const char* table : {"source", "lookup", "target", "in_memory"}) {
      std::filesystem::remove_all(folder_ / table);
    }
  }

  int NumKeys() const { return static_cast<int>(domain_.values.size()); }

  void WriteSource(const std::vector<RowGroup>& groups, int64_t rows_per_file) {
    source_ = AllRows(groups);
    WriteGroups("source", "id", /*has_part=*/true, groups, rows_per_file);
  }
  void WriteLookup(const std::vector<RowGroup>& groups, int64_t rows_per_file) {
    lookup_ = AllRows(groups);
    WriteGroups("lookup", "score", by_part_, groups, rows_per_file);
  }

  // Appends a file of one row group, whose footer says nothing of its values.
  void AppendToLookupWithoutStatistics(const RowGroup& group) {
    const auto batch = BatchOfRows("score", by_part_, group, static_cast<int64_t>(lookup_.size()));
    lookup_.insert(lookup_.end(), group.begin(), group.end());
    AppendWithoutStatistics("lookup", *batch);
  }
  void AppendToSourceWithoutStatistics(const RowGroup& group) {
    const auto batch = BatchOfRows("id", true, group, static_cast<int64_t>(source_.size()));
    source_.insert(source_.end(), group.begin(), group.end());
    AppendWithoutStatistics("source", *batch);
  }

  // Nested loops: source row i has id i, lookup row i has score i.
  std::vector<std::string> ModelRows(bool is_inner, bool only_first) const {
    std::vector<std::string> rows;
    for (size_t id = 0; id < source_.size(); ++id) {
      std::vector<std::string> scores;
      for (size_t score = 0; score < lookup_.size(); ++score) {
        if (!source_[id].Matches(lookup_[score], by_part_)) continue;
        if (scores.empty() || !only_first) scores.push_back(std::to_string(score));
      }
      if (scores.empty() && !is_inner) scores = {"null"};
      for (const std::string& score : scores) {
        rows.push_back(fmt::format("{}|{}|{}|{}|", id, KeyText(source_[id].key),
                                   source_[id].part ? std::to_string(*source_[id].part) : "null",
                                   score));
      }
    }
    return Sorted(std::move(rows));
  }

  KeyDomain domain_;
  bool by_part_ = false;
  std::vector<KeyedRow> source_;
  std::vector<KeyedRow> lookup_;

 private:
  std::string KeyText(int key) const {
    return key == kNoKey ? "null" : domain_.values[static_cast<size_t>(key)]->ToString();
  }

  BatchPointer BatchOfRows(const std::string& number, bool has_part, const RowGroup& rows,
                           int64_t first) const {
    const auto keys = arrow::MakeBuilder(domain_.type).ValueOrDie();
    arrow::Int64Builder numbers;
    arrow::Int32Builder parts;
    for (const KeyedRow& row : rows) {
      AssertOk(numbers.Append(first++));
      AssertOk(row.key == kNoKey
                   ? keys->AppendNull()
                   : keys->AppendScalar(*domain_.values[static_cast<size_t>(row.key)]));
      AssertOk(row.part ? parts.Append(*row.part) : parts.AppendNull());
    }
    arrow::FieldVector fields = {arrow::field("key", domain_.type)};
    arrow::ArrayVector columns = {keys->Finish().ValueOrDie()};
    if (has_part) {
      fields.push_back(arrow::field("part", arrow::int32()));
      columns.push_back(parts.Finish().ValueOrDie());
    }
    // The source's id stands first, the lookup's score last: so the target's rows read.
    const auto at = number == "id" ? 0 : static_cast<int64_t>(fields.size());
    fields.insert(fields.begin() + at, arrow::field(number, arrow::int64()));
    columns.insert(columns.begin() + at, numbers.Finish().ValueOrDie());
    return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()),
                                    columns);
  }

  void WriteGroups(const std::string& table, const std::string& number, bool has_part,
                   const std::vector<RowGroup>& groups, int64_t rows_per_file) const {
    const std::string path = folder_ / table;
    const auto schema = BatchOfRows(number, has_part, {}, 0)->schema();
    AssertOk(delta::CreateTable(path, {.schema = schema}).status());
    // With row_group_bytes 1 every Write begins a row group.
    TableWriter writer(schema,
                       {.table_path = path,
                        .parquet = {.pool = arrow::default_memory_pool(), .row_group_bytes = 1},
                        .max_records_per_file = rows_per_file});
    int64_t first = 0;
    for (const RowGroup& group : groups) {
      AssertOk(writer.Write(*BatchOfRows(number, has_part, group, first)));
      first += static_cast<int64_t>(group.size());
    }
    CommitFiles(path, writer.Finish().ValueOrDie().Release());
  }

  void AppendWithoutStatistics(const std::string& table, const arrow::RecordBatch& batch) const {
    const std::string name = "part-99999-without-statistics.parquet";  // behind the others
    const std::string path = folder_ / table + "/" + name;
    const auto sink = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    const auto rows = arrow::Table::FromRecordBatches({batch.Slice(0)}).ValueOrDie();
    AssertOk(::parquet::arrow::WriteTable(
        *rows, arrow::default_memory_pool(), sink, 1 << 20,
        ::parquet::WriterProperties::Builder().disable_statistics()->build()));
    AssertOk(sink->Close());
    CommitFiles(folder_ / table,
                {{.relative_path = name,
                  .size_bytes = static_cast<int64_t>(std::filesystem::file_size(path)),
                  .num_rows = batch.num_rows()}});
  }

  static void CommitFiles(const std::string& path, std::vector<delta::AddedFile> files) {
    delta::CommitRequest request;
    request.files = std::move(files);
    const auto base = delta::Snapshot::Open(path).ValueOrDie();
    ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
  }
};

}  // namespace spillway::pipeline::test
