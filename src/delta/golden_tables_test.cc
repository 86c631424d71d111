// Snapshots of the golden tables of delta-kernel-rs, against what deltalake 1.6.6 says of them and
// the number of rows in their expected output.
#include <numeric>

#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "delta/snapshot.h"
#include "delta/test_tables.h"

namespace spillway::delta {
namespace {

using test::CodeOf;
using test::TestFolder;

constexpr int64_t kUnknown = -1;

struct GoldenTable {
  const char* name;
  int64_t version;
  size_t files;
  int64_t bytes;
  int64_t rows;  // without deleted ones; unknown where a file has no statistics
};

void PrintTo(const GoldenTable& table, std::ostream* out) { *out << table.name; }

class GoldenTableTest : public testing::TestWithParam<GoldenTable> {};

int64_t LiveRows(const Snapshot& snapshot, const std::vector<DataFile>& files) {
  int64_t rows = 0;
  for (const DataFile& file : files) {
    if (!file.num_records) return kUnknown;
    rows += *file.num_records;
    if (!file.deletion_vector) continue;
    const auto deleted = snapshot.DeletedRows(*file.deletion_vector, *file.num_records);
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    if (deleted.ok()) {
      rows -= arrow::internal::CountSetBits(deleted->data(), 0, *file.num_records);
    }
  }
  return rows;
}

TEST_P(GoldenTableTest, HasTheFilesThatDeltalakeSees) {
  const TestFolder folder;
  const std::optional<std::string> table = test::UnpackGoldenTable(folder, GetParam().name);
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto snapshot = Snapshot::Open(*table);
  ASSERT_TRUE(snapshot.ok()) << RenderError(snapshot.status());
  EXPECT_EQ((*snapshot)->version(), GetParam().version);
  const auto files = test::AllFiles(**snapshot);
  ASSERT_TRUE(files.ok()) << RenderError(files.status());
  EXPECT_EQ(files->size(), GetParam().files);
  const int64_t bytes =
      std::accumulate(files->begin(), files->end(), int64_t{0},
                      [](int64_t sum, const DataFile& file) { return sum + file.size_bytes; });
  EXPECT_EQ(bytes, GetParam().bytes);
  EXPECT_EQ(LiveRows(**snapshot, *files), GetParam().rows);
  for (const DataFile& file : *files) {
    EXPECT_EQ(std::filesystem::file_size(file.path), static_cast<uint64_t>(file.size_bytes))
        << file.path;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Golden, GoldenTableTest,
    testing::Values(
        GoldenTable{"124-decimal-decode-bug", 0, 2, 844, kUnknown},
        GoldenTable{"basic-decimal-table-legacy", 0, 4, 4036, 4},
        GoldenTable{"basic-with-inserts-deletes-checkpoint", 13, 7, 3549, 41},
        GoldenTable{"basic-with-inserts-overwrite-restore", 3, 4, 2834, 200},
        GoldenTable{"basic-with-vacuum-protocol-check-feature", 1, 2, 2191, 100},
        GoldenTable{"canonicalized-paths-normal-b", 1, 0, 0, 0},   // as Spark; deltalake does not
        GoldenTable{"canonicalized-paths-special-b", 1, 0, 0, 0},  // know the path's other spelling
        GoldenTable{"corrupted-last-checkpoint-kernel", 11, 2, 1454, 100},
        GoldenTable{"data-reader-array-complex-objects", 0, 2, 5662, kUnknown},
        GoldenTable{"data-reader-map", 0, 2, 7293, kUnknown},
        GoldenTable{"data-reader-nullable-field-invalid-schema-key", 0, 2, 885, kUnknown},
        GoldenTable{"data-reader-primitives", 0, 2, 5050, kUnknown},
        GoldenTable{"data-reader-timestamp_ntz-name-mode", 1, 4, 4832, 9},
        GoldenTable{"data-skipping-basic-stats-all-types-checkpoint", 0, 1, 2738, 1},
        GoldenTable{"data-skipping-basic-stats-all-types-columnmapping-name", 0, 1, 4949, 1},
        GoldenTable{"data-skipping-change-stats-collected-across-versions", 4, 3, 2052, 3},
        GoldenTable{"decimal-various-scale-precision", 0, 1, 9126, 3},
        GoldenTable{"dv-with-columnmapping", 15, 15, 18057, 35},
        GoldenTable{"kernel-timestamp-int96", 0, 5, 3535, 5},
        GoldenTable{"log-replay-dv-key-cases", 3, 1, 765, 47},
        GoldenTable{"log-replay-special-characters", 1, 0, 0, 0},
        GoldenTable{"log-replay-special-characters-a", 1, 0, 0, 0},
        GoldenTable{"parquet-all-types-legacy-format", 0, 1, 20934, 200},
        GoldenTable{"snapshot-data2-deleted", 4, 3, 1740, kUnknown},
        GoldenTable{"snapshot-vacuumed", 5, 2, 1392, kUnknown},
        GoldenTable{"table-with-columnmapping-mode-name", 0, 2, 25618, 6},
        GoldenTable{"time-travel-partition-changes-b", 1, 4, 1758, kUnknown},
        GoldenTable{"time-travel-schema-changes-b", 1, 4, 2322, kUnknown},
        GoldenTable{"v2-checkpoint-parquet", 2, 4, 1952, 10}));

struct BadTable {
  const char* name;
  ErrorCode code;
  const char* words;  // in the rendered error
};

class BadTableTest : public testing::TestWithParam<BadTable> {};

TEST_P(BadTableTest, IsRefusedByItsFault) {
  const TestFolder folder;
  const std::optional<std::string> table = test::UnpackGoldenTable(folder, GetParam().name);
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const Status status = Snapshot::Open(*table).status();
  EXPECT_EQ(CodeOf(status), GetParam().code);
  EXPECT_NE(RenderError(status).find(GetParam().words), std::string::npos) << RenderError(status);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, BadTableTest,
    testing::Values(
        BadTable{"deltalog-invalid-protocol-version", ErrorCode::kCorruptLog, "Reader features"},
        BadTable{"deltalog-state-reconstruction-without-protocol", ErrorCode::kCorruptLog,
                 "No protocol"},
        BadTable{"deltalog-state-reconstruction-from-checkpoint-missing-protocol",
                 ErrorCode::kCorruptLog, "schemaString"},
        BadTable{"deltalog-commit-info", ErrorCode::kCorruptLog, "00000000000000000000.json"},
        BadTable{"no-delta-log-folder", ErrorCode::kNotADeltaTable, "not a Delta table"}));

struct BrokenLog {
  const char* name;
  std::optional<ErrorCode> code;
  const char* words;
};

// table_a is whole; table_b has a gap before its checkpoint, which nobody reads.
TEST(BrokenLogs, AreReadOrRefusedByTheirFault) {
  const std::optional<std::string> corpora = test::CorporaFolder();
  if (!corpora) GTEST_SKIP() << "no broken logs (SPILLWAY_CORPORA)";
  const std::vector<BrokenLog> logs = {
      {"table_a", std::nullopt, ""},
      {"table_b", std::nullopt, ""},
      {"table_c", ErrorCode::kCorruptLog, "00000000000000000012.json"},
      {"table_d", ErrorCode::kUnsupportedFeature, "catalogOwned"},
      {"table_g", std::nullopt, ""},
  };
  for (const BrokenLog& log : logs) {
    const auto snapshot = Snapshot::Open(*corpora + "/broken-logs/" + log.name);
    EXPECT_EQ(CodeOf(snapshot.status()), log.code) << log.name;
    if (!snapshot.ok()) {
      EXPECT_NE(RenderError(snapshot.status()).find(log.words), std::string::npos)
          << RenderError(snapshot.status());
    }
  }
}

TEST(GoldenColumnMapping, HasPhysicalNamesAndFieldIds) {
  const TestFolder folder;
  const auto table = test::UnpackGoldenTable(folder, "table-with-columnmapping-mode-name");
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto snapshot = Snapshot::Open(*table).ValueOrDie();
  EXPECT_EQ(snapshot->column_mapping(), ColumnMapping::kName);
  const int column = snapshot->schema()->GetFieldIndex("ByteType");
  ASSERT_GE(column, 0);
  EXPECT_TRUE(snapshot->PhysicalName(column).starts_with("col-")) << snapshot->PhysicalName(column);
  const auto metadata = snapshot->schema()->field(column)->metadata();
  EXPECT_EQ(metadata->Get("delta.columnMapping.id"), metadata->Get("PARQUET:field_id"));
  EXPECT_EQ(metadata->Get("delta.columnMapping.physicalName").ValueOrDie(),
            snapshot->PhysicalName(column));
}

TEST(GoldenColumnMapping, PartitionValuesHaveLogicalNames) {
  const TestFolder folder;
  const auto table = test::UnpackGoldenTable(folder, "dv-with-columnmapping");
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto snapshot = Snapshot::Open(*table).ValueOrDie();
  ASSERT_EQ(snapshot->partition_columns(), std::vector<std::string>{"part"});
  size_t with_deletions = 0;
  for (const DataFile& file : test::AllFiles(*snapshot).ValueOrDie()) {
    ASSERT_EQ(file.partition_values.size(), 1);
    EXPECT_EQ(file.partition_values[0].first, "part");
    EXPECT_TRUE(file.partition_values[0].second.has_value());
    with_deletions += file.deletion_vector.has_value() ? 1 : 0;
  }
  EXPECT_EQ(with_deletions, 2);
}

// Rows that the expected output of log-replay-dv-key-cases lacks.
TEST(GoldenDeletionVectors, HasTheRowsThatAreGone) {
  const TestFolder folder;
  const auto table = test::UnpackGoldenTable(folder, "log-replay-dv-key-cases");
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto snapshot = Snapshot::Open(*table).ValueOrDie();
  const auto files = test::AllFiles(*snapshot).ValueOrDie();
  ASSERT_EQ(files.size(), 1);
  DeletionVector vector = files[0].deletion_vector.value();
  EXPECT_EQ(snapshot->DeletedRows(vector, 50).ValueOrDie(),  // 0, 7 and 14
            (std::vector<uint8_t>{1 | 1 << 7, 1 << 6, 0, 0, 0, 0, 0}));
  vector.cardinality += 1;
  EXPECT_EQ(CodeOf(snapshot->DeletedRows(vector, 50).status()), ErrorCode::kCorruptLog);
  vector.path_or_inline.back() ^= 1;
  EXPECT_FALSE(snapshot->DeletedRows(vector, 50).ok());
}

TEST(GoldenTimeTravel, ReadsOlderVersions) {
  const TestFolder folder;
  const auto table = test::UnpackGoldenTable(folder, "basic-with-inserts-overwrite-restore");
  if (!table) GTEST_SKIP() << "no golden tables (SPILLWAY_CORPORA)";
  const auto first = Snapshot::Open(*table, {.version = 0}).ValueOrDie();
  EXPECT_EQ(first->version(), 0);
  EXPECT_EQ(LiveRows(*first, test::AllFiles(*first).ValueOrDie()), 100);
  const Status status = Snapshot::Open(*table, {.version = 4}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kVersionNotFound) << RenderError(status);
}

}  // namespace
}  // namespace spillway::delta
