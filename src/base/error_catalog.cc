#include "base/error_catalog.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace spillway {
namespace {

// By number.
constexpr CatalogEntry kCatalog[] = {
    {ErrorCode::kUsage, "the command line is not valid",
     "A command, flag or argument is unknown, missing, or has a value that cannot be read.",
     "Run `spillway COMMAND --help` to see the command's arguments and flags."},
    {ErrorCode::kUnknownName, "no such error code",
     "`spillway explain` was given a code that no release of Spillway uses.",
     "Run `spillway explain` without a code to list them all."},
    {ErrorCode::kPipelineFileUnreadable, "the pipeline file cannot be read",
     "The file does not exist, is a folder, is larger than 1 MiB, or you may not read it.",
     "Check the path. examples/ has pipeline files to start from."},
    {ErrorCode::kPipelineFileSyntax, "the pipeline file is not valid YAML",
     "The YAML parser stopped at the place that the error names.",
     "Fix the YAML at that place. Text with a colon in it needs quotes, and indentation must be "
     "spaces, not tabs."},
    {ErrorCode::kUnknownKey, "unknown key in the pipeline file",
     "Ignoring an unknown key would hide a typo, so Spillway refuses it.",
     "Use the key that the error suggests; `spillway schema` lists them all."},
    {ErrorCode::kWrongValueType, "wrong type of value in the pipeline file",
     "The key takes another type of value, such as a number, text, a list or a map.",
     "Write the value in the form that the error names."},
    {ErrorCode::kMissingKey, "a required key is missing from the pipeline file",
     "Spillway cannot run the pipeline without it.", "Add the key that the error names."},
    {ErrorCode::kFeatureNotBuilt, "this feature is not supported yet",
     "The command, flag, key or value is reserved for a later version. Spillway refuses it, "
     "because ignoring it would not give the result that you asked for.",
     "Leave it out, or use a version of Spillway that supports it."},
    {ErrorCode::kDuplicateKey, "a key appears twice in the pipeline file",
     "Most YAML parsers silently keep only one of the two values, so Spillway refuses the second.",
     "Keep one of the two."},
    {ErrorCode::kValueOutOfRange, "a value is not allowed",
     "The value can be read, but the key or flag does not allow it.",
     "Use one of the values that the error names."},
    {ErrorCode::kUndefinedVariable, "a variable is not defined",
     "The pipeline file uses ${name}, but the name is not under `variables` and is not set on the "
     "command line.",
     "Define it under `variables`, or pass --set variables.NAME=value."},
    {ErrorCode::kTargetIsSource, "the target is also an input",
     "A run that overwrites the table it reads would lose rows.",
     "Give the target a path of its own, different from the source and the lookups."},
    {ErrorCode::kPlanChanged, "an earlier run of the pipeline is in the way",
     "An earlier run wrote the target with a different pipeline file, or from different versions "
     "of the inputs: resuming would mix the two, and the error lists what changed. Or it has "
     "appended rows, which `run --fresh` would append once more.",
     "Follow the advice of the error: undo the change to finish the earlier run, or run with "
     "--fresh to rewrite the target, or with --fresh --append-again to append all rows once more."},
    {ErrorCode::kExpressionSyntax, "an expression is not valid Spark SQL",
     "The expression cannot be parsed at the position that the error names.",
     "Fix the expression at that place. Column names with special characters need backticks."},
    {ErrorCode::kUnknownColumn, "unknown column in an expression",
     "No column of the source or a lookup, and no earlier derived column, has that name.",
     "Use one of the names that the error lists."},
    {ErrorCode::kUnknownFunction, "unknown function in an expression",
     "Spillway has no function with that name, or none that takes that number of arguments.",
     "Use the function that the error suggests. docs/expressions.md lists them all."},
    {ErrorCode::kExpressionType, "the types in an expression do not match",
     "Spark SQL in ANSI mode refuses this combination of types, and so does Spillway.",
     "Use CAST to convert one of the values."},
    {ErrorCode::kAmbiguousColumn, "ambiguous column name",
     "More than one column has that name. As in Spark, upper and lower case count as the same.",
     "List the lookup's columns under `columns`, with a new name for this one: `columns: "
     "{new_name: old_name, other: other}`."},
    {ErrorCode::kExpressionUnsupported, "the expression is not supported",
     "The expression is valid Spark SQL, but not part of what Spillway implements.",
     "Rewrite it with the functions in docs/expressions.md."},
    {ErrorCode::kKeyColumnMissing, "a key column does not exist",
     "The source or the lookup has no column with the name given under `key`.",
     "Correct the name, or write {source: a, lookup: b} if the two tables use different names."},
    {ErrorCode::kKeyTypeMismatch, "a key has different types in the two tables",
     "The two key columns have types that cannot be compared.",
     "Store the key with the same type in both tables."},
    {ErrorCode::kColumnNameCollision, "two tables have a column of the same name",
     "The source and a lookup, or two lookups, both have a column with this name.",
     "List the lookup columns that you want under `columns`. A map renames them: `columns: "
     "{new_name: old_name, other: other}`."},
    {ErrorCode::kTableNotFound, "table not found", "There is no folder at the table's path.",
     "Check the path. Relative paths start at the folder of the pipeline file."},
    {ErrorCode::kNotADeltaTable, "not a Delta table",
     "The folder has no _delta_log with a commit or checkpoint in it.",
     "Use the root folder of a Delta table, not a folder inside or above it."},
    {ErrorCode::kCorruptLog, "the table's log is damaged",
     "A commit or checkpoint of the table cannot be read, or a commit in between is missing.",
     "Restore the file that the error names, or read an older version with `version`."},
    {ErrorCode::kCorruptDataFile, "a data file is damaged",
     "A Parquet file of the table is truncated, does not match its own footer, or does not have a "
     "column that it must have.",
     "Restore the file that the error names from a backup, or write its rows again."},
    {ErrorCode::kDataFileMissing, "a data file is missing",
     "The table's log lists a file that does not exist. VACUUM may have removed it.",
     "Read a newer version of the table, or restore the file."},
    {ErrorCode::kUnsupportedFeature, "the table uses a feature that Spillway does not support",
     "The table requires a feature that Spillway does not have. Ignoring it could give wrong rows "
     "or damage the table, so Spillway refuses the table.",
     "Remove the feature from the table (ALTER TABLE .. DROP FEATURE), or copy the rows to a table "
     "without it."},
    {ErrorCode::kVersionNotFound, "no such version of the table",
     "The log has no commit for that version or timestamp. It may have been cleaned up.",
     "Use a version from the table's history."},
    {ErrorCode::kUnsupportedType, "unsupported column type",
     "Spillway cannot represent this type exactly, or a data file has values that do not fit it.",
     "Write the table without this column, or with another type for it."},
    {ErrorCode::kTargetSchemaDiffers, "the target's columns differ",
     "The target table exists, but its columns are not the ones that this pipeline makes.",
     "Use mode overwrite with target.overwrite_schema: true, or choose another target."},
    {ErrorCode::kTargetExists, "the target already exists",
     "target.mode is error_if_exists, and there is a table at the target's path.",
     "Choose another target, or set target.mode to append or overwrite."},
    {ErrorCode::kDuplicateLookupKey, "a lookup has duplicate keys",
     "The lookup is set to duplicates: error, and two of its rows have the same key.",
     "Remove the duplicate row, or set duplicates to expand, first or last."},
    {ErrorCode::kProgressForgotten, "the target does not keep track of earlier runs",
     "The table property delta.setTransactionRetentionDuration lets the records of appended rows "
     "expire, so a run cannot tell whether its rows are already there.",
     "Unset the property, or run with --fresh if the rows were never appended."},
    {ErrorCode::kEvaluation, "an expression failed on a row",
     "In ANSI mode, Spark SQL fails on overflow, division by zero and malformed text instead of "
     "returning NULL, and so does Spillway.",
     "Guard the expression with CASE, nullif or try_cast, or filter such rows out with `where`."},
    {ErrorCode::kCommitConflict, "another writer changed the table",
     "Another writer committed first, and this run cannot safely continue after that change.",
     "Run again. What was committed before is kept."},
    {ErrorCode::kTargetBusy, "other writers keep the table busy",
     "Another writer committed first at every attempt, until the run gave up.",
     "Run again when the table is less busy. What was committed is kept."},
    {ErrorCode::kRunIsAlive, "another run of the pipeline is already running",
     "Only one run at a time may write a pipeline's target. The error names the process and its "
     "last heartbeat.",
     "Wait for it to finish, or stop it and run again."},
    {ErrorCode::kBudgetTooSmall, "the memory budget is too small",
     "In the worst case the run needs more memory than the budget allows, so it was not started.",
     "Raise --memory to the size that the error names, or follow its advice."},
    {ErrorCode::kBudgetExceeded, "the memory budget ran out",
     "The run needed more memory than planned, and stopped before it went over the limit. What was "
     "committed stays committed.",
     "Raise --memory, or lower processing.chunk_size."},
    {ErrorCode::kMemoryShort, "other processes are using the memory",
     "More than max_memory_usage percent of the memory of the machine or cgroup is in use, and "
     "other processes leave less than the run may still need. It stopped before the kernel would "
     "kill a process. What was committed stays committed.",
     "Stop the other processes or wait for them, then run again to resume. Or use a smaller "
     "--memory."},
    {ErrorCode::kStorage, "a file cannot be read or written",
     "The operating system refused the operation that the error names.",
     "Check the path, its permissions and the disk."},
    {ErrorCode::kReadOnlyStorage, "the folder is read-only",
     "You may not write to the target's folder, or to the folder above it.",
     "Change the permissions, or choose another target."},
    {ErrorCode::kStorageFull, "the disk is full",
     "A write failed because the disk is full or your disk quota is used up.",
     "Free some space and run again. Nothing that was committed is lost."},
    {ErrorCode::kUnsupportedUrl, "unsupported kind of address",
     "This version reads and writes tables on local disks only.", "Use a path or a file:// URL."},
    {ErrorCode::kSpillDamaged, "a spill file is damaged",
     "Data in resources.spill_directory is not what the run wrote there: the disk is faulty, or "
     "another program changed the file. No row was made from it.",
     "Run again. If it happens again, check the disk, or set resources.spill_directory to a folder "
     "on another disk."},
    {ErrorCode::kLedger, "the run history cannot be used",
     "`spillway status` reads the history of runs from an SQLite file in the state folder. The "
     "file is locked, damaged, written by a newer version, or on a full disk. Runs do not need it.",
     "Free some disk space, delete the file, or set SPILLWAY_STATE_DIRECTORY to another folder."},
    {ErrorCode::kValidationDiffers, "the target differs from its inputs",
     "`spillway validate` found rows or values in the target that do not match its inputs.",
     "Look at the first difference in the report. In mode overwrite, `spillway run --fresh` writes "
     "the table again; RESTORE brings back a version from before the change."},
    {ErrorCode::kExpectationNotMet, "rows do not meet an expectation",
     "An expectation with action: fail is false or NULL for some rows. Nothing of their chunk was "
     "committed.",
     "Correct the rows, or use action: warn to count them, or action: drop to leave them out."},
    {ErrorCode::kInternal, "internal error",
     "Spillway reached a state that should not be possible. This is a bug.",
     "Please report it, with the command and the full text of the error."},
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
