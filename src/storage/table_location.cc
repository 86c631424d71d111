#include "storage/table_location.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace spillway::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileScheme = "file";
constexpr std::string_view kHidden = "...";

constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kSchemes = {{
    {"s3", "Amazon S3"},
    {"s3a", "Amazon S3"},
    {"s3n", "Amazon S3"},
    {"abfs", "Azure Data Lake Storage"},
    {"abfss", "Azure Data Lake Storage"},
    {"adl", "Azure Data Lake Storage"},
    {"az", "Azure Blob Storage"},
    {"azure", "Azure Blob Storage"},
    {"wasbs", "Azure Blob Storage"},
    {"gs", "Google Cloud Storage"},
    {"gcs", "Google Cloud Storage"},
    {"http", "HTTP"},
    {"https", "HTTP"},
    {"hdfs", "HDFS"},
}};

Status Refuse(std::string_view text, std::string why) {
  return MakeError({.code = ErrorCode::kUnsupportedUrl,
                    .what = fmt::format("cannot use the table address {}", WithoutSecrets(text)),
                    .where = WithoutSecrets(text),
                    .why = std::move(why),
                    .cure = "use a path or a file:// URL on a local disk"});
}

// The scheme of a URL in lower case: letters, digits, + - . before "://", or before ":/" as in
// file:/path. One letter is a file's name or a drive, not a scheme.
std::optional<std::string> SchemeOf(std::string_view text) {
  const size_t colon = text.find(":/");
  if (colon == std::string_view::npos || colon < 2) return std::nullopt;
  std::string scheme(text.substr(0, colon));
  for (char& c : scheme) {
    const auto byte = static_cast<unsigned char>(c);
    if (!std::isalnum(byte) && c != '+' && c != '-' && c != '.') return std::nullopt;
    c = static_cast<char>(std::tolower(byte));
  }
  if (!std::isalpha(static_cast<unsigned char>(scheme.front()))) return std::nullopt;
  return scheme;
}

std::string DescribeScheme(const std::string& scheme) {
  const auto* known = std::find_if(kSchemes.begin(), kSchemes.end(),
                                   [&](const auto& entry) { return entry.first == scheme; });
  if (known == kSchemes.end())
    return fmt::format("{}:// is not a scheme that Spillway supports", scheme);
  return fmt::format("{}:// is {}; this version reads and writes local disks only", scheme,
                     known->second);
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = HexDigit(text[i + 1]);
    const auto low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

// The path of a file: URL: file:/p, file:///p or file://localhost/p.
Result<std::string> PathOfFileUrl(std::string_view url) {
  std::string_view rest = url.substr(kFileScheme.size() + 1);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const std::string_view host = rest.substr(0, std::min(rest.find('/'), rest.size()));
    if (!host.empty() && host != "localhost") {
      const size_t user_length = host.rfind('@') + 1;  // 0 where there is none
      return Refuse(
          url,
          fmt::format(
              "\"{}\" is in the place of a host; a path begins with three slashes: file:///{}",
              host.substr(user_length), rest.substr(user_length, rest.find('?') - user_length)));
    }
    rest.remove_prefix(host.size());
  }
  if (rest.empty()) return Refuse(url, "it has no path");
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Refuse(url, "it has a query or a fragment; write %3F for ? and %23 for #");
  }
  const std::optional<std::string> path = PercentDecode(rest);
  if (!path) return Refuse(url, "a % is not followed by two hexadecimal digits; write %25 for %");
  return *path;
}

// Absolute, links resolved as far as the path exists, no trailing slash. `..` after a link means
// the folder above the link's target, as it does for the kernel, so the links come first.
std::string Normalise(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  fs::path normal = fs::weakly_canonical(absolute, error);
  if (error) normal = absolute.lexically_normal();
  std::string text = normal.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

std::string WithoutSecrets(std::string_view address) {
  std::string text(address);
  const size_t slashes = text.find("://");
  if (slashes == std::string::npos) return text;
  const size_t query = text.find_first_of("?#", slashes);
  if (query != std::string::npos) text.replace(query + 1, std::string::npos, kHidden);
  const size_t authority = slashes + 3;
  const size_t at = text.rfind('@', std::min(text.find('/', authority), text.size()));
  const bool has_user = at != std::string::npos && at >= authority;
  // abfss://container@account has no secret there, and the name is needed to know the table.
  const bool is_container = text.starts_with("abfs") || text.starts_with("wasb");
  if (has_user && (!is_container || text.find(':', authority) < at)) {
    text.replace(authority, at - authority, kHidden);
  }
  return text;
}

Result<TableLocation> ParseTableLocation(std::string_view text, const std::string& base_folder) {
  std::string path(text);
  if (const std::optional<std::string> scheme = SchemeOf(text)) {
    if (*scheme != kFileScheme) return Refuse(text, DescribeScheme(*scheme));
    ARROW_ASSIGN_OR_RAISE(path, PathOfFileUrl(text));
  }
  if (path.empty() || path.find('\0') != std::string::npos) {
    return MakeError(
        {.code = ErrorCode::kValueOutOfRange,
         .what = path.empty() ? "a table's path is empty" : "a table's path has a NUL byte in it",
         .cure = "use a path or a file:// URL"});
  }
  // An absolute `path` replaces the base.
  return TableLocation{Normalise(fs::path(base_folder) / path), std::string(text)};
}

bool IsSameTable(const TableLocation& left, const TableLocation& right) {
  if (left.path == right.path) return true;
  std::error_code error;
  const bool same = fs::equivalent(left.path, right.path, error);
  if (!error) return same;
  return Normalise(left.path) == Normalise(right.path);
}

std::string FileUrl(std::string_view absolute_path) {
  constexpr std::string_view kUnescaped = "-._~/!$&'()*+,;=:@";
  std::string url = "file://";
  for (const char c : absolute_path) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte)) || kUnescaped.find(c) != std::string_view::npos) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", byte);
    }
  }
  return url;
}

}  // namespace spillway::storage
