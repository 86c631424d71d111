#include "monitor/ledger.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/process.h"
#include "storage/durable_file.h"

namespace spillway::monitor {
namespace {

constexpr int64_t kSchemaVersion = 1;

// Times are milliseconds since 1970. A run has an attempt for each plan, an attempt a chunk for
// each commit; ordinals count the rows of the source.
constexpr std::array<const char*, 6> kSchema = {
    R"(CREATE TABLE run (
         id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, target TEXT NOT NULL,
         host TEXT NOT NULL, process INTEGER NOT NULL, process_started INTEGER NOT NULL,
         program TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
         state TEXT NOT NULL, mode TEXT, budget_bytes INTEGER, peak_memory_bytes INTEGER,
         rows_written INTEGER, bytes_written INTEGER, target_version INTEGER,
         code TEXT, error TEXT))",
    "CREATE INDEX run_by_target ON run (target, pipeline, started_at)",
    R"(CREATE TABLE attempt (
         run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE, number INTEGER NOT NULL,
         started_at INTEGER NOT NULL, lanes INTEGER, chunk_size_rows INTEGER, chunks INTEGER,
         bound_bytes INTEGER, code TEXT, error TEXT, PRIMARY KEY (run, number)))",
    R"(CREATE TABLE chunk (
         run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE, attempt INTEGER NOT NULL,
         first_ordinal INTEGER NOT NULL, end_ordinal INTEGER NOT NULL, chunks INTEGER NOT NULL,
         rows INTEGER NOT NULL, bytes INTEGER NOT NULL, files INTEGER NOT NULL,
         target_version INTEGER NOT NULL, committed_at INTEGER NOT NULL,
         PRIMARY KEY (run, attempt, end_ordinal)))",
    R"(CREATE TABLE validation (
         pipeline TEXT NOT NULL, target TEXT NOT NULL, target_version INTEGER NOT NULL,
         ended_at INTEGER NOT NULL, passed INTEGER NOT NULL, report TEXT NOT NULL))",
    "CREATE INDEX validation_by_target ON validation (target, pipeline, ended_at)",
};

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

Status NewerLedger(const std::string& path, int64_t version) {
  return MakeError(
      {.code = ErrorCode::kLedger,
       .what = "the run history was written by a newer version of Spillway",
       .where = path,
       .why = fmt::format("its schema is version {}, and this version knows up to {}", version,
                          kSchemaVersion),
       .cure = "use the newer version, or set SPILLWAY_STATE_DIRECTORY to another folder"});
}

// Makes the tables in a new ledger. Two processes may try at once: one waits for the other.
Status CheckSchema(Database* database, const std::string& path, bool may_make) {
  const auto version_of = [&]() -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const auto rows, database->Query({.sql = "PRAGMA user_version"}));
    return std::get<int64_t>(rows.at(0).at(0));
  };
  ARROW_ASSIGN_OR_RAISE(int64_t version, version_of());
  if (version == 0 && may_make) {
    std::vector<Statement> statements;
    for (const char* sql : kSchema) statements.push_back({.sql = sql});
    statements.push_back({.sql = fmt::format("PRAGMA user_version = {}", kSchemaVersion)});
    const Status made = database->Execute(statements);
    ARROW_ASSIGN_OR_RAISE(version, version_of());
    if (version == 0) return made;
  }
  return version > kSchemaVersion ? NewerLedger(path, version) : Status::OK();
}

// Opens the ledger to read it; null where there is none, or nothing in it yet.
Result<std::unique_ptr<Database>> OpenToRead(const std::string& path) {
  if (path.empty() || !std::filesystem::exists(path)) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto database, Database::Open(path, Database::Access::kRead));
  ARROW_RETURN_NOT_OK(CheckSchema(database.get(), path, /*may_make=*/false));
  ARROW_ASSIGN_OR_RAISE(const auto tables,
                        database->Query({.sql = "SELECT 1 FROM sqlite_master LIMIT 1"}));
  return tables.empty() ? nullptr : std::move(database);
}

