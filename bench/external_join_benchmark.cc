// The key join out of core, one thread, phase by phase: the lookup's rows to their partitions, the
// source's row numbers to the same ones, the partitions joined, and the matches of each piece read
// in the source's order. Nine source rows in ten match, in random order. With a small budget all
// goes through files (in the page cache), with a large one all stays in memory.
//
// Yardstick: memcpy of as many bytes as the phase's rows have.
//   TMPDIR=/folder/with/1/GB build/external_join_benchmark --benchmark_counters_tabular=true
#include <filesystem>
#include <functional>
#include <optional>
#include <unistd.h>

#include "base/units.h"
#include "join/external_join.h"
#include "join/external_join_plan.h"
#include "join_rows.h"
#include "spill/spill_directory.h"

namespace spillway::join {
namespace {

constexpr int64_t kPieceRows = 1'000'000;
constexpr int64_t kSourceRowBytes = 8;  // of a row number and its hash

// What all phases are measured on.
struct Sides {
  std::shared_ptr<arrow::RecordBatch> lookup;
  std::shared_ptr<arrow::Array> keys;  // of the source

  int64_t pieces() const { return (keys->length() + kPieceRows - 1) / kPieceRows; }
};

Sides MakeSides(int64_t rows) {
  return {.lookup = LookupBatch(Shuffled(rows, 1), /*uniform=*/true),
          .keys = KeysOf(Shuffled(rows + rows / 9, 2), /*uniform=*/true)};
}

ExternalJoinSizes PlanSizes(const Sides& sides, int64_t budget_bytes) {
  const int64_t rows = sides.lookup->num_rows();
  return PlanExternalJoin({.lookup_rows = rows,
                           .keys = {{arrow::utf8(), rows * kKeyBytes}},
                           .payload = {{arrow::float64(), 0},
                                       {arrow::utf8(), rows * 7},
                                       {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), 0}},
                           .source_rows = sides.keys->length(),
                           .pieces = sides.pieces()},
                          budget_bytes)
      .sizes;
}

// One join, whose phases are to be called in this order.
class Phases {
 public:
  Phases(const Sides& sides, const ExternalJoinSizes& sizes)
      : sides_(sides),
        directory_(
            spill::SpillDirectory::Make({FolderPath(), /*is_own=*/true}, "benchmark").ValueOrDie()),
        join_(ExternalJoin::Make({.name = "predictions",
                                  .lookup_schema = sides.lookup->schema(),
                                  .key_columns = {0},
                                  .pieces = sides.pieces(),
                                  .sizes = sizes,
                                  .directory = directory_.get(),
                                  .pool = memory_.pool.get()})
                  .ValueOrDie()) {}

  void Build() {
    const auto writer = join_->MakeBuildWriter().ValueOrDie();
    for (int64_t row = 0; row < sides_.lookup->num_rows(); row += kBatchRows) {
      Check(writer->Append(*sides_.lookup->Slice(row, kBatchRows), row));
    }
    Check(writer->Finish());
  }

  void Probe() {
    const auto writer = join_->MakeProbeWriter().ValueOrDie();
    ForEachBatch([&](int64_t piece) { Check(writer->StartPiece(piece)); },
                 [&](const arrow::ArrayVector& keys) { Check(writer->Append(keys)); });
    Check(writer->Finish());
  }

  void Join() {
    Check(join_->StartJoin());
    const auto joiner = join_->MakeJoiner().ValueOrDie();
    while (joiner->JoinNext().ValueOrDie()) {
    }
    Check(joiner->Finish());
  }

  // Returns how many rows of the source have a match.
  int64_t Read() {
    join_->StartReading();
    const auto matcher = join_->MakeMatcher(JoinType::kLeftOuter, memory_.pool.get());
    int64_t matched = 0;
    ForEachBatch([&](int64_t piece) { Check(matcher->StartPiece(piece)); },
                 [&](const arrow::ArrayVector& keys) {
                   Check(matcher->Start(keys));
                   while (!matcher->done()) {
                     const MatchedRows rows = matcher->Next(kBatchRows).ValueOrDie();
                     matched += rows.num_rows - rows.unmatched;
                   }
                 });
    return matched;
  }

  int64_t bytes_written() const { return directory_->usage().bytes_written; }

