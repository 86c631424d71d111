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

// Fewer blocks than these are copied: an extent of its own costs more than so many bytes.
constexpr int64_t kSmallestShare = 16;

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

Status NewFile::CheckOpen() const {
  return descriptor_.is_open() ? Status::OK() : Status::Invalid("the file is closed: ", path_);
}

Status NewFile::Write(const void* data, int64_t num_bytes) {
  ARROW_RETURN_NOT_OK(CheckOpen());
  const auto* next = static_cast<const char*>(data);
  const char* const end = next + num_bytes;
  while (next < end) {
    const ssize_t written =
        ::pwrite(descriptor_.get(), next, static_cast<size_t>(end - next), position_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return storage::StorageError(errno, "write the file", path_);
    next += written;
    position_ += written;
  }
  return Status::OK();
}

Status NewFile::Copy(const storage::OpenFile& source, int64_t source_offset, int64_t size,
                     std::span<uint8_t> buffer) {
  ARROW_RETURN_NOT_OK(storage::CopyRange(source, source_offset, {descriptor_.get(), path_},
                                         position_, size, buffer));
  position_ += size;
  return Status::OK();
}

Result<int64_t> NewFile::Append(const storage::OpenFile& source, int64_t source_offset,
                                int64_t size, int64_t share_block_bytes,
                                std::span<uint8_t> buffer) {
  ARROW_RETURN_NOT_OK(CheckOpen());
  if (share_block_bytes == 0 || size < kSmallestShare * share_block_bytes) {
    const int64_t begin = position_;
    ARROW_RETURN_NOT_OK(Copy(source, source_offset, size, buffer));
    return begin;
  }
  // Where the blocks of the source begin and end that lie inside the range.
  const int64_t first = (source_offset + share_block_bytes - 1) / share_block_bytes;
  const int64_t head = first * share_block_bytes - source_offset;
  const int64_t inside = (size - head) / share_block_bytes * share_block_bytes;
  const int64_t step = (source_offset - position_) % share_block_bytes;
  position_ += step < 0 ? step + share_block_bytes : step;  // a hole: nothing is written there
  const int64_t begin = position_;
  ARROW_RETURN_NOT_OK(Copy(source, source_offset, head, buffer));
  ARROW_RETURN_NOT_OK(storage::ShareRange(source, source_offset + head, {descriptor_.get(), path_},
                                          position_, inside));
  position_ += inside;
  shared_bytes_ += inside;
  ARROW_RETURN_NOT_OK(Copy(source, source_offset + head + inside, size - head - inside, buffer));
  return begin;
}

Status NewFile::Commit() {
  ARROW_RETURN_NOT_OK(CheckOpen());
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
