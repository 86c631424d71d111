#include "memory/page_slots.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <vector>

#include "base/page_size.h"
#include "base/units.h"
#include "memory/allocator.h"

namespace spillway::memory {
namespace {

constexpr int64_t kSmallestPageBytes = 4 * kKiB;
constexpr int64_t kSegmentBytes = 4 * kMiB;  // of addresses, mapped at a time

// What was freed last keeps its pages for the next block of its size: so much of one size, and of
// all of them.
constexpr int64_t kWarmBytes = 4 * kMiB;
constexpr int64_t kAllWarmBytes = 8 * kMiB;
std::atomic<int64_t> all_warm_bytes{0};

// The slots for blocks of one number of pages.
struct Slots {
  std::mutex mutex;
  std::vector<uint8_t*> free;  // without pages; has room for all slots
  std::vector<uint8_t*> warm;  // with pages
  size_t count = 0;
};

Slots& SlotsOf(size_t slot_bytes) {
  static std::array<Slots, kMappedBlockBytes / kSmallestPageBytes + 1> slots;
  return slots[slot_bytes / static_cast<size_t>(PageBytes())];
}

// With the mutex held.
Status AddSegment(size_t slot_bytes, Slots* slots) {
  const size_t more = static_cast<size_t>(kSegmentBytes) / slot_bytes;
  try {
    slots->free.reserve(slots->count + more);
    slots->warm.reserve(static_cast<size_t>(kWarmBytes) / slot_bytes);
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("no room to note ", more, " blocks");
  }
  void* segment = ::mmap(nullptr, static_cast<size_t>(kSegmentBytes), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (segment == MAP_FAILED) {
    return Status::OutOfMemory("the system refused addresses: ", std::strerror(errno));
  }
  // A huge page would be more than the blocks in it. Where there are none this fails.
  ::madvise(segment, static_cast<size_t>(kSegmentBytes), MADV_NOHUGEPAGE);
  for (size_t slot = more; slot-- > 0;) {
    slots->free.push_back(static_cast<uint8_t*>(segment) + slot * slot_bytes);
  }
  slots->count += more;
  return Status::OK();
}

}  // namespace

Status AllocatePages(int64_t size, uint8_t** out) {
  const size_t slot_bytes = PageRounded(size);
  Slots& slots = SlotsOf(slot_bytes);
  const std::lock_guard lock(slots.mutex);
  if (!slots.warm.empty()) {
    *out = slots.warm.back();
    slots.warm.pop_back();
    all_warm_bytes -= static_cast<int64_t>(slot_bytes);
    return Status::OK();
  }
  if (slots.free.empty()) ARROW_RETURN_NOT_OK(AddSegment(slot_bytes, &slots));
  *out = slots.free.back();
  slots.free.pop_back();
  return Status::OK();
}

void FreePages(uint8_t* block, int64_t size) {
  const size_t slot_bytes = PageRounded(size);
  const auto bytes = static_cast<int64_t>(slot_bytes);
  Slots& slots = SlotsOf(slot_bytes);
  if (all_warm_bytes.fetch_add(bytes) + bytes <= kAllWarmBytes) {
    const std::lock_guard lock(slots.mutex);
    if (slots.warm.size() < slots.warm.capacity()) {
      slots.warm.push_back(block);
      return;
    }
  }
  all_warm_bytes -= bytes;
  ::madvise(block, slot_bytes, MADV_DONTNEED);
  const std::lock_guard lock(slots.mutex);
  slots.free.push_back(block);
}

}  // namespace spillway::memory
