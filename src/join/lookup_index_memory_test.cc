// What the index takes from its pool: never more than the estimate, and nothing once it failed.
#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "join/join_test_data.h"

namespace spillway::join {
namespace {

// A lookup with a string key and one payload column of each kind.
std::shared_ptr<arrow::RecordBatch> Lookup(int64_t rows, bool uniform, double null_rate,
                                           uint64_t seed) {
  Random random(seed);
  arrow::StringBuilder keys;
  for (int64_t i = 0; i < rows; ++i) {
    const auto extra = uniform ? size_t{0} : static_cast<size_t>(Below(random, 40));
    EXPECT_TRUE(keys.Append(fmt::format("image_{:08}", i / 2) + std::string(extra, 'x')).ok());
  }
  const auto column = [&](const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
    return RandomColumn(*FromJson(type, json), rows, null_rate, random);
  };
  const auto point = arrow::struct_(
      {arrow::field("x", arrow::float64()), arrow::field("tags", arrow::list(arrow::utf8()))});
  return BatchOf(
      {"k1", "k2", "bits", "word", "text", "nested"},
      {keys.Finish().ValueOrDie(), column(arrow::float32(), "[1, 2.5]"),
       column(arrow::boolean(), "[true, false]"), column(arrow::decimal128(20, 2), R"(["1.25"])"),
       column(arrow::utf8(), "[\"\", \"b\", \"" + std::string(300, 'c') + "\"]"),
       column(point, R"([{"x": 1, "tags": ["a", "b"]}, {"x": 2, "tags": []}])")});
}

std::vector<ColumnSize> SizesOf(const arrow::RecordBatch& batch, int first, int end) {
  std::vector<ColumnSize> sizes;
  for (int i = first; i < end; ++i) {
    const auto& column = *batch.column(i);
    int64_t bytes = 0;
    if (column.type_id() == arrow::Type::STRING) {
      bytes = static_cast<const arrow::StringArray&>(column).total_values_length();
    } else if (!arrow::is_fixed_width(column.type_id())) {
      bytes = *arrow::util::ReferencedBufferSize(column);
    }
    sizes.push_back({column.type(), bytes});
  }
  return sizes;
}

int64_t EstimateOf(const arrow::RecordBatch& batch, DuplicatePolicy duplicates) {
  return LookupIndex::EstimateBytes(batch.num_rows(), SizesOf(batch, 0, 2),
                                    SizesOf(batch, 2, batch.num_columns()), duplicates);
}

TEST(LookupIndexMemoryTest, NeverExceedsTheEstimate) {
  uint64_t seed = 1;
  for (const int64_t rows : {0, 1, 100, 1000, 1025, 65'535, 65'537, 70'000, 131'073}) {
    for (const bool uniform : {true, false}) {
      for (const double null_rate : {0.0, 0.3}) {
        for (const bool hinted : {true, false}) {
          for (const auto policy :
               {DuplicatePolicy::kExpand, DuplicatePolicy::kFirst, DuplicatePolicy::kLast}) {
            if (rows > 1025 && (hinted != uniform || (null_rate > 0) == uniform)) continue;
            SCOPED_TRACE(fmt::format("{} rows, uniform {}, nulls {}, hinted {}, seed {}", rows,
                                     uniform, null_rate, hinted, seed));
            const auto batch = Lookup(rows, uniform, null_rate, seed++);
            StrictPool pool;
            Random random(seed);
            const auto reader = ReaderOf(CutAtRandom(batch, random), batch->schema());
            const auto index = LookupIndex::Build(*reader, {.name = "p",
                                                            .key_columns = {0, 1},
                                                            .duplicates = policy,
                                                            .expected_rows = hinted ? rows : 0,
                                                            .pool = &pool})
                                   .ValueOrDie();
            EXPECT_LE(pool.max_memory(), EstimateOf(*batch, policy));
            EXPECT_EQ(pool.bytes_allocated(), index->bytes());
          }
        }
      }
    }
  }
}

// For a large lookup of plain columns the estimate is close, so that a plan does not waste memory.
TEST(LookupIndexMemoryTest, TheEstimateIsClose) {
  const auto whole = Lookup(700'000, false, 0.0, 9);
  const auto batch = whole->RemoveColumn(5).ValueOrDie();
  StrictPool pool;
  const auto index = BuildOf(batch, {0, 1}, &pool).ValueOrDie();
  const int64_t estimate = EstimateOf(*batch, DuplicatePolicy::kExpand);
  EXPECT_LE(pool.max_memory(), estimate);
  EXPECT_LE(estimate, index->bytes() + index->bytes() / 8);
}

TEST(LookupIndexMemoryTest, ARefusalAtAnyRequestIsCleanAndLeaksNothing) {
  const auto batch = Lookup(3000, false, 0.2, 4);
  for (const auto policy : {DuplicatePolicy::kExpand, DuplicatePolicy::kError}) {
    int64_t refusals = 0;
    for (int64_t fail_at = 1;; ++fail_at) {
      StrictPool pool(fail_at);
      const auto join = [&]() -> Status {
        Random random(8);
        const auto unique = batch->Slice(0, policy == DuplicatePolicy::kError ? 1 : 3000);
        const auto reader = ReaderOf(CutAtRandom(unique, random), unique->schema());
        ARROW_ASSIGN_OR_RAISE(const auto index, LookupIndex::Build(*reader, {.name = "p",
                                                                             .key_columns = {0, 1},
                                                                             .duplicates = policy,
                                                                             .pool = &pool}));
        ARROW_ASSIGN_OR_RAISE(auto prober, index->Probe({batch->column(0), batch->column(1)},
                                                        JoinType::kLeftOuter, &pool));
        while (!prober->done()) {
          ARROW_ASSIGN_OR_RAISE(const Matches matches, prober->Next(2000));
          ARROW_RETURN_NOT_OK(index->Gather(matches, &pool).status());
        }
        return Status::OK();
      };
      const Status status = join();
      ASSERT_EQ(pool.bytes_allocated(), 0) << "request " << fail_at << ": " << status.ToString();
      if (status.ok()) break;
      ASSERT_TRUE(status.IsOutOfMemory()) << status.ToString();
      ++refusals;
    }
    EXPECT_GT(refusals, 20);
  }
}

}  // namespace
}  // namespace spillway::join
