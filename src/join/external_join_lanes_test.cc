// The external join by several lanes at once, in the memory that its plan says and not a byte more.
#include <atomic>
#include <functional>
#include <limits>
#include <string>
#include <thread>

#include <arrow/array/builder_binary.h>
#include <fmt/format.h>

#include "base/units.h"
#include "join/external_join_plan.h"
#include "join/external_join_test_data.h"
#include "memory/governed_pool.h"
#include "memory/governor.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

constexpr int64_t kBatchRows = 5000;

// Row `i` of either side has key number `i * step % keys`.
struct Sides {
  int64_t lookup_rows;
  int64_t lookup_keys;
  int64_t source_rows;
  int64_t pieces;

  int64_t LookupKey(int64_t row) const { return row * 7919 % lookup_keys; }
  int64_t SourceKey(int64_t row) const { return row * 104'729 % (lookup_keys + lookup_keys / 9); }
  int64_t PieceStart(int64_t piece) const { return source_rows * piece / pieces; }
  // How many lookup rows have the key of a source row, and the sum of their numbers.
  std::pair<int64_t, int64_t> Matches(int64_t source_row) const {
    return by_key[static_cast<size_t>(SourceKey(source_row))];
  }

  std::vector<std::pair<int64_t, int64_t>> by_key = {};
};

Sides MakeSides(int64_t lookup_rows, int64_t lookup_keys, int64_t source_rows, int64_t pieces) {
  Sides sides = {lookup_rows, lookup_keys, source_rows, pieces};
  sides.by_key.resize(static_cast<size_t>(lookup_keys + lookup_keys / 9 + 1));
  for (int64_t row = 0; row < lookup_rows; ++row) {
    auto& [count, sum] = sides.by_key[static_cast<size_t>(sides.LookupKey(row))];
    ++count;
    sum += row;
  }
  return sides;
}

template <typename KeyOf>
std::shared_ptr<arrow::Array> KeyArray(int64_t first, int64_t rows, KeyOf&& key_of) {
  arrow::StringBuilder keys;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(keys.Append(fmt::format("acc_{:08}.jpg", key_of(first + i))).ok());
  }
  return keys.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> LookupBatch(const Sides& sides, int64_t first, int64_t rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(numbers.Append(first + i).ok());
    EXPECT_TRUE(texts.Append(std::string(static_cast<size_t>((first + i) % 9), 't')).ok());
  }
  return BatchOf({"key", "number", "text"},
                 {KeyArray(first, rows, [&](int64_t row) { return sides.LookupKey(row); }),
                  numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

ExternalJoinInputs InputsOf(const Sides& sides, int lanes, bool compress) {
  return {.lookup_rows = sides.lookup_rows,
          .keys = {{arrow::utf8(), sides.lookup_rows * 16}},
          .payload = {{arrow::int64(), 0}, {arrow::utf8(), sides.lookup_rows * 4}},
          .source_rows = sides.source_rows,
          .pieces = sides.pieces,
          .lanes = lanes,
          .compress = compress};
}

// Runs `work(lane)` on a thread for each lane; the first failure counts.
Status OnLanes(int lanes, const std::function<Status(int)>& work) {
  std::vector<Status> results(static_cast<size_t>(lanes));
  std::vector<std::thread> threads;
  for (int lane = 0; lane < lanes; ++lane) {
    threads.emplace_back([&, lane] { results[static_cast<size_t>(lane)] = work(lane); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : results) ARROW_RETURN_NOT_OK(status);
  return Status::OK();
}

Status Build(const Sides& sides, int lanes, ExternalJoin* join) {
  std::atomic<int64_t> next{0};
  return OnLanes(lanes, [&](int) -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer, join->MakeBuildWriter());
    for (int64_t first; (first = next.fetch_add(kBatchRows)) < sides.lookup_rows;) {
      const int64_t rows = std::min(kBatchRows, sides.lookup_rows - first);
      ARROW_RETURN_NOT_OK(writer->Append(*LookupBatch(sides, first, rows), first));
    }
    return writer->Finish();
  });
}

// Calls `visit(keys)` for each batch of a piece.
Status ForEachBatch(const Sides& sides, int64_t piece,
                    const std::function<Status(int64_t, const arrow::ArrayVector&)>& visit) {
  const int64_t end = sides.PieceStart(piece + 1);
  for (int64_t first = sides.PieceStart(piece); first < end; first += kBatchRows) {
    const auto keys = KeyArray(first, std::min(kBatchRows, end - first),
                               [&](int64_t row) { return sides.SourceKey(row); });
    ARROW_RETURN_NOT_OK(visit(first, {keys}));
  }
  return Status::OK();
}

Status Probe(const Sides& sides, int lanes, ExternalJoin* join) {
  std::atomic<int64_t> next{0};
  return OnLanes(lanes, [&](int) -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto writer, join->MakeProbeWriter());
    for (int64_t piece; (piece = next++) < sides.pieces;) {
      ARROW_RETURN_NOT_OK(writer->StartPiece(piece));
      ARROW_RETURN_NOT_OK(ForEachBatch(sides, piece, [&](int64_t, const arrow::ArrayVector& keys) {
        return writer->Append(keys);
      }));
    }
    return writer->Finish();
  });
}

Status Join(int lanes, ExternalJoin* join) {
  ARROW_RETURN_NOT_OK(join->StartJoin());
  ARROW_RETURN_NOT_OK(OnLanes(lanes, [&](int) -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto joiner, join->MakeJoiner());
    for (bool more = true; more;) {
      ARROW_ASSIGN_OR_RAISE(more, joiner->JoinNext());
    }
    return joiner->Finish();
  }));
  join->StartReading();
  return Status::OK();
}

