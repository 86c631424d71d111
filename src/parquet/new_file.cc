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

// Fewer blocks than these are copied: to transfer them costs more than so many bytes.
constexpr int64_t kFewestBlocks = 16;

bool HasBlocks(int64_t size, const storage::TransferMethod& method) {
  return method.blocks != storage::BlockTransfer::kCopy &&
         size >= kFewestBlocks * method.block_bytes;
}

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

int64_t NewFile::Reserve(int64_t source_offset, int64_t size,
                         const storage::TransferMethod& method) {
  if (HasBlocks(size, method)) {
    const int64_t step = (source_offset - position_) % method.block_bytes;
    position_ += step < 0 ? step + method.block_bytes : step;  // a hole: nothing is written there
  }
  const int64_t begin = position_;
  position_ += size;
  return begin;
}

Result<int64_t> NewFile::Fill(const storage::OpenFile& source, int64_t source_offset, int64_t begin,
                              int64_t size, const storage::TransferMethod& method,
                              std::span<uint8_t> buffer) const {
  ARROW_RETURN_NOT_OK(CheckOpen());
  const auto copy = [&](int64_t from, int64_t bytes) {
    return storage::CopyRange(source, source_offset + from, {descriptor_.get(), path_},
                              begin + from, bytes, buffer);
  };
  if (!HasBlocks(size, method)) {
    ARROW_RETURN_NOT_OK(copy(0, size));
    return 0;
  }
  // Where the blocks of the source begin and end that lie inside the range.
  const int64_t block = method.block_bytes;
  const int64_t head = (source_offset + block - 1) / block * block - source_offset;
  const int64_t inside = (size - head) / block * block;
  ARROW_RETURN_NOT_OK(copy(0, head));
  ARROW_ASSIGN_OR_RAISE(const bool is_transferred, Transfer(source, source_offset + head,
                                                            begin + head, inside, method.blocks));
  if (!is_transferred) ARROW_RETURN_NOT_OK(copy(head, inside));
  ARROW_RETURN_NOT_OK(copy(head + inside, size - head - inside));
  return is_transferred && method.blocks == storage::BlockTransfer::kShare ? inside : 0;
}

// False where the system refuses, whatever it did when the method was tried.
Result<bool> NewFile::Transfer(const storage::OpenFile& source, int64_t source_offset,
                               int64_t begin, int64_t size, storage::BlockTransfer way) const {
  if (way == storage::BlockTransfer::kShare) {
    return storage::ShareRange(source, source_offset, {descriptor_.get(), path_}, begin, size);
  }
  const storage::FileDescriptor direct(::open(path_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  if (!direct.is_open()) return false;
  return storage::WriteDirectly(source, source_offset, {direct.get(), path_}, begin, size);
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
