#include "storage/file_range.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/page_size.h"
#include "storage/durable_file.h"
#include "storage/file_descriptor.h"

namespace spillway::storage {
namespace {

Status WriteFully(const OpenFile& target, std::span<const uint8_t> bytes, int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(target.descriptor, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return StorageError(errno, "write the file", target.path);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
  return Status::OK();
}

Status EndsEarly(const OpenFile& source, int64_t missing) {
  return MakeError({.code = ErrorCode::kStorage,
                    .what = "a file was cut short while it was being copied",
                    .where = source.path,
                    .why = fmt::format("{} bytes are missing", missing)});
}

constexpr int64_t kWindowBytes = 256 * 1024 * 1024;  // mapped at a time
constexpr int64_t kDirectBytes = 4 * 1024 * 1024;    // written at a time

// A part of a file in the address space. None of it is ever touched by this process, so that a file
// that becomes shorter does no harm.
class Mapping {
 public:
  Mapping(int file, int64_t offset, int64_t size) : size_(static_cast<size_t>(size)) {
    void* begin = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, offset);
    if (begin != MAP_FAILED) begin_ = static_cast<char*>(begin);
  }
  ~Mapping() {
    if (begin_ != nullptr) ::munmap(begin_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* begin() const { return begin_; }  // null where the system refused

  // Reads pages into the page cache that are not there, in large pieces.
  void Load(int64_t offset, int64_t size) const {
    ::madvise(begin_ + offset, static_cast<size_t>(size), MADV_POPULATE_READ);
  }

 private:
  char* begin_ = nullptr;
  const size_t size_;
};

}  // namespace

Status CopyRange(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                 int64_t target_offset, int64_t size, std::span<uint8_t> buffer) {
  while (size > 0) {
    const size_t wanted = std::min(buffer.size(), static_cast<size_t>(size));
    const ssize_t read = ::pread(source.descriptor, buffer.data(), wanted, source_offset);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return StorageError(errno, "read the file", source.path);
    if (read == 0) return EndsEarly(source, size);
    ARROW_RETURN_NOT_OK(WriteFully(target, buffer.first(static_cast<size_t>(read)), target_offset));
    source_offset += read;
    target_offset += read;
    size -= read;
  }
  return Status::OK();
}

bool ShareRange(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                int64_t target_offset, int64_t size) {
  file_clone_range range{};
  range.src_fd = source.descriptor;
  range.src_offset = static_cast<uint64_t>(source_offset);
  range.src_length = static_cast<uint64_t>(size);
  range.dest_offset = static_cast<uint64_t>(target_offset);
  int result = 0;
  do {
    result = ::ioctl(target.descriptor, FICLONERANGE, &range);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

Result<bool> WriteDirectly(const OpenFile& source, int64_t source_offset, const OpenFile& target,
                           int64_t target_offset, int64_t size) {
  while (size > 0) {
    const int64_t window = std::min(size, kWindowBytes);
    const Mapping mapped(source.descriptor, source_offset, window);
    if (mapped.begin() == nullptr) return false;
    for (int64_t done = 0; done < window;) {
      const int64_t bytes = std::min(window - done, kDirectBytes);
      mapped.Load(done, bytes);
      const ssize_t written = ::pwrite(target.descriptor, mapped.begin() + done,
                                       static_cast<size_t>(bytes), target_offset + done);
      if (written < 0 && errno == EINTR) continue;
      // EFAULT: the source has become shorter. A copy finds that out too, and tells it better.
      if (written < 0 && (errno == EINVAL || errno == EFAULT || errno == EOPNOTSUPP)) return false;
      if (written < 0) return StorageError(errno, "write the file", target.path);
      if (written == 0 || written % PageBytes() != 0) return false;
      done += written;
    }
    source_offset += window;
    target_offset += window;
    size -= window;
  }
  return true;
}

TransferMethod FindTransferMethod(const std::string& source_path,
                                  const std::string& target_folder) {
  const FileDescriptor source(::open(source_path.c_str(), O_RDONLY | O_CLOEXEC));
  const FileDescriptor target(
      ::open(target_folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR));
  struct statfs system{};
  if (!source.is_open() || !target.is_open() || ::fstatfs(target.get(), &system) != 0) return {};
  const int64_t block_bytes = system.f_bsize;
  if (block_bytes > 0 &&
      ShareRange({source.get(), source_path}, 0, {target.get(), target_folder}, 0, block_bytes)) {
    return {.blocks = BlockTransfer::kShare, .block_bytes = block_bytes};
  }
  const FileDescriptor direct(::open(
      target_folder.c_str(), O_TMPFILE | O_WRONLY | O_DIRECT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!direct.is_open()) return {};
  const Result<bool> is_written =
      WriteDirectly({source.get(), source_path}, 0, {direct.get(), target_folder}, 0, PageBytes());
  if (!is_written.ok() || !*is_written) return {};
  return {.blocks = BlockTransfer::kDirect, .block_bytes = PageBytes()};
}

int64_t SharedBytes(const std::string& path) {
  constexpr uint32_t kExtents = 256;  // asked for at a time
  // The map ends with its extents.
  std::vector<uint64_t> storage(
      (sizeof(fiemap) + kExtents * sizeof(fiemap_extent)) / sizeof(uint64_t) + 1);
  auto* const map = reinterpret_cast<fiemap*>(storage.data());
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  int64_t shared = 0;
  uint64_t next = 0;
  bool is_last = !file.is_open();
  while (!is_last) {
    *map = {.fm_start = next,
            .fm_length = FIEMAP_MAX_OFFSET - next,
            .fm_flags = FIEMAP_FLAG_SYNC,
            .fm_extent_count = kExtents};
    if (::ioctl(file.get(), FS_IOC_FIEMAP, map) != 0 || map->fm_mapped_extents == 0) break;
    for (uint32_t i = 0; i < map->fm_mapped_extents; ++i) {
      const fiemap_extent& extent = map->fm_extents[i];
      const bool is_shared = (extent.fe_flags & FIEMAP_EXTENT_SHARED) != 0;
      if (is_shared) shared += static_cast<int64_t>(extent.fe_length);
      next = extent.fe_logical + extent.fe_length;
      is_last |= (extent.fe_flags & FIEMAP_EXTENT_LAST) != 0;
    }
  }
  return shared;
}

}  // namespace spillway::storage
