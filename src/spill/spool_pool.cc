#include "spill/spool_pool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/page_size.h"
#include "spill/spill_file.h"

namespace spillway::spill {
namespace {

bool IsSpooled(int64_t size) { return size >= SpoolPool::kSpooledBlockBytes; }

// A file without a name, or one that loses it at once where the file system knows no others.
storage::FileDescriptor NamelessFile(const std::string& folder) {
  storage::FileDescriptor file(
      ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.is_open() || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = folder + "/spool-XXXXXX";
  file = storage::FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (file.is_open()) ::unlink(name.c_str());
  return file;
}

// Takes room on the disk up to `size`.
int Extend(int file, size_t size) {
  int error_number = 0;
  do {
    error_number = ::posix_fallocate(file, 0, static_cast<off_t>(size));
  } while (error_number == EINTR);
  return error_number;
}

}  // namespace

SpoolPool::SpoolPool(std::string folder, arrow::MemoryPool* small)
    : folder_(std::move(folder)), small_(small) {}

SpoolPool::~SpoolPool() {
  if (!files_.empty()) std::abort();  // their owners would write into pages that are gone
}

Status SpoolPool::Map(int64_t size, uint8_t** out) {
  storage::FileDescriptor file = NamelessFile(folder_);
  if (!file.is_open()) return SpillError(errno, "create a spill file in", folder_);
  if (const int error_number = Extend(file.get(), PageRounded(size)); error_number != 0) {
    return SpillError(error_number, "take room for a spill file in", folder_);
  }
  void* block =
      ::mmap(nullptr, PageRounded(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (block == MAP_FAILED) return SpillError(errno, "map a spill file in", folder_);
  *out = static_cast<uint8_t*>(block);
  const std::lock_guard lock(mutex_);
  files_.emplace(*out, std::move(file));
  return Status::OK();
}

// The address belongs to another block of another thread as soon as it is not mapped any more.
void SpoolPool::Unmap(uint8_t* block, int64_t size) {
  std::unique_lock lock(mutex_);
  const auto file = files_.extract(block);
  lock.unlock();
  ::munmap(block, PageRounded(size));
}

Status SpoolPool::Remap(int64_t old_size, int64_t new_size, uint8_t** block) {
  const size_t old_bytes = PageRounded(old_size);
  const size_t new_bytes = PageRounded(new_size);
  if (old_bytes == new_bytes) return Status::OK();
  const std::lock_guard lock(mutex_);
  auto file = files_.extract(*block);
  Status status;
  if (new_bytes > old_bytes) {
    if (const int error_number = Extend(file.mapped().get(), new_bytes); error_number != 0) {
      status = SpillError(error_number, "take room for a spill file in", folder_);
    }
  }
  if (status.ok()) {
    void* moved = ::mremap(*block, old_bytes, new_bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
      status = SpillError(errno, "map a spill file in", folder_);
    } else {
      *block = static_cast<uint8_t*>(moved);
    }
  }
  file.key() = *block;
  files_.insert(std::move(file));
  return status;
}

Status SpoolPool::Resize(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block) {
  if (!IsSpooled(old_size) && !IsSpooled(new_size)) {
    return small_->Reallocate(old_size, new_size, alignment, block);
  }
  if (IsSpooled(old_size) && IsSpooled(new_size)) return Remap(old_size, new_size, block);
  uint8_t* copy = nullptr;
  ARROW_RETURN_NOT_OK(IsSpooled(new_size) ? Map(new_size, &copy)
                                          : small_->Allocate(new_size, alignment, &copy));
  std::memcpy(copy, *block, static_cast<size_t>(std::min(old_size, new_size)));
  if (IsSpooled(old_size)) {
    Unmap(*block, old_size);
  } else {
    small_->Free(*block, old_size, alignment);
  }
  *block = copy;
  return Status::OK();
}

Status SpoolPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(IsSpooled(size) ? Map(size, out) : small_->Allocate(size, alignment, out));
  statistics_.DidAllocateBytes(size);
  return Status::OK();
}

Status SpoolPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                             uint8_t** block) {
  ARROW_RETURN_NOT_OK(Resize(old_size, new_size, alignment, block));
  statistics_.DidReallocateBytes(old_size, new_size);
  return Status::OK();
}

void SpoolPool::Free(uint8_t* block, int64_t size, int64_t alignment) {
  statistics_.DidFreeBytes(size);
  if (IsSpooled(size)) {
    Unmap(block, size);
  } else {
    small_->Free(block, size, alignment);
  }
}

}  // namespace spillway::spill
