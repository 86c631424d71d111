#include "parquet/new_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

#include "storage/durable_file.h"

namespace spillway::parquet {
namespace {

constexpr mode_t kMode = 0666;  // less what the process's umask takes away

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

NewFile::NewFile(std::string path, storage::FileDescriptor descriptor)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

NewFile::~NewFile() { static_cast<void>(Discard()); }

Result<std::shared_ptr<NewFile>> NewFile::Create(std::string path) {
  storage::FileDescriptor descriptor(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  if (!descriptor.is_open()) return storage::StorageError(errno, "create the file", path);
  return std::shared_ptr<NewFile>(new NewFile(std::move(path), std::move(descriptor)));
}

Status NewFile::Write(const void* data, int64_t num_bytes) {
  if (!descriptor_.is_open()) return Status::Invalid("the file is closed: ", path_);
  const auto* next = static_cast<const char*>(data);
  const char* const end = next + num_bytes;
  while (next < end) {
    const ssize_t written = ::write(descriptor_.get(), next, static_cast<size_t>(end - next));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return storage::StorageError(errno, "write the file", path_);
    next += written;
    position_ += written;
  }
  return Status::OK();
}

Status NewFile::Commit() {
  if (!descriptor_.is_open()) return Status::Invalid("the file is closed: ", path_);
  if (::fsync(descriptor_.get()) != 0) return storage::StorageError(errno, "sync the file", path_);
  if (descriptor_.Close() != 0) return storage::StorageError(errno, "close the file", path_);
  return storage::SyncFolder(FolderOf(path_));
}

Status NewFile::Discard() {
  if (!descriptor_.is_open()) return Status::OK();
  descriptor_.Close();
  return storage::RemoveFile(path_);
}

}  // namespace spillway::parquet