// Reads a batch and compares, for each source row, number and sum of the lookup rows it is joined
// with.
Status CheckBatch(const Sides& sides, int64_t first, PieceMatcher* matcher) {
  int64_t source_row = -1;
  std::pair<int64_t, int64_t> seen = {0, 0};
  const auto check = [&]() -> Status {
    if (source_row >= 0 && seen != sides.Matches(first + source_row)) {
      return Status::Invalid("source row ", first + source_row, " has ", seen.first, " matches");
    }
    return Status::OK();
  };
  int64_t previous_number = -1;
  while (!matcher->done()) {
    ARROW_ASSIGN_OR_RAISE(const MatchedRows rows, matcher->Next(1000));
    const auto& numbers = static_cast<const arrow::Int64Array&>(*rows.payload[0]);
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      const int64_t row = rows.one_to_one ? rows.first_source_row + i : rows.source_rows->Value(i);
      if (row != source_row) {
        ARROW_RETURN_NOT_OK(check());
        if (row != source_row + 1) return Status::Invalid("source row ", row, " comes too early");
        source_row = row;
        seen = {0, 0};
        previous_number = -1;
      }
      if (numbers.IsNull(i)) continue;
      if (numbers.Value(i) <= previous_number) return Status::Invalid("not in lookup order");
      previous_number = numbers.Value(i);
      seen = {seen.first + 1, seen.second + numbers.Value(i)};
    }
  }
  return check();
}

Status Read(const Sides& sides, int lanes, ExternalJoin* join, arrow::MemoryPool* pool) {
  std::atomic<int64_t> next{0};
  return OnLanes(lanes, [&](int) -> Status {
    const auto matcher = join->MakeMatcher(JoinType::kLeftOuter, pool);
    for (int64_t piece; (piece = next++) < sides.pieces;) {
      ARROW_RETURN_NOT_OK(matcher->StartPiece(piece));
      ARROW_RETURN_NOT_OK(
          ForEachBatch(sides, piece, [&](int64_t first, const arrow::ArrayVector& keys) -> Status {
            ARROW_RETURN_NOT_OK(matcher->Start(keys));
            return CheckBatch(sides, first, matcher.get());
          }));
      join->ReleasePiece(piece);
    }
    return Status::OK();
  });
}

struct Outcome {
  Status status;
  int64_t peak_bytes;
  spill::SpillUsage usage;
};

// The whole join with a pool that gives `bound_bytes` and no more.
Outcome RunJoin(const Sides& sides, const ExternalJoinSizes& sizes, int64_t bound_bytes,
                bool compress) {
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  const auto governor = memory::Governor::Make(bound_bytes, 0).ValueOrDie();
  const auto pool = memory::GovernedPool::Make(governor.get(), "join", 0, 0).ValueOrDie();
  const auto run = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto join,
                          ExternalJoin::Make({.name = "p",
                                              .lookup_schema = LookupBatch(sides, 0, 0)->schema(),
                                              .key_columns = {0},
                                              .pieces = sides.pieces,
                                              .sizes = sizes,
                                              .compress = compress,
                                              .directory = directory.get(),
                                              .pool = pool.get()}));
    ARROW_RETURN_NOT_OK(Build(sides, sizes.lanes, join.get()));
    ARROW_RETURN_NOT_OK(Probe(sides, sizes.lanes, join.get()));
    ARROW_RETURN_NOT_OK(Join(sizes.lanes, join.get()));
    return Read(sides, sizes.lanes, join.get(), arrow::default_memory_pool());
  };
  return {run(), pool->max_memory(), directory->usage()};
}

