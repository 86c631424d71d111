// The sort against std::stable_sort, its memory against its plan, and what happens where memory,
// disk or bytes are not there.
#include "sort/external_sort.h"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file_size_limit.h"
#include "memory/fault_pool.h"
#include "sort/sort_test_data.h"
#include "spill/manifest.h"
#include "spill/test_folder.h"

namespace spillway::sort {
namespace {

using join::StrictPool;

constexpr BatchLimits kSmallBatches = {.rows = 60, .bytes = 5000};

class ExternalSortTest : public ::testing::Test {
 protected:
  ExternalSortTest()
      : directory_(spill::SpillDirectory::Make({base_.text()}, "test").ValueOrDie()) {}

  // That `batch` has `rows` in their order, whole.
  static void ExpectSorted(const Rows& rows, const std::shared_ptr<arrow::RecordBatch>& batch) {
    if (rows.sorted.empty()) {
      EXPECT_EQ(batch, nullptr);
      return;
    }
    ASSERT_NE(batch, nullptr);
    ASSERT_TRUE(batch->ValidateFull().ok()) << batch->ValidateFull().ToString();
    arrow::Int64Builder places;
    ASSERT_TRUE(places.AppendValues(rows.sorted).ok());
    const arrow::Datum in_order = places.Finish().ValueOrDie();
    const auto expected =
        arrow::compute::Take(arrow::Datum(rows.batch), in_order).ValueOrDie().record_batch();
    const auto nan_equal = arrow::EqualOptions::Defaults().nans_equal(true);
    EXPECT_TRUE(batch->column(kPlaceColumn)->Equals(expected->column(kPlaceColumn)));
    EXPECT_TRUE(batch->Equals(*expected, false, nan_equal));
  }

  // That what `sort` saves is read by another one.
  void ExpectSavedRows(const Rows& rows, const SortOptions& options, ExternalSort* sort) {
    {
      const auto manifest = spill::ManifestWriter::Make(*directory_, "rows").ValueOrDie();
      ASSERT_TRUE(sort->Save(manifest.get()).ok());
      ASSERT_TRUE(manifest->Finish().ok());
    }
    EXPECT_EQ(sort->kept_bytes(), 0);
    EXPECT_EQ(spill::ManifestReader::Open(*directory_, "others", options.pool).ValueOrDie(),
              nullptr);
    const auto manifest =
        spill::ManifestReader::Open(*directory_, "rows", options.pool).ValueOrDie();
    ASSERT_NE(manifest, nullptr);
    const auto again = ExternalSort::Make(options).ValueOrDie();
    const Status loaded = again->Load(manifest.get());
    ASSERT_TRUE(loaded.ok()) << loaded.ToString();
    EXPECT_EQ(again->stored_bytes(), sort->stored_bytes());
    const auto merged = MergeAll(again.get(), kSmallBatches, options.pool).ValueOrDie();
    ASSERT_NO_FATAL_FAILURE(ExpectSorted(rows, ReadAll(merged.get()).ValueOrDie()));
    std::filesystem::remove(directory_->path() + "/" + spill::kManifestName);
  }

  // No file and no memory is left.
  void ExpectNothingLeft(const arrow::MemoryPool& pool) {
    ASSERT_EQ(pool.bytes_allocated(), 0);
    ASSERT_EQ(base_.CountEntries(), 2);  // the folder and its lock
  }

  // Sorts and reads all rows; returns how many came.
  Result<int64_t> SortAll(const Rows& rows, arrow::MemoryPool* pool, int64_t resident_bytes = 0) {
    Random random(5);
    SortOptions options = OptionsFor(rows, directory_.get(), pool);
    options.sizes.resident_bytes = resident_bytes;
    options.compress = true;
    ARROW_ASSIGN_OR_RAISE(const auto sort, ExternalSort::Make(options));
    ARROW_RETURN_NOT_OK(WriteAll(sort.get(), rows, 2, random));
    ARROW_ASSIGN_OR_RAISE(const auto merged, MergeAll(sort.get(), kSmallBatches, pool));
    int64_t count = 0;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, merged->Next());
      if (batch == nullptr) return count;
      count += batch->num_rows();
    }
  }

  const spill::TestFolder base_;
  const std::unique_ptr<spill::SpillDirectory> directory_;
};

