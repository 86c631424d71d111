// Random joins of every key type and of payload of many types, for the tests of this folder.
// Included by tests only.
//
// Thread rule: one thread.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "join/join_test_data.h"

namespace spillway::join {

inline std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

// NaNs of several bit patterns and both zeros among other numbers.
template <typename Builder, typename Float>
std::shared_ptr<arrow::Array> FloatDomain() {
  Builder builder;
  const Float nan = std::numeric_limits<Float>::quiet_NaN();
  const Float infinity = std::numeric_limits<Float>::infinity();
  for (const Float value :
       {Float{0}, -Float{0}, nan, -nan, std::nextafter(Float{1}, Float{2}), Float{1}, Float{-1},
        infinity, -infinity, std::numeric_limits<Float>::denorm_min()}) {
    EXPECT_TRUE(builder.Append(value).ok());
  }
  return builder.Finish().ValueOrDie();
}

// One domain of values for each key type.
inline std::vector<std::shared_ptr<arrow::Array>> KeyDomains() {
  const std::string long_key(10'000, 'k');
  const std::string texts =
      "[\"\", \"a\", \"b\", \"ab\", \"ba\", \"a\\u0000\", \"Z\\u00fcrich\", " + Quoted(long_key) +
      ", " + Quoted(long_key + "1") + ", " + Quoted(long_key + "2") + "]";
  std::string many = "[";
  for (int i = 0; i < 700; ++i) many += fmt::format("{}\"image_{:06}.jpg\"", i ? "," : "", i * 37);
  many += "]";
  return {
      FromJson(arrow::boolean(), "[true, false]"),
      FromJson(arrow::int8(), "[-128, 127, 0, 1, -1]"),
      FromJson(arrow::uint8(), "[255, 0, 1]"),
      FromJson(arrow::int16(), "[-32768, 32767, 0, 256, 1]"),
      FromJson(arrow::uint16(), "[65535, 0, 256]"),
      FromJson(arrow::int32(), "[-2147483648, 2147483647, 0, 65536, 1]"),
      FromJson(arrow::uint32(), "[4294967295, 0, 65536]"),
      FromJson(arrow::int64(), "[-9223372036854775808, 9223372036854775807, 0, 4294967296, 1]"),
      FromJson(arrow::uint64(), "[18446744073709551615, 0, 4294967296]"),
      FloatDomain<arrow::FloatBuilder, float>(),
      FloatDomain<arrow::DoubleBuilder, double>(),
      FromJson(arrow::decimal128(38, 2),
               R"(["0.00", "0.01", "-0.01", "99999999999999999999.99", "184467440737095516.16"])"),
      FromJson(arrow::utf8(), texts),
      FromJson(arrow::binary(), texts),
      FromJson(arrow::date32(), "[0, -719162, 20000, 20001]"),
      FromJson(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[0, -1, 1700000000000000]"),
      FromJson(arrow::timestamp(arrow::TimeUnit::MICRO), "[0, -1, 1700000000000000]"),
      FromJson(arrow::utf8(), many),
  };
}

inline std::vector<std::shared_ptr<arrow::Array>> PayloadDomains() {
  std::vector<std::shared_ptr<arrow::Array>> domains = KeyDomains();
  const auto point = arrow::struct_(
      {arrow::field("x", arrow::float64()), arrow::field("tags", arrow::list(arrow::utf8()))});
  domains.push_back(
      FromJson(point, R"([{"x": 1.5, "tags": ["a", null]}, {"x": null, "tags": []}, null,
                 {"x": 2, "tags": null}])"));
  domains.push_back(FromJson(arrow::list(arrow::int32()), "[[1, 2, 3], [], [null], null]"));
  domains.push_back(FromJson(arrow::map(arrow::utf8(), arrow::int64()),
                             R"([[["a", 1], ["b", null]], [], null])"));
  domains.push_back(FromJson(arrow::null(), "[null, null]"));
  domains.push_back(FromJson(arrow::large_utf8(), R"(["", "large", "larger"])"));
  domains.push_back(FromJson(arrow::fixed_size_binary(3), R"(["abc", "xyz"])"));
  return domains;
}

// A join with random keys and payload.
struct Case {
  arrow::ArrayVector source_keys;
  // Keys first, then payload with an ordinal at its end, then the order if there is one.
  std::shared_ptr<arrow::RecordBatch> lookup;
  int64_t key_parts;
  JoinType type;
  DuplicatePolicy duplicates;
  std::optional<int> order_column = std::nullopt;

  arrow::ArrayVector lookup_keys() const {
    return {lookup->columns().begin(), lookup->columns().begin() + key_parts};
  }
  Pairs NaivePairs() const {
    const auto order = order_column ? lookup->column(*order_column) : nullptr;
    return NaiveJoin(source_keys, lookup_keys(), type, duplicates, order.get());
  }
  int64_t payload_columns() const {
    return lookup->num_columns() - key_parts - (order_column ? 1 : 0);
  }
};

inline Case RandomCase(Random& random) {
  const auto key_domains = KeyDomains();
  const auto payload_domains = PayloadDomains();
  constexpr int64_t kSizes[] = {0, 1, 7, 100, 300, 1500};  // the last for the lookup alone
  const int64_t source_rows = kSizes[Below(random, 5)];
  const int64_t lookup_rows = kSizes[Below(random, 6)];
  const double null_rate = Below(random, 2) == 0 ? 0.0 : 0.1;
  Case made{.source_keys = {},
            .lookup = nullptr,
            .key_parts = 1 + Below(random, 3),
            .type = Below(random, 2) == 0 ? JoinType::kLeftOuter : JoinType::kInner,
            .duplicates = Below(random, 2) == 0   ? DuplicatePolicy::kExpand
                          : Below(random, 2) == 0 ? DuplicatePolicy::kFirst
                                                  : DuplicatePolicy::kLast};
  std::vector<std::string> names;
  arrow::ArrayVector columns;
  const auto add = [&](const std::shared_ptr<arrow::Array>& column) {
    names.push_back(fmt::format("c{}", names.size()));
    columns.push_back(column);
  };
  for (int64_t i = 0; i < made.key_parts; ++i) {
    const auto& domain =
        *key_domains[static_cast<size_t>(Below(random, static_cast<int64_t>(key_domains.size())))];
    made.source_keys.push_back(RandomColumn(domain, source_rows, null_rate, random));
    add(RandomColumn(domain, lookup_rows, null_rate, random));
  }
  for (int64_t i = Below(random, 4); i > 0; --i) {
    const auto& domain = *payload_domains[static_cast<size_t>(
        Below(random, static_cast<int64_t>(payload_domains.size())))];
    add(RandomColumn(domain, lookup_rows, Below(random, 2) == 0 ? 0.0 : 0.2, random));
  }
  arrow::Int64Builder ordinals;
  for (int64_t i = 0; i < lookup_rows; ++i) EXPECT_TRUE(ordinals.Append(i).ok());
  add(ordinals.Finish().ValueOrDie());
  if (JoinsOneRow(made.duplicates) && Below(random, 3) > 0) {
    made.order_column = static_cast<int>(columns.size());
    const std::string texts = fmt::format(R"(["", "a", "ab", "b", "b\u0000", "{}", "{}"])",
                                          std::string(300, 'k'), std::string(299, 'k') + "l");
    add(RandomColumn(*FromJson(arrow::binary(), texts), lookup_rows, 0.0, random));
  }
  made.lookup = BatchOf(names, columns);
  return made;
}

// What a payload column of the lookup becomes.
inline std::shared_ptr<arrow::Array> ExpectedColumn(const arrow::Array& column,
                                                    const Pairs& pairs) {
  arrow::Int64Builder indices;
  for (const auto& [source_row, lookup_row] : pairs) {
    EXPECT_TRUE((lookup_row < 0 ? indices.AppendNull() : indices.Append(lookup_row)).ok());
  }
  return arrow::compute::Take(column, *indices.Finish().ValueOrDie()).ValueOrDie();
}

}  // namespace spillway::join
