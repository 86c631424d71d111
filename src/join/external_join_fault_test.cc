// The external join where the pool refuses, the disk is full, or a file comes back changed: in each
// phase a coded error, and nothing is left behind.
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <unistd.h>

#include <arrow/array/builder_binary.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file_size_limit.h"
#include "join/external_join_test_data.h"
#include "memory/fault_pool.h"
#include "spill/test_folder.h"

namespace spillway::join {
namespace {

namespace fs = std::filesystem;

constexpr ExternalJoinSizes kTiny = {.lanes = 2,
                                     .partition_bits = 1,
                                     .bucket_bits = 4,
                                     .build_block_bytes = 4096,
                                     .probe_block_bytes = 4096,
                                     .match_block_bytes = 4096,
                                     .write_bytes = 8192,
                                     .join_bytes = 12'000,
                                     .bucket_bytes = 6000,
                                     .resident_bytes = 10'000};
constexpr int64_t kSourceRows = 120;

// A lookup with a hot key and payload of several kinds, and a source with some of its keys: what is
// in memory, passes, buckets that are split, and rows whose matches come in parts all happen.
struct Sides {
  Sides() {
    Random random(3);
    arrow::StringBuilder lookup_keys;
    for (int64_t i = 0; i < 600; ++i) {
      EXPECT_TRUE(lookup_keys.Append(i % 3 == 0 ? "hot" : fmt::format("key {}", i)).ok());
    }
    const auto tags = arrow::list(arrow::utf8());
    lookup = BatchOf(
        {"key", "text", "tags"},
        {lookup_keys.Finish().ValueOrDie(),
         RandomColumn(*FromJson(arrow::utf8(), "[\"\", \"" + std::string(300, 'c') + "\", \"bb\"]"),
                      600, 0.1, random),
         RandomColumn(*FromJson(tags, R"([["a", "b"], [], [null]])"), 600, 0.1, random)});
    arrow::StringBuilder source_keys;
    for (int64_t i = 0; i < kSourceRows; ++i) {
      EXPECT_TRUE(source_keys.Append(i % 40 == 7 ? "hot" : fmt::format("key {}", i * 4)).ok());
    }
    keys = {source_keys.Finish().ValueOrDie()};
  }

  std::shared_ptr<arrow::RecordBatch> lookup;
  arrow::ArrayVector keys;
};

Result<std::unique_ptr<ExternalJoin>> MakeJoin(const Sides& sides, spill::SpillDirectory* directory,
                                               arrow::MemoryPool* pool) {
  return ExternalJoin::Make({.name = "p",
                             .lookup_schema = sides.lookup->schema(),
                             .key_columns = {0},
                             .pieces = 2,
                             .sizes = kTiny,
                             .directory = directory,
                             .pool = pool});
}

Result<int64_t> ReadAll(const Sides& sides, ExternalJoin* join, arrow::MemoryPool* pool) {
  const auto matcher = join->MakeMatcher(JoinType::kLeftOuter, pool);
  int64_t rows = 0;
  for (int64_t piece = 0; piece < 2; ++piece) {
    ARROW_RETURN_NOT_OK(matcher->StartPiece(piece));
    ARROW_RETURN_NOT_OK(matcher->Start(SliceAll(sides.keys, piece * 50, piece == 0 ? 50 : 70)));
    while (!matcher->done()) {
      ARROW_ASSIGN_OR_RAISE(const MatchedRows matched, matcher->Next(100));
      rows += matched.num_rows;
    }
    join->ReleasePiece(piece);
  }
  return rows;
}

Result<int64_t> RunAll(const Sides& sides, spill::SpillDirectory* directory,
                       arrow::MemoryPool* pool) {
  Random random(5);
  ARROW_ASSIGN_OR_RAISE(const auto join, MakeJoin(sides, directory, pool));
  ARROW_RETURN_NOT_OK(BuildFrom(join.get(), *sides.lookup, 2, random));
  ARROW_RETURN_NOT_OK(ProbeFrom(join.get(), sides.keys, {50, 70}, 2, random));
  ARROW_RETURN_NOT_OK(JoinAll(join.get(), 2, random));
  return ReadAll(sides, join.get(), pool);
}

// The hot key has 200 rows and comes 3 times; of the others' keys some are in both.
int64_t ExpectedRows(const Sides& sides) {
  return static_cast<int64_t>(NaiveJoin(sides.keys, {sides.lookup->column(0)}, JoinType::kLeftOuter,
                                        DuplicatePolicy::kExpand)
                                  .size());
}

TEST(ExternalJoinFaultTest, ARefusalAtAnyRequestIsCleanAndLeaksNothing) {
  const Sides sides;
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  int64_t refusals = 0;
  for (int64_t fail_at = 1;; ++fail_at) {
    StrictPool backing;
    memory::FaultPool pool(&backing, {.fail_at = fail_at});
    const auto rows = RunAll(sides, directory.get(), &pool);
    ASSERT_EQ(backing.bytes_allocated(), 0) << "request " << fail_at;
    ASSERT_EQ(base.CountEntries(), 2) << "request " << fail_at;
    // A block that could not be made smaller is written instead of kept: not every refusal is one
    // of the join's.
    if (rows.ok()) {
      ASSERT_EQ(*rows, ExpectedRows(sides));
      if (pool.faults() == 0) break;
      continue;
    }
    ASSERT_TRUE(rows.status().IsOutOfMemory()) << rows.status().ToString();
    ++refusals;
  }
  EXPECT_GT(refusals, 100);
}

TEST(ExternalJoinFaultTest, AFullDiskAtAnyWriteIsACodedError) {
  const Sides sides;
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  int failures = 0;
  for (rlim_t limit = 0;; limit += 1024) {
    StrictPool pool;
    const auto rows = [&] {
      const FileSizeLimit full_disk(limit);
      return RunAll(sides, directory.get(), &pool);
    }();
    ASSERT_EQ(pool.bytes_allocated(), 0);
    ASSERT_EQ(base.CountEntries(), 2);
    if (rows.ok()) {
      EXPECT_EQ(*rows, ExpectedRows(sides));
      break;
    }
    const auto error = FindError(rows.status());
    ASSERT_TRUE(error.has_value()) << rows.status().ToString();
    EXPECT_EQ(error->code, ErrorCode::kStorageFull);
    ++failures;
  }
  EXPECT_GT(failures, 20);
}

// Flips a bit in the first block of each file whose name begins with `purpose`.
int DamageFiles(const spill::SpillDirectory& directory, const std::string& purpose,
                int64_t offset) {
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    if (!entry.path().filename().string().starts_with(purpose)) continue;
    const storage::FileDescriptor file(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
    uint8_t byte = 0;
    EXPECT_EQ(::pread(file.get(), &byte, 1, offset), 1);
    byte ^= 0x10;
    EXPECT_EQ(::pwrite(file.get(), &byte, 1, offset), 1);
    ++damaged;
  }
  return damaged;
}

void ExpectDamage(const Status& status, const std::string& purpose) {
  const auto error = FindError(status);
  ASSERT_TRUE(error.has_value()) << status.ToString();
  EXPECT_EQ(error->code, ErrorCode::kSpillDamaged);
  EXPECT_NE(error->what.find(purpose), std::string::npos) << error->what;
}

// The magic, the stream, both lengths, the number, the checksum, and the payload's first and later
// bytes.
constexpr int64_t kOffsets[] = {0, 4, 8, 12, 16, 24, 32, 48, 200};

TEST(ExternalJoinFaultTest, DamageIsFoundInEachPhase) {
  const Sides sides;
  const spill::TestFolder base;
  const auto directory = spill::SpillDirectory::Make({base.text()}, "test").ValueOrDie();
  for (const std::string purpose : {"lookup-rows", "source-rows", "matches"}) {
    for (const int64_t offset : kOffsets) {
      SCOPED_TRACE(fmt::format("{}, byte {}", purpose, offset));
      Random random(5);
      StrictPool pool;
      ExternalJoinOptions options{.name = "p",
                                  .lookup_schema = sides.lookup->schema(),
                                  .key_columns = {0},
                                  .pieces = 2,
                                  .sizes = kTiny,
                                  .directory = directory.get(),
                                  .pool = &pool};
      options.sizes.resident_bytes = 0;
      const auto join = ExternalJoin::Make(options).ValueOrDie();
      ASSERT_TRUE(BuildFrom(join.get(), *sides.lookup, 2, random).ok());
      ASSERT_TRUE(ProbeFrom(join.get(), sides.keys, {50, 70}, 2, random).ok());
      if (purpose != "matches") {
        ASSERT_GT(DamageFiles(*directory, purpose, offset), 0);
        ExpectDamage(JoinAll(join.get(), 2, random), purpose);
        continue;
      }
      ASSERT_TRUE(JoinAll(join.get(), 2, random).ok());
      ASSERT_GT(DamageFiles(*directory, purpose, offset), 0);
      ExpectDamage(ReadAll(sides, join.get(), &pool).status(), purpose);
    }
  }
}

}  // namespace
}  // namespace spillway::join
