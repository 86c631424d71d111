#include "state/journal.h"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "storage/durable_file.h"

namespace spillway::state {
namespace {

constexpr size_t kHashDigits = 16;

std::string HashOf(std::string_view record) {
  return fmt::format("{:016x}", XXH3_64bits(record.data(), record.size()));
}

std::string LineOf(std::string_view record) {
  return fmt::format("{} {}\n", HashOf(record), record);
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::Make(const std::string& path,
                                               const std::vector<std::string>& records) {
  std::string text;
  for (const std::string& record : records) text += LineOf(record);
  ARROW_RETURN_NOT_OK(storage::WriteFileAtomically(path, text));
  storage::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) return storage::StorageError(errno, "open the file", path);
  return std::unique_ptr<Journal>(new Journal(path, std::move(file)));
}

Status Journal::Append(std::string_view record) {
  return storage::WriteAll(file_, LineOf(record), path_);
}

std::vector<std::string> ReadJournal(const std::string& path) {
  std::vector<std::string> records;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const bool is_long_enough = line.size() > kHashDigits && line[kHashDigits] == ' ';
    if (!is_long_enough || file.eof()) break;  // a line without its end was cut off
    std::string record = line.substr(kHashDigits + 1);
    if (line.substr(0, kHashDigits) != HashOf(record)) break;
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace spillway::state
