// Every error code of Spillway, with the text that `spillway explain CODE` prints. The number is
// stable once released; its thousands are its class, and the class decides the exit code.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace spillway {

enum class ErrorCode : int {
  // 1xxx: the command line, the pipeline file and its expressions.
  kUsage = 1001,
  kUnknownName = 1002,
  kPipelineFileUnreadable = 1101,
  kPipelineFileSyntax = 1102,
  kUnknownKey = 1103,
  kWrongValueType = 1104,
  kMissingKey = 1105,
  kFeatureNotBuilt = 1106,
  kDuplicateKey = 1107,
  kValueOutOfRange = 1108,
  kUndefinedVariable = 1109,
  kTargetIsSource = 1110,
  kPlanChanged = 1111,
  kExpressionSyntax = 1201,
  kUnknownColumn = 1202,
  kUnknownFunction = 1203,
  kExpressionType = 1204,
  kAmbiguousColumn = 1205,
  kExpressionUnsupported = 1206,
  kKeyColumnMissing = 1301,
  kKeyTypeMismatch = 1302,
  kColumnNameCollision = 1303,

  // 3xxx: a table, its log or its data.
  kTableNotFound = 3001,
  kNotADeltaTable = 3002,
  kCorruptLog = 3003,
  kCorruptDataFile = 3004,
  kDataFileMissing = 3005,
  kUnsupportedFeature = 3006,
  kVersionNotFound = 3007,
  kUnsupportedType = 3008,
  kTargetSchemaDiffers = 3101,
  kTargetExists = 3102,
  kDuplicateLookupKey = 3103,
  kProgressForgotten = 3104,
  kEvaluation = 3201,

  // 4xxx: commits.
  kCommitConflict = 4001,
  kTargetBusy = 4002,
  kRunIsAlive = 4003,

  // 5xxx: memory.
  kBudgetTooSmall = 5001,
  kBudgetExceeded = 5002,
  kMemoryShort = 5003,

  // 6xxx: storage and credentials.
  kStorage = 6001,
  kReadOnlyStorage = 6002,
  kStorageFull = 6003,
  kUnsupportedUrl = 6004,
  kSpillDamaged = 6005,
  kLedger = 6006,

  // 7xxx: checks that a user asked for.
  kValidationDiffers = 7001,
  kExpectationNotMet = 7002,

  // 9xxx: faults of Spillway's.
  kInternal = 9001,
};

enum class ErrorClass { kUser, kTable, kCommit, kMemory, kStorage, kCheck, kInternal };

struct CatalogEntry {
  ErrorCode code;
  std::string_view title;    // short, for lists
  std::string_view meaning;  // when it happens and why it is an error
  std::string_view cure;     // what to do
};

// The class of `code`, from its thousands.
ErrorClass ClassOf(ErrorCode code);

// The exit code of the program for `code`.
int ExitCodeOf(ErrorCode code);

// "SPW-1103".
std::string CodeName(ErrorCode code);

// The title of `code` in the catalog.
std::string_view TitleOf(ErrorCode code);

// All entries, by number.
std::span<const CatalogEntry> ErrorCatalog();

// The entry named `name`: "SPW-1103", "spw-1103" or "1103".
std::optional<CatalogEntry> FindCatalogEntry(std::string_view name);

}  // namespace spillway
