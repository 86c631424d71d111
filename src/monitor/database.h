// The boundary of SQLite: a database in one file, statements with values, rows as texts and
// numbers. Its errors become ours here.
//
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace spillway::monitor {

using Value = std::variant<std::monostate, int64_t, double, std::string>;
using Row = std::vector<Value>;

struct Statement {
  std::string sql;
  std::vector<Value> values;  // of its question marks
};

class Database {
 public:
  enum class Access { kRead, kWrite };

  // Opens the file at `path`; for writing it is made where there is none, for its owner alone.
  // Errors: kLedger.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Access access);

  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // How long a statement waits for another process that writes; at first 10 s to read, 50 ms to
  // write.
  void SetPatience(std::chrono::milliseconds patience);

  // All statements, or none of them. Errors: kLedger; nothing is changed then.
  Status Execute(const std::vector<Statement>& statements);

  // The rows of a query. Errors: kLedger.
  Result<std::vector<Row>> Query(const Statement& query) const;

 private:
  Database(std::string path, sqlite3* handle);
  Status Run(const Statement& statement, const std::function<void(sqlite3_stmt*)>& on_row) const;
  Status Fault() const;

  const std::string path_;
  sqlite3* const handle_;
};

}  // namespace spillway::monitor
