#include "base/error_catalog.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace spillway {
namespace {

// By number.
constexpr CatalogEntry kCatalog[] = {
    {ErrorCode::kUsage, "the command line is not understood",
     "A verb, flag or argument is unknown, missing, or has a value that cannot be read.",
     "Run `spillway VERB --help` for the verb's arguments and flags."},
    {ErrorCode::kUnknownName, "no error code of that name",
     "`spillway explain` was given a code that no release of Spillway has used.",
     "Run `spillway explain` without a code for the whole list."},
    {ErrorCode::kPipelineFileUnreadable, "the pipeline file cannot be read",
     "The file does not exist, is a folder, is larger than 1 MiB, or may not be read.",
     "Give the path of a pipeline file; examples/ has some to start from."},
    {ErrorCode::kPipelineFileSyntax, "the pipeline file is not YAML",
     "The YAML parser stopped at the place that the error names.",
     "Mend the YAML there; a colon inside a text wants quotes, and tabs may not indent."},
    {ErrorCode::kUnknownKey, "unknown key in the pipeline file",
     "A key that no release knows would be ignored in silence, so it is refused.",
     "Use the key that the error suggests; `spillway schema` lists them all."},
    {ErrorCode::kWrongValueType, "a value of the wrong type in the pipeline file",
     "The key wants another type of value, such as a number, a text, a list or a map.",
     "Give the value in the form that the error names."},
    {ErrorCode::kMissingKey, "a required key is missing in the pipeline file",
     "The pipeline cannot be understood without it.", "Add the key that the error names."},
    {ErrorCode::kFeatureNotBuilt, "a feature that this version does not have",
     "The verb, flag, key or value is part of Spillway's plan but not of this version. It is "
     "refused, because ignoring it would give another result than the one asked for.",
     "Leave it out, or use a version of Spillway that has it."},
    {ErrorCode::kDuplicateKey, "a key stands twice in the pipeline file",
     "YAML parsers keep one of the two values in silence, so a second one is refused.",
     "Keep one of the two."},
    {ErrorCode::kValueOutOfRange, "a value outside its range",
     "The value is readable but not one of those that the key or flag allows.",
     "Choose a value inside the range that the error names."},
    {ErrorCode::kUndefinedVariable, "a variable that is not defined",
     "A ${name} stands in the pipeline file, but `variables` has no such name and no --set gave "
     "it.",
     "Define it under `variables`, or give --set name=value."},
    {ErrorCode::kTargetIsSource, "the target is also an input",
     "A run that overwrites what it reads would lose rows.",
     "Give the target another path than the source and the lookups."},
    {ErrorCode::kPlanChanged, "the pipeline or an input has changed",
     "An earlier run of the pipeline wrote the target from another pipeline file, or other "
     "versions of the inputs. Going on would mix the two, and appending might double rows. The "
     "error lists the lines that differ.",
     "Run with --fresh to start anew, or change the file back to finish the earlier run."},
    {ErrorCode::kExpressionSyntax, "an expression is not Spark SQL",
     "The expression's text cannot be parsed at the position that the error names.",
     "Mend the text there; column names with other characters want back quotes."},
    {ErrorCode::kUnknownColumn, "an expression names an unknown column",
     "Neither the source, nor a lookup, nor an earlier derived column has that name.",
     "Use one of the names that the error lists."},
    {ErrorCode::kUnknownFunction, "an expression calls an unknown function",
     "Spillway has no function of that name, or not with that number of arguments.",
     "docs/expressions.md lists the functions; use the one that the error suggests."},
    {ErrorCode::kExpressionType, "an expression's types do not fit",
     "Spark SQL in ANSI mode refuses this combination of types, so Spillway does.",
     "Use CAST where the conversion is meant."},
    {ErrorCode::kAmbiguousColumn, "an ambiguous column name",
     "More than one column has that name, and names compare without case as in Spark.",
     "Rename one of them with `columns: {new_name: old_name}` of the lookup, or drop it."},
    {ErrorCode::kExpressionUnsupported, "an expression that Spillway does not compute",
     "The expression is valid Spark SQL, but outside the part that Spillway implements exactly.",
     "Rewrite it with the functions of docs/expressions.md."},
    {ErrorCode::kKeyColumnMissing, "a key column is missing",
     "The source or the lookup has no column of the name that `key` gives.",
     "Give the column's name, or {source: a, lookup: b} where the names differ."},
    {ErrorCode::kKeyTypeMismatch, "a key's types differ on the two sides",
     "A join compares keys of one type; a silent cast could match keys that differ.",
     "Write the two tables' keys with one type."},
    {ErrorCode::kColumnNameCollision, "a column name exists on both sides",
     "The source and a lookup (or two lookups) have a column of the same name.",
     "Rename it with `columns: {new_name: old_name}` of the lookup, or list the columns to add."},
    {ErrorCode::kTableNotFound, "no such table", "There is no folder at the table's path.",
     "Check the path; relative paths start at the pipeline file's folder."},
    {ErrorCode::kNotADeltaTable, "not a Delta table",
     "The folder has no _delta_log with a commit or checkpoint in it.",
     "Give the root folder of a Delta table, not a folder inside or above it."},
    {ErrorCode::kCorruptLog, "the table's log is damaged",
     "A commit or checkpoint of the table cannot be read, or the log has a gap.",
     "Restore the file that the error names, or read an older version with `version`."},
    {ErrorCode::kCorruptDataFile, "a data file is damaged",
     "A Parquet file of the table is truncated, or is not what its footer says.",
     "Restore the file that the error names from a copy, or write its rows again."},
    {ErrorCode::kDataFileMissing, "a data file is missing",
     "The table's log refers to a file that is not there; VACUUM may have removed it.",
     "Read a newer version of the table, or restore the file."},
    {ErrorCode::kUnsupportedFeature, "a table feature that Spillway does not know",
     "The table's protocol asks its readers or writers for a feature that Spillway lacks. It is "
     "refused, because ignoring it would give wrong rows or damage the table.",
     "Remove the feature from the table (ALTER TABLE .. DROP FEATURE), or copy the table."},
    {ErrorCode::kVersionNotFound, "no such version of the table",
     "The log has no commit for that version or timestamp; it may have been cleaned up.",
     "Choose a version that the table's history lists."},
    {ErrorCode::kUnsupportedType, "a column type that Spillway does not handle",
     "The column's Delta type has no exact form in Spillway.",
     "Leave the column out, or CAST it before."},
    {ErrorCode::kTargetSchemaDiffers, "the target's schema differs",
     "The target table exists with other columns than this pipeline makes.",
     "Set target.overwrite_schema: true with mode overwrite, or choose another target."},
    {ErrorCode::kTargetExists, "the target exists",
     "target.mode is error_if_exists, and there is a table at the target's path.",
     "Choose another target, or mode append or overwrite."},
    {ErrorCode::kDuplicateLookupKey, "a lookup has the same key twice",
     "The lookup says duplicates: error, and two of its rows have the same key.",
     "Remove the second row, or choose duplicates: expand or first."},
    {ErrorCode::kProgressForgotten, "the target forgets how far runs came",
     "The table's property delta.setTransactionRetentionDuration lets the records of appended rows "
     "expire, so that a run cannot tell whether its rows are there already.",
     "Unset the property, or run with --fresh if the rows were never appended."},
    {ErrorCode::kEvaluation, "an expression failed on a row",
     "In ANSI mode Spark SQL fails on overflow, division by zero and malformed text instead of "
     "giving NULL, so Spillway does.",
     "Guard the expression with CASE, nullif or a filter in `where`."},
    {ErrorCode::kCommitConflict, "another writer changed the table",
     "Another commit took the place of ours, and the change cannot be put after it safely.",
     "Run again; what was committed before is kept."},
    {ErrorCode::kTargetBusy, "other writers keep the table busy",
     "Every commit that was tried lost the race for its version, until the run gave up.",
     "Run again when the table is less busy; what was committed is kept."},
    {ErrorCode::kRunIsAlive, "another run of the pipeline is alive",
     "Only one run at a time may write a pipeline's target. The error names the process, and when "
     "it last gave a sign of life.",
     "Let it finish, or stop it and run again."},
    {ErrorCode::kBudgetTooSmall, "the memory budget is too small",
     "The plan's worst case is larger than the budget, so the run was not started.",
     "Give the --memory that the error names, or follow its advice."},
    {ErrorCode::kBudgetExceeded, "the memory budget was reached",
     "The run needed more memory than the plan expected and stopped before going above the "
     "limit. Nothing was lost: what was committed stays committed.",
     "Give a larger --memory, or a smaller processing.chunk_size."},
    {ErrorCode::kMemoryShort, "other processes use the memory",
     "More than max_memory_usage percent of the machine's or the cgroup's memory is used, and what "
     "other processes use leaves less than the run may still need. It stopped before the kernel "
     "would kill a process; what was committed stays committed.",
     "Stop the others or wait for them, and run again to go on; or give a smaller --memory."},
    {ErrorCode::kStorage, "a file cannot be read or written",
     "The operating system refused the operation that the error names.",
     "Check the path, its permissions and the disk."},
    {ErrorCode::kReadOnlyStorage, "the folder is read-only",
     "The target's folder, or the one above it, may not be written.",
     "Change its permissions, or choose another target."},
    {ErrorCode::kStorageFull, "the disk is full",
     "A write failed because the disk, or the user's share of it, has no room left.",
     "Free some room and run again; nothing that was committed is lost."},
    {ErrorCode::kUnsupportedUrl, "a kind of address that this version does not read",
     "This version reads and writes tables on local disks.", "Give a path or a file:// URL."},
    {ErrorCode::kSpillDamaged, "a spill file is damaged",
     "What the run wrote into resources.spill_directory did not come back as it was written: a "
     "fault of the disk, or another program changed the file. No row was made of it.",
     "Run again. If it happens again check the disk, or name a folder of another one in "
     "resources.spill_directory."},
    {ErrorCode::kLedger, "the ledger of runs cannot be used",
     "`spillway status` shows the history of runs, an SQLite file in the state folder. It is "
     "locked, damaged, on a full disk, or a newer version's. A run goes on without it.",
     "Free the disk, remove the file, or set SPILLWAY_STATE_DIRECTORY to another folder."},
    {ErrorCode::kValidationDiffers, "the target differs from its inputs",
     "`spillway validate` found rows or values that the inputs and the pipeline do not give.",
     "Look at the report's first difference; run the pipeline again to write the table anew."},
    {ErrorCode::kExpectationNotMet, "rows do not meet an expectation",
     "The pipeline file expects something of every row, with action: fail, and there are rows for "
     "which it is false or NULL. Nothing of their chunk was committed.",
     "Correct the rows, or choose action: warn, which counts them, or drop, which leaves them "
     "out."},
    {ErrorCode::kInternal, "an internal error",
     "Spillway met a state that its authors did not foresee.",
     "Please report it with the command and the text of the error."},
};

}  // namespace

