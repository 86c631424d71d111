#include "spill/spill_file.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "storage/durable_file.h"

namespace spillway::spill {
namespace {

int64_t SizeOf(std::span<const iovec> parts) {
  int64_t bytes = 0;
  for (const iovec& part : parts) bytes += static_cast<int64_t>(part.iov_len);
  return bytes;
}

// What is left of `parts` behind their first `bytes` bytes.
std::span<iovec> Skip(std::span<iovec> parts, size_t bytes) {
  while (!parts.empty() && bytes >= parts[0].iov_len) {
    bytes -= parts[0].iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    parts[0].iov_base = static_cast<uint8_t*>(parts[0].iov_base) + bytes;
    parts[0].iov_len -= bytes;
  }
  return parts;
}

int CountOf(std::span<const iovec> parts) {
  return static_cast<int>(std::min<size_t>(parts.size(), IOV_MAX));
}

void CountDiskBytes(SpillCounters* counters, int64_t bytes) {
  const int64_t now = counters->disk_bytes += bytes;
  int64_t peak = counters->peak_disk_bytes;
  while (peak < now && !counters->peak_disk_bytes.compare_exchange_weak(peak, now)) {
  }
}

}  // namespace

Status SpillError(int error_number, std::string_view action, std::string_view path) {
  const Status status = storage::StorageError(error_number, action, path);
  ErrorInfo info = *FindError(status);
  if (info.code == ErrorCode::kStorageFull && error_number != EFBIG) {
    info.cure =
        "free some space there, or set resources.spill_directory to a folder on another disk";
  } else if (info.code == ErrorCode::kReadOnlyStorage) {
    info.cure = "change its permissions, or set resources.spill_directory to another folder";
  }
  return MakeError(std::move(info));
}

SpillFile::SpillFile(storage::FileDescriptor file, int folder_descriptor, std::string path,
                     std::string name, SpillCounters* counters)
    : file_(std::move(file)),
      folder_descriptor_(folder_descriptor),
      path_(std::move(path)),
      name_(std::move(name)),
      counters_(counters) {}

SpillFile::~SpillFile() {
  ::unlinkat(folder_descriptor_, name_.c_str(), 0);
  CountDiskBytes(counters_, -size_bytes_);
}

Result<std::unique_ptr<SpillFile>> SpillFile::Create(int folder_descriptor,
                                                     const std::string& folder, std::string name,
                                                     SpillCounters* counters) {
  std::string path = fmt::format("{}/{}", folder, name);
  storage::FileDescriptor file(::openat(folder_descriptor, name.c_str(),
                                        O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return SpillError(errno, "create the spill file", path);
  return std::unique_ptr<SpillFile>(new SpillFile(std::move(file), folder_descriptor,
                                                  std::move(path), std::move(name), counters));
}

Result<std::unique_ptr<SpillFile>> SpillFile::Open(int folder_descriptor, const std::string& folder,
                                                   std::string name, SpillCounters* counters) {
  std::string path = fmt::format("{}/{}", folder, name);
  storage::FileDescriptor file(
      ::openat(folder_descriptor, name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts;
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) {
    return SpillError(errno, "open the spill file", path);
  }
  std::unique_ptr<SpillFile> opened(new SpillFile(std::move(file), folder_descriptor,
                                                  std::move(path), std::move(name), counters));
  opened->size_bytes_ = facts.st_size;
  CountDiskBytes(counters, facts.st_size);
  return opened;
}

Status SpillFile::Append(std::span<iovec> parts) {
  const int64_t bytes = SizeOf(parts);
  int64_t offset = size_bytes_;
  while (!parts.empty()) {
    const ssize_t count = ::pwritev(file_.get(), parts.data(), CountOf(parts), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SpillError(errno, "write the spill file", path_);
    offset += count;
    parts = Skip(parts, static_cast<size_t>(count));
  }
  size_bytes_ = offset;
  counters_->bytes_written += bytes;
  CountDiskBytes(counters_, bytes);
  return Status::OK();
}

Status SpillFile::Read(int64_t offset, std::span<iovec> parts) const {
  counters_->bytes_read += SizeOf(parts);
  while (!parts.empty()) {
    const ssize_t count = ::preadv(file_.get(), parts.data(), CountOf(parts), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SpillError(errno, "read the spill file", path_);
    if (count == 0) {
      return MakeError({.code = ErrorCode::kSpillDamaged,
                        .what = fmt::format("the spill file {} is cut short", path_),
                        .where = fmt::format("{}, byte {}", path_, offset)});
    }
    offset += count;
    parts = Skip(parts, static_cast<size_t>(count));
  }
  return Status::OK();
}

// Only a hint: where it fails, Read waits for the bytes.
void SpillFile::WillRead(int64_t offset, int64_t bytes) const {
  ::posix_fadvise(file_.get(), offset, bytes, POSIX_FADV_WILLNEED);
}

}  // namespace spillway::spill
