#include "monitor/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "storage/durable_file.h"
#include "storage/file_descriptor.h"

namespace spillway::monitor {
namespace {

Status LedgerError(const std::string& path, const std::string& why) {
  return MakeError(
      {.code = ErrorCode::kLedger,
       .what = "the run history cannot be read or written",
       .where = path,
       .why = why,
       .cure =
           "runs do not need it: delete it, or set SPILLWAY_STATE_DIRECTORY to another folder"});
}

// Whoever reads is a person's command; whoever writes has something else to do.
constexpr std::chrono::milliseconds kReaderPatience{10'000};
constexpr std::chrono::milliseconds kWriterPatience{50};

using Finalized = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

int Bind(sqlite3_stmt* statement, int index, const Value& value) {
  return std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, int64_t>) {
          return sqlite3_bind_int64(statement, index, held);
        } else if constexpr (std::is_same_v<Held, double>) {
          return sqlite3_bind_double(statement, index, held);
        } else if constexpr (std::is_same_v<Held, std::string>) {
          return sqlite3_bind_text(statement, index, held.data(), static_cast<int>(held.size()),
                                   SQLITE_TRANSIENT);
        } else {
          return sqlite3_bind_null(statement, index);
        }
      },
      value);
}

Value Column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, index);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_NULL:
      return std::monostate();
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

}  // namespace

Database::Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}

Database::~Database() { sqlite3_close(handle_); }

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Access access) {
  if (access == Access::kWrite) {
    // SQLite would make the file with the rights of the umask.
    const storage::FileDescriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return storage::StorageError(errno, "open the ledger", path);
  }
  // A reader may have to roll back what a killed writer left, so it opens the file for writing too;
  // SQLite opens it for reading alone where the rights allow no more.
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, kFlags, nullptr);
  std::unique_ptr<Database> database(new Database(path, handle));
  if (code != SQLITE_OK) return LedgerError(path, sqlite3_errstr(code));
  database->SetPatience(access == Access::kRead ? kReaderPatience : kWriterPatience);
  for (const char* pragma :
       {"PRAGMA cache_size = -256", "PRAGMA foreign_keys = ON", "PRAGMA synchronous = NORMAL"}) {
    ARROW_RETURN_NOT_OK(database->Run({.sql = pragma}, nullptr));
  }
  if (access == Access::kRead) {
    ARROW_RETURN_NOT_OK(database->Run({.sql = "PRAGMA query_only = ON"}, nullptr));
  }
  return database;
}

void Database::SetPatience(std::chrono::milliseconds patience) {
  sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
}

Status Database::Execute(const std::vector<Statement>& statements) {
  ARROW_RETURN_NOT_OK(Run({.sql = "BEGIN IMMEDIATE"}, nullptr));
  for (const Statement& statement : statements) {
    const Status status = Run(statement, nullptr);
    if (status.ok()) continue;
    static_cast<void>(Run({.sql = "ROLLBACK"}, nullptr));
    return status;
  }
  const Status status = Run({.sql = "COMMIT"}, nullptr);
  if (!status.ok()) static_cast<void>(Run({.sql = "ROLLBACK"}, nullptr));
  return status;
}

Result<std::vector<Row>> Database::Query(const Statement& query) const {
  std::vector<Row> rows;
  ARROW_RETURN_NOT_OK(Run(query, [&rows](sqlite3_stmt* statement) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(Column(statement, i));
    rows.push_back(std::move(row));
  }));
  return rows;
}

Status Database::Run(const Statement& statement,
                     const std::function<void(sqlite3_stmt*)>& on_row) const {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(handle_, statement.sql.data(),
                                      static_cast<int>(statement.sql.size()), &raw, nullptr);
  const Finalized prepared(raw, &sqlite3_finalize);
  if (code != SQLITE_OK) return Fault();
  for (size_t i = 0; i < statement.values.size(); ++i) {
    const int bound = Bind(raw, static_cast<int>(i) + 1, statement.values[i]);
    if (bound != SQLITE_OK) return Fault();
  }
  for (;;) {
    const int step = sqlite3_step(raw);
    if (step == SQLITE_DONE) return Status::OK();
    if (step != SQLITE_ROW) return Fault();
    if (on_row) on_row(raw);
  }
}

Status Database::Fault() const { return LedgerError(path_, sqlite3_errmsg(handle_)); }

}  // namespace spillway::monitor
