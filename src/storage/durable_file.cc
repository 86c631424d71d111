#include "storage/durable_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "storage/file_descriptor.h"

namespace spillway::storage {
namespace {

// In the name of a file that WriteFileAtomically has not finished, behind that which it gets.
constexpr std::string_view kUnfinished = ".tmp-";

struct Classification {
  ErrorCode code;
  std::string_view cure;
};

Classification Classify(int error_number) {
  switch (error_number) {
    case EROFS:
    case EACCES:
    case EPERM:
      return {ErrorCode::kReadOnlyStorage, "change its permissions, or choose another folder"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::kStorageFull, "free some space on that disk and run again"};
    case EFBIG:
      return {ErrorCode::kStorageFull, "raise the limit on file sizes (ulimit -f)"};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::kStorage, "raise the limit on open files (ulimit -n)"};
    case EIO:
      return {ErrorCode::kStorage, "check the disk; dmesg shows what the kernel reported"};
    default:
      return {ErrorCode::kStorage, "check the path, and that nothing else changes the folder"};
  }
}

// The folder that holds the entry `path`.
std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string WithoutTrailingSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

bool IsFolder(const std::string& path) {
  struct stat facts;
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

// fsync may be interrupted; a failed one may not be tried again, because the kernel has dropped the
// pages that it could not write.
Status Sync(const FileDescriptor& file, const std::string& path) {
  int result = 0;
  do {
    result = ::fsync(file.get());
  } while (result != 0 && errno == EINTR);
  return result == 0 ? Status::OK() : StorageError(errno, "sync", path);
}

Status OpenAndSync(const std::string& path, int flags) {
  const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.is_open()) return StorageError(errno, "open", path);
  return Sync(file, path);
}

// A new file beside `path`, whose name nobody else has.
Result<FileDescriptor> CreateBeside(const std::string& path, std::string* name) {
  std::random_device random;
  while (true) {
    *name = fmt::format("{}{}{}-{:08x}", path, kUnfinished, ::getpid(), random());
    FileDescriptor file(::open(name->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.is_open()) return file;
    if (errno != EEXIST) return StorageError(errno, "create the file", path);
  }
}

Status FillAndRename(FileDescriptor file, const std::string& temporary, const std::string& path,
                     std::string_view contents) {
  ARROW_RETURN_NOT_OK(WriteAll(file, contents, path));
  ARROW_RETURN_NOT_OK(Sync(file, path));
  if (file.Close() != 0) return StorageError(errno, "close the file", path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return StorageError(errno, "put the new file in place of", path);
  }
  return SyncFolder(ParentOf(path));
}

}  // namespace

Status StorageError(int error_number, std::string_view action, std::string_view path) {
  const Classification classification = Classify(error_number);
  return MakeError({.code = classification.code,
                    .what = fmt::format("cannot {} {}", action, path),
                    .where = std::string(path),
                    .why = std::strerror(error_number),
                    .cure = std::string(classification.cure)});
}

Status SyncFile(const std::string& path) { return OpenAndSync(path, O_RDONLY); }

Status SyncFolder(const std::string& path) { return OpenAndSync(path, O_RDONLY | O_DIRECTORY); }

Status MakeFolders(const std::string& path) {
  const std::string folder = WithoutTrailingSlashes(path);
  if (folder.empty()) return StorageError(ENOENT, "create the folder", path);
  if (IsFolder(folder)) return Status::OK();
  const std::string parent = WithoutTrailingSlashes(ParentOf(folder));
  if (parent != folder) ARROW_RETURN_NOT_OK(MakeFolders(parent));
  if (::mkdir(folder.c_str(), 0777) != 0 && !(errno == EEXIST && IsFolder(folder))) {
    return StorageError(errno, "create the folder", folder);
  }
  return SyncFolder(parent);
}

Status RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Status::OK();
  return StorageError(errno, "remove the file", path);
}

Status WriteAll(const FileDescriptor& file, std::string_view contents, const std::string& path) {
  while (!contents.empty()) {
    const ssize_t count = ::write(file.get(), contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return StorageError(errno, "write the file", path);
    contents.remove_prefix(static_cast<size_t>(count));
  }
  return Status::OK();
}

Result<std::optional<std::string>> ReadFile(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  if (!file.is_open()) return StorageError(errno, "open the file", path);
  std::string contents;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return StorageError(errno, "read the file", path);
    if (count == 0) return contents;
    contents.append(part.data(), static_cast<size_t>(count));
  }
}

Result<std::vector<std::string>> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename().string());
  }
  if (!error || error == std::errc::no_such_file_or_directory) return names;
  return StorageError(error.value(), "list the folder", folder);
}

void RemoveUnfinished(const std::string& folder, std::string_view prefix) {
  const Result<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix) || name.find(kUnfinished) == std::string::npos) continue;
    static_cast<void>(RemoveFile(fmt::format("{}/{}", folder, name)));
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view contents) {
  std::string temporary;
  ARROW_ASSIGN_OR_RAISE(FileDescriptor file, CreateBeside(path, &temporary));
  const Status status = FillAndRename(std::move(file), temporary, path, contents);
  if (!status.ok()) static_cast<void>(RemoveFile(temporary));  // the first error counts
  return status;
}

}  // namespace spillway::storage
