// A pool whose large blocks are pages of files without a name: the kernel can write them out and
// bring them back, so that they are no part of the memory that a process cannot do without. For
// what is written now and read once, a little later. Their room on the disk is taken when they are
// allocated, so that a full disk is a refusal, not a signal.
//
// Thread rule: thread-safe, as Arrow requires. It must outlive every buffer that it made.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <arrow/memory_pool.h>

#include "base/status.h"
#include "storage/file_descriptor.h"

namespace spillway::spill {

class SpoolPool final : public arrow::MemoryPool {
 public:
  // Blocks of at least this size are spooled; smaller ones come from the other pool.
  static constexpr int64_t kSpooledBlockBytes = 256 * 1024;

  // Files are made in `folder`, which exists; `small` gives the small blocks, and outlives this.
  SpoolPool(std::string folder, arrow::MemoryPool* small);
  ~SpoolPool() override;

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  // Fails as the other pool does, or for a spooled block as SpillError says.
  Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                    uint8_t** block) override;
  void Free(uint8_t* block, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override { small_->ReleaseUnused(); }

  int64_t bytes_allocated() const override { return statistics_.bytes_allocated(); }
  int64_t max_memory() const override { return statistics_.max_memory(); }
  int64_t total_bytes_allocated() const override { return statistics_.total_bytes_allocated(); }
  int64_t num_allocations() const override { return statistics_.num_allocations(); }
  std::string backend_name() const override { return "spool"; }

 private:
  Status Map(int64_t size, uint8_t** out);
  Status Remap(int64_t old_size, int64_t new_size, uint8_t** block);
  Status Resize(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** block);
  void Unmap(uint8_t* block, int64_t size);

  const std::string folder_;
  arrow::MemoryPool* const small_;
  std::mutex mutex_;
  std::unordered_map<uint8_t*, storage::FileDescriptor> files_;  // guarded by mutex_
  arrow::internal::MemoryPoolStats statistics_;
};

}  // namespace spillway::spill
