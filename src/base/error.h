// Coded errors. An error that a user can meet carries an ErrorDetail: a stable code (SPW-1103),
// what happened, where, why, and what to do. It travels as an arrow::Status, so that engine code
// returns it like any other failure and only the command line renders it.
//
// Thread rule: everything here is immutable or free functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error_catalog.h"
#include "base/status.h"

namespace spillway {

// What a user needs to mend the fault. `what` is a sentence without its full stop; the others may
// be empty. `where` is file:line:column, a table and its version, or a file's path.
struct ErrorInfo {
  ErrorCode code;
  std::string what;
  std::string where = {};
  std::string why = {};
  std::string cure = {};
};

// Makes a failed Status that carries `info`.
Status MakeError(ErrorInfo info);

// Returns the coded error inside `status`, if it has one. An out-of-memory or I/O Status of Arrow's
// own has none.
std::optional<ErrorInfo> FindError(const Status& status);

// Fills `where` of a coded error that has none yet; codes an uncoded failure as `fallback` first.
// An OK status is returned unchanged.
Status WithWhere(const Status& status, ErrorCode fallback, std::string_view where);

// Codes an uncoded failure as `fallback`, its message as `why`, with the given `what` and `where`;
// an Arrow out-of-memory failure becomes kBudgetExceeded whatever the fallback. OK and coded
// failures are returned unchanged.
Status WithCode(const Status& status, ErrorCode fallback, std::string_view what,
                std::string_view where);

// The process's exit code for `status` (docs: product contract): 0, 1, 2, 3, 4, 5 or 6; 70 for an
// uncoded failure, which is a fault of ours.
int ExitCode(const Status& status);

// The text for a person, several lines, no colour, Printable, ends with a newline. An error without
// a cure of its own has that of its code:
//   error[SPW-1103]: unknown key "colums" in the pipeline file
//     where: silver.yaml:12:3
//     why:   ...
//     do:    write "columns"
std::string RenderError(const Status& status);

}  // namespace spillway