TEST_F(ExternalSortTest, GivesTheOrderOfAStableSort) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  Random random(seed);
  const std::vector<Domain> domains = AllDomains();
  int64_t premerged = 0;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    const auto& first = domains[static_cast<size_t>(round) % domains.size()];
    const auto& second = domains[static_cast<size_t>(Below(random, std::ssize(domains)))];
    const double null_rate = round % 3 == 0 ? 0 : 0.1;
    const Rows rows =
        RandomRows(Below(random, round % 5 == 0 ? 4 : 1500), first, second, null_rate, random);
    StrictPool pool;
    {
      SortOptions options = OptionsFor(rows, directory_.get(), &pool);
      options.compress = round % 2 == 0;
      options.sizes.resident_bytes = round % 4 == 0 ? 40'000 : 0;
      options.sizes.lane_bytes = 64 * (8 + Below(random, 500));
      const auto sort = ExternalSort::Make(options).ValueOrDie();
      ASSERT_TRUE(WriteAll(sort.get(), rows, 1 + static_cast<int>(Below(random, 3)), random).ok());
      if (round % 6 == 0) {
        ASSERT_TRUE(sort->Premerge(NoCheck).ok());
      }
      if (round % 3 == 0) {
        ASSERT_NO_FATAL_FAILURE(ExpectSavedRows(rows, options, sort.get()));
      }
      const auto merged = MergeAll(sort.get(), kSmallBatches, &pool).ValueOrDie();
      ASSERT_NO_FATAL_FAILURE(ExpectSorted(rows, ReadAll(merged.get()).ValueOrDie()));
      EXPECT_TRUE(merged->done());
      premerged += sort->premerged_runs();
    }
    ASSERT_NO_FATAL_FAILURE(ExpectNothingLeft(pool));
  }
  EXPECT_GT(premerged, 0);
}

TEST_F(ExternalSortTest, MergesInManyPassesWhereTwoRunsAreAllThatCanBeRead) {
  Random random(11);
  const Rows rows =
      RandomRows(3000, BytesDomain(arrow::utf8()), FloatDomain(arrow::float64()), 0.1, random);
  StrictPool pool;
  SortOptions options = OptionsFor(rows, directory_.get(), &pool);
  options.sizes.merge_bytes = 0;
  const auto sort = ExternalSort::Make(options).ValueOrDie();
  ASSERT_TRUE(WriteAll(sort.get(), rows, 3, random).ok());
  const auto merged = MergeAll(sort.get(), kSmallBatches, &pool).ValueOrDie();
  ExpectSorted(rows, ReadAll(merged.get()).ValueOrDie());
  EXPECT_GT(sort->num_runs(), 50);
  EXPECT_EQ(sort->premerged_runs(), 2 * (sort->num_runs() - 2));  // each merge makes one of two
}

TEST_F(ExternalSortTest, SourceRowsAreCountedAndNeverCut) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(fmt::format("SPILLWAY_TEST_SEED={}", seed));
  Random random(seed);
  const Rows rows = RandomRows(800, BytesDomain(arrow::utf8()), AllDomains()[3], 0.1, random);
  std::vector<int64_t> numbers;  // in the sorted order
  for (const int64_t place : rows.sorted) numbers.push_back(rows.numbers->Value(place));
  for (int round = 0; round < 10; ++round) {
    StrictPool pool;
    const auto sort = ExternalSort::Make(OptionsFor(rows, directory_.get(), &pool)).ValueOrDie();
    ASSERT_TRUE(WriteAll(sort.get(), rows, 2, random).ok());
    const auto merged = MergeAll(sort.get(), kSmallBatches, &pool).ValueOrDie();
    size_t at = 0;
    const auto expect_passed = [&](int64_t source_rows) {
      int64_t begun = 0;
      int64_t latest = -1;
      for (at = 0; at < numbers.size(); ++at) {
        if (numbers[at] != latest && begun++ == source_rows) break;
        latest = numbers[at];
      }
      EXPECT_EQ(merged->source_rows(), std::min(begun, source_rows));
      EXPECT_EQ(merged->done(), at == numbers.size());
    };
    int64_t source_rows = Below(random, 100);
    ASSERT_TRUE(merged->Skip(source_rows).ok());
    expect_passed(source_rows);
    while (!merged->done()) {
      source_rows += 1 + Below(random, 90);
      while (const auto batch = merged->Next(source_rows).ValueOrDie()) {
        for (int64_t row = 0; row < batch->num_rows(); ++row, ++at) {
          const auto& places = static_cast<const arrow::Int64Array&>(*batch->column(kPlaceColumn));
          ASSERT_EQ(places.Value(row), rows.sorted[at]);
        }
      }
      expect_passed(source_rows);
    }
  }
}