ErrorClass ClassOf(ErrorCode code) {
  switch (static_cast<int>(code) / 1000) {
    case 1:
      return ErrorClass::kUser;
    case 3:
      return ErrorClass::kTable;
    case 4:
      return ErrorClass::kCommit;
    case 5:
      return ErrorClass::kMemory;
    case 6:
      return ErrorClass::kStorage;
    case 7:
      return ErrorClass::kCheck;
    default:
      return ErrorClass::kInternal;
  }
}

int ExitCodeOf(ErrorCode code) {
  switch (ClassOf(code)) {
    case ErrorClass::kCheck:
      return 1;
    case ErrorClass::kUser:
      return 2;
    case ErrorClass::kTable:
      return 3;
    case ErrorClass::kCommit:
      return 4;
    case ErrorClass::kMemory:
      return 5;
    case ErrorClass::kStorage:
      return 6;
    case ErrorClass::kInternal:
      return 70;
  }
  return 70;
}

std::string CodeName(ErrorCode code) { return fmt::format("SPW-{}", static_cast<int>(code)); }

std::string_view TitleOf(ErrorCode code) {
  const std::span<const CatalogEntry> catalog = ErrorCatalog();
  const auto entry = std::find_if(catalog.begin(), catalog.end(),
                                  [code](const CatalogEntry& e) { return e.code == code; });
  return entry == catalog.end() ? "unknown error" : entry->title;
}

std::span<const CatalogEntry> ErrorCatalog() { return kCatalog; }

std::optional<CatalogEntry> FindCatalogEntry(std::string_view name) {
  if (name.size() > 4 && (name.starts_with("SPW-") || name.starts_with("spw-"))) {
    name.remove_prefix(4);
  }
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  for (const CatalogEntry& entry : ErrorCatalog()) {
    if (static_cast<int>(entry.code) == number) return entry;
  }
  return std::nullopt;
}

}  // namespace spillway
