#include "delta/data_path.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "storage/table_location.h"

namespace spillway::delta {
namespace {

namespace fs = std::filesystem;

bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> HexValue(char c) {
  if (IsAsciiDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Decodes %XX; a percent sign that starts no such escape stands for itself.
std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = HexValue(text[i + 1]);
      const std::optional<int> low = HexValue(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

// The length of a URL scheme and its colon at the start of `text`, or 0.
size_t SchemeLength(std::string_view text) {
  if (text.empty() || !IsAsciiLetter(text.front())) return 0;
  const auto is_scheme_character = [](char c) {
    return IsAsciiLetter(c) || IsAsciiDigit(c) || c == '+' || c == '-' || c == '.';
  };
  const auto end = std::find_if_not(text.begin(), text.end(), is_scheme_character);
  return end != text.end() && *end == ':' ? static_cast<size_t>(end - text.begin()) + 1 : 0;
}

Status OutsideError(const std::string& root, std::string_view logged) {
  return MakeError(
      {.code = ErrorCode::kUnsupportedFeature,
       .what = fmt::format("the data file \"{}\" is outside the table's folder",
                           storage::WithoutSecrets(logged)),
       .where = root,
       .why = "only shallow clones refer to files of another table, and Spillway does not read "
              "those; in a table that you do not trust, the path may be there to make you read "
              "some other file",
       .cure = "read the table that the file belongs to, or make a deep clone of this one"});
}

bool IsBelow(const fs::path& root, const fs::path& path) {
  const fs::path relative = path.lexically_relative(root);
  return !relative.empty() && *relative.begin() != ".." && *relative.begin() != ".";
}

// An absolute path of the log. The log may spell the root with symbolic links, where ours has none.
Result<std::string> ResolveAbsolute(const std::string& root, const std::string& absolute,
                                    std::string_view logged) {
  const fs::path plain = fs::path(absolute).lexically_normal();
  if (IsBelow(root, plain)) return plain.string();
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(plain, error);
  if (!error && IsBelow(root, canonical)) return canonical.string();
  return OutsideError(root, logged);
}

}  // namespace

Result<std::string> ResolveDataPath(const std::string& root, std::string_view logged) {
  std::string_view reference = logged;
  const size_t scheme_length = SchemeLength(reference);
  if (scheme_length > 0) {
    if (reference.substr(0, scheme_length) != "file:") return OutsideError(root, logged);
    reference.remove_prefix(scheme_length);
    if (reference.starts_with("//")) {  // an authority, empty or localhost
      reference.remove_prefix(2);
      if (reference.starts_with("localhost/")) reference.remove_prefix(9);
    }
    if (!reference.starts_with('/')) return OutsideError(root, logged);
  }
  const std::string path = PercentDecode(reference);
  if (path.empty() || path.find('\0') != std::string::npos) {
    return MakeError({.code = ErrorCode::kCorruptLog,
                      .what = std::string(TitleOf(ErrorCode::kCorruptLog)),
                      .where = root,
                      .why = fmt::format("the log has \"{}\" as the path of a data file", logged)});
  }
  if (path.front() == '/') return ResolveAbsolute(root, path, logged);
  const fs::path joined = (fs::path(root) / path).lexically_normal();
  if (!IsBelow(root, joined)) return OutsideError(root, logged);
  return joined.string();
}

Status LinkCheck::Check(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  if (!folders_.contains(folder)) {
    ARROW_RETURN_NOT_OK(CheckReal(folder, path));
    folders_.insert(folder);
  }
  std::error_code ignored;
  return fs::is_symlink(path, ignored) ? CheckReal(path, path) : Status::OK();
}

Status LinkCheck::CheckReal(const std::string& path, const std::string& named) const {
  std::error_code error;
  const fs::path real_root = fs::canonical(root_, error);
  if (error) return Status::OK();
  const fs::path real = fs::weakly_canonical(path, error);
  if (!error && (real == real_root || IsBelow(real_root, real))) return Status::OK();
  return MakeError(
      {.code = ErrorCode::kUnsupportedFeature,
       .what = fmt::format(
           "the path of the data file \"{}\" has a link to a place outside the table's folder",
           named),
       .where = root_,
       .why = error ? error.message() : fmt::format("it leads to {}", real.string()),
       .cure =
           "move the file itself into the table's folder, or read the table that it belongs to"});
}

Result<std::string> EncodeDataPath(std::string_view relative_path) {
  const fs::path path(relative_path);
  const bool leaves = std::find(path.begin(), path.end(), "..") != path.end();
  const fs::path plain = path.lexically_normal();
  const bool is_file =
      plain.has_filename() && plain != "." && relative_path.find('\0') == std::string_view::npos;
  if (path.is_absolute() || leaves || !is_file) {
    return MakeError(
        {.code = ErrorCode::kValueOutOfRange,
         .what = fmt::format("\"{}\" is not a path below the table's folder", relative_path)});
  }
  constexpr std::string_view kPlain = "-._~/=@!$&'()*+,;";
  std::string encoded;
  for (const char c : relative_path) {
    if (IsAsciiLetter(c) || IsAsciiDigit(c) || kPlain.find(c) != std::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace spillway::delta