// When the process began, of /proc/<pid>/stat; 0 where there is none. Behind the last bracket, for
// a program's name may have spaces and brackets, it is the 20th word.
int64_t StartOf(int64_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string text;
  std::getline(file, text);
  std::istringstream words(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string word;
  for (int i = 0; i < 20; ++i) words >> word;
  return std::strtoll(word.c_str(), nullptr, 10);
}

// A row's values, one after another.
class RowReader {
 public:
  explicit RowReader(const Row& row) : row_(row) {}
  std::string Text() {
    const auto* text = std::get_if<std::string>(&row_[next_++]);
    return text == nullptr ? std::string() : *text;
  }
  std::optional<int64_t> Number() {
    const auto* number = std::get_if<int64_t>(&row_[next_++]);
    return number == nullptr ? std::nullopt : std::optional(*number);
  }

 private:
  const Row& row_;
  size_t next_ = 0;
};

RunEntry RunOf(const Row& row) {
  RowReader read(row);
  RunEntry run;
  run.id = read.Text();
  run.pipeline = read.Text();
  run.target = read.Text();
  run.process.host = read.Text();
  run.process.process = read.Number().value_or(0);
  run.process.started = read.Number().value_or(0);
  run.started_at = read.Number().value_or(0);
  run.ended_at = read.Number();
  run.state = read.Text();
  run.mode = read.Text();
  run.budget_bytes = read.Number().value_or(0);
  run.peak_memory_bytes = read.Number().value_or(0);
  run.rows_written = read.Number().value_or(0);
  run.bytes_written = read.Number().value_or(0);
  run.target_version = read.Number().value_or(-1);
  run.code = read.Text();
  run.error = read.Text();
  if (run.state == kRunning && run.process.IsDead()) run.state = kKilled;
  return run;
}

AttemptEntry AttemptOf(const Row& row) {
  RowReader read(row);
  AttemptEntry attempt;
  attempt.number = read.Number().value_or(0);
  attempt.started_at = read.Number().value_or(0);
  attempt.lanes = read.Number().value_or(0);
  attempt.chunk_size_rows = read.Number().value_or(0);
  attempt.chunks = read.Number().value_or(0);
  attempt.bound_bytes = read.Number().value_or(0);
  attempt.code = read.Text();
  attempt.error = read.Text();
  attempt.chunks_committed = read.Number().value_or(0);
  attempt.rows_committed = read.Number().value_or(0);
  return attempt;
}

// The condition and the values of a query that all of its kind share.
constexpr const char* kWanted =
    " WHERE (?1 = '' OR pipeline = ?1) AND (?2 = '' OR target = ?2) ORDER BY ";

Statement Select(const std::string& columns, const std::string& order, const LedgerQuery& query) {
  return {.sql = columns + kWanted + order + " DESC, rowid DESC LIMIT ?3",
          .values = {query.pipeline, query.target, query.most}};
}

}  // namespace

std::string LedgerPath() {
  constexpr const char* kName = "/ledger.sqlite";
  if (const std::string ours = Variable("SPILLWAY_STATE_DIRECTORY"); !ours.empty()) {
    return ours + kName;
  }
  // The XDG specification has relative paths ignored.
  if (const std::string state = Variable("XDG_STATE_HOME"); state.starts_with('/')) {
    return state + "/spillway" + kName;
  }
  const std::string home = Variable("HOME");
  return home.empty() ? std::string() : home + "/.local/state/spillway" + kName;
}

Result<std::unique_ptr<Database>> OpenLedger(const std::string& path) {
  ARROW_RETURN_NOT_OK(storage::MakeFolders(std::filesystem::path(path).parent_path()));
  ARROW_ASSIGN_OR_RAISE(auto database, Database::Open(path, Database::Access::kWrite));
  ARROW_RETURN_NOT_OK(CheckSchema(database.get(), path, /*may_make=*/true));
  return database;
}

ProcessIdentity ProcessIdentity::Self() {
  return {.host = HostName(), .process = ::getpid(), .started = StartOf(::getpid())};
}

bool ProcessIdentity::IsDead() const {
  if (host != HostName()) return false;
  return !ProcessExists(process) || StartOf(process) != started;
}

Result<std::vector<RunEntry>> ReadRuns(const std::string& path, const LedgerQuery& query) {
  std::vector<RunEntry> runs;
  ARROW_ASSIGN_OR_RAISE(const auto database, OpenToRead(path));
  if (database == nullptr) return runs;
  ARROW_ASSIGN_OR_RAISE(
      const auto rows,
      database->Query(Select(
          "SELECT id, pipeline, target, host, process, process_started, started_at, ended_at, "
          "state, mode, budget_bytes, peak_memory_bytes, rows_written, bytes_written, "
          "target_version, code, error FROM run",
          "started_at", query)));
  for (const Row& row : rows) {
    RunEntry& run = runs.emplace_back(RunOf(row));
    ARROW_ASSIGN_OR_RAISE(
        const auto attempts,
        database->Query(
            {.sql = "SELECT number, started_at, lanes, chunk_size_rows, a.chunks, bound_bytes, "
                    "code, error, coalesce(sum(c.chunks), 0), coalesce(sum(c.rows), 0) "
                    "FROM attempt a LEFT JOIN chunk c ON c.run = a.run AND c.attempt = a.number "
                    "WHERE a.run = ? GROUP BY number ORDER BY number",
             .values = {run.id}}));
    for (const Row& attempt : attempts) run.attempts.push_back(AttemptOf(attempt));
  }
  return runs;
}

Result<std::vector<ValidationEntry>> ReadValidations(const std::string& path,
                                                     const LedgerQuery& query) {
  std::vector<ValidationEntry> validations;
  ARROW_ASSIGN_OR_RAISE(const auto database, OpenToRead(path));
  if (database == nullptr) return validations;
  ARROW_ASSIGN_OR_RAISE(
      const auto rows,
      database->Query(Select(
          "SELECT pipeline, target, target_version, ended_at, passed, report FROM validation",
          "ended_at", query)));
  for (const Row& row : rows) {
    RowReader read(row);
    ValidationEntry& entry = validations.emplace_back();
    entry.pipeline = read.Text();
    entry.target = read.Text();
    entry.target_version = read.Number().value_or(-1);
    entry.ended_at = read.Number().value_or(0);
    entry.passed = read.Number().value_or(0) != 0;
    entry.report = read.Text();
  }
  return validations;
}

}  // namespace spillway::monitor
