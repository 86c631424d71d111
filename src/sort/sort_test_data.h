// Rows to sort, and the order that they must have: each key type has a domain of values that is
// written down in ascending order, so that a key's rank is its place there and no code of ours says
// which of two keys is less. Included by tests only.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include <arrow/array/builder_binary.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>

#include "join/join_test_data.h"
#include "sort/external_sort.h"

namespace spillway::sort {

using join::Below;
using join::FromJson;
using join::Random;

// Values of a key type, ascending as Spark sorts them. Values of one rank are equal.
struct Domain {
  std::shared_ptr<arrow::Array> values;
  std::vector<int> ranks;
};

inline Domain DomainOf(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  Domain domain = {.values = FromJson(type, json), .ranks = {}};
  domain.ranks.resize(static_cast<size_t>(domain.values->length()));
  std::iota(domain.ranks.begin(), domain.ranks.end(), 0);
  return domain;
}

inline Domain FloatDomain(const std::shared_ptr<arrow::DataType>& type) {
  Domain domain =
      DomainOf(type, "[-Inf, -1e9, -2.5, -1e-30, -0.0, 0.0, 1e-30, 2.5, 1e9, Inf, NaN]");
  domain.ranks[4] = domain.ranks[5];
  return domain;
}

inline Domain BytesDomain(const std::shared_ptr<arrow::DataType>& type) {
  return DomainOf(type, R"(["", "\u0000", "\u0000\u0000", "\u0000\u0001", "\u0000a", "\u0001",
                            "a", "a\u0000", "a\u0000\u0000b", "a\u0000\u0001", "a\u0001", "aa",
                            "acc_00000042", "acc_00000042_9f3c.jpg", "b", "ÿ", "€", "😀"])");
}

inline std::vector<Domain> AllDomains() {
  return {
      DomainOf(arrow::boolean(), "[false, true]"),
      DomainOf(arrow::int8(), "[-128, -1, 0, 1, 127]"),
      DomainOf(arrow::int16(), "[-32768, -256, -1, 0, 1, 255, 256, 32767]"),
      DomainOf(arrow::int32(), "[-2147483648, -65536, -1, 0, 1, 65536, 2147483647]"),
      DomainOf(arrow::int64(),
               "[-9223372036854775808, -4294967296, -1, 0, 1, 4294967296, "
               "9223372036854775807]"),
      DomainOf(arrow::uint32(), "[0, 1, 2147483648, 4294967295]"),
      DomainOf(arrow::date32(), "[-800000, -1, 0, 20000]"),
      DomainOf(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[-5000000000, -1, 0, 5000000000]"),
      DomainOf(arrow::decimal128(38, 2),
               R"(["-999999999999999999999999999999999999.99", "-18446744073709551616.00",
                   "-0.01", "0.00", "0.01", "184467440737095516.16", "18446744073709551616.00",
                   "999999999999999999999999999999999999.99"])"),
      FloatDomain(arrow::float32()),
      FloatDomain(arrow::float64()),
      BytesDomain(arrow::utf8()),
      BytesDomain(arrow::binary()),
  };
}

// A column of a domain's values, and the rank of each; -1: NULL, which sorts first.
struct KeyColumn {
  std::shared_ptr<arrow::Array> values;
  std::vector<int> ranks;
};

inline KeyColumn RandomKeys(const Domain& domain, int64_t rows, double null_rate, Random& random) {
  const int64_t offset = Below(random, 70);
  arrow::Int64Builder places;
  KeyColumn column;
  for (int64_t i = 0; i < offset + rows; ++i) {
    const bool is_null = static_cast<double>(Below(random, 1000)) < null_rate * 1000;
    const int64_t place = Below(random, domain.values->length());
    EXPECT_TRUE((is_null ? places.AppendNull() : places.Append(place)).ok());
    if (i >= offset)
      column.ranks.push_back(is_null ? -1 : domain.ranks[static_cast<size_t>(place)]);
  }
  const auto taken =
      arrow::compute::Take(*domain.values, *places.Finish().ValueOrDie()).ValueOrDie();
  column.values = taken->Slice(offset, rows);
  return column;
}

// Rows with two keys, payload of several kinds, and the column "place", which counts the rows.
struct Rows {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::shared_ptr<arrow::Int64Array> numbers;  // of the source rows; some have several rows
  std::vector<int64_t> sorted;                 // the places in the order that they must have
};

inline constexpr int kPlaceColumn = 2;