TEST(ExternalJoinLanesTest, FitsTheBoundOfItsPlan) {
  const Sides sides = MakeSides(60'000, 60'000, 70'000, 9);
  for (const int lanes : {1, 2, 3}) {
    for (const bool compress : {false, true}) {
      const ExternalJoinInputs inputs = InputsOf(sides, lanes, compress);
      const int64_t smallest = PlanExternalJoin(inputs, 0).smallest_bytes;
      for (const int64_t budget : {smallest, smallest * 3 / 2, 4 * smallest, 64 * kMiB}) {
        SCOPED_TRACE(fmt::format("{} lanes, compress {}, budget {}", lanes, compress, budget));
        const ExternalJoinPlan plan = PlanExternalJoin(inputs, budget);
        ASSERT_LE(plan.bound_bytes, budget);
        const Outcome outcome = RunJoin(sides, plan.sizes, plan.bound_bytes, compress);
        ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
        EXPECT_LE(outcome.peak_bytes, plan.bound_bytes);
        if (!compress) {
          EXPECT_LE(outcome.usage.bytes_written, 2 * plan.spilled_bytes);
        }
        if (budget == 64 * kMiB) {
          EXPECT_EQ(outcome.usage.bytes_written, 0);
        } else if (budget == smallest && !compress) {
          EXPECT_GT(outcome.usage.bytes_written, plan.spilled_bytes / 2);
        }
      }
    }
  }
}

TEST(ExternalJoinLanesTest, DuplicatesComeInLookupOrder) {
  const Sides sides = MakeSides(30'000, 2'000, 3'000, 4);
  const ExternalJoinPlan plan = PlanExternalJoin(InputsOf(sides, 3, false), kMiB);
  const Outcome outcome = RunJoin(sides, plan.sizes, 32 * kMiB, false);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
}

// All lanes work on one partition's key, in passes; buckets are split by several lanes at once.
TEST(ExternalJoinLanesTest, AHotKey) {
  const Sides sides = MakeSides(5'000, 2, 60, 6);
  ExternalJoinPlan plan = PlanExternalJoin(InputsOf(sides, 3, false), kMiB);
  plan.sizes.join_bytes = 50'000;
  plan.sizes.bucket_bytes = 50'000;
  const Outcome outcome = RunJoin(sides, plan.sizes, 32 * kMiB, false);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
}

// What a run of the main job has: it must fit a program of 128 MiB.
TEST(ExternalJoinPlanTest, TheMainJobFitsSixteenMebibytes) {
  const ExternalJoinInputs inputs{.lookup_rows = 34'200'000,
                                  .keys = {{arrow::utf8(), 34'200'000 * int64_t{21}}},
                                  .payload = {{arrow::float64(), 0},
                                              {arrow::utf8(), 34'200'000 * int64_t{4}},
                                              {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), 0}},
                                  .source_rows = 38'000'000,
                                  .pieces = 38,
                                  .lanes = 1};
  const ExternalJoinPlan plan = PlanExternalJoin(inputs, 16 * kMiB);
  EXPECT_LE(plan.bound_bytes, 16 * kMiB);
  EXPECT_LE(plan.smallest_bytes, 16 * kMiB);
  EXPECT_GE(plan.smallest_bytes, 8 * kMiB);
}

TEST(ExternalJoinPlanTest, NoBoundIsAboveItsBudget) {
  for (const int64_t rows :
       {int64_t{0}, int64_t{1}, int64_t{1000}, int64_t{1'000'000}, int64_t{1'000'000'000}}) {
    for (const int64_t value_bytes : {0, 8, 100, 10'000}) {
      for (const int64_t pieces : {int64_t{1}, int64_t{1000}, rows + 1}) {
        ExternalJoinInputs inputs{.lookup_rows = rows,
                                  .keys = {{arrow::int64(), 0}},
                                  .payload = {{arrow::binary(), rows * value_bytes}},
                                  .source_rows = rows,
                                  .pieces = pieces,
                                  .lanes = 4};
        const int64_t smallest = PlanExternalJoin(inputs, 0).smallest_bytes;
        for (const int64_t factor : {1, 2, 3, 10, 100}) {
          SCOPED_TRACE(fmt::format("{} rows of {} bytes, {} pieces, {} x {}", rows, value_bytes,
                                   pieces, factor, smallest));
          const ExternalJoinPlan plan = PlanExternalJoin(inputs, factor * smallest);
          EXPECT_LE(plan.bound_bytes, factor * smallest);
          EXPECT_EQ(plan.smallest_bytes, smallest);
          int64_t largest = 0;
          for (const ExternalJoinPhase& phase : plan.phases) {
            largest = std::max(largest, phase.bytes());
          }
          EXPECT_EQ(largest, plan.bound_bytes);
        }
        const ExternalJoinPlan too_small = PlanExternalJoin(inputs, smallest - 1);
        EXPECT_EQ(too_small.bound_bytes, smallest);
      }
    }
  }
}

}  // namespace
}  // namespace spillway::join