// Rows far longer than a lane's share and a block.
TEST_F(ExternalSortTest, LongRowsTakeTheirLength) {
  StrictPool pool;
  arrow::StringBuilder keys;
  arrow::StringBuilder texts;
  arrow::Int64Builder numbers;
  for (int64_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(keys.Append(fmt::format("{:02}", i * 7 % 40)).ok());
    ASSERT_TRUE(texts.Append(std::string(static_cast<size_t>(i * 2000), 'x')).ok());
    ASSERT_TRUE(numbers.Append(i).ok());
  }
  Rows rows;
  rows.batch =
      join::BatchOf({"key", "text"}, {keys.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  rows.numbers = std::static_pointer_cast<arrow::Int64Array>(numbers.Finish().ValueOrDie());
  SortOptions options = OptionsFor(rows, directory_.get(), &pool);
  options.key_columns = {0};
  const auto sort = ExternalSort::Make(options).ValueOrDie();
  const auto writer = sort->MakeWriter().ValueOrDie();
  ASSERT_TRUE(writer->Append(*rows.batch, *rows.numbers).ok());
  ASSERT_TRUE(writer->Finish().ok());
  const auto merged = MergeAll(sort.get(), kSmallBatches, &pool).ValueOrDie();
  const auto sorted = ReadAll(merged.get()).ValueOrDie();
  ASSERT_EQ(sorted->num_rows(), 40);
  for (int64_t i = 0; i < 40; ++i) {
    EXPECT_EQ(sorted->column(0)->GetScalar(i).ValueOrDie()->ToString(), fmt::format("{:02}", i));
    const int64_t row = i * 23 % 40;  // 7 * 23 = 161 = 1 mod 40
    EXPECT_TRUE(sorted->Slice(i, 1)->Equals(*rows.batch->Slice(row, 1)));
  }
}

TEST_F(ExternalSortTest, ARefusalAtAnyRequestIsCleanAndLeaksNothing) {
  Random random(7);
  const Rows rows = RandomRows(150, BytesDomain(arrow::utf8()), AllDomains()[3], 0.1, random);
  int64_t refusals = 0;
  for (int64_t fail_at = 1;; ++fail_at) {
    StrictPool backing;
    memory::FaultPool pool(&backing, {.fail_at = fail_at});
    const auto count = SortAll(rows, &pool, /*resident_bytes=*/9000);
    ASSERT_NO_FATAL_FAILURE(ExpectNothingLeft(backing)) << "request " << fail_at;
    if (count.ok()) {
      // A block that could not be made smaller is written instead of kept.
      ASSERT_EQ(*count, 150);
      if (pool.faults() == 0) break;
      continue;
    }
    ASSERT_TRUE(count.status().IsOutOfMemory()) << count.status().ToString();
    ++refusals;
  }
  EXPECT_GT(refusals, 50);
}

TEST_F(ExternalSortTest, AFullDiskAtAnyWriteIsACodedError) {
  Random random(7);
  const Rows rows = RandomRows(150, BytesDomain(arrow::utf8()), AllDomains()[3], 0.1, random);
  int failures = 0;
  for (rlim_t limit = 0;; limit += 1024) {
    StrictPool pool;
    const auto count = [&] {
      const FileSizeLimit full_disk(limit);
      return SortAll(rows, &pool);
    }();
    ASSERT_NO_FATAL_FAILURE(ExpectNothingLeft(pool));
    if (count.ok()) {
      EXPECT_EQ(*count, 150);
      break;
    }
    const auto error = FindError(count.status());
    ASSERT_TRUE(error.has_value()) << count.status().ToString();
    EXPECT_EQ(error->code, ErrorCode::kStorageFull);
    ++failures;
  }
  EXPECT_GT(failures, 10);
}

TEST_F(ExternalSortTest, DamageIsFound) {
  Random random(7);
  const Rows rows = RandomRows(150, BytesDomain(arrow::utf8()), AllDomains()[3], 0.1, random);
  for (const int64_t offset : {0, 4, 8, 12, 16, 24, 32, 48, 200}) {
    StrictPool pool;
    const auto sort = ExternalSort::Make(OptionsFor(rows, directory_.get(), &pool)).ValueOrDie();
    ASSERT_TRUE(WriteAll(sort.get(), rows, 1, random).ok());
    for (const auto& entry : std::filesystem::directory_iterator(directory_->path())) {
      if (entry.path().filename() == "lock") continue;
      const storage::FileDescriptor file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
      uint8_t byte = 0;
      ASSERT_EQ(::pread(file.get(), &byte, 1, offset), 1);
      byte ^= 0x10;
      ASSERT_EQ(::pwrite(file.get(), &byte, 1, offset), 1);
    }
    const auto merged = MergeAll(sort.get(), kSmallBatches, &pool);
    const auto error = FindError(merged.status());
    ASSERT_TRUE(error.has_value()) << merged.status().ToString();
    EXPECT_EQ(error->code, ErrorCode::kSpillDamaged);
  }
}

TEST_F(ExternalSortTest, AFailedCheckEndsTheMerging) {
  Random random(7);
  const Rows rows = RandomRows(1500, BytesDomain(arrow::utf8()), AllDomains()[3], 0.1, random);
  StrictPool pool;
  {
    SortOptions options = OptionsFor(rows, directory_.get(), &pool);
    options.sizes.merge_bytes = 0;
    const auto sort = ExternalSort::Make(options).ValueOrDie();
    ASSERT_TRUE(WriteAll(sort.get(), rows, 1, random).ok());
    const auto stop = [] { return Status::Cancelled("stopped"); };
    EXPECT_TRUE(MergeAll(sort.get(), kSmallBatches, &pool, stop).status().IsCancelled());
  }
  ExpectNothingLeft(pool);
}

}  // namespace
}  // namespace spillway::sort
