// Text that Spillway reads from a table's folder: a commit of the log, as the stream of its actions
// and as a part of the table's version; the paths in it; the records that runs leave. Whatever the
// bytes are, they are read, or refused by name.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/temporary_folder.h"
#include "delta/commit_stream.h"
#include "delta/data_path.h"
#include "delta/snapshot.h"
#include "expectation.h"
#include "pipeline/checkpoint.h"
#include "state/journal.h"
#include "state/run_record.h"

namespace spillway::fuzz {
namespace {

constexpr std::string_view kFirstCommit =
    R"({"protocol":{"minReaderVersion":3,"minWriterVersion":7,)"
    R"("readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}})"
    "\n"
    R"({"metaData":{"id":"8fd1f2a5","format":{"provider":"parquet","options":{}},)"
    R"("schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",)"
    R"(\"nullable\":true,\"metadata\":{}},{\"name\":\"day\",\"type\":\"date\",\"nullable\":true,)"
    R"(\"metadata\":{}}]}","partitionColumns":["day"],"configuration":{},)"
    R"("createdTime":1700000000000}})"
    "\n";

void WriteText(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A table whose version 1 is the input, and a folder beside it for the records.
struct Table {
  Table() {
    std::filesystem::create_directories(root + "/_delta_log");
    WriteText(CommitPath(0), kFirstCommit);
    WriteText(root + "/part-0.parquet", "0123456789");
    first = delta::Snapshot::Open(root).ValueOrDie();
  }
  std::string CommitPath(int version) const {
    return fmt::format("{}/_delta_log/{:020}.json", root, version);
  }

  const TemporaryFolder folder;
  const std::string root = folder.File("table");
  std::unique_ptr<delta::Snapshot> first;
};

void ExpectInside(const std::string& root, const std::string& path) {
  Expect(path.starts_with(root + "/"), "a path outside the table: " + path);
  for (const auto& part : std::filesystem::path(path)) {
    Expect(part != ".." && part != ".", "a path that wanders: " + path);
  }
}

void CheckPath(const std::string& root, std::string_view text) {
  if (const auto path = delta::ResolveDataPath(root, text); path.ok()) {
    ExpectInside(root, *path);
  } else {
    ExpectError(path.status(), {ErrorCode::kUnsupportedFeature, ErrorCode::kCorruptLog});
  }
  const auto logged = delta::EncodeDataPath(text);
  if (!logged.ok()) {
    ExpectError(logged.status(), {ErrorCode::kValueOutOfRange});
    return;
  }
  const auto path = delta::ResolveDataPath(root, *logged);
  Expect(path.ok(), "a path that we wrote is refused: " + *logged);
  Expect(*path == std::filesystem::path(root + "/" + std::string(text)).lexically_normal(),
         "a path that we wrote leads elsewhere: " + *logged);
}

void CheckCommit(const Table& table) {
  const auto stream = delta::CommitStream::Open(*table.first, 1).ValueOrDie();
  for (;;) {
    const auto action = stream->Next();
    if (!action.ok()) ExpectError(action.status(), {ErrorCode::kCorruptLog});
    if (!action.ok() || !*action) return;
  }
}

Status ReadVersion(const std::string& root) {
  ARROW_ASSIGN_OR_RAISE(const auto table, delta::Snapshot::Open(root));
  ARROW_RETURN_NOT_OK(table->LastTransactionVersion("app").status());
  const Status writable = table->CheckWritable();
  if (!writable.ok()) ExpectUserError(writable);
  ARROW_ASSIGN_OR_RAISE(const auto files, table->Files());
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto file, files->Next());
    if (!file) return Status::OK();
    ExpectInside(table->root_path(), file->path);
    if (!file->deletion_vector) continue;
    constexpr int64_t kFileRows = 1'000'000;
    const auto rows = table->DeletedRows(*file->deletion_vector, kFileRows);
    if (!rows.ok()) ExpectUserError(rows.status());
  }
}

void CheckVersion(const std::string& root) {
  const Status status = ReadVersion(root);
  if (!status.ok()) ExpectUserError(status);
}

void CheckRunRecord(const Table& table, std::string_view text) {
  WriteText(table.folder.File("x.run"), text);
  const auto record = state::ReadRunRecord(table.folder.File(""), "x").ValueOrDie();
  if (!record) return;
  Expect(record->first_version >= 0, "a record of no version");
  constexpr size_t kTagBytes = 36;
  for (const std::string& tag : record->file_tags) {
    Expect(tag.size() >= kTagBytes, "a tag that is part of other files' names");
  }
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

// The input as a whole journal, and its lines as the records of one.
void CheckJournal(const Table& table, std::string_view text) {
  const std::string path = table.folder.File("journal");
  WriteText(path, text);
  state::ReadJournal(path);
  std::vector<std::string> records = LinesOf(text);
  records.insert(records.begin(), R"({"run":"app"})");
  Expect(state::Journal::Make(path, records).ok(), "a journal cannot be written");
  Expect(state::ReadJournal(path) == records, "a journal has other records than were written");
  int64_t end = 0;
  for (const pipeline::KeptPiece& piece : pipeline::ReadCheckpoint(path, "app", 0, table.root)) {
    Expect(piece.first_ordinal >= end && piece.end_ordinal > piece.first_ordinal,
           "pieces that overlap");
    end = piece.end_ordinal;
    for (const delta::AddedFile& file : piece.files) {
      Expect(std::filesystem::is_regular_file(table.root + "/" + file.relative_path),
             "a piece with a file that is none: " + file.relative_path);
    }
  }
}

}  // namespace
}  // namespace spillway::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spillway::fuzz;  // NOLINT(google-build-using-namespace)
  static const Table table;
  const std::string_view text = TextOf(data, size);
  WriteText(table.CommitPath(1), text);
  CheckCommit(table);
  CheckVersion(table.root);
  for (const std::string& line : LinesOf(text)) CheckPath(table.root, line);
  CheckRunRecord(table, text);
  CheckJournal(table, text);
  return 0;
}