 private:
  static std::string FolderPath() {
    return (std::filesystem::temp_directory_path() / fmt::format("external-join-{}", ::getpid()))
        .string();
  }

  void ForEachBatch(const std::function<void(int64_t)>& start_piece,
                    const std::function<void(const arrow::ArrayVector&)>& batch) const {
    for (int64_t piece = 0; piece < sides_.pieces(); ++piece) {
      start_piece(piece);
      const auto keys = sides_.keys->Slice(piece * kPieceRows, kPieceRows);
      for (int64_t row = 0; row < keys->length(); row += kBatchRows) {
        batch({keys->Slice(row, kBatchRows)});
      }
    }
  }

  const Sides& sides_;
  const Memory memory_;
  const std::unique_ptr<spill::SpillDirectory> directory_;
  const std::unique_ptr<ExternalJoin> join_;
};

// Times `phase` alone; `before` makes a join ready for it.
template <typename Before, typename Phase>
void Time(benchmark::State& state, const Sides& sides, Before before, Phase phase) {
  const ExternalJoinSizes sizes = PlanSizes(sides, state.range(1) * kMiB);
  int64_t written = 0;
  std::optional<Phases> join;
  for (auto _ : state) {
    state.PauseTiming();
    join.reset();
    join.emplace(sides, sizes);
    before(*join);
    const int64_t written_before = join->bytes_written();
    state.ResumeTiming();
    phase(*join);
    written += join->bytes_written() - written_before;
  }
  state.counters["partitions"] = static_cast<double>(int64_t{1} << sizes.partition_bits);
  state.counters["spilled_MB"] =
      static_cast<double>(written) / static_cast<double>(state.iterations()) / 1e6;
}

void BuildWriter(benchmark::State& state) {
  const Sides sides = MakeSides(state.range(0));
  Time(state, sides, [](Phases&) {}, [](Phases& join) { join.Build(); });
  Report(state, sides.lookup->num_rows(), sides.lookup->num_rows() * kRowBytes);
}

// The bytes are those of the keys that go in; what comes out are eight bytes a row.
void ProbeWriter(benchmark::State& state) {
  const Sides sides = MakeSides(state.range(0));
  Time(state, sides, [](Phases&) {}, [](Phases& join) { join.Probe(); });
  Report(state, sides.keys->length(), sides.keys->length() * kKeyBytes);
}

// The bytes are those of both sides.
void PartitionJoiner(benchmark::State& state) {
  const Sides sides = MakeSides(state.range(0));
  Time(
      state, sides,
      [](Phases& join) {
        join.Build();
        join.Probe();
      },
      [](Phases& join) { join.Join(); });
  const int64_t rows = sides.keys->length();
  Report(state, rows, rows * kSourceRowBytes + sides.lookup->num_rows() * kRowBytes);
}

// The bytes are those of the source's keys, and of the payload of what matches.
void PieceMatcher(benchmark::State& state) {
  const Sides sides = MakeSides(state.range(0));
  int64_t matched = 0;
  Time(
      state, sides,
      [](Phases& join) {
        join.Build();
        join.Probe();
        join.Join();
      },
      [&matched](Phases& join) { matched = join.Read(); });
  if (matched != state.range(0)) state.SkipWithError("a wrong number of matches");
  Report(state, sides.keys->length(),
         sides.keys->length() * kKeyBytes + matched * (kRowBytes - kKeyBytes));
}

// A copy of so many bytes a row: of a source row on its way, of keys, of lookup rows.
void Memcpy(benchmark::State& state) { CopyRows(state, state.range(0), state.range(1)); }

void WithRowsAndBudgets(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "budget_MiB"})
      ->ArgsProduct({{4'000'000}, {16, 1024}})
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK(BuildWriter)->Apply(WithRowsAndBudgets);
BENCHMARK(ProbeWriter)->Apply(WithRowsAndBudgets);
BENCHMARK(PartitionJoiner)->Apply(WithRowsAndBudgets);
BENCHMARK(PieceMatcher)->Apply(WithRowsAndBudgets);
BENCHMARK(Memcpy)
    ->ArgNames({"rows", "row_bytes"})
    ->ArgsProduct({{4'000'000}, {kSourceRowBytes, kKeyBytes, kRowBytes}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace spillway::join