inline Rows RandomRows(int64_t rows, const Domain& first, const Domain& second, double null_rate,
                       Random& random) {
  const KeyColumn one = RandomKeys(first, rows, null_rate, random);
  const KeyColumn two = RandomKeys(second, rows, null_rate, random);
  arrow::Int64Builder places;
  arrow::Int64Builder numbers;
  std::vector<int64_t> number_of;
  // Rows of one source row have one key: they take its last key over.
  std::vector<int64_t> key_of;
  int64_t number = 7;
  for (int64_t i = 0; i < rows; ++i) {
    const bool goes_on = i > 0 && Below(random, 4) == 0;
    if (!goes_on) number += 1 + Below(random, 3);
    key_of.push_back(goes_on ? key_of.back() : i);
    number_of.push_back(number);
    EXPECT_TRUE(places.Append(i).ok() && numbers.Append(number).ok());
  }
  arrow::Int64Builder keys;
  EXPECT_TRUE(keys.AppendValues(key_of).ok());
  const auto key_places = keys.Finish().ValueOrDie();
  const auto taken = [&](const std::shared_ptr<arrow::Array>& values) {
    return arrow::compute::Take(*values, *key_places).ValueOrDie();
  };
  const auto texts = FromJson(arrow::utf8(), "[\"\", \"" + std::string(300, 'c') + "\", \"bb\"]");
  const auto tags = FromJson(arrow::list(arrow::utf8()), R"([["a", "b"], [], [null]])");

  Rows made;
  made.batch = join::BatchOf({"first", "second", "place", "text", "tags"},
                             {taken(one.values), taken(two.values), places.Finish().ValueOrDie(),
                              join::RandomColumn(*texts, rows, null_rate, random),
                              join::RandomColumn(*tags, rows, null_rate, random)});
  made.numbers = std::static_pointer_cast<arrow::Int64Array>(numbers.Finish().ValueOrDie());
  made.sorted.resize(static_cast<size_t>(rows));
  std::iota(made.sorted.begin(), made.sorted.end(), int64_t{0});
  const auto order_of = [&](int64_t place) {
    const auto key = static_cast<size_t>(key_of[static_cast<size_t>(place)]);
    return std::tuple(one.ranks[key], two.ranks[key], number_of[static_cast<size_t>(place)]);
  };
  std::ranges::stable_sort(made.sorted, std::ranges::less{}, order_of);
  return made;
}

inline SortOptions OptionsFor(const Rows& rows, spill::SpillDirectory* directory,
                              arrow::MemoryPool* pool) {
  return {.schema = rows.batch->schema(),
          .key_columns = {0, 1},
          .sizes = {.lane_bytes = 4096,
                    .block_bytes = 4096,
                    .write_bytes = 8192,
                    .resident_bytes = 0,
                    .merge_bytes = 30'000},
          .compress = false,
          .directory = directory,
          .pool = pool};
}

// Gives the rows to several writers, source row after source row.
inline Status WriteAll(ExternalSort* sort, const Rows& rows, int lanes, Random& random) {
  std::vector<std::unique_ptr<SortWriter>> writers;
  for (int lane = 0; lane < lanes; ++lane) {
    ARROW_ASSIGN_OR_RAISE(auto writer, sort->MakeWriter());
    writers.push_back(std::move(writer));
  }
  const int64_t count = rows.batch->num_rows();
  for (int64_t first = 0; first < count;) {
    int64_t end = std::min(count, first + 1 + Below(random, 40));
    while (end < count && rows.numbers->Value(end) == rows.numbers->Value(end - 1)) ++end;
    SortWriter& writer = *writers[static_cast<size_t>(Below(random, lanes))];
    // A source row's rows may come in two batches.
    const int64_t middle = first + Below(random, end - first + 1);
    for (const auto& [from, to] : {std::pair(first, middle), std::pair(middle, end)}) {
      const auto numbers =
          std::static_pointer_cast<arrow::Int64Array>(rows.numbers->Slice(from, to - from));
      ARROW_RETURN_NOT_OK(writer.Append(*rows.batch->Slice(from, to - from), *numbers));
    }
    first = end;
  }
  for (const auto& writer : writers) ARROW_RETURN_NOT_OK(writer->Finish());
  return Status::OK();
}

inline Status NoCheck() { return Status::OK(); }

inline Result<std::unique_ptr<MergedRows>> MergeAll(
    ExternalSort* sort, const BatchLimits& limits, arrow::MemoryPool* batch_pool,
    const std::function<Status()>& check = NoCheck) {
  ARROW_RETURN_NOT_OK(sort->Premerge(check));
  return sort->Merge(limits, batch_pool);
}

// Everything that the sort gives, as one batch; null for no rows.
inline Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(MergedRows* merged) {
  arrow::RecordBatchVector batches;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, merged->Next());
    if (batch == nullptr) break;
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) return nullptr;
  return arrow::ConcatenateRecordBatches(batches);
}

inline uint64_t Seed() {
  const char* given = std::getenv("SPILLWAY_TEST_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

}  // namespace spillway::sort
