// A Parquet file: whatever its bytes, footer and rows are read or refused, and what may be copied
// into another file is read there as it was in the first. (parquet_file_mutator.cc keeps the
// footer's frame whole, so that mutations get behind it.)
#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "base/temporary_folder.h"
#include "base/units.h"
#include "expectation.h"
#include "parquet/footer.h"
#include "parquet/reader.h"
#include "parquet/splice_writer.h"

namespace spillway::fuzz {
namespace {

using parquet::FileReader;
using parquet::ReadColumn;

constexpr int64_t kPoolBytes = 128 * kMiB;
constexpr int64_t kAssumedPageBytes = 64 * kKiB;
// A few bytes may say that a column has any number of NULLs; they would only take time.
constexpr int64_t kMostRows = 20'000;

// What the reader says of files; also that memory ran out, for a page may claim any size.
void ExpectReadError(const Status& status) {
  ExpectError(status, {ErrorCode::kCorruptDataFile, ErrorCode::kUnsupportedFeature,
                       ErrorCode::kUnsupportedType, ErrorCode::kBudgetExceeded});
}

// Whether there is a value; a failure must be one of the reader's.
template <typename T>
bool IsRead(const Result<T>& result) {
  if (!result.ok()) ExpectReadError(result.status());
  return result.ok();
}

bool IsOutOfMemory(const Status& status) {
  const auto error = FindError(status);
  return error && error->code == ErrorCode::kBudgetExceeded;
}

std::vector<ReadColumn> ColumnsOf(const arrow::Schema& schema) {
  std::vector<ReadColumn> columns;
  for (const auto& field : schema.fields()) {
    columns.push_back({.physical_name = field->name(), .field = field});
  }
  return columns;
}

// Text need not be UTF-8, and a time of day (which no Delta table has) need not be within a day.
bool IsOnlyOdd(const Status& status) {
  return status.message().find("UTF8") != std::string::npos ||
         status.message().find("acceptable range") != std::string::npos;
}

Result<std::shared_ptr<arrow::Table>> ReadRows(const FileReader& reader,
                                               const std::vector<ReadColumn>& columns) {
  const auto row_groups = static_cast<int>(reader.footer().row_groups.size());
  ARROW_ASSIGN_OR_RAISE(const auto stream, reader.Read(columns, 0, row_groups));
  arrow::RecordBatchVector batches;
  int64_t rows = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, stream->Next());
    if (batch == nullptr) break;
    const Status valid = batch->ValidateFull();
    Expect(valid.ok() || IsOnlyOdd(valid), "an invalid batch: " + valid.ToString());
    rows += batch->num_rows();
    batches.push_back(batch);
  }
  Expect(rows == reader.footer().num_rows, "other rows than the footer says");
  return arrow::Table::FromRecordBatches(stream->schema(), batches);
}

// The columns that may be copied, each by itself; those that cannot be read are named.
std::vector<ReadColumn> CopiedColumns(const FileReader& reader) {
  std::vector<ReadColumn> copied;
  for (ReadColumn& column : ColumnsOf(*reader.footer().schema)) {
    if (reader.WhyNotCopied(column).empty()) copied.push_back(std::move(column));
  }
  return copied;
}

std::shared_ptr<arrow::RecordBatch> Numbers(int64_t first, int64_t rows) {
  std::vector<int64_t> numbers(static_cast<size_t>(rows));
  std::iota(numbers.begin(), numbers.end(), first);
  arrow::Int64Builder builder;
  Expect(builder.AppendValues(numbers).ok(), "no memory for a column");
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("spliced row", arrow::int64())}),
                                  rows, {builder.Finish().ValueOrDie()});
}

