#include "memory/governed_pool.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <optional>
#include <utility>

#include "memory/allocator.h"

namespace spillway::memory {

Result<std::unique_ptr<GovernedPool>> GovernedPool::Make(Governor* governor, const std::string& tag,
                                                         int64_t minimum_bytes,
                                                         int64_t wanted_bytes) {
  ARROW_ASSIGN_OR_RAISE(Reservation reservation,
                        governor->Reserve(tag, minimum_bytes, wanted_bytes));
  return std::make_unique<GovernedPool>(std::move(reservation));
}

GovernedPool::GovernedPool(Reservation reservation) : reservation_(std::move(reservation)) {}

GovernedPool::~GovernedPool() {
  DiscardKept();
  if (bytes_allocated() == 0) return;
  std::fprintf(stderr, "spillway: the pool \"%s\" ended before %lld bytes of its buffers\n",
               reservation_.tag().c_str(), static_cast<long long>(bytes_allocated()));
  std::abort();
}

Status GovernedPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (size < 0) return Status::Invalid("an allocation of ", size, " bytes");
  if (!Reuse(size, alignment, out)) {
    if (!Charge(size)) return reservation_.RefusedCharge(size);
    const Status status = AllocateBlock(size, alignment, out);
    if (!status.ok()) {
      reservation_.Uncharge(size);
      return status;
    }
  }
  statistics_.DidAllocateBytes(size);
  return Status::OK();
}

Status GovernedPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                uint8_t** ptr) {
  if (new_size < 0) return Status::Invalid("a reallocation to ", new_size, " bytes");
  if (!GrowIntoKept(old_size, new_size, alignment, ptr)) {
    ARROW_RETURN_NOT_OK(Resize(old_size, new_size, alignment, ptr));
  }
  statistics_.DidReallocateBytes(old_size, new_size);
  return Status::OK();
}

void GovernedPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  statistics_.DidFreeBytes(size);
  GiveBack({buffer, size}, alignment);
}

void GovernedPool::GiveBack(KeptBlocks::Block block, int64_t alignment) {
  if (block.size < kMappedBlockBytes) {
    FreeBlock(block.address, block.size, alignment);
    reservation_.Uncharge(block.size);
  } else if (reservation_.charged_bytes() > reservation_.granted_bytes()) {
    DiscardKept();  // there are some only where threads crossed, or the grant has shrunk
    Discard(block);
  } else if (const auto oldest = kept_.Keep(block)) {
    Discard(*oldest);
  }
}

void GovernedPool::ReleaseUnused() {
  DiscardKept();
  ::malloc_trim(0);
}

// What is kept must not make the pool draw on what is free for all.
bool GovernedPool::Charge(int64_t bytes) {
  if (reservation_.charged_bytes() + bytes > reservation_.granted_bytes()) DiscardKept();
  return reservation_.TryCharge(bytes);
}

Status GovernedPool::Resize(int64_t old_size, int64_t new_size, int64_t alignment,
                            uint8_t** block) {
  const int64_t extra = BytesDuringReallocation(old_size, new_size) - old_size;
  if (!Charge(extra)) return reservation_.RefusedCharge(extra);
  const Status status = ReallocateBlock(old_size, new_size, alignment, block);
  reservation_.Uncharge(old_size + extra - (status.ok() ? new_size : old_size));
  return status;
}

// A kept block, brought to `size`; false where there is none that fits.
bool GovernedPool::Reuse(int64_t size, int64_t alignment, uint8_t** out) {
  if (size < kMappedBlockBytes) return false;
  std::optional<KeptBlocks::Block> block = kept_.Take(size);
  if (!block) return false;
  if (!Resize(block->size, size, alignment, &block->address).ok()) {
    Discard(*block);
    return false;
  }
  *out = block->address;
  return true;
}

// Moves a block that grows, as builders' do, to a kept one that is large enough: its bytes are
// copied for less than what fresh pages cost. False where there is none.
bool GovernedPool::GrowIntoKept(int64_t old_size, int64_t new_size, int64_t alignment,
                                uint8_t** block) {
  if (new_size <= old_size || new_size < kMappedBlockBytes) return false;
  std::optional<KeptBlocks::Block> kept = kept_.TakeAtLeast(new_size);
  if (!kept) return false;
  if (!Resize(kept->size, new_size, alignment, &kept->address).ok()) {
    Discard(*kept);
    return false;
  }
  std::memcpy(kept->address, *block, static_cast<size_t>(old_size));
  GiveBack({*block, old_size}, alignment);
  *block = kept->address;
  return true;
}

// Of kMappedBlockBytes or more.
void GovernedPool::Discard(KeptBlocks::Block block) {
  FreeBlock(block.address, block.size, /*alignment=*/1);
  reservation_.Uncharge(block.size);
}

void GovernedPool::DiscardKept() {
  for (const KeptBlocks::Block& block : kept_.TakeAll()) Discard(block);
}

}  // namespace spillway::memory
