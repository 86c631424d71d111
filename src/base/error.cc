#include "base/error.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/shown_error.h"

namespace spillway {
namespace {

constexpr char kDetailTypeId[] = "spillway::ErrorDetail";
constexpr int kExitInternal = 70;

class ErrorDetail : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(ErrorInfo info) : info_(std::move(info)) {}

  const char* type_id() const override { return kDetailTypeId; }
  std::string ToString() const override { return CodeName(info_.code); }
  const ErrorInfo& info() const { return info_; }

 private:
  ErrorInfo info_;
};

// What helps against every error of that code.
std::string CureOf(ErrorCode code) {
  const auto& catalog = ErrorCatalog();
  const auto entry = std::ranges::find(catalog, code, &CatalogEntry::code);
  return entry == catalog.end() ? std::string() : std::string(entry->cure);
}

// Arrow's own code for a coded error: what a caller that looks only at Status sees.
arrow::StatusCode ArrowCode(ErrorCode code) {
  switch (ClassOf(code)) {
    case ErrorClass::kMemory:
      return arrow::StatusCode::OutOfMemory;
    case ErrorClass::kStorage:
      return arrow::StatusCode::IOError;
    default:
      return arrow::StatusCode::Invalid;
  }
}

}  // namespace

Status MakeError(ErrorInfo info) {
  const arrow::StatusCode code = ArrowCode(info.code);
  std::string message = info.what;
  return Status(code, std::move(message), std::make_shared<ErrorDetail>(std::move(info)));
}

std::optional<ErrorInfo> FindError(const Status& status) {
  if (status.ok() || status.detail() == nullptr) return std::nullopt;
  if (std::string_view(status.detail()->type_id()) != kDetailTypeId) return std::nullopt;
  return static_cast<const ErrorDetail&>(*status.detail()).info();
}

Status WithWhere(const Status& status, ErrorCode fallback, std::string_view where) {
  if (status.ok()) return status;
  std::optional<ErrorInfo> info = FindError(status);
  if (!info) return WithCode(status, fallback, TitleOf(fallback), where);
  if (info->where.empty()) info->where = where;
  return MakeError(*std::move(info));
}

Status WithCode(const Status& status, ErrorCode fallback, std::string_view what,
                std::string_view where) {
  if (status.ok() || FindError(status)) return status;
  if (status.IsOutOfMemory()) {
    return MakeError({.code = ErrorCode::kBudgetExceeded,
                      .what = std::string(TitleOf(ErrorCode::kBudgetExceeded)),
                      .where = std::string(where),
                      .why = status.message(),
                      .cure = "raise --memory, or lower processing.chunk_size"});
  }
  return MakeError({.code = fallback,
                    .what = std::string(what),
                    .where = std::string(where),
                    .why = status.message()});
}

int ExitCode(const Status& status) {
  if (status.ok()) return 0;
  const std::optional<ErrorInfo> info = FindError(status);
  return info ? ExitCodeOf(info->code) : kExitInternal;
}

ErrorInfo ShownError(const Status& status) {
  ErrorInfo info =
      FindError(status).value_or(ErrorInfo{.code = ErrorCode::kInternal,
                                           .what = std::string(TitleOf(ErrorCode::kInternal)),
                                           .why = status.ToString()});
  if (info.cure.empty()) info.cure = CureOf(info.code);
  return info;
}

std::string RenderError(const Status& status) {
  const ErrorInfo info = ShownError(status);
  std::string text = fmt::format("error[{}]: {}\n", CodeName(info.code), info.what);
  const auto append = [&text](std::string_view label, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<6} {}\n", label, value);
  };
  append("where:", info.where);
  append("why:", info.why);
  append("do:", info.cure);
  return Printable(text);
}

}  // namespace spillway