// Copies `copied` into the file at `path`, beside a new column. None where a row group does not fit
// the first one.
Result<std::optional<parquet::SplicedFile>> Splice(const FileReader& reader,
                                                   const std::vector<ReadColumn>& copied,
                                                   const std::string& path,
                                                   arrow::MemoryPool* pool) {
  std::vector<parquet::SpliceColumn> columns = {{.field = Numbers(0, 0)->schema()->field(0)}};
  for (const ReadColumn& column : copied) columns.push_back({column.field, column});
  parquet::SpliceOptions options{.copy_buffer_bytes = 4096};
  options.write.pool = pool;
  std::unique_ptr<parquet::SpliceWriter> writer;
  for (int group = 0; group < static_cast<int>(reader.footer().row_groups.size()); ++group) {
    const auto& facts = reader.footer().row_groups[static_cast<size_t>(group)];
    if (facts.num_rows == 0) continue;  // nor does a run splice these
    if (writer == nullptr) {
      ARROW_ASSIGN_OR_RAISE(writer,
                            parquet::SpliceWriter::Open(path, columns, reader, group, options));
    }
    if (!writer->Accepts(reader, group)) return std::nullopt;
    ARROW_RETURN_NOT_OK(writer->Write(*Numbers(facts.first_row, facts.num_rows)));
    ARROW_RETURN_NOT_OK(writer->EndRowGroup(reader, group));
  }
  return writer->Close();
}

// What was copied is there what it was in the source, where that could be read at all.
void CheckSplice(const FileReader& source, const parquet::ReadOptions& options,
                 const std::string& path) {
  const std::vector<ReadColumn> copied = CopiedColumns(source);
  const auto spliced = Splice(source, copied, path, options.pool);
  if (!IsRead(spliced) || !*spliced) return;
  const auto reader = FileReader::Open(path, (*spliced)->file.size_bytes, options);
  Expect(reader.ok(), "a spliced file cannot be opened: " + RenderError(reader.status()));
  Expect((*reader)->footer().num_rows == source.footer().num_rows, "rows got lost on the way");
  const auto before = ReadRows(source, copied);
  const auto after = ReadRows(**reader, copied);
  if (!IsRead(before) || (!IsRead(after) && IsOutOfMemory(after.status()))) return;
  Expect(after.ok(), "copied columns cannot be read: " + RenderError(after.status()));
  Expect((*after)->Equals(**before, arrow::EqualOptions::Defaults().nans_equal(true)),
         "copied columns are others");
}

void CheckReader(FileReader* reader, const parquet::ReadOptions& options) {
  const auto columns = ColumnsOf(*reader->footer().schema);
  for (size_t group = 0; group < reader->footer().row_groups.size(); ++group) {
    for (size_t leaf = 0; leaf < reader->footer().leaves.size(); ++leaf) {
      static_cast<void>(IsRead(reader->MeasureDictionary(group, leaf)));
    }
  }
  static_cast<void>(IsRead(reader->EstimateMemory(columns, {options}, kAssumedPageBytes)));
  static_cast<void>(IsRead(ReadRows(*reader, columns)));
  std::vector<ReadColumn> validity = columns;
  for (ReadColumn& column : validity) column.validity_only = true;
  static_cast<void>(IsRead(ReadRows(*reader, validity)));
}

}  // namespace
}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway;  // NOLINT(google-build-using-namespace)
  static const TemporaryFolder folder;
  const std::string path = folder.File("source.parquet");
  std::ofstream(path, std::ios::binary) << fuzz::TextOf(data, size);
  arrow::CappedMemoryPool pool(arrow::system_memory_pool(),
                               arrow::system_memory_pool()->bytes_allocated() + fuzz::kPoolBytes);
  const spillway::parquet::ReadOptions options{
      .pool = &pool, .batch_rows = 1000, .page_sizes = true};
  const auto reader =
      spillway::parquet::FileReader::Open(path, static_cast<int64_t>(size), options);
  if (!fuzz::IsRead(reader) || (*reader)->footer().num_rows > fuzz::kMostRows) return 0;
  fuzz::CheckReader(reader->get(), options);
  if ((*reader)->footer().num_rows == 0) return 0;
  fuzz::CheckSplice(**reader, options, folder.File("spliced.parquet"));
  std::filesystem::remove(folder.File("spliced.parquet"));
  return 0;
}
