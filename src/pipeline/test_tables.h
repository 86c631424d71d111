// Folders, batches and tables that this folder's tests share. What was written is read back by
// parquet-cpp, not by our reader.
//
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array/array_nested.h>
#include <arrow/array/concatenate.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include "base/error.h"
#include "delta/snapshot.h"
#include "delta/transaction.h"
#include "pipeline/pinned_table.h"
#include "pipeline/plan.h"
#include "pipeline/table_writer.h"
#include "spec/spec_parser.h"

namespace spillway::pipeline::test {

using BatchPointer = std::shared_ptr<arrow::RecordBatch>;

// A folder that is gone when the test ends.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pipeline-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(name).string();
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  std::string path_;
};

// The number that a random test starts from; SPILLWAY_TEST_SEED repeats a failure.
inline uint64_t Seed() {
  const char* given = std::getenv("SPILLWAY_TEST_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device{}();
}

inline void AssertOk(const Status& status) { ASSERT_TRUE(status.ok()) << status.ToString(); }

inline ErrorCode CodeOf(const Status& status) {
  const auto error = FindError(status);
  EXPECT_TRUE(error) << "uncoded: " << status.ToString();
  return error ? error->code : ErrorCode::kInternal;
}

// Where an error is, without the folders of its file: "test.yaml:4:8".
inline std::string WhereOf(const Status& status) {
  const auto error = FindError(status);
  if (!error) return {};
  return error->where.substr(error->where.rfind('/') + 1);
}

// A batch from rows in JSON: [{"id": 1, "name": "a"}, ..].
inline BatchPointer BatchOf(const std::shared_ptr<arrow::Schema>& schema, std::string_view json) {
  const auto rows =
      arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json).ValueOrDie();
  const auto batch = arrow::RecordBatch::FromStructArray(rows).ValueOrDie();
  return arrow::RecordBatch::Make(schema, batch->num_rows(), batch->columns());
}

// One row as text, columns in order.
inline std::string RowText(const arrow::RecordBatch& batch, int64_t row) {
  std::string text;
  for (const auto& column : batch.columns()) {
    text += column->GetScalar(row).ValueOrDie()->ToString() + "|";
  }
  return text;
}

inline void AppendRows(const arrow::RecordBatch& batch, std::vector<std::string>* rows) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) rows->push_back(RowText(batch, row));
}

inline std::vector<std::string> Sorted(std::vector<std::string> rows) {
  std::ranges::sort(rows);
  return rows;
}

// The rows of a stream as text, in order; checks that no batch is empty or malformed.
inline std::vector<std::string> RowsOf(arrow::RecordBatchReader& reader) {
  std::vector<std::string> rows;
  for (;;) {
    const auto batch = reader.Next();
    EXPECT_TRUE(batch.ok()) << batch.status().ToString();
    if (!batch.ok() || *batch == nullptr) return rows;
    EXPECT_GT((*batch)->num_rows(), 0);
    EXPECT_TRUE((*batch)->schema()->Equals(reader.schema(), false));
    EXPECT_TRUE((*batch)->ValidateFull().ok()) << (*batch)->ValidateFull().ToString();
    AppendRows(**batch, &rows);
  }
}

struct TableLayout {
  int64_t rows_per_file = 1 << 20;
  int64_t rows_per_group = 1 << 20;
};

// Appends the rows of `batch` to the table at `path`, which is made where there is none.
inline void WriteRows(const std::string& path, const arrow::RecordBatch& batch,
                      const TableLayout& layout = {}) {
  AssertOk(delta::CreateTable(path, {.schema = batch.schema()}).status());
  TableWriter writer(batch.schema(),
                     {.table_path = path,
                      .parquet = {.pool = arrow::default_memory_pool(), .row_group_bytes = 1},
                      .max_records_per_file = layout.rows_per_file});
  // With row_group_bytes 1 every Write begins a row group.
  for (int64_t first = 0; first < batch.num_rows(); first += layout.rows_per_group) {
    AssertOk(writer.Write(*batch.Slice(first, layout.rows_per_group)));
  }
  delta::CommitRequest request;
  request.files = writer.Finish().ValueOrDie().Release();
  const auto base = delta::Snapshot::Open(path).ValueOrDie();
  ASSERT_TRUE(delta::Commit(*base, request).ValueOrDie().committed);
}

inline std::vector<delta::DataFile> FilesOf(const std::string& path) {
  const auto snapshot = delta::Snapshot::Open(path).ValueOrDie();
  const auto stream = snapshot->Files().ValueOrDie();
  std::vector<delta::DataFile> files;
  while (auto file = stream->Next().ValueOrDie()) files.push_back(*std::move(file));
  return files;
}

// All rows of the table at `path` as text, sorted, the columns as its schema orders them.
inline std::vector<std::string> StoredRows(const std::string& path) {
  std::vector<std::string> rows;
  for (const delta::DataFile& file : FilesOf(path)) {
    const auto source = arrow::io::ReadableFile::Open(file.path).ValueOrDie();
    const auto reader =
        ::parquet::arrow::OpenFile(source, arrow::default_memory_pool()).ValueOrDie();
    const auto table = reader->ReadTable().ValueOrDie();
    arrow::TableBatchReader batches(*table);
    while (const auto batch = batches.Next().ValueOrDie()) AppendRows(*batch, &rows);
  }
  return Sorted(std::move(rows));
}

// A pipeline file whose paths start in `folder`.
inline Result<spec::Spec> ParseSpec(const TestFolder& folder, std::string_view yaml,
                                    const std::vector<std::string>& settings = {}) {
  spec::ParseOptions options;
  for (const std::string& setting : settings) {
    ARROW_ASSIGN_OR_RAISE(spec::Override parsed, spec::ParseSetFlag(setting));
    options.overrides.push_back(std::move(parsed));
  }
  return spec::ParsePipelineText(yaml, folder / "test.yaml", options);
}

inline std::unique_ptr<PinnedTable> Pin(const std::string& path, std::vector<int> columns) {
  auto snapshot = delta::Snapshot::Open(path).ValueOrDie();
  return PinnedTable::Make("the table", std::move(snapshot), std::move(columns), {SizesFor(0)})
      .ValueOrDie();
}

}  // namespace spillway::pipeline::test
