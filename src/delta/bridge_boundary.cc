#include "delta/bridge_boundary.h"

#include <optional>

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include "base/error.h"

namespace spillway::delta {
namespace {

using bridge::FailureCode;

ErrorCode CodeOf(FailureCode code) {
  switch (code) {
    case FailureCode::NotADeltaTable:
      return ErrorCode::kNotADeltaTable;
    case FailureCode::CorruptLog:
      return ErrorCode::kCorruptLog;
    case FailureCode::DataFileMissing:
      return ErrorCode::kDataFileMissing;
    case FailureCode::UnsupportedFeature:
      return ErrorCode::kUnsupportedFeature;
    case FailureCode::UnsupportedType:
      return ErrorCode::kUnsupportedType;
    case FailureCode::VersionNotFound:
      return ErrorCode::kVersionNotFound;
    case FailureCode::BadDefinition:
      return ErrorCode::kValueOutOfRange;
    case FailureCode::ReadOnlyStorage:
      return ErrorCode::kReadOnlyStorage;
    case FailureCode::StorageFull:
      return ErrorCode::kStorageFull;
    case FailureCode::Storage:
      return ErrorCode::kStorage;
    default:
      return ErrorCode::kInternal;
  }
}

// The sentence that the error starts with. A fault that names a feature, type or version says it
// all in its message; the others have a title, and their message is the reason.
std::string WhatOf(ErrorCode code, std::string_view message) {
  switch (code) {
    case ErrorCode::kUnsupportedFeature:
    case ErrorCode::kUnsupportedType:
    case ErrorCode::kVersionNotFound:
    case ErrorCode::kValueOutOfRange:
      return std::string(message);
    default:
      return std::string(TitleOf(code));
  }
}

std::string CureOf(ErrorCode code) {
  const std::optional<CatalogEntry> entry = FindCatalogEntry(CodeName(code));
  return entry ? std::string(entry->cure) : std::string();
}

// "table" or "table: file" where the subject is a file of it.
std::string WhereOf(ErrorCode code, std::string_view subject, std::string_view table) {
  const bool is_of_file = code == ErrorCode::kCorruptLog || code == ErrorCode::kDataFileMissing;
  if (!is_of_file || subject.empty()) return std::string(table);
  return subject.front() == '/' ? std::string(subject) : fmt::format("{}/{}", table, subject);
}

}  // namespace

Status ToStatus(const bridge::Failure& failure, std::string_view table) {
  if (failure.code == FailureCode::None) return Status::OK();
  const ErrorCode code = CodeOf(failure.code);
  const std::string_view message(failure.message.data(), failure.message.size());
  const std::string_view subject(failure.subject.data(), failure.subject.size());
  const std::string_view cure(failure.cure.data(), failure.cure.size());
  std::string what = WhatOf(code, message);
  std::string why = what == message ? std::string() : std::string(message);
  return MakeError({.code = code,
                    .what = std::move(what),
                    .where = WhereOf(code, subject, table),
                    .why = std::move(why),
                    .cure = cure.empty() ? CureOf(code) : std::string(cure)});
}

Result<rust::String> ToRust(std::string_view text, std::string_view what) {
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(text)) {
    return MakeError({.code = ErrorCode::kValueOutOfRange,
                      .what = fmt::format("{} is not UTF-8", what),
                      .why = "a table's log must be UTF-8 text"});
  }
  return rust::String(text.data(), text.size());
}

Result<rust::Vec<rust::String>> ToRust(const std::vector<std::string>& texts,
                                       std::string_view what) {
  rust::Vec<rust::String> strings;
  for (const std::string& text : texts) {
    ARROW_ASSIGN_OR_RAISE(rust::String string, ToRust(std::string_view(text), what));
    strings.push_back(std::move(string));
  }
  return strings;
}

Result<rust::Vec<bridge::Property>> ToRust(const std::map<std::string, std::string>& properties,
                                           std::string_view what) {
  rust::Vec<bridge::Property> pairs;
  for (const auto& [key, value] : properties) {
    ARROW_ASSIGN_OR_RAISE(rust::String rust_key, ToRust(std::string_view(key), what));
    ARROW_ASSIGN_OR_RAISE(rust::String rust_value, ToRust(std::string_view(value), what));
    pairs.push_back(bridge::Property{std::move(rust_key), std::move(rust_value)});
  }
  return pairs;
}

}  // namespace spillway::delta
