#include "pipeline/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

namespace spillway::pipeline {
namespace {

using nlohmann::json;

// Throws json::exception where it is none: get would make one of any number.
int64_t Integer(const json& record, const char* key) {
  return record.at(key).get_ref<const json::number_integer_t&>();
}

Result<json> JsonOf(const delta::AddedFile& file) {
  ARROW_ASSIGN_OR_RAISE(const std::string statistics, delta::StatisticsOf(file));
  json columns = json::array();
  for (const delta::ColumnStatistics& column : file.columns) {
    columns.push_back({{"path", column.path}, {"nulls", column.null_count}});
  }
  json partition = json::object();
  for (const auto& [column, value] : file.partition_values) {
    partition[column] = value ? json(*value) : json(nullptr);
  }
  return json{{"path", file.relative_path},
              {"bytes", file.size_bytes},
              {"modified", file.modification_time_ms},
              {"rows", file.num_rows},
              {"statistics", statistics},
              {"columns", std::move(columns)},
              {"partition", std::move(partition)}};
}

delta::AddedFile FileOf(const json& record) {
  delta::AddedFile file{.relative_path = record.at("path"),
                        .size_bytes = Integer(record, "bytes"),
                        .modification_time_ms = Integer(record, "modified"),
                        .num_rows = Integer(record, "rows"),
                        .statistics_json = record.at("statistics")};
  for (const json& column : record.at("columns")) {
    file.columns.push_back({.path = column.at("path"), .null_count = Integer(column, "nulls")});
  }
  for (const auto& [column, value] : record.at("partition").items()) {
    file.partition_values.emplace_back(
        column, value.is_null() ? std::nullopt : std::optional<std::string>(value));
  }
  return file;
}

Result<std::string> RecordOf(const KeptPiece& piece) {
  json files = json::array();
  for (const delta::AddedFile& file : piece.files) {
    ARROW_ASSIGN_OR_RAISE(json record, JsonOf(file));
    files.push_back(std::move(record));
  }
  json expectations = json::array();
  for (const ExpectationCount& count : piece.expectations) {
    expectations.push_back({{"rows", count.rows}, {"not_met", count.not_met}});
  }
  const json record{{"first", piece.first_ordinal},
                    {"end", piece.end_ordinal},
                    {"chunk_end", piece.chunk_end},
                    {"now", piece.now_micros},
                    {"rows", piece.rows},
                    {"files", std::move(files)},
                    {"expectations", std::move(expectations)}};
  return record.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

// None where the record is not one of a piece.
std::optional<KeptPiece> PieceOf(const std::string& text) {
  try {
    const json record = json::parse(text);
    KeptPiece piece{.first_ordinal = Integer(record, "first"),
                    .end_ordinal = Integer(record, "end"),
                    .chunk_end = Integer(record, "chunk_end"),
                    .now_micros = Integer(record, "now"),
                    .rows = Integer(record, "rows")};
    for (const json& file : record.at("files")) piece.files.push_back(FileOf(file));
    for (const json& count : record.at("expectations")) {
      piece.expectations.push_back(
          {.rows = Integer(count, "rows"), .not_met = Integer(count, "not_met")});
    }
    return piece;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string HeadOf(const std::string& identity) { return json{{"run", identity}}.dump(); }

// Whether the file is there as it was written.
bool IsInTable(const delta::AddedFile& file, const std::string& table_path) {
  const std::filesystem::path name(file.relative_path);
  if (name.has_parent_path()) return false;  // none of ours
  std::error_code error;
  const auto size = std::filesystem::file_size(table_path / name, error);
  return !error && static_cast<int64_t>(size) == file.size_bytes;
}

}  // namespace

std::vector<KeptPiece> ReadCheckpoint(const std::string& path, const std::string& identity,
                                      int64_t first_ordinal, const std::string& table_path) {
  std::vector<KeptPiece> pieces;
  const std::vector<std::string> records = state::ReadJournal(path);
  if (records.empty() || records.front() != HeadOf(identity)) return pieces;
  for (size_t i = 1; i < records.size(); ++i) {
    std::optional<KeptPiece> piece = PieceOf(records[i]);
    if (!piece || piece->first_ordinal < first_ordinal) continue;
    const bool is_whole = std::ranges::all_of(
        piece->files, [&](const delta::AddedFile& file) { return IsInTable(file, table_path); });
    if (is_whole && piece->end_ordinal > piece->first_ordinal) pieces.push_back(*std::move(piece));
  }
  std::ranges::sort(pieces, {}, &KeptPiece::first_ordinal);
  int64_t end = first_ordinal;
  std::erase_if(pieces, [&end](const KeptPiece& piece) {
    if (piece.first_ordinal < end) return true;
    end = piece.end_ordinal;
    return false;
  });
  return pieces;
}

WrittenFiles FilesOf(const KeptPiece& piece, const std::string& table_path) {
  WrittenFiles files;
  for (const delta::AddedFile& file : piece.files) files.Add(table_path, file);
  files.rows = piece.rows;
  files.expectations = piece.expectations;
  files.Keep();
  return files;
}

Result<std::unique_ptr<Checkpoint>> Checkpoint::Make(const std::string& path,
                                                     const std::string& identity,
                                                     const std::vector<KeptPiece>& kept,
                                                     int64_t interval_rows) {
  std::vector<std::string> records = {HeadOf(identity)};
  for (const KeptPiece& piece : kept) {
    ARROW_ASSIGN_OR_RAISE(std::string record, RecordOf(piece));
    records.push_back(std::move(record));
  }
  ARROW_ASSIGN_OR_RAISE(auto journal, state::Journal::Make(path, records));
  return std::unique_ptr<Checkpoint>(new Checkpoint(std::move(journal), interval_rows));
}

Checkpoint::Checkpoint(std::unique_ptr<state::Journal> journal, int64_t interval_rows)
    : journal_(std::move(journal)), interval_rows_(interval_rows) {}

Checkpoint::~Checkpoint() { Flush(); }

Status Checkpoint::Add(const KeptPiece& piece, WrittenFiles* files) {
  ARROW_ASSIGN_OR_RAISE(std::string record, RecordOf(piece));
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(record));
  waiting_rows_ += piece.end_ordinal - piece.first_ordinal;
  files->Keep();
  if (waiting_rows_ >= interval_rows_) Flush();
  return Status::OK();
}

// A record that cannot be written is no failure of the run: a killed one writes its rows again.
void Checkpoint::Flush() {
  for (const std::string& record : waiting_) static_cast<void>(journal_->Append(record));
  waiting_.clear();
  waiting_rows_ = 0;
}

}  // namespace spillway::pipeline
