#include "memory/fault_pool.h"

namespace spillway::memory {
namespace {

// A number in [0, 1) that looks random and depends on the two arguments alone (SplitMix64).
double Fraction(uint64_t seed, int64_t number) {
  uint64_t bits = seed + static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15ULL;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBULL;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

FaultPool::FaultPool(arrow::MemoryPool* backing, FaultPlan plan) : backing_(backing), plan_(plan) {}

Status FaultPool::CountRequest(int64_t size) {
  const int64_t number = requests_.fetch_add(1) + 1;
  if (number != plan_.fail_at && Fraction(plan_.seed, number) >= plan_.probability) {
    return Status::OK();
  }
  faults_.fetch_add(1);
  return Status::OutOfMemory("allocation ", number, " of ", size, " bytes fails on purpose");
}

Status FaultPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(CountRequest(size));
  return backing_->Allocate(size, alignment, out);
}

Status FaultPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  if (new_size > old_size) ARROW_RETURN_NOT_OK(CountRequest(new_size));
  return backing_->Reallocate(old_size, new_size, alignment, ptr);
}

void FaultPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  backing_->Free(buffer, size, alignment);
}

}  // namespace spillway::memory
